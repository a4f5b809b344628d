"""Whole networks on every device: the losses and weights of training steps are those on the CPU."""

import numpy as np
import pytest
from models.networks import small

import minitorch
import minitorch.nn.functional as F
from minitorch import models, nn, optim
from minitorch.data import datasets


class Residual(nn.Module):
    """The block of He et al. 2016, with a strided 1x1 convolution where shapes change."""

    def __init__(self, channels, out_channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential(nn.Conv2d(channels, out_channels, 1, stride), nn.BatchNorm2d(out_channels))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class Inverted(nn.Module):
    """The block of Howard et al. 2019: widened, depthwise, squeezed and excited, made narrow again."""

    def __init__(self, channels, wide, stride):
        super().__init__()
        self.expand = nn.Sequential(nn.Conv2d(channels, wide, 1), nn.BatchNorm2d(wide), nn.Hardswish())
        self.depthwise = nn.Conv2d(wide, wide, 5, stride, 2, groups=wide)
        self.squeeze = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(wide, 2, 1), nn.ReLU(), nn.Conv2d(2, wide, 1), nn.Hardsigmoid()
        )
        self.project = nn.Sequential(nn.Conv2d(wide, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.depthwise(self.expand(x))
        y = self.project(y * self.squeeze(y))
        return x + y if y.shape == x.shape else y


class Shuffled(nn.Module):
    """Grouped convolutions with a channel shuffle between them, as in Zhang et al. 2018, and a group norm."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 1, groups=2) for _ in "ab")
        self.norm = nn.GroupNorm(2, channels)

    def forward(self, x):
        return self.norm(self.second(F.channel_shuffle(self.first(x), 2)))


class Transformer(nn.Module):
    """Patches with embedded positions, an encoder layer with dropout, the mean over the patches."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(1, 8, 4, 4)
        self.position = nn.Embedding(4, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = x + self.position(minitorch.arange(4, device=x.device))
        return self.head(self.norm(self.layer(x)).mean(1))


def resnet():
    stem = [nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    blocks = [Residual(4, 4, 1), Residual(4, 6, 2)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 10))


def mobilenet():
    blocks = [nn.Conv2d(1, 4, 3, 1, 1, bias=False), Inverted(4, 7, 1), Inverted(4, 7, 2), Shuffled(4), nn.AvgPool2d(2)]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Dropout(0.2), nn.Linear(16, 10))


OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.01),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.005, momentum=0.5, centered=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.05),
}
NETWORKS = {"resnet": resnet, "mobilenet": mobilenet, "transformer": Transformer}
# The same class at another width or depth is enough once.
OTHERS = ("mobilenetv1", "shufflenet_v1", "shufflenet_v2_x1_5", "shufflenet_v2_x2", "resnet1", "resnext101")
NAMES = [name for name in models.list() if not name.startswith(OTHERS)]
NAMES += ["resnet18", *(f"shufflenet_v1_x0_5_g{groups}" for groups in (1, 2, 3, 4, 8))]
RUNS = [("resnet", "sgd"), ("resnet", "rmsprop"), ("mobilenet", "adam"), ("transformer", "adamw"),
        ("transformer", "adagrad")]  # fmt: skip


def train(model, make_optimizer, images, labels, batch_size, steps, device):
    """The losses of a run, and the state at its end; everything random comes from the seed 0."""
    model = model.to(device)
    minitorch.manual_seed(0)
    optimizer, losses = make_optimizer(model.parameters()), []
    for i in range(steps):
        part = slice(i * batch_size, (i + 1) * batch_size)
        x, y = minitorch.tensor(images[part], device=device), minitorch.tensor(labels[part], device=device)
        loss = F.cross_entropy(model(x), y, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        losses.append(loss.item())
    assert {p.device.type for p in model.parameters()} == {device}
    model.eval()
    scores = model(minitorch.tensor(images[:3], device=device))
    return losses, {**model.state_dict(), "scores": scores.detach()}


def both(make, optimizer, dtype, batch_size, steps, device, upsample=1):
    """The same run on the CPU and on the device."""
    images, labels = datasets.Digits(train=True).arrays()
    images = ((images - images.mean()) / images.std()).astype(dtype).repeat(upsample, axis=2).repeat(upsample, axis=3)
    runs = []
    for place in ("cpu", device):
        minitorch.manual_seed(5)
        model = make().to(dtype=np.dtype(dtype))
        runs.append(train(model, OPTIMIZERS[optimizer], images, labels, batch_size, steps, place))
    return runs


def test_lenet_trains_to_the_same_losses(other_device):
    (expected, _), (losses, _) = both(models.lenet5, "sgd", "float32", 32, 20, other_device, upsample=4)
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-4)
    assert min(losses) < losses[0] - 0.3


def tiny(name):
    """Settings with which a network takes about a second on the emulator: `small`, and still fewer channels."""
    settings = small(name)
    if "resne" in name and not name.startswith("cifar"):
        settings["widths"] = (16, 16, 16, 16) if "resnext" in name else (4, 8, 8, 8)
    if name.startswith(("shufflenet_v1", "se_shufflenet_v1")):
        settings["stages_repeats"] = (1, 2, 1)
    return settings


@pytest.mark.parametrize("name", NAMES)
def test_every_network_lowers_its_loss(name, other_device):
    """With two pictures of clothes, of which most networks see the middle alone; the first loss is that of the CPU."""
    images, labels = datasets.FashionMini(train=True).arrays()
    images = images[:2] if name.startswith("lenet") else images[:2, :, 6:22, 6:22]
    losses = {}
    for device in ("cpu", other_device):
        minitorch.manual_seed(1)
        model = models.create(name, num_classes=10, in_channels=1, **tiny(name)).to(device)
        optimizer = optim.Adam(model.parameters(), lr=1e-3)
        x, target = minitorch.tensor(images, device=device), minitorch.tensor(labels[:2], device=device)
        losses[device] = []
        for _ in range(3 if device == other_device else 1):
            loss = F.cross_entropy(model(x), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[device].append(loss.item())
    assert losses[other_device][0] == pytest.approx(losses["cpu"][0], rel=1e-3)
    assert min(losses[other_device][1:]) < losses[other_device][0]


@pytest.mark.parametrize("network, optimizer", RUNS)
def test_training_steps(network, optimizer, other_device):
    """In float64, where nothing but a mistake makes a difference, and in evaluation at the end."""
    (expected, state), (losses, found) = both(NETWORKS[network], optimizer, "float64", 3, 3, other_device)
    np.testing.assert_allclose(losses, expected, rtol=1e-9)
    for key, value in state.items():
        np.testing.assert_allclose(found[key].cpu().numpy(), value.numpy(), rtol=1e-6, atol=1e-8, err_msg=key)


@pytest.fixture(params=[pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request):
    """The GPU, for what is too much for the emulator."""
    if not minitorch.cuda.is_available():
        pytest.skip("no GPU with CuPy")
    return request.param


@pytest.mark.parametrize("network, optimizer", RUNS)
def test_training_steps_in_float32(network, optimizer, gpu):
    (expected, _), (losses, _) = both(NETWORKS[network], optimizer, "float32", 16, 5, gpu)
    np.testing.assert_allclose(losses, expected, rtol=2e-3)


def compare_whole_network(name, batch_size, device):
    """Two steps, not more: from one to the next rounding grows, in float64 as well."""
    make = lambda: models.create(name, num_classes=10, in_channels=1)  # noqa: E731
    (expected, _), (losses, _) = both(make, "sgd", "float64", batch_size, 2, device, upsample=4)
    np.testing.assert_allclose(losses, expected, rtol=1e-6)


def test_a_residual_network_as_it_is(other_device):
    compare_whole_network("cifar_resnet20", 2, other_device)


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "mobilenetv1_025", "mobilenet_v2", "mobilenet_v3_small",
                                  "shufflenet_v2_x0_5"])  # fmt: skip
def test_whole_networks(name, gpu):
    compare_whole_network(name, 8, gpu)
