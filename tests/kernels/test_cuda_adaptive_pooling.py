"""Adaptive pooling in CUDA C++, and its CPU twin, against plain loops."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from kernels.on_device import MODES, close, numbers, on, quick, transposed_memory

from minitorch.kernels import cpu, cuda
from minitorch.kernels.cuda import launcher

# (shape, output size): windows of one thread and of a warp, overlapping, more windows than places.
CASES = [
    ((1, 1, 1, 1), (1, 1)), ((2, 3, 7, 5), (3, 2)), ((1, 2, 3, 4), (5, 7)), ((3, 3, 7, 7), (1, 1)),
    ((1, 3, 23, 19), (2, 3)), ((1, 2, 31, 4), (1, 2)), ((3, 1, 9, 40), (2, 1)), ((1, 9, 17, 17), (17, 17)),
    ((3, 50, 3, 3), (2, 2)), ((1, 3, 33, 30), (32, 29)),
]  # fmt: skip


def windows(length, count):
    return [(math.floor(i * length / count), math.ceil((i + 1) * length / count)) for i in range(count)]


def rectangles(shape, size):
    """((oh, ow), rows, columns) of each window."""
    rows, columns = windows(shape[2], size[0]), windows(shape[3], size[1])
    for i, j in np.ndindex(*size):
        yield (i, j), slice(*rows[i]), slice(*columns[j])


def averages(x, size, grad):
    """Means and the gradient to x, by loops over the windows."""
    y, dx = np.zeros((*x.shape[:2], *size)), np.zeros(x.shape)
    for (i, j), rows, columns in rectangles(x.shape, size):
        part = x[:, :, rows, columns].astype(np.float64)
        y[:, :, i, j] = part.mean(axis=(2, 3))
        dx[:, :, rows, columns] += grad[:, :, i : i + 1, j : j + 1].astype(np.float64) / part[0, 0].size
    return y, dx


def maxima(x, size, grad):
    """Maxima, indices and the gradient to x, by loops: the first of equal numbers, the last NaN."""
    y, indices = np.zeros((*x.shape[:2], *size), x.dtype), np.zeros((*x.shape[:2], *size), np.int64)
    dx = np.zeros(x.shape)
    for (i, j), rows, columns in rectangles(x.shape, size):
        for n, c in np.ndindex(*x.shape[:2]):
            best = None
            for h in range(rows.start, rows.stop):
                for w in range(columns.start, columns.stop):
                    if best is None or x[n, c, h, w] > x[(n, c, *best)] or np.isnan(x[n, c, h, w]):
                        best = (h, w)
            y[n, c, i, j], indices[n, c, i, j] = x[(n, c, *best)], best[0] * x.shape[3] + best[1]
            dx[(n, c, *best)] += grad[n, c, i, j]
    return y, indices, dx


def check(kernels, x, size, device, mode="check"):
    dtype = x.dtype.name
    grad = numbers((*x.shape[:2], *size), dtype, 1)
    y, dx = averages(x, size, grad)
    close([on(device, kernels.adaptive_avg_pool2d, x, size, mode=mode)], [y], dtype)
    close([on(device, kernels.adaptive_avg_pool2d_grad, grad, x.shape, mode=mode)], [dx], dtype)
    check_maxima(kernels, x, size, device, mode)


def check_maxima(kernels, x, size, device, mode="check"):
    grad = numbers((*x.shape[:2], *size), x.dtype, 1)
    y, indices, dx = maxima(x, size, grad)
    found, places = on(device, kernels.adaptive_max_pool2d, x, size, mode=mode)
    close([found], [y], x.dtype.name)
    assert places.dtype == np.int32
    np.testing.assert_array_equal(places, indices)
    grad = transposed_memory(grad)
    close([on(device, kernels.adaptive_max_pool2d_grad, grad, places, x.shape, mode=mode)], [dx], x.dtype.name)


@pytest.mark.parametrize("shape, size", CASES)
def test_equals_loops(shape, size, device):
    check(cpu if device == "cpu" else cuda, numbers(shape, "float64"), size, device)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "check"])
def test_order_of_threads_does_not_matter(mode, other_device):
    for shape, size in (((2, 3, 7, 5), (3, 2)), ((3, 3, 7, 7), (1, 1))):
        check(cuda, transposed_memory(numbers(shape, "float32")), size, other_device, mode)


def test_any_number_of_blocks(other_device, monkeypatch):
    for blocks in (1, 20):
        monkeypatch.setattr(launcher, "EMULATED_BLOCKS", blocks)
        check(cuda, numbers((1, 9, 33, 30), "float64"), (3, 2), other_device)
        check(cuda, numbers((11, 101, 1, 2), "float64"), (1, 1), other_device)


@pytest.mark.parametrize("value", [np.nan, -np.inf, 0.0])
@pytest.mark.parametrize("shape, size", [((2, 3, 9, 8), (1, 1)), ((2, 2, 5, 7), (2, 3)), ((1, 2, 1, 70), (1, 1))])
def test_ties_nan_and_infinity(value, shape, size, device):
    kernels = cpu if device == "cpu" else cuda
    for share in (0.02, 0.3, 1.0):
        x = numbers(shape, "float32").round()
        x[np.random.default_rng(1).random(x.shape) < share] = value
        check_maxima(kernels, x, size, device)


@quick
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 12), st.integers(1, 12)),
    st.tuples(st.integers(1, 6), st.integers(1, 6)), st.sampled_from(["float32", "float64"]),
    st.sampled_from(sorted(MODES)),
)  # fmt: skip
def test_any_shape(other_device, shape, size, dtype, mode):
    x = numbers(shape, dtype).round(1)
    check(cuda, x, size, other_device, mode)
    check(cpu, x, size, "cpu")


def test_lengths_that_32_bits_cannot_count(other_device):
    x = np.zeros((1, 1, 1, 46341), np.float32)
    with pytest.raises(ValueError, match="below 2\\^31 on this device, got 46341 and 46341"):
        on(other_device, cuda.adaptive_avg_pool2d, x, (1, 46341))


@pytest.mark.parametrize("shape, size", [((0, 2, 4, 4), (2, 3)), ((2, 2, 4, 4), (0, 3)), ((2, 2, 1, 1), (1, 0))])
def test_empty(shape, size, device):
    kernels, x = cpu if device == "cpu" else cuda, np.zeros(shape, np.float32)
    y = on(device, kernels.adaptive_avg_pool2d, x, size)
    assert y.shape == (*shape[:2], *size)
    _, indices = on(device, kernels.adaptive_max_pool2d, x, size)
    for dx in (
        on(device, kernels.adaptive_avg_pool2d_grad, y, shape),
        on(device, kernels.adaptive_max_pool2d_grad, y, indices, shape),
    ):
        np.testing.assert_array_equal(dx, x)
