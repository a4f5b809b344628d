"""Layers by themselves: against the loops of `reference`, first values, behaviour in training, bad arguments."""

import math

import numpy as np
import pytest
import reference

import minitorch.ops
from minitorch import nn, random
from minitorch.creation import ones, randn, tensor
from minitorch.dtype import float64
from minitorch.tensor import Tensor


def test_functional_has_the_operations_themselves():
    for name in nn.functional.__all__:
        assert getattr(nn.functional, name) is getattr(minitorch.ops, name)


def test_linear_is_its_formula():
    layer, x = nn.Linear(3, 2), randn(5, 3)
    expected = [
        [sum(w * v for w, v in zip(row, image)) + b for row, b in zip(layer.weight.tolist(), layer.bias.tolist())]
        for image in x.tolist()
    ]
    np.testing.assert_allclose(layer(x).tolist(), expected, rtol=1e-5, atol=1e-6)


def test_convolution_is_its_formula():
    layer, x = nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2), randn(2, 2, 5, 6)
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    expected = reference.conv2d(x.numpy(), weight, bias, (2, 2), ((1, 1), (1, 1)), (1, 1), 2)
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "layer, fan_in",
    [(nn.Linear(500, 400), 500), (nn.Conv2d(16, 96, 5), 400), (nn.Conv2d(64, 600, 3, groups=4), 144)],
    ids=["linear", "conv", "groups"],
)
def test_first_values_are_uniform_within_the_root_of_the_fan_in(layer, fan_in):
    layer.reset_parameters()
    bound = 1 / math.sqrt(fan_in)
    for values in (layer.weight.detach().numpy(), layer.bias.detach().numpy()):
        n = values.size
        assert np.abs(values).max() <= bound * 1.000001 and np.abs(values).max() > bound * (1 - 20 / n)
        # The mean of n uniform numbers and their mean square, each within 5 standard errors.
        assert abs(values.mean()) < 5 * bound / math.sqrt(3 * n)
        assert abs((values**2).mean() / bound**2 - 1 / 3) < 5 * math.sqrt(4 / 45 / n)


def test_a_seed_fixes_the_first_values():
    random.manual_seed(3)
    first = nn.Conv2d(2, 3, 3)
    random.manual_seed(3)
    second = nn.Conv2d(2, 3, 3)
    assert np.array_equal(first.weight.detach().numpy(), second.weight.detach().numpy())
    assert np.array_equal(first.bias.detach().numpy(), second.bias.detach().numpy())


def test_layers_without_inputs_or_outputs():
    assert nn.Linear(0, 3)(ones(2, 0)).shape == (2, 3)
    assert nn.Linear(3, 0)(ones(2, 3)).shape == (2, 0)


def batch_norm_by_hand(x, mean, var, eps, weight, bias):
    shape = [1, -1] + [1] * (x.ndim - 2)
    return (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + eps) * weight.reshape(shape) + bias.reshape(shape)


@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5), (4, 3, 5, 2)], ids=str)
def test_batch_norm(shape, momentum):
    make = nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d
    layer = make(3, momentum=momentum, dtype=float64)
    weight, bias = np.array([1.0, 2.0, -1.0]), np.array([0.5, 0.0, 1.0])
    layer.load_state_dict({"weight": weight, "bias": bias}, strict=False)
    running_mean, running_var, dims = np.zeros(3), np.ones(3), (0, *range(2, len(shape)))
    rng = np.random.default_rng(0)
    for step in range(1, 4):
        x = rng.normal(2, 3, shape)
        y = layer(Tensor(x)).detach().numpy()
        np.testing.assert_allclose(y, batch_norm_by_hand(x, x.mean(dims), x.var(dims), 1e-5, weight, bias), rtol=1e-9)
        share = 1 / step if momentum is None else momentum
        running_mean = (1 - share) * running_mean + share * x.mean(dims)
        running_var = (1 - share) * running_var + share * x.var(dims, ddof=1)
        np.testing.assert_allclose(layer.running_mean.numpy(), running_mean, rtol=1e-10)
        np.testing.assert_allclose(layer.running_var.numpy(), running_var, rtol=1e-10)
        assert layer.num_batches_tracked.item() == step
    y = layer.eval()(Tensor(x)).detach().numpy()
    np.testing.assert_allclose(y, batch_norm_by_hand(x, running_mean, running_var, 1e-5, weight, bias), rtol=1e-9)
    assert layer.num_batches_tracked.item() == 3
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0] * 3 and layer.running_var.tolist() == [1] * 3
    assert layer.num_batches_tracked.item() == 0 and layer.weight.tolist() == weight.tolist()
    layer.reset_parameters()
    assert layer.weight.tolist() == [1] * 3 and layer.bias.tolist() == [0] * 3


def test_batch_norm_without_running_statistics_uses_the_batch_in_evaluation():
    layer, x = nn.BatchNorm1d(3, track_running_stats=False).eval(), randn(6, 3)
    y = layer(x).detach().numpy()
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-6)
    assert layer.running_mean is None and layer.num_batches_tracked is None and list(layer.state_dict()) == [
        "weight",
        "bias",
    ]


def test_batch_norm_parts_can_be_left_out():
    assert list(nn.BatchNorm2d(3, affine=False).state_dict()) == ["running_mean", "running_var", "num_batches_tracked"]
    layer = nn.BatchNorm2d(3, bias=False)
    assert layer.bias is None and layer.weight is not None and layer(randn(2, 3, 2, 2)).shape == (2, 3, 2, 2)


def test_batch_norm_refuses_and_counts_nothing():
    layer = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match=r"BatchNorm1d: expected 2D or 3D input, got 4D, shape \(2, 3, 4, 5\)"):
        layer(randn(2, 3, 4, 5))
    with pytest.raises(ValueError, match="BatchNorm2d: expected 4D input, got 2D"):
        nn.BatchNorm2d(3)(randn(2, 3))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        layer(randn(1, 3))
    with pytest.raises(RuntimeError, match=r"must have shape \(4,\)"):
        layer(randn(2, 4))
    assert layer.num_batches_tracked.item() == 0


def test_dropout_follows_the_mode():
    layer, x = nn.Dropout(0.25), ones(100_000)
    y = layer(x).numpy()
    assert set(np.unique(y)) == {0, np.float32(4 / 3)}
    assert abs((y == 0).mean() - 0.25) < 5 * math.sqrt(0.25 * 0.75 / y.size)
    assert layer.eval()(x) is x
    assert not nn.Dropout(1.0)(x).numpy().any()
    z = ones(5)
    assert nn.Dropout(1.0, inplace=True)(z) is z and z.tolist() == [0] * 5


def test_stochastic_depth_follows_the_mode():
    layer, x = nn.StochasticDepth(0.25, "row"), ones(1000, 3)
    assert set(np.unique(layer(x).numpy())) == {0, np.float32(4 / 3)}
    assert layer.eval()(x) is x and repr(layer) == "StochasticDepth(p=0.25, mode=row)"


def test_relu_in_place():
    x = tensor([-1.0, 2.0])
    assert nn.ReLU(inplace=True)(x) is x and x.tolist() == [0, 2]


def test_shapes():
    x = randn(2, 3, 4)
    assert nn.Flatten()(x).shape == (2, 12) and nn.Flatten(0)(x).shape == (24,)
    assert nn.Unflatten(-1, (2, 2))(x).shape == (2, 3, 2, 2) and nn.Unflatten(1, [3, -1])(x).shape == (2, 3, 1, 4)
    assert nn.Identity(3, any="thing")(x) is x
    for size in ((3, 2), (5, -1), (-1, -1)):
        with pytest.raises(RuntimeError):
            nn.Unflatten(-1, size)(x)


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: nn.Linear(-1, 2), ValueError, "Linear: in_features must be a non-negative integer, got -1"),
        (lambda: nn.Linear(2, 2.0), ValueError, "Linear: out_features .* got 2.0"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "Conv2d: in_channels=3 does not divide into groups=2"),
        (lambda: nn.Conv2d(4, 3, 3, groups=2), ValueError, "Conv2d: out_channels=3 does not divide"),
        (lambda: nn.Conv2d(3, 4, 3, groups=0), ValueError, "Conv2d: groups must be a positive integer, got 0"),
        (lambda: nn.Conv2d(0, 4, 3), ValueError, "Conv2d: in_channels must be a positive integer, got 0"),
        (lambda: nn.Conv2d(3, 4, 0), RuntimeError, "Conv2d: kernel_size must be at least 1"),
        (lambda: nn.Conv2d(3, 4, "3"), TypeError, "Conv2d: kernel_size must be an integer or two integers"),
        (lambda: nn.Conv2d(3, 4, 3, stride=0), RuntimeError, "Conv2d: stride must be at least 1"),
        (lambda: nn.Conv2d(3, 4, 3, padding=-1), RuntimeError, "Conv2d: padding must be at least 0"),
        (lambda: nn.Conv2d(3, 4, 3, padding="all"), ValueError, "padding must be numbers, 'valid' or 'same'"),
        (lambda: nn.Conv2d(3, 4, 3, 2, "same"), ValueError, "padding='same' needs stride 1"),
        (lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"), ValueError, "padding_mode must be 'zeros' .*got 'mirror'"),
        (lambda: nn.BatchNorm2d(-3), ValueError, "BatchNorm2d: num_features must be a non-negative integer, got -3"),
        (lambda: nn.StochasticDepth(1.5), ValueError, "StochasticDepth: p must be between 0 and 1, got 1.5"),
        (lambda: nn.StochasticDepth(0.5, "rows"), ValueError, "StochasticDepth: mode must be 'batch' or 'row'"),
        (lambda: nn.Dropout(-0.1), ValueError, "Dropout: p must be between 0 and 1, got -0.1"),
        (lambda: nn.Dropout(math.nan), ValueError, "Dropout: p must be between 0 and 1"),
        (lambda: nn.MSELoss(reduction="avg"), ValueError, "MSELoss: reduction must be .* got 'avg'"),
        (lambda: nn.CrossEntropyLoss(label_smoothing=2), ValueError, "label_smoothing must be between 0 and 1"),
        (lambda: nn.NLLLoss(size_average="sum"), ValueError, "size_average must be .* pass reduction= by name"),
        (lambda: nn.NLLLoss(weight=[1.0]), TypeError, "'weight' must be a tensor or None, got list"),
        (lambda: nn.Unflatten(1, (2.5,)), TypeError, "sizes must be integers"),
        (lambda: nn.Linear(3, 2)(ones(2, 3, 1, 1)), RuntimeError, "flatten the images first"),
        (lambda: nn.Linear(3, 2)(ones(2, 3).double()), RuntimeError, "same dtype"),
        (lambda: nn.Conv2d(3, 2, 3)(ones(2, 1, 9, 9)), RuntimeError, "has 1 channels"),
        (lambda: nn.MaxPool2d(5)(ones(1, 1, 3, 3)), RuntimeError, "do not fit"),
    ],
)
def test_bad_arguments(make, error, text):
    with pytest.raises(error, match=text):
        make()
