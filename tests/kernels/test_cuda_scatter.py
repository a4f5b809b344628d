"""Adding at positions, in CUDA C++ and on the CPU, against loops."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from kernels.on_device import MODES, close, numbers, on, quick, transposed_memory

from minitorch.kernels import cpu, cuda

# (outer, length, inner, count)
ROWS = [(1, 1, 1, 1), (1, 3, 5, 7), (2, 5, 3, 4), (3, 4, 1, 9), (1, 2, 70, 3), (5, 2, 33, 6), (2, 90, 2, 67)]


def scattered(kernels, name):
    """A function that gives what the kernel has changed."""

    def function(y, positions, values):
        getattr(kernels, name)(y, positions, values)
        return y

    return function


def check_flat(size, count, dtype, device, mode="check"):
    kernels = cpu if device == "cpu" else cuda
    positions = np.random.default_rng(0).integers(0, size, count)
    y, values = numbers(size, dtype), numbers(count, dtype, 1)
    expected = y.astype(np.float64)
    for position, value in zip(positions, values):
        expected[position] += value
    found = on(device, scattered(kernels, "scatter_add"), y.copy(), positions, values, mode=mode)
    close([found], [expected.astype(dtype)], dtype)


def check_rows(outer, length, inner, count, dtype, device, mode="check"):
    kernels = cpu if device == "cpu" else cuda
    positions = np.random.default_rng(0).integers(0, length, count)
    positions[0], positions[-1] = 0, length - 1
    y, values = numbers((outer, length, inner), dtype), numbers((outer, count, inner), dtype, 1)
    expected = y.astype(np.float64)
    for j, position in enumerate(positions):
        expected[:, position] += values[:, j]
    arrays = (y.copy(), positions, transposed_memory(values))
    found = on(device, scattered(kernels, "index_add"), *arrays, mode=mode)
    close([found], [expected.astype(dtype)], dtype)


@pytest.mark.parametrize("size, count", [(1, 1), (3, 50), (7, 700), (1000, 3), (5, 1031)])
def test_flat(size, count, device):
    check_flat(size, count, "float64", device)


@pytest.mark.parametrize("case", ROWS)
def test_rows(case, device):
    check_rows(*case, "float64", device)


@pytest.mark.parametrize("mode", MODES)
def test_in_every_order(mode, other_device):
    check_flat(5, 901, "float32", other_device, mode)
    check_rows(2, 3, 37, 5, "float32", other_device, mode)


@quick
@given(st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 70), st.integers(1, 20)))
def test_any_size(other_device, case):
    check_rows(*case, "float32", other_device)


def test_nothing_to_add(device):
    kernels = cpu if device == "cpu" else cuda
    for name, shape, values in (("scatter_add", 3, np.ones(0)), ("index_add", (1, 3, 2), np.ones((1, 0, 2)))):
        y = np.ones(shape)
        assert (on(device, scattered(kernels, name), y, np.zeros(0, np.int64), values) == 1).all()
    assert on(device, scattered(kernels, "index_add"), np.ones((1, 3, 0)), np.array([1]), np.ones((1, 1, 0))).size == 0


@pytest.mark.parametrize("wrong", [-1, 3])
def test_positions_are_looked_at_first(wrong, other_device):
    for name, shape, values in (("scatter_add", 3, np.ones(2)), ("index_add", (1, 3, 1), np.ones((1, 2, 1)))):
        with pytest.raises(IndexError, match=f"{name}: position {wrong} is out of bounds for size 3"):
            on(other_device, scattered(cuda, name), np.ones(shape), np.array([0, wrong]), values)
