"""Receptive fields: published ones, and the formula against pixels that were tried out one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch
import minitorch.nn.functional as F
from minitorch import models, nn
from minitorch.autograd import no_grad
from minitorch.tools import receptive_field


def tried(function, size, channels=1):
    """Which (row, column) of the output each (row, column) of the input changes: by changing one pixel at a time.

    Returns:
        For the axis of the columns: first and last input column for each output column.
    """
    random = np.random.default_rng(0)
    base = random.random((1, channels, 1, size))
    with no_grad():
        before = function(minitorch.from_numpy(base)).numpy()
        seen = np.zeros((before.shape[-1], size), bool)
        for column in range(size):
            for factor in (-50.0, 50.0):
                changed = base.copy()
                changed[..., column] += factor
                after = function(minitorch.from_numpy(changed)).numpy()
                seen[:, column] |= (after != before).any((0, 1, 2))
    return [(row.nonzero()[0].min(), row.nonzero()[0].max()) if row.any() else None for row in seen]


class Of(nn.Module):
    """A module of a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.scale = nn.Parameter(minitorch.ones((), dtype=minitorch.float64))  # so that the input is of this type

    def forward(self, x):
        return self.function(x)


def agree(function, size, channels=1):
    """Each output column sees what the formula says, as far as that is inside the image."""
    field = receptive_field(Of(function), (1, channels, 1, size))
    for place, ends in enumerate(tried(function, size, channels)):
        first = field.start[1] + place * field.stride[1]
        last = first + field.size[1] - 1
        if first >= 0 and last < size:
            assert ends == (first, last), (place, ends, field)


def positive(*shape):
    return minitorch.from_numpy(np.random.default_rng(1).random(shape) + 0.5)


@settings(max_examples=20)
@given(st.data())
def test_chains_of_windows(data):
    layers = []
    for kind in data.draw(st.lists(st.sampled_from("cmadp"), min_size=1, max_size=3)):
        kernel, stride, before = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(0, 1)))
        before = min(before, kernel // 2)
        if kind in "cd":
            dilation = 2 if kind == "d" else 1
            weight = positive(1, 1, 1, kernel)
            layers.append(lambda x, w=weight, s=stride, p=before, d=dilation: F.conv2d(x, w, None, s, (0, p), d))
        elif kind == "p":
            layers.append(lambda x, p=before: F.pad(x, (2, p)))
        else:
            pool = F.max_pool2d if kind == "m" else F.avg_pool2d
            layers.append(lambda x, f=pool, k=kernel, s=stride, p=before: f(x, (1, k), (1, s), (0, p)))

    def function(x):
        for layer in layers:
            x = layer(x)
        return x

    agree(function, 30)


def same(x, width, filters=1):
    """A convolution along the columns that keeps their number."""
    return F.conv2d(x, positive(filters, x.shape[1], 1, width), None, 1, (0, width // 2))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: same(x, 5) + same(x, 3),
        lambda x: F.max_pool2d(x, 1, 2) + x[:, :, :, ::2],
        lambda x: minitorch.cat([same(x, 3, 2), x], 1),
        lambda x: x[:, :, :, 3:-2],
        lambda x: same(x, 3).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
        lambda x: F.conv2d(F.pad(x, (1, 1, 0, 0), "reflect"), positive(1, 1, 1, 3)),
        lambda x: F.adaptive_avg_pool2d(x, (1, 10)),
        lambda x: F.avg_pool2d(F.interpolate(same(x, 3), scale_factor=(1, 2), mode="nearest"), (1, 2)),
    ],
)
def test_branches_and_shapes(function):
    agree(function, 30)


def test_in_place_addition_keeps_the_wider_branch():
    wide, narrow = positive(1, 1, 1, 7), positive(1, 1, 1, 3)

    def function(x):
        y = F.conv2d(x, narrow, None, 1, (0, 1))
        y += F.conv2d(x, wide, None, 1, (0, 3))
        return y

    agree(function, 30)
    assert receptive_field(Of(function), (1, 1, 1, 30)).size == (1, 7)


def test_channel_shuffle_keeps_places():
    def function(x):
        y = F.conv2d(x, positive(4, 1, 1, 3), None, 1, (0, 1))
        n, c, h, w = y.shape
        return F.conv2d(y.reshape(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w), positive(1, 4, 1, 3))

    agree(function, 30)


def test_linear_layers_over_channels_keep_places():
    """A permuted map goes through a linear layer, as in ConvNeXt: its places are folded into rows and come back."""
    weight = positive(3, 1)

    def function(x):
        y = F.conv2d(x, positive(1, 1, 1, 3), None, 1, (0, 1)).permute(0, 2, 3, 1)
        return F.conv2d(F.linear(y, weight).permute(0, 3, 1, 2), positive(1, 3, 1, 3), None, 1, (0, 1))

    agree(function, 30)
    assert receptive_field(Of(function), (1, 1, 1, 30)).size == (1, 5)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.flatten(1) @ minitorch.zeros(64, 16, dtype=x.dtype),
        lambda x: F.linear(x.flatten(1), minitorch.zeros(64, 64, dtype=x.dtype)).reshape(-1, 1, 8, 8),
        lambda x: x.mean((2, 3), keepdim=True),
        lambda x: F.adaptive_avg_pool2d(x, 1),
        lambda x: x.flip(3),
        lambda x: x.cumsum(3),
        lambda x: x @ x,
    ],
)
def test_what_mixes_all_places_sees_everything(function):
    field = receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), Of(function)), (1, 8, 8), layer="1")
    assert field.whole and field.size is None


def test_a_gate_adds_the_whole_image():
    def function(x):
        return x * x.mean((2, 3), keepdim=True).sigmoid()

    field = receptive_field(nn.Sequential(nn.Conv2d(1, 2, 3), Of(function)), (1, 8, 8))
    assert field.size == (3, 3) and field.whole


def test_transposed_convolution_and_back():
    """Up by 2 with windows of 4, then down by 2 with windows of 4: places 1 apart that see at most 3 around."""

    def function(x):
        return F.conv2d(F.conv_transpose2d(x, positive(1, 1, 1, 4), None, (1, 2), (0, 1)), positive(1, 1, 1, 4), None,
                        (1, 2), (0, 1))  # fmt: skip

    agree(function, 20)


# Published: Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks", table in the
# appendix (AlexNet v2, VGG-16, MobileNet v1), and for the residual networks with their first stride in the 3 x 3
# convolution the usual 435 (18 layers) and 427 (50 layers).
PUBLISHED = [("mobilenetv1_025", 315, 32), ("resnet18", 435, 32), ("resnet50", 427, 32)]


@pytest.mark.parametrize("name, size, stride", PUBLISHED)
def test_published(name, size, stride):
    model = models.create(name)
    field = receptive_field(model, (3, 64, 64))
    assert field.size == (size, size) and field.stride == (stride, stride) and not field.whole


def convolutions(*rows):
    layers, channels = [], 1
    for kind, *numbers in rows:
        layers.append(nn.Conv2d(channels, 2, *numbers) if kind == "conv" else nn.MaxPool2d(*numbers))
        channels = 2
    return nn.Sequential(*layers)


def test_published_by_their_layers():
    """AlexNet (version 2) and VGG-16 as rows of windows."""
    pool = ("pool", 3, 2)
    alexnet = convolutions(("conv", 11, 4), pool, ("conv", 5, 1, 2), pool, *[("conv", 3, 1, 1)] * 3, pool)
    assert receptive_field(alexnet, (1, 224, 224)).size == (195, 195)
    blocks = [row for n in (2, 2, 3, 3, 3) for row in [("conv", 3, 1, 1)] * n + [("pool", 2, 2)]]
    assert receptive_field(convolutions(*blocks), (1, 64, 64)).size == (212, 212)


@pytest.mark.parametrize(
    "model, size",
    [
        (models.lenet5(), None),
        (models.cifar_resnet(8, widths=(2, 3, 4)), None),
        (models.mobilenet_v2(width_mult=0.1, inverted_residual_setting=[[1, 4, 1, 1], [6, 6, 2, 2]]), None),
        (nn.Sequential(nn.Conv2d(1, 2, (3, 5), (1, 2), (1, 0), (2, 1)), nn.Tanh(), nn.AvgPool2d(3, 2)), (1, 24, 30)),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Upsample(scale_factor=2), nn.Conv2d(2, 1, 4, 2, 1)), (1, 20, 20)),
    ],
    ids=["lenet5", "cifar_resnet8", "mobilenet_v2", "oblong", "upsampled"],
)
def test_formula_and_gradient_agree(model, size):
    formula = receptive_field(model, size)
    gradient = receptive_field(model, size, method="gradient")
    assert gradient == formula


def test_gradient_leaves_the_model_alone():
    model = models.cifar_resnet(8, widths=(2, 2, 2))
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    receptive_field(model, (3, 40, 40), layer="layer1", method="gradient")
    assert all((before[key] == value.numpy()).all() for key, value in model.state_dict().items())
    assert model.training and all(p.grad is None and p.dtype == minitorch.float32 for p in model.parameters())


def test_gradient_says_when_the_image_is_too_small():
    model = nn.Sequential(nn.Conv2d(1, 1, 9, padding=4), nn.Conv2d(1, 1, 9, padding=4))
    assert receptive_field(model, (1, 40, 40), method="gradient").whole is False
    field = receptive_field(model, (1, 12, 12), method="gradient")
    assert field.whole and field.size == (12, 12)


def test_a_layer_is_chosen_by_its_path():
    model = models.cifar_resnet(8)
    assert receptive_field(model, layer="conv1").size == (3, 3)
    assert receptive_field(model).layer == "layer3"
    with pytest.raises(ValueError, match="no layer 'layer9' is called; the nearest names are layer\\d"):
        receptive_field(model, layer="layer9")


def test_bad_input():
    with pytest.raises(ValueError, match="method"):
        receptive_field(models.lenet5(), method="guess")
    with pytest.raises(ValueError, match="no layer has places"):
        receptive_field(nn.Linear(3, 4), 3)
    with pytest.raises(TypeError, match="must be an nn.Module"):
        receptive_field(3)
