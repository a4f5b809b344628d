"""Operations that put numbers in order."""

from collections import namedtuple

import numpy as np

from minitorch.device import array_module
from minitorch.ops.arguments import arguments
from minitorch.ops.indexing import gather
from minitorch.ops.operands import axis, require_tensor

ValuesIndices = namedtuple("ValuesIndices", ["values", "indices"])


@arguments()
def argsort(input, dim=-1, descending=False, *, stable=False):
    """The positions of the numbers in rising order along a dimension, int64; equal ones keep their order, NaN last."""
    require_tensor("argsort", input=input)
    x = input.array
    dim = axis("argsort", dim, x.ndim)
    xp = array_module(x)
    if not x.ndim:
        return input._wrap(xp.zeros((), dtype=np.int64))
    if not descending:
        return input._wrap(xp.argsort(x, axis=dim, kind="stable"))
    found = xp.flip(xp.argsort(xp.flip(x, dim), axis=dim, kind="stable"), dim)  # turned twice: equal ones stay in order
    return input._wrap(x.shape[dim] - 1 - found)


@arguments()
def sort(input, dim=-1, descending=False, *, stable=False):
    """(values, indices) in rising order along a dimension; equal numbers keep their order, NaN counts as largest."""
    indices = argsort(input, dim, descending)
    return ValuesIndices(gather(input, dim, indices), indices)


@arguments()
def topk(input, k, dim=-1, largest=True, sorted=True):
    """(values, indices) of the k largest (or smallest) numbers along a dimension, best first.

    Raises:
        RuntimeError: k is negative or more than there are numbers.
    """
    require_tensor("topk", input=input)
    dim = axis("topk", dim, input.array.ndim)
    n = input.array.shape[dim] if input.array.ndim else 1
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise TypeError(f"topk: k must be an integer, got {k!r}")
    if input.array.dtype.kind == "b":
        raise RuntimeError("topk: not defined for booleans; use .int()")
    if not 0 <= k <= n:
        raise RuntimeError(f"topk: k {k} is out of range for dimension {dim} of shape {input.array.shape}")
    indices = argsort(input, dim, largest)
    indices = indices.narrow(dim, 0, int(k)) if input.array.ndim else indices
    return ValuesIndices(gather(input, dim, indices), indices)
