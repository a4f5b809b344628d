"""Sums and joins of arrays that are large enough for several threads."""

import numpy as np
import pytest

from minitorch.kernels.cpu import add, concatenate, parallel

SHAPES = [(3, 5), (600_007,), (4, 7, 300, 100), (0, 3)]


@pytest.fixture(params=[1, 3])
def threads(request):
    before = parallel.get_num_threads()
    parallel.set_num_threads(request.param)
    yield
    parallel.set_num_threads(before)


@pytest.mark.parametrize("shape", SHAPES)
def test_sums(shape, threads):
    random = np.random.default_rng(0)
    a, b = (random.standard_normal(shape) for _ in "ab")
    for left, right in ((a, b), (a.T, b.T), (a, b.astype(np.float32)), (a, np.ones(shape[-1])), (a, 2.5), (2, b)):
        found = add(left, right)
        np.testing.assert_array_equal(found, left + right)
        assert found.dtype == (left + right).dtype and not np.shares_memory(found, a)
    assert add(a > 0, b > 0).dtype == bool


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("length", [3, 400_000])
def test_joins(axis, length, threads):
    random = np.random.default_rng(0)
    arrays = []
    for n in (2, 5, 0, 1):
        shape = [3, 2, length // 4]
        shape[axis] = n
        arrays.append(random.standard_normal(shape).astype(np.float32))
    arrays[1] = np.asfortranarray(arrays[1])
    found = concatenate(arrays, axis)
    np.testing.assert_array_equal(found, np.concatenate(arrays, axis))
    assert found.dtype == np.float32 and found.flags.c_contiguous
    mixed = concatenate([arrays[0], arrays[1].astype(np.int64)], axis)
    assert mixed.dtype == np.float64
