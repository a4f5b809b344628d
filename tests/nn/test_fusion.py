"""Neighbours that run as one operation give what the modules give one by one, and only where nobody looks between."""

import numpy as np
import pytest

import minitorch
from minitorch import models, nn
from minitorch.autograd import detect_anomaly, watch
from minitorch.nn.fusion import apply_layers


def rectifications(y):
    """How many ReLUs ran as operations of their own in what y came from."""
    found, stack = set(), [y.grad_fn]
    while stack:
        node = stack.pop()
        if node is not None and node not in found and not isinstance(node, minitorch.Tensor):
            found.add(node)
            stack += [parent for parent, _ in node.next_functions]
    return sum(node.name() in ("ReluBackward0", "HardtanhBackward0") for node in found)


def is_rectified(layers, x):
    return rectifications(apply_layers(x, *layers)) == 1


def norm_and_relu(kind=nn.BatchNorm2d, channels=5, relu=nn.ReLU, **settings):
    norm = kind(channels, dtype=minitorch.float64, **settings)
    for part, low in ((norm.weight, -1.0), (norm.bias, -1.0), (norm.running_mean, -0.5), (norm.running_var, 0.5)):
        if part is not None:
            nn.init.uniform_(part, low, 1.5)
    if relu is nn.ReLU6 and norm.weight is not None:
        norm.weight.detach().mul_(9)  # for some numbers beyond 6
    return norm, relu()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("relu", [nn.ReLU, nn.ReLU6])
@pytest.mark.parametrize("settings", [{}, {"affine": False}, {"bias": False}, {"momentum": None},
                                      {"track_running_stats": False}, {"eps": 0.1}], ids=str)  # fmt: skip
@pytest.mark.parametrize("kind, shape", [(nn.BatchNorm2d, (3, 5, 4, 3)), (nn.BatchNorm1d, (4, 5)),
                                         (nn.BatchNorm1d, (3, 5, 7))])  # fmt: skip
def test_norm_and_relu(kind, shape, settings, relu, training):
    norm, relu = norm_and_relu(kind, relu=relu, **settings)
    norm.train(training)
    first, found = norm.state_dict(), []
    first = {key: value.clone() for key, value in first.items()}
    for run in (lambda x: apply_layers(x, norm, relu), lambda x: relu(norm(x))):
        norm.load_state_dict(first)
        norm.zero_grad()
        minitorch.manual_seed(3)
        x = minitorch.randn(*shape, dtype=minitorch.float64, requires_grad=True)
        for _ in range(2):
            y = run(x)
            (y * y * minitorch.arange(y.numel(), dtype=minitorch.float64).reshape(y.shape)).sum().backward()
        results = [y, x.grad, *(p.grad for p in norm.parameters()), *norm.state_dict().values()]
        found.append([result.detach().numpy().copy() for result in results])
    assert (found[0][0] == 0).any() and (found[0][0] > 0).any()
    assert (found[0][0] == 6).any() == (isinstance(relu, nn.ReLU6) and norm.affine)
    for together, alone in zip(*found, strict=True):
        np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-12)
    assert not is_rectified([norm, relu], x) and is_rectified([norm, nn.Identity(), relu], x)


def test_nothing_is_fused_where_somebody_looks_between():
    norm, relu = layers = norm_and_relu()
    x, seen = minitorch.randn(2, 5, 3, 3, dtype=minitorch.float64, requires_grad=True), []
    with detect_anomaly():
        assert is_rectified(layers, x)
    with watch(lambda *_: None):
        assert is_rectified(layers, x)
    for module in layers:
        for register in (module.register_forward_hook, module.register_forward_pre_hook):
            handle = register(lambda module, *_: seen.append(module))
            assert is_rectified(layers, x) and seen == [module]
            handle.remove()
            seen.clear()
    handle = norm.register_forward_hook(lambda module, args, output: output * 0 - 1)
    assert not apply_layers(x, *layers).detach().numpy().any()
    handle.remove()
    assert apply_layers(x, *layers).detach().numpy().any()


def test_a_subclass_is_left_alone():
    class Shifted(nn.BatchNorm2d):
        def forward(self, input):
            return super().forward(input) - 100

    class Leaky(nn.ReLU):
        def forward(self, input):
            return input * 2

    x = minitorch.randn(2, 3, 4, 4)
    assert not nn.Sequential(Shifted(3), nn.ReLU())(x).detach().numpy().any()
    assert (nn.Sequential(nn.BatchNorm2d(3), Leaky())(x).detach().numpy() < 0).any()
    assert (nn.Sequential(nn.BatchNorm2d(3), nn.ReLU6())(x * 100).detach().numpy() <= 6).all()


def test_errors_are_those_of_the_layers():
    layers = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU())
    with pytest.raises(ValueError, match="BatchNorm2d: expected 4D input, got 3D"):
        layers(minitorch.randn(2, 3, 4))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        layers(minitorch.randn(1, 3, 1, 1))


@pytest.mark.parametrize("relu", [nn.ReLU, nn.ReLU6])
def test_second_derivatives(relu):
    norm, relu = norm_and_relu(relu=relu)
    x = minitorch.randn(2, 5, 2, 2, dtype=minitorch.float64, requires_grad=True)
    found = []
    for run in (lambda: apply_layers(x, norm, relu), lambda: relu(norm(x))):
        (first,) = minitorch.autograd.grad((run() ** 2).sum(), [x], create_graph=True)
        (second,) = minitorch.autograd.grad((first**2).sum(), [x])
        found.append(second.numpy())
    np.testing.assert_allclose(*found, rtol=1e-8, atol=1e-10)
    assert np.abs(found[0]).max() > 1e-6


@pytest.mark.parametrize("build, alone", [
    (lambda: models.cifar_resnet(8, widths=(4, 4, 8)), 3),  # the ReLU behind each addition
    (lambda: models.mobilenet_v1(width_mult=0.25), 0),
    (lambda: models.mobilenet_v1(width_mult=0.25, activation=nn.ReLU), 0),
    (lambda: models.mobilenet_v2(width_mult=0.25), 0),
    (models.shufflenet_v2_x0_5, 0),
    (lambda: models.ConvNormActivation(3, 4), 0),
    (lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU()), 0),
])  # fmt: skip
def test_networks_fuse(build, alone):
    assert rectifications(build()(minitorch.randn(2, 3, 32, 32))) == alone


def test_a_part_of_a_block_is_a_plain_sequence():
    block = models.ConvNormActivation(3, 4).eval()
    x = minitorch.randn(1, 3, 5, 5)
    assert type(block[:2]) is nn.Sequential and list(block[:2]) == [block[0], block[1]]
    np.testing.assert_allclose(block[2](block[:2](x)).detach().numpy(), block(x).detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"affine": False}, {"bias": False}, {"eps": 0.1}], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_convolution_and_norm_in_evaluation(bias, settings):
    convolution = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias=bias, dtype=minitorch.float64)
    norm = norm_and_relu(nn.BatchNorm2d, 6, **settings)[0].eval()
    x, seen = minitorch.randn(3, 4, 7, 6, dtype=minitorch.float64), []
    with minitorch.no_grad():
        expected = norm(convolution(x))
        actual = apply_layers(x, convolution, norm)
        norm.register_forward_hook(lambda module, args, output: seen.append(output))
        apply_layers(x, convolution, norm)
    np.testing.assert_allclose(actual.numpy(), expected.numpy(), rtol=1e-12, atol=1e-12)
    assert len(seen) == 1


def test_a_norm_is_folded_only_where_its_statistics_are_fixed():
    convolution, norm = nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6)
    fused = minitorch.nn.fusion.fused
    assert fused([convolution, norm])[1] == 1
    with minitorch.no_grad():
        assert fused([convolution, norm])[1] == 1
        norm.eval()
        assert fused([convolution, norm])[1] == 2
        assert fused([convolution, nn.BatchNorm2d(5).eval()])[1] == 1
        assert fused([convolution, nn.BatchNorm2d(6, track_running_stats=False).eval()])[1] == 1
    assert fused([convolution, norm])[1] == 1
