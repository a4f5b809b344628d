"""Networks that no library has, against their papers' formulas written down in PyTorch's functions or in loops."""

import math

import numpy as np
import pytest

from minitorch import models
from minitorch.creation import randn
from minitorch.models.lenet import C3_CONNECTIONS, RadialBasis, ScaledTanh, Subsampling, TableConvolution
from minitorch.models.resnet import PaddingShortcut
from minitorch.models.shufflenet_v1 import ShuffleUnit
from minitorch.nn.functional import cross_entropy
from minitorch.tensor import Tensor


def values(tensor):
    return tensor.detach().numpy()


def randomised(model, seed=0):
    """The network in float64 with all numbers of its state drawn at random."""
    rng, model = np.random.default_rng(seed), model.double()
    model.load_state_dict({
        key: value.numpy() if key.endswith("num_batches_tracked") else rng.uniform(0.4, 0.9, value.shape)
        if key.endswith("running_var") else rng.standard_normal(value.shape) / np.sqrt(max(value[0].numel(), 4))
        for key, value in model.state_dict().items()
    })  # fmt: skip
    return model


def in_torch(model):
    """(PyTorch, the state by key as its leaves, batch normalisation by the name of its module)."""
    torch = pytest.importorskip("torch", reason="needs torch")
    torch.set_num_threads(1)  # idle threads of PyTorch would wait busily beside those of the engine
    state = {key: torch.tensor(values(value)) for key, value in model.state_dict().items()}
    for key, _ in model.named_parameters():
        state[key].requires_grad_()

    def norm(x, name):
        parts = [state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return torch.nn.functional.batch_norm(x, *parts, training=model.training)

    return torch, state, norm


def assert_same(model, x, theirs, state):
    """Output, and in training the gradients of the parameters too."""
    ours, target = model(Tensor(x)), np.arange(len(x))
    np.testing.assert_allclose(values(ours), theirs.detach().numpy(), rtol=1e-7, atol=1e-9)
    cross_entropy(ours.flatten(1), Tensor(target)).backward()
    torch = pytest.importorskip("torch", reason="needs torch")
    torch.nn.functional.cross_entropy(theirs.flatten(1), torch.tensor(target)).backward()
    for key, parameter in model.named_parameters():
        np.testing.assert_allclose(values(parameter.grad), state[key].grad.numpy(), rtol=1e-5, atol=1e-10, err_msg=key)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("stride, groups, first_groups", [(1, 3, 3), (2, 3, 1), (2, 4, 4), (1, 1, 1)])
def test_shuffle_unit(stride, groups, first_groups, training):
    channels = 12 if stride == 2 else 24
    unit = randomised(ShuffleUnit(channels, 24, stride, groups, first_groups)).train(training)
    torch, state, norm = in_torch(unit)
    f, x = torch.nn.functional, np.random.default_rng(1).standard_normal((2, channels, 7, 6))
    y = f.relu(norm(f.conv2d(torch.tensor(x), state["conv1.weight"], groups=first_groups), "bn1"))
    n, c, h, w = y.shape
    y = y.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)
    y = norm(f.conv2d(y, state["conv2.weight"], stride=stride, padding=1, groups=c), "bn2")
    y = norm(f.conv2d(y, state["conv3.weight"], groups=groups), "bn3")
    if stride == 1:
        y = f.relu(y + torch.tensor(x))
    else:
        y = f.relu(torch.cat([f.avg_pool2d(torch.tensor(x), 3, 2, 1), y], 1))
    assert_same(unit, x, y, state)


@pytest.mark.parametrize("name", ["cifar_resnet20", "plain20"])
@pytest.mark.parametrize("size", [32, 17])
def test_cifar_resnet(name, size):
    model = randomised(models.create(name)).train()
    torch, state, norm = in_torch(model)
    f, x = torch.nn.functional, np.random.default_rng(1).standard_normal((2, 3, size, size))

    def conv(x, name, stride=1):
        return f.conv2d(x, state[f"{name}.weight"], stride=stride, padding=1)

    y = f.relu(norm(conv(torch.tensor(x), "conv1"), "bn1"))
    for stage in (1, 2, 3):
        for i in range(3):
            block, stride = f"layer{stage}.{i}", 2 if stage > 1 and i == 0 else 1
            branch = f.relu(norm(conv(y, f"{block}.conv1", stride), f"{block}.bn1"))
            branch = norm(conv(branch, f"{block}.conv2"), f"{block}.bn2")
            if name == "plain20":
                y = f.relu(branch)
                continue
            if stride == 2:
                y = y[:, :, ::2, ::2]
                y = torch.cat([y, torch.zeros_like(y)], 1)
            y = f.relu(branch + y)
    y = y.mean((2, 3)) @ state["fc.weight"].T + state["fc.bias"]
    assert_same(model, x, y, state)


def test_depth_of_cifar_networks():
    for depth in (20, 32, 110):
        layers = [m for m in models.cifar_resnet(depth).modules() if isinstance(m, (models.BasicBlock))]
        assert 2 * len(layers) + 2 == depth
    with pytest.raises(ValueError, match=r"depth must be 6n \+ 2, such as 20 or 56, got 21"):
        models.cifar_resnet(21)
    with pytest.raises(ValueError, match="cannot go from 4 channels to fewer, 2"):
        PaddingShortcut(4, 2, 1)


def test_channels_of_shufflenet_v1():
    """Table 1 of the paper; at other widths all stages are scaled, and every group has whole channels."""
    table = {1: (144, 288, 576), 2: (200, 400, 800), 3: (240, 480, 960), 4: (272, 544, 1088), 8: (384, 768, 1536)}
    for groups, expected in table.items():
        for width, name in ((0.5, "0_5"), (1.0, "1_0"), (1.5, "1_5"), (2.0, "2_0")):
            model = models.create(f"shufflenet_v1_x{name}_g{groups}", num_classes=1)
            assert [info.channels for info in model.feature_info[-3:]] == [int(width * c) for c in expected]
            assert model.stage2[0].conv1.groups == 1 and model.stage2[1].conv1.groups == groups
    with pytest.raises(ValueError, match="groups must be one of 1, 2, 3, 4, 8, got 5"):
        models.ShuffleNetV1(groups=5)


def test_connections_of_lenet5_1998():
    """Section II-B gives trainable parameters and connections of each layer; a unit's bias is a connection too."""
    model = models.lenet5_1998()
    parts = [model.c1, model.s2, model.c3, model.s4, model.c5, model.f6]
    parameters = [sum(p.numel() for p in part.parameters()) for part in parts]
    assert parameters == [156, 12, 1516, 32, 48120, 10164] and sum(parameters) == 60_000
    connections = [156 * 28**2, 6 * 5 * 14**2, 1516 * 10**2, 16 * 5 * 5**2, 48120, 10164, 840]
    assert sum(connections) == 340_908 and model.output.codes.numel() == 840
    table = """
        X...XXX..XXXX.XX
        XX...XXX..XXXX.X
        XXX...XXX..X.XXX
        .XXX..XXXX..X.XX
        ..XXX..XXXX.XX.X
        ...XXX..XXXX.XXX
    """.split()  # table I: a row for each map of S2, a column for each of C3
    assert table == ["".join("X" if i in seen else "." for seen in C3_CONNECTIONS) for i in range(6)]


def test_table_convolution_in_loops():
    table, x = ((0, 2), (1,), (0, 1, 2)), np.random.default_rng(0).standard_normal((2, 3, 6, 7))
    layer = TableConvolution(3, table, 3).double()
    assert (values(layer.bias) == 0).all()
    layer.bias.data.copy_(Tensor(np.array([0.5, -1.0, 2.0])))
    expected, filters = np.zeros((2, 3, 4, 5)), iter(values(layer.weight))
    for out, seen in enumerate(table):
        for i in seen:
            w = next(filters)
            for row in range(4):
                for column in range(5):
                    patch = x[:, i, row : row + 3, column : column + 3]
                    expected[:, out, row, column] += (patch * w).sum((1, 2))
    expected += values(layer.bias)[None, :, None, None]
    np.testing.assert_allclose(values(layer(Tensor(x))), expected, rtol=1e-10)


def test_first_values_of_the_table_convolution():
    layer = TableConvolution(6, C3_CONNECTIONS, 5)
    place = 0
    for seen in C3_CONNECTIONS:
        bound, weights = 2.4 / (25 * len(seen)), np.abs(values(layer.weight[place : place + len(seen)]))
        assert 0.8 * bound < weights.max() <= bound
        place += len(seen)


def test_subsampling():
    layer, x = Subsampling(2), np.arange(32.0, dtype=np.float32).reshape(1, 2, 4, 4)
    np.testing.assert_allclose(values(layer(Tensor(x)))[0, 0], [[2.5, 4.5], [10.5, 12.5]])
    layer.weight.data.copy_(Tensor(np.array([1.0, 2.0], np.float32)))
    layer.bias.data.fill_(-1.0)
    np.testing.assert_allclose(values(layer(Tensor(x)))[0, :, 0, 0], [10 - 1, 2 * (16 + 17 + 20 + 21) - 1])


def test_scaled_tanh_is_one_at_one():
    np.testing.assert_allclose(values(ScaledTanh()(Tensor(np.array([-1.0, 0.0, 1.0])))), [-1, 0, 1], atol=1e-4)


def test_radial_basis():
    layer = RadialBasis(84, 10)
    codes = layer.codes.numpy()
    assert set(np.unique(codes)) == {-1.0, 1.0} and len(np.unique(codes, axis=0)) == 10
    x = randn(3, 84)
    expected = [[-((row - code) ** 2).sum() / math.sqrt(84) for code in codes] for row in x.numpy()]
    np.testing.assert_allclose(values(layer(x)), expected, rtol=1e-5)
    assert (layer(layer.codes).argmax(1).numpy() == np.arange(10)).all()
    other = RadialBasis(84, 7).codes.numpy()
    assert other.shape == (7, 84) and set(np.unique(other)) == {-1.0, 1.0}
    assert not any(p.requires_grad for p in layer.buffers()) and not list(layer.parameters())


def test_pictures_of_the_digits():
    zero = models.lenet5_1998().output.codes.numpy()[0].reshape(12, 7)
    assert (zero == zero[:, ::-1]).all()  # alike from left and right
    assert (zero[[0, -1]] == -1).all() and (zero[5, :2] == 1).all() and (zero[5, 2:5] == -1).all()
