"""Adaptive pooling, and pooling of integers, against plain loops over the windows and against PyTorch."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from minitorch import nn, ops
from minitorch.tensor import Tensor


def windows(length, count):
    return [(math.floor(i * length / count), math.ceil((i + 1) * length / count)) for i in range(count)]


def pooled(x, size, choose):
    """`choose` of every window of (N, C, H, W), by loops."""
    rows, columns = windows(x.shape[2], size[0]), windows(x.shape[3], size[1])
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    for n, c, i, j in np.ndindex(*y.shape):
        y[n, c, i, j] = choose(x[n, c, rows[i][0] : rows[i][1], columns[j][0] : columns[j][1]])
    return y


CASES = st.tuples(
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
)


@given(CASES)
def test_equals_loops(case):
    shape, size = case
    x = np.random.default_rng(0).standard_normal(shape)
    average = ops.adaptive_avg_pool2d(Tensor(x), size)
    np.testing.assert_allclose(average.array, pooled(x, size, np.mean), rtol=1e-12)
    largest, indices = ops.adaptive_max_pool2d(Tensor(x), size, True)
    np.testing.assert_array_equal(largest.array, pooled(x, size, np.max))
    found = np.take_along_axis(x.reshape(*shape[:2], -1), indices.array.reshape(*shape[:2], -1), 2)
    np.testing.assert_array_equal(found.reshape(largest.shape), largest.array)
    row = x[:, :, 0]
    means = pooled(x[:, :, :1], (1, size[1]), np.mean)[:, :, 0]
    np.testing.assert_allclose(ops.adaptive_avg_pool1d(Tensor(row), size[1]).array, means, rtol=1e-12)


@given(CASES, st.booleans())
def test_maxima_of_nan_and_ties_equal_pytorch(case, nan):
    torch = pytest.importorskip("torch", reason="needs torch")
    shape, size = case
    x = np.random.default_rng(1).integers(0, 3, shape).astype(np.float32)
    if nan:
        x[np.random.default_rng(2).random(shape) < 0.2] = np.nan
    found = ops.adaptive_max_pool2d(Tensor(x), size, return_indices=True)
    expected = torch.nn.functional.adaptive_max_pool2d(torch.tensor(x), size, return_indices=True)
    for a, b in zip(found, expected):
        np.testing.assert_array_equal(a.array, b.numpy())


@given(st.data())
def test_pooling_of_integers_equals_pytorch(data):
    torch = pytest.importorskip("torch", reason="needs torch")
    dtype = data.draw(st.sampled_from(["int64", "uint8"]))
    kernel, stride = (data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    dilation = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel)
    ceil_mode, count_include_pad = data.draw(st.booleans()), data.draw(st.booleans())
    x = np.random.default_rng(0).integers(0 if dtype == "uint8" else -9, 9, (2, 2, 7, 6)).astype(dtype)
    settings = (kernel, stride, padding, dilation, ceil_mode)
    found = ops.max_pool2d(Tensor(x), *settings, return_indices=True)
    expected = torch.nn.functional.max_pool2d(torch.tensor(x), *settings, return_indices=True)
    for a, b in zip(found, expected):
        np.testing.assert_array_equal(a.array, b.numpy())
        assert a.dtype.name == str(b.dtype).removeprefix("torch.")
    if dtype == "int64":
        settings = (kernel, stride, padding, ceil_mode, count_include_pad)
        expected = torch.nn.functional.avg_pool2d(torch.tensor(x), *settings)
        np.testing.assert_array_equal(ops.avg_pool2d(Tensor(x), *settings).array, expected.numpy())


def test_infinity_stays_in_its_window():
    x = np.zeros((1, 1, 1, 5))
    x[..., 2] = np.inf
    y = ops.adaptive_avg_pool2d(Tensor(x), (1, 3)).array
    np.testing.assert_array_equal(y, pooled(x, (1, 3), np.mean))


@pytest.mark.parametrize("shape, size", [((0, 2, 4, 4), (2, 3)), ((2, 2, 4, 4), (0, 3)), ((2, 4, 4), (2, 0))])
def test_empty_batches_and_outputs(shape, size):
    x = Tensor(np.ones(shape), requires_grad=True)
    y, indices = ops.adaptive_max_pool2d(x, size, True)
    assert y.shape == indices.shape == ops.adaptive_avg_pool2d(x, size).shape == shape[:-2] + size
    y.sum().backward()
    assert x.grad.shape == shape and not x.grad.array.any() and indices.dtype == np.int64


def test_float32_stays():
    x = Tensor(np.ones((1, 2, 5, 7), np.float32))
    for size in (1, (2, 3), (None, 2)):
        assert ops.adaptive_avg_pool2d(x, size).dtype == np.float32


def test_layers_keep_sizes_given_as_none():
    x = Tensor(np.arange(24.0).reshape(1, 1, 4, 6))
    assert nn.AdaptiveAvgPool2d((None, 3))(x).shape == (1, 1, 4, 3)
    y, places = nn.AdaptiveMaxPool2d((2, None), return_indices=True)(x)
    assert y.shape == places.shape == (1, 1, 2, 6) and places.tolist()[0][0][0] == [6, 7, 8, 9, 10, 11]


x = np.zeros((2, 3, 4, 5))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.adaptive_avg_pool2d(Tensor(x[0, 0]), 2), ValueError, r"input must be .*\(4, 5\)"),
        (lambda: ops.adaptive_avg_pool2d(x, 2), TypeError, "input must be a tensor, got ndarray; wrap it"),
        (lambda: ops.adaptive_avg_pool2d(Tensor(x), ()), RuntimeError, "output_size must be an integer or 2 integers"),
        (lambda: ops.adaptive_avg_pool2d(Tensor(x), (2, -1)), RuntimeError, "must not be negative"),
        (lambda: ops.adaptive_avg_pool2d(Tensor(x), 2.5), TypeError, "must hold integers or None, got 2.5"),
        (lambda: ops.adaptive_avg_pool2d(Tensor(x.astype(int)), 2), RuntimeError, "floating point, got int64"),
        (lambda: ops.adaptive_max_pool2d(Tensor(x > 0), 2), RuntimeError, "floating point, got bool"),
        (lambda: ops.adaptive_max_pool2d(Tensor(x[:, :, :0]), 2), RuntimeError, "adaptive_max_pool2d: input"),
        (lambda: ops.adaptive_max_pool1d(Tensor(x[0]), None), TypeError, "got None"),
        (lambda: ops.adaptive_avg_pool1d(Tensor(x[0]), (2, 2)), RuntimeError, "adaptive_avg_pool1d: output_size"),
        (lambda: ops.max_pool1d(Tensor(x), 2), RuntimeError, r"max_pool1d: input must be \(N, C, L\)"),
        (lambda: ops.max_pool1d(Tensor(x[0]), 2, padding=2), RuntimeError, "more than half of kernel_size"),
        (lambda: ops.max_pool1d(Tensor(x[0]), 3, padding=2, dilation=2), RuntimeError, "more than half of kernel_size"),
        (lambda: ops.max_pool2d(Tensor(x), 3, padding=2, dilation=2), RuntimeError, "more than half of kernel_size"),
        (lambda: ops.max_pool2d(Tensor(x), (2, 4), padding=(2, 1)), RuntimeError, "more than half of kernel_size"),
        (lambda: ops.max_pool1d(Tensor(x[0]), (2, 2)), RuntimeError, "kernel_size must be an integer, got"),
        (lambda: ops.max_pool2d(Tensor(x > 0), 2), RuntimeError, "max_pool2d: not defined for booleans"),
        (lambda: ops.avg_pool1d(Tensor(x[0]), 9), RuntimeError, r"windows of \(9,\) .* do not fit into input \(5,\)"),
        (lambda: ops.avg_pool2d(Tensor(x.astype(np.uint8)), 2), RuntimeError, "floating point or int64, got uint8"),
        (lambda: ops.avg_pool2d(Tensor(x), 2, divisor_override=0), RuntimeError, "must not be zero"),
        (lambda: ops.avg_pool2d(Tensor(x), 2, divisor_override="2"), TypeError, "divisor_override must be an integer"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
