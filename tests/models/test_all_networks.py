"""What every network has: common settings, maps of all stages, a falling loss, states that survive a file."""

import functools

import numpy as np
import pytest
from models.networks import count_parameters, small

import minitorch
from minitorch import models, nn, no_grad, optim
from minitorch.creation import randn
from minitorch.data import datasets
from minitorch.nn.functional import cross_entropy
from minitorch.tensor import Tensor

# For some tests the same class at another width or depth is enough once.
NAMES = [name for name in models.list() if not name.startswith(("mobilenetv1", "shufflenet_v1"))]
NAMES += [f"shufflenet_v1_x0_5_g{groups}" for groups in (1, 2, 3, 4, 8)] + ["shufflenet_v1_x1_5_g4"]


@functools.cache
def clothes():
    pictures, labels = datasets.FashionMini(train=True).arrays()
    return Tensor(pictures[:8]), Tensor(labels[:8])


@pytest.mark.parametrize("name", NAMES)
def test_common_settings(name):
    settings = {"norm_layer": functools.partial(nn.GroupNorm, 1), "activation": nn.SiLU, "dropout": 0.3, "se": True}
    model = models.create(name, num_classes=7, in_channels=2, **{**small(name), **settings})
    model.eval()
    kinds = [type(module) for module in model.modules()]
    assert nn.GroupNorm in kinds and nn.SiLU in kinds and models.SqueezeExcitation in kinds
    assert nn.BatchNorm2d not in kinds
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.3]
    assert model(randn(2, 2, 32, 32)).shape == (2, 7)
    head = model.get_submodule(model.head_name)
    assert model.num_classes == (len(head.codes) if name == "lenet5_1998" else head.out_features) == 7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [32, 45])
def test_maps_are_as_feature_info_says(name, size):
    if name.startswith("lenet"):
        size = 32
    model = models.create(name, num_classes=3, in_channels=1, **small(name)).eval()
    with no_grad():
        x = randn(2, 1, size, size)
        maps = model.features(x)
        assert isinstance(maps, list)
        for info, feature_map in zip(model.feature_info, maps, strict=True):
            expected = (2, info.channels, -(-size // info.stride), -(-size // info.stride))
            if not name.startswith("lenet"):  # whose convolutions have no padding
                assert feature_map.shape == expected, info
            assert isinstance(model.get_submodule(info.name), nn.Module)
        vector = model.neck(maps[-1])
        assert vector.ndim == 2
        np.testing.assert_allclose(model.head(vector).numpy(), model(x).numpy(), rtol=1e-5, atol=1e-6)
        if not name.startswith("lenet"):
            np.testing.assert_allclose(vector.numpy(), maps[-1].numpy().mean((2, 3)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", models.list())
def test_learns_clothes(name):
    x, target = clothes()
    model = models.create(name, num_classes=10, in_channels=1, **small(name))
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    losses = []
    for _ in range(4):
        loss = cross_entropy(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        assert all(p.grad is not None for p in model.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[2:]) < losses[0] and np.isfinite(losses).all()


@pytest.mark.parametrize("name", models.list())
def test_a_file_gives_back_the_same_bits(name, tmp_path):
    x, _ = clothes()
    settings = {"num_classes": 10, "in_channels": 1, **small(name)}
    model = models.create(name, **settings)
    with no_grad():
        model(x)  # moves the running statistics
        minitorch.save(model.state_dict(), tmp_path / "weights.safetensors")
        again = models.create(name, weights=tmp_path / "weights.safetensors", **settings)
        for (key, value), (other, copy) in zip(model.state_dict().items(), again.state_dict().items(), strict=True):
            assert key == other and value.numpy().tobytes() == copy.numpy().tobytes(), key
        assert model.eval()(x).numpy().tobytes() == again.eval()(x).numpy().tobytes()


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small",
                                  "shufflenet_v1_x1_0_g3", "shufflenet_v2_x1_0"])  # fmt: skip
def test_small_input_leaves_out_two_halvings(name):
    settings = {key: value for key, value in small(name).items() if key != "small_input"}
    usual, other = (models.create(name, small_input=small_input, **settings) for small_input in (False, True))
    assert usual.stride == 32 and other.stride == 8
    assert count_parameters(other) <= count_parameters(usual)


def test_first_values():
    model = models.resnet18()
    for weight, fan_out in ((model.conv1.weight, 64 * 49), (model.layer3[0].conv1.weight, 256 * 9)):
        assert weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.03)
    grouped = models.create("resnext50_32x4d", num_classes=2).layer2[0].conv2
    assert grouped.weight.std().item() == pytest.approx((2 / (grouped.out_channels / 32 * 9)) ** 0.5, rel=0.03)
    head = models.mobilenet_v2().classifier[1]
    assert head.weight.std().item() == pytest.approx(0.01, rel=0.03) and not head.bias.detach().numpy().any()


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "seresnet18", "cifar_resnet20"])
def test_zero_init_residual_makes_blocks_the_identity(name):
    model = models.create(name, zero_init_residual=True, **small(name))
    channels = next(info.channels for info in model.feature_info if info.name == "layer1")
    block, x = model.layer1[1], randn(2, channels, 5, 5)
    assert np.array_equal(block(x).detach().numpy(), np.maximum(x.numpy(), 0))


def test_all_is_gone_without_the_garbage_collector():
    model = models.mobilenet_v2(width_mult=0.25)
    assert not any(value is model for module in model.modules() for value in vars(module).values())
