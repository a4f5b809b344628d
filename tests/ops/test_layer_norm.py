"""Normalisation within samples: against NumPy's means and variances, and against PyTorch."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from minitorch import nn, ops
from minitorch.autograd import grad
from minitorch.tensor import Tensor


def normal(shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype) * 2 + 1


def standardized(x, axes, eps):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


SHAPES = st.tuples(st.integers(1, 3), st.sampled_from([2, 4, 6]), st.integers(2, 4), st.integers(1, 3))


@given(SHAPES, st.sampled_from([1, 2]), st.sampled_from([1e-5, 0.3]))
def test_equals_numpy(shape, groups, eps):
    x = normal(shape)
    for dims in (1, 2, 3):
        y = ops.layer_norm(Tensor(x), shape[-dims:], eps=eps)
        np.testing.assert_allclose(y.array, standardized(x, tuple(range(4 - dims, 4)), eps), atol=1e-9)
        y = ops.rms_norm(Tensor(x), shape[-dims:], eps=eps)
        root = np.sqrt((x * x).mean(tuple(range(4 - dims, 4)), keepdims=True) + eps)
        np.testing.assert_allclose(y.array, x / root, atol=1e-9)
    weight, bias = normal(shape[1], seed=1), normal(shape[1], seed=2)
    by_group = standardized(x.reshape(shape[0], groups, -1), 2, eps).reshape(shape)
    expected = by_group * weight[:, None, None] + bias[:, None, None]
    y = ops.group_norm(Tensor(x), groups, Tensor(weight), Tensor(bias), eps)
    np.testing.assert_allclose(y.array, expected, atol=1e-9)
    y = ops.instance_norm(Tensor(x), weight=Tensor(weight), eps=eps)
    np.testing.assert_allclose(y.array, standardized(x, (2, 3), eps) * weight[:, None, None], atol=1e-9)


@given(st.integers(1, 7), st.integers(1, 8))
def test_local_response_norm_equals_loops(channels, size):
    x = normal((2, channels, 3))
    expected = np.zeros_like(x)
    for c in range(channels):
        near = x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1]
        expected[:, c] = x[:, c] / (2 + 0.5 / size * (near * near).sum(1)) ** 0.75
    np.testing.assert_allclose(ops.local_response_norm(Tensor(x), size, 0.5, 0.75, 2).array, expected, rtol=1e-10)


@given(SHAPES, st.sampled_from(["layer", "rms", "group", "instance", "response"]), st.sampled_from(["f4", "f8"]))
def test_gradients_equal_pytorch(shape, kind, dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    parts = {"layer": shape[2:], "rms": shape[2:], "response": ()}.get(kind, shape[1:2])
    arrays = [normal(shape, dtype), normal(parts, dtype, 1), normal(parts, dtype, 2)]
    arrays = arrays[: {"rms": 2, "response": 1}.get(kind, 3)]

    def call(m, x, *parts):
        return {
            "layer": lambda: m.layer_norm(x, shape[2:], *parts),
            "rms": lambda: m.rms_norm(x, shape[2:], *parts),
            "group": lambda: m.group_norm(x, 2, *parts),
            "instance": lambda: m.instance_norm(x, None, None, *parts),
            "response": lambda: m.local_response_norm(x, 2),
        }[kind]()

    ours, theirs = ([make(a) for a in arrays] for make in (lambda a: Tensor(a, requires_grad=True), torch.tensor))
    theirs = [t.requires_grad_() for t in theirs]
    y, expected = call(ops, *ours), call(torch.nn.functional, *theirs)
    tolerance = {"rtol": 2e-3, "atol": 2e-3} if dtype == "f4" else {"rtol": 1e-7, "atol": 1e-7}
    assert y.dtype == dtype
    np.testing.assert_allclose(y.array, expected.detach().numpy(), **tolerance)
    start = normal(shape, dtype, 3)
    for a, b in zip(grad(y, ours, Tensor(start)), torch.autograd.grad(expected, theirs, torch.tensor(start))):
        assert a.dtype == dtype
        np.testing.assert_allclose(a.array, b.numpy(), **tolerance)


def test_running_statistics_of_instance_norm():
    x = normal((4, 3, 5))
    mean, var = Tensor(np.zeros(3)), Tensor(np.ones(3))
    ops.instance_norm(Tensor(x), mean, var, momentum=0.25)
    np.testing.assert_allclose(mean.array, 0.25 * x.mean(2).mean(0))
    np.testing.assert_allclose(var.array, 0.75 + 0.25 * x.var(2, ddof=1).mean(0))
    assert mean._version == var._version == 1
    y = ops.instance_norm(Tensor(x), mean, var, use_input_stats=False).array
    expected = (x - mean.array[:, None]) / np.sqrt(var.array[:, None] + 1e-5)
    np.testing.assert_allclose(y, expected)


def test_instance_norm_layer_takes_one_sample():
    layer, x = nn.InstanceNorm2d(3, affine=True), normal((2, 3, 4, 5))
    layer.double()
    np.testing.assert_allclose(layer(Tensor(x)).array[1], layer(Tensor(x[1])).array, atol=1e-12)


def test_a_large_mean_does_not_drown_float32():
    x = (np.random.default_rng(0).standard_normal((2, 4, 50)) + 1e4).astype(np.float32)
    expected = standardized(x.astype(np.float64).reshape(2, 2, -1), 2, 1e-5).reshape(x.shape)
    np.testing.assert_allclose(ops.group_norm(Tensor(x), 2).array, expected, atol=2e-3)


x, three = Tensor(np.zeros((2, 3, 4))), Tensor(np.zeros(3))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.layer_norm(x, (3,)), RuntimeError, r"normalized_shape \(3,\) must be the last sizes of"),
        (lambda: ops.layer_norm(x, ()), RuntimeError, "at least one dimension"),
        (lambda: ops.layer_norm(x, 4), TypeError, r"normalized_shape must be a tuple, got 4; write \(4,\)"),
        (lambda: ops.layer_norm(x, (4,), three), RuntimeError, r"weight must have shape \(4,\), got \(3,\)"),
        (lambda: ops.layer_norm(x, (4,), None, three), RuntimeError, "bias must have shape"),
        (lambda: ops.layer_norm(x.long(), (4,)), RuntimeError, "floating point, got int64"),
        (lambda: ops.layer_norm(x, (4,), Tensor(np.ones(4, "f4"))), RuntimeError, "same dtype"),
        (lambda: ops.layer_norm(x.array, (4,)), TypeError, "input must be a tensor"),
        (lambda: ops.rms_norm(x, (2, 3)), RuntimeError, "rms_norm: normalized_shape"),
        (lambda: ops.group_norm(x, 2), RuntimeError, r"3 channels of input \(2, 3, 4\) do not divide into 2 groups"),
        (lambda: ops.group_norm(x, 0), RuntimeError, "do not divide into 0 groups"),
        (lambda: ops.group_norm(x, 1.5), TypeError, "num_groups must be an integer"),
        (lambda: ops.group_norm(x[0, 0], 1), RuntimeError, r"group_norm: input must be \(N, C, ...\)"),
        (lambda: ops.group_norm(x, 1, x), RuntimeError, r"weight must have shape \(3,\)"),
        (lambda: ops.group_norm(x[:1, :1, :1], 1), ValueError, "more than 1 value per group"),
        (lambda: ops.batch_norm(x, None, None, training=True, eps=0), ValueError, "batch_norm: eps must be positive"),
        (lambda: ops.batch_norm(x, three, three, eps=-1.0), ValueError, "batch_norm: eps must be positive"),
        (lambda: ops.instance_norm(x[:, :, :1]), ValueError, "more than 1 value per plane"),
        (lambda: ops.instance_norm(x, use_input_stats=False), RuntimeError, "running_mean and running_var are needed"),
        (lambda: ops.instance_norm(x, x, x), RuntimeError, r"running_mean must have shape \(3,\)"),
        (lambda: ops.local_response_norm(x[0], 2), ValueError, "at least 3 dimensions"),
        (lambda: ops.local_response_norm(x, 0), RuntimeError, "size must be a positive integer"),
        (lambda: ops.local_response_norm(x > 0, 2), RuntimeError, "must be floating point, got bool"),
        (lambda: nn.LayerNorm(-1), ValueError, "normalized_shape must not be negative"),
        (lambda: nn.LayerNorm(2.5), TypeError, "LayerNorm: sizes must be integers"),
        (lambda: nn.GroupNorm(2, 3), ValueError, "num_channels=3 does not divide into num_groups=2"),
        (lambda: nn.GroupNorm(0, 3), ValueError, "num_groups must be a positive integer"),
        (lambda: nn.InstanceNorm1d(3)(Tensor(np.zeros((1, 3, 4, 5)))), ValueError, "expected 2D or 3D input, got 4D"),
        (lambda: nn.InstanceNorm1d(4, affine=True).double()(x), ValueError, "expected 4 channels, got 3"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_first_values():
    layer = nn.LayerNorm((2, 3))
    assert layer.weight.tolist() == [[1] * 3] * 2 and layer.bias.tolist() == [[0] * 3] * 2
    assert list(nn.GroupNorm(2, 4, bias=False).state_dict()) == ["weight"]
    assert not list(nn.InstanceNorm2d(3).state_dict()) and math.isclose(nn.LocalResponseNorm(2).alpha, 1e-4)
