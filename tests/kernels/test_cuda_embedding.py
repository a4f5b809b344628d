"""Rows of a table and the gradient to it, in CUDA C++ and on the CPU, against loops."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from kernels.on_device import MODES, close, numbers, on, quick, transposed_memory

from minitorch.kernels import cpu, cuda

# (shape of the numbers, rows, numbers of a row)
CASES = [((1,), 1, 1), ((5,), 3, 7), ((2, 3), 11, 33), ((67,), 4, 1), ((70,), 2, 65), ((3, 41), 90, 3), ((300,), 1, 2)]


def gradient(grad, index, rows, padding, by_count):
    """The sums, place by place."""
    result, counts = np.zeros((rows, grad.shape[-1])), np.zeros(rows)
    for place, row in np.ndenumerate(index):
        result[row] += grad[place]
        counts[row] += 1
    if by_count:
        result /= np.maximum(counts, 1)[:, None]
    if padding is not None:
        result[padding] = 0
    return result


def check(shape, rows, size, dtype, device, mode="check", padding=None, by_count=False, index_dtype="int64"):
    kernels = cpu if device == "cpu" else cuda
    index = np.random.default_rng(0).integers(0, rows, shape).astype(index_dtype)
    weight, grad = numbers((rows, size), dtype), numbers((*shape, size), dtype, 1)
    found = on(device, kernels.embedding, transposed_memory(weight), index, mode=mode)
    np.testing.assert_array_equal(found, weight[index])
    settings = (index, rows, padding, by_count)
    found = on(device, kernels.embedding_grad, transposed_memory(grad), *settings, mode=mode)
    close([found], [gradient(grad, *settings).astype(dtype)], dtype)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("padding, by_count", [(None, False), (0, False), (None, True), (0, True)])
def test_equals_loops(case, padding, by_count, device):
    check(*case, "float64", device, padding=padding, by_count=by_count)


@pytest.mark.parametrize("mode", MODES)
def test_in_every_order(mode, other_device):
    check((41,), 5, 37, "float32", other_device, mode, by_count=True)


def test_int32_and_float16(device):
    check((5, 3), 4, 6, "float64", device, index_dtype="int32")
    kernels = cpu if device == "cpu" else cuda
    weight, index = np.arange(6, dtype=np.float16).reshape(3, 2), np.array([2, 0, 2])
    assert on(device, kernels.embedding, weight, index).tolist() == [[4, 5], [0, 1], [4, 5]]
    grad = on(device, kernels.embedding_grad, np.ones((3, 2), np.float16), index, 3, None, False)
    assert grad.dtype == np.float16 and grad.tolist() == [[1, 1], [0, 0], [2, 2]]


@pytest.mark.parametrize("shape, size", [((0,), 3), ((2, 0), 3), ((2,), 0)])
def test_empty(shape, size, device):
    kernels = cpu if device == "cpu" else cuda
    index = np.zeros(shape, np.int64)
    assert on(device, kernels.embedding, np.ones((4, size)), index).shape == (*shape, size)
    grad = on(device, kernels.embedding_grad, np.ones((*shape, size)), index, 4, None, False)
    assert grad.shape == (4, size) and not grad.any()


@quick
@given(st.integers(1, 90), st.integers(1, 20), st.integers(1, 70), st.booleans())
def test_any_size(other_device, count, rows, size, by_count):
    check((count,), rows, size, "float64", other_device, by_count=by_count, padding=rows - 1)


def test_the_order_of_summation_is_fixed(other_device):
    grad, index = numbers((200, 3), "float32"), np.random.default_rng(0).integers(0, 3, 200)
    runs = [on(other_device, cuda.embedding_grad, grad, index, 3, None, False, mode=mode) for mode in MODES]
    for run in runs[1:]:
        np.testing.assert_array_equal(run, runs[0])
