"""Adding to an array at an index, where several numbers may meet in one place."""

import math

import numpy as np

from minitorch import dtype as dtypes
from minitorch.device import array_module, is_cuda
from minitorch.kernels import backend


def add_at(x, index, values):
    """Add values to a contiguous array at an index, a tuple as NumPy takes it, in place. Gives the array.

    Numbers for which there is no kernel may be added in another type, and in another array.
    """
    if x.dtype in (dtypes.float32, dtypes.float64):
        dim = _only_vector(index)
        if dim is None:
            backend(x).scatter_add(x, _flat_positions(x, index), values)
        else:
            outer, inner = math.prod(x.shape[:dim]), math.prod(x.shape[dim + 1 :])
            n, positions = x.shape[dim], _from_front(index[dim], x.shape[dim])
            backend(x).index_add(x.reshape(outer, n, inner), positions, values.reshape(outer, positions.size, inner))
        return x
    return _add_others(x, index, values)


def _add_others(x, index, values):
    """`add_at` for integers, booleans and float16, as the array module does it."""
    dtype = x.dtype
    if is_cuda(x) and dtype == dtypes.int64:  # CuPy adds uint64 there but not int64: the same bits
        result, values = x.view(np.uint64), values.view(np.uint64)
    elif is_cuda(x) and dtype.kind != "f":
        result, values = x.astype(np.int32), values.astype(np.int32)
    else:
        result = x
    array_module(x).add.at(result, index, values)
    if dtype.kind == "b":
        return result.astype(dtype)
    return result.view(dtype) if result.dtype == np.uint64 else result.astype(dtype, copy=False)


def is_positions(i):
    """Whether an entry of an index is an array of integers."""
    return hasattr(i, "dtype") and i.dtype.kind in "iu"


def _only_vector(index):
    """The dimension in which a vector of positions chooses slices, if all else is taken whole; otherwise None."""
    vectors = [dim for dim, i in enumerate(index) if hasattr(i, "dtype")]
    whole = all(isinstance(i, slice) and i == slice(None) for i in index if not hasattr(i, "dtype"))
    if len(vectors) != 1 or not whole or not is_positions(index[vectors[0]]) or index[vectors[0]].ndim != 1:
        return None
    return vectors[0]


def _from_front(positions, n):
    """Positions as int64, the negative ones, which count from the end, replaced."""
    positions = positions.astype(dtypes.int64, copy=False)
    return array_module(positions).where(positions < 0, positions + n, positions)


def _flat_positions(x, index):
    """Where in the flattened array the numbers at an index stand."""
    if len(index) < x.ndim or not all(map(is_positions, index)):
        return array_module(x).arange(x.size).reshape(x.shape)[index]
    flat = 0
    for n, i in zip(x.shape, index):
        flat = flat * n + _from_front(i, n)
    return flat
