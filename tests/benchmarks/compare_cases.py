"""What `compare.py` times: each case makes the same work for minitorch and for PyTorch, with equal weights and data."""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch_networks
from other_engines import ENGINES, LR, MOMENTUM

import minitorch
import minitorch.nn.functional as F
from minitorch import models, optim, tools

RESNET18_SHAPES = [(64, 64, 32, 1), (64, 128, 32, 2), (128, 128, 16, 1), (256, 256, 8, 1), (512, 512, 4, 1)]

# Name in `models` -> the same in PyTorch.
NETWORKS = {
    "lenet5": torch_networks.lenet5,
    "cifar_resnet20": torch_networks.cifar_resnet(20),
    "resnet18": torch_networks.resnet18,
    "mobilenet_v1": torch_networks.mobilenet_v1,
    "mobilenet_v2": torch_networks.mobilenet_v2,
    "seresnet18": torch_networks.seresnet18,
    "shufflenet_v2_x1_0": torch_networks.shufflenet_v2,
    **{f"cifar_resnet{depth}": torch_networks.cifar_resnet(depth) for depth in (32, 44, 56, 110)},
}


class Case(NamedTuple):
    """One row of the table.

    Attributes:
        name: what is timed.
        make: () -> (run of minitorch, run of PyTorch); each run gives a tensor of one number, to be compared.
        flops: floating-point operations of a run, or None.
    """

    name: str
    make: Callable
    flops: float | None = None


def network_case(name, batch, size, training=True):
    """A training step (forward, backward, SGD with momentum) or the inference of a network, on images of `size`.

    Images of 32x32 get a stem without halvings where the network's own halves them.
    """
    flops = (6 if training else 2) * batch * _multiply_adds(name, size)
    text = f"{name} {batch}x{size}x{size} {'step' if training else 'inference'}"
    return Case(text, functools.partial(_network, name, batch, size, training), flops)


def _build(name, size):
    """The network here, with a stem for its image size, and whether that is the small one."""
    small, settings = size < 64, {"num_classes": 10}
    if not name.startswith(("lenet", "cifar")):
        settings["small_input"] = small
    if name == "mobilenet_v2":
        settings["dropout"] = 0.0  # the two sides would draw different numbers
    return models.create(name, **settings), small


def _multiply_adds(name, size):
    model = _build(name, size)[0]
    return tools.cost(model, (model.in_channels, size, size)).macs


def _network(name, batch, size, training):
    model, small = _build(name, size)
    other = NETWORKS[name](small)
    with torch.no_grad():
        for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
            theirs.copy_(torch.from_numpy(mine.detach().numpy()))
    random = np.random.default_rng(0)
    size = 28 if name == "lenet5" else size  # padded by 2
    images = random.standard_normal((batch, model.in_channels, size, size)).astype("float32")
    labels = random.integers(0, 10, batch)
    x, y, torch_x, torch_y = *map(minitorch.from_numpy, (images, labels)), *map(torch.from_numpy, (images, labels))
    if not training:
        model.eval(), other.eval()
        return minitorch.no_grad()(lambda: model(x).sum()), torch.no_grad()(lambda: other(torch_x).sum())
    return (
        _training_step(model, optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM), x, y, F.cross_entropy),
        _training_step(other, torch.optim.SGD(other.parameters(), lr=LR, momentum=MOMENTUM), torch_x, torch_y,
                       torch.nn.functional.cross_entropy),
    )  # fmt: skip


def engine_case(engine, batch):
    """A training step of LeNet-5 here and in another engine of `other_engines`."""
    return Case(f"lenet5, {engine}", functools.partial(_engine, engine, batch))


def _engine(engine, batch):
    model, random = models.lenet5(), np.random.default_rng(0)
    images = random.standard_normal((batch, 1, 28, 28)).astype("float32")
    labels = random.integers(0, 10, batch)
    other = ENGINES[engine]({name: p.numpy().copy() for name, p in model.state_dict().items()}, images, labels)
    optimizer = optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    x, y = minitorch.from_numpy(images), minitorch.from_numpy(labels)
    return _training_step(model, optimizer, x, y, F.cross_entropy), other


def _training_step(model, optimizer, x, y, cross_entropy):
    def step():
        loss = cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def convolution_case(channels, filters, size, stride, batch=32):
    """A 3x3 convolution forward, and backward to input and weight."""
    flops = 3 * 2 * batch * filters * channels * 9 * (size // stride) ** 2
    name = f"conv 3x3 {channels}->{filters} {size}x{size}/{stride}, batch {batch}"
    return Case(name, functools.partial(_convolution, channels, filters, size, stride, batch), flops)


def _convolution(channels, filters, size, stride, batch):
    random = np.random.default_rng(0)
    x = random.standard_normal((batch, channels, size, size)).astype("float32")
    weight = random.standard_normal((filters, channels, 3, 3)).astype("float32") / math.sqrt(9 * channels)
    grad = random.standard_normal((batch, filters, size // stride, size // stride)).astype("float32")
    a, b, g = (minitorch.tensor(v) for v in (x, weight, grad))
    c, d, h = (torch.tensor(v) for v in (x, weight, grad))
    for leaf in (a, b, c, d):
        leaf.requires_grad_()

    def run():
        return minitorch.autograd.grad(F.conv2d(a, b, None, stride, 1), (a, b), g)[1].square().sum()

    def torch_run():
        return torch.autograd.grad(torch.nn.functional.conv2d(c, d, None, stride, 1), (c, d), h)[1].square().sum()

    return run, torch_run


def _overhead(repeats):
    a, b = minitorch.randn(1, requires_grad=True), minitorch.randn(1, requires_grad=True)
    c, d = torch.tensor(a.tolist(), requires_grad=True), torch.tensor(b.tolist(), requires_grad=True)

    def run():
        for _ in range(repeats):
            result = a * b
        return result

    def torch_run():
        for _ in range(repeats):
            result = c * d
        return result

    return run, torch_run


def table():
    """All cases of the table."""
    cases = [network_case("lenet5", batch, 32) for batch in (64, 256)]
    cases += [
        network_case("cifar_resnet20", 64, 32),
        *[network_case(name, 32, size) for name in list(NETWORKS)[2:7] for size in (32, 64)],
        network_case("mobilenet_v2", 8, 224),
        network_case("lenet5", 256, 32, training=False),
        network_case("cifar_resnet20", 64, 32, training=False),
        *[network_case(name, 32, 32, training=False) for name in list(NETWORKS)[2:7]],
    ]
    cases += [convolution_case(*shape) for shape in RESNET18_SHAPES]
    return [*cases, Case("a * b, one element, 2000 times", functools.partial(_overhead, 2000))]


def scaling():
    """Title -> (label of the axis, the numbers on it, a case for each): how the cost of a step grows."""
    batches, depths = (16, 32, 64, 128, 256), (20, 32, 44, 56, 110)
    return {
        "lenet5": ("images in a batch", batches, [network_case("lenet5", n, 32) for n in batches]),
        "mobilenet_v2, 8 images": (
            "pixels of an image", [n * n for n in (32, 64, 128, 224)],
            [network_case("mobilenet_v2", 8, n) for n in (32, 64, 128, 224)],
        ),
        "cifar_resnet, 16 images": ("depth", depths, [network_case(f"cifar_resnet{n}", 16, 32) for n in depths]),
    }  # fmt: skip
