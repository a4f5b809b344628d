"""Squeeze-and-excitation against its formula, and at each of its places."""

import numpy as np
import pytest

from minitorch import models, nn
from minitorch.creation import randn
from minitorch.models import SE
from minitorch.models.inverted_residual import InvertedResidual
from minitorch.models.mobilenet_v1 import DepthwiseSeparable
from minitorch.models.shufflenet_v1 import ShuffleUnit
from minitorch.models.shufflenet_v2 import ShuffleUnitV2
from minitorch.nn.functional import relu


def values(tensor):
    return tensor.detach().numpy()


@pytest.mark.parametrize("gate", [nn.Sigmoid, nn.Hardsigmoid])
def test_formula(gate):
    block, x = models.SqueezeExcitation(6, 3, scale_activation=gate), randn(2, 6, 4, 5)
    w1, b1, w2, b2 = (values(p).reshape(p.shape[:2]).squeeze() for p in block.parameters())
    z = x.numpy().mean((2, 3))
    s = np.maximum(z @ w1.T + b1, 0) @ w2.T + b2
    s = 1 / (1 + np.exp(-s)) if gate is nn.Sigmoid else np.clip(s / 6 + 0.5, 0, 1)
    np.testing.assert_allclose(values(block(x)), x.numpy() * s[:, :, None, None], rtol=1e-5)


@pytest.mark.parametrize("channels, reduction, width", [(64, 16, 8), (256, 16, 16), (512, 8, 64), (240, 16, 16),
                                                        (72, 4, 24), (16, 16, 8)])  # fmt: skip
def test_width_of_the_narrow_layer(channels, reduction, width):
    assert models.SqueezeExcitation(channels, reduction=reduction).fc1.out_channels == width
    assert SE(reduction=reduction).build(channels).fc1.out_channels == width


@pytest.mark.parametrize("position", ["standard", "pre", "post", "identity"])
def test_places_in_a_residual_block(position):
    block = models.BasicBlock(4, 6, stride=2, se=SE(2, nn.Hardsigmoid, position)).eval()
    plain = models.BasicBlock(4, 6, stride=2).eval()
    plain.load_state_dict(block.state_dict(), strict=False)
    assert isinstance(block.se.scale_activation, nn.Hardsigmoid)
    x, se = randn(2, 4, 6, 6), block.se

    def branch(x):
        return plain.bn2(plain.conv2(relu(plain.bn1(plain.conv1(x)))))

    expected = {
        "standard": lambda: relu(se(branch(x)) + plain.downsample(x)),
        "pre": lambda: relu(branch(se(x)) + plain.downsample(x)),
        "post": lambda: se(relu(branch(x) + plain.downsample(x))),
        "identity": lambda: relu(branch(x) + se(plain.downsample(x))),
    }
    np.testing.assert_allclose(values(block(x)), values(expected[position]()), rtol=1e-5, atol=1e-6)


def test_inner_place_is_behind_the_depthwise_convolution():
    block = InvertedResidual(4, 8, 4, se=SE(2, position="inner")).eval()
    widen, depthwise, se, narrow = block.block
    x = randn(2, 4, 5, 5)
    assert isinstance(se, models.SqueezeExcitation) and not hasattr(block, "se")
    np.testing.assert_allclose(values(block(x)), values(x + narrow(se(depthwise(widen(x))))), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("build, channels", [
    (lambda se: models.Bottleneck(8, 4, se=se), {"standard": 16, "pre": 8, "post": 16, "identity": 16}),
    (lambda se: models.BasicBlock(8, 8, shortcut="none", se=se), {"standard": 8, "pre": 8, "post": 8}),
    (lambda se: InvertedResidual(8, 16, 8, se=se), {"standard": 8, "pre": 8, "post": 8, "identity": 8}),
    (lambda se: InvertedResidual(8, 16, 12, se=se), {"standard": 12, "pre": 8, "post": 12}),
    (lambda se: DepthwiseSeparable(8, 12, se=se), {"standard": 12, "pre": 8, "post": 12}),
    (lambda se: ShuffleUnit(8, 8, 1, 2, 2, se=se), {"standard": 8, "pre": 8, "post": 8, "identity": 8}),
    (lambda se: ShuffleUnit(8, 24, 2, 2, 1, se=se), {"standard": 16, "pre": 8, "post": 24, "identity": 8}),
    (lambda se: ShuffleUnitV2(8, 8, 1, se=se), {"standard": 4, "pre": 4, "post": 8, "identity": 4}),
    (lambda se: ShuffleUnitV2(8, 24, 2, se=se), {"standard": 12, "pre": 8, "post": 24, "identity": 12}),
], ids=["bottleneck", "plain", "inverted", "wider", "separable", "shuffle", "shuffle_2", "v2", "v2_2"])  # fmt: skip
def test_places_in_all_blocks(build, channels):
    x = randn(2, 8, 6, 6)
    for position, count in channels.items():
        block = build(SE(2, position=position)).eval()
        assert block.se.fc2.out_channels == count
        block.se.fc2.bias.data.fill_(-100.0)  # the gate shuts its place off
        y, without = values(block(x)), build(None).eval()
        without.load_state_dict(block.state_dict(), strict=False)
        assert y.shape == values(without(x)).shape and not np.allclose(y, values(without(x)))
        assert position != "post" or np.abs(y).max() < 1e-30
    assert build(None).se_position is None


@pytest.mark.parametrize("build", [
    lambda: models.mobilenet_v1(se=SE(position="identity")),
    lambda: models.resnet18(se={"position": "inner"}),
    lambda: models.lenet5(se={"position": "pre"}),
], ids=["mobilenet_v1", "resnet18", "lenet5"])  # fmt: skip
def test_places_that_a_network_does_not_have(build):
    with pytest.raises(ValueError, match="se.*(must be one of|alone).*got '(identity|inner|pre)'"):
        build()


def test_settings():
    assert SE.of(None) is None and SE.of(False) is None and SE.of(True) == SE()
    assert SE.of({"reduction": 8, "position": "pre"}) == SE(8, nn.Sigmoid, "pre")
    with pytest.raises(ValueError, match="position must be one of 'standard', .*, got 'before'"):
        SE(position="before")
    with pytest.raises(ValueError, match="reduction must be a number of at least 1, got 0"):
        SE(reduction=0)
    with pytest.raises(TypeError, match="gate must be a class of modules, such as nn.Sigmoid, .*, got 'sigmoid'"):
        SE(gate="sigmoid")
    with pytest.raises(TypeError, match="se: expected None, True, a dictionary or SE"):
        models.resnet18(se=16)


def test_mobilenet_v3_without():
    model = models.mobilenet_v3_small(num_classes=2, se=None)
    assert not any(isinstance(module, models.SqueezeExcitation) for module in model.modules())
    outside = models.mobilenet_v3_small(num_classes=2, se=SE(4, position="standard"))
    assert "features.1.se.fc1.weight" in outside.state_dict() and "features.2.se.fc1.weight" not in outside.state_dict()


def test_one_image_without_batch_dimension():
    block, x = models.SqueezeExcitation(6, 3), randn(6, 4, 5)
    np.testing.assert_allclose(values(block(x)), values(block(x.unsqueeze(0)))[0], rtol=1e-6)
