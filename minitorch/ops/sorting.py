"""Operations that put numbers in order."""

import numpy as np

from minitorch import return_types
from minitorch.device import array_module
from minitorch.ops.arguments import REDUCTION, arguments
from minitorch.ops.comparison import where
from minitorch.ops.indexing import gather
from minitorch.ops.operands import axis, labelled, require_tensor
from minitorch.ops.reduction import Extreme


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
    return return_types.sort(labelled("SortBackward0", gather(input, dim, indices)), indices)


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
    return return_types.topk(labelled("TopkBackward0", gather(input, dim, indices)), indices)


class Median(Extreme):
    """The number in the middle of all; equal ones share the gradient."""

    @staticmethod
    def forward(ctx, x):
        ctx.kept, ctx.dims = (1,) * x.ndim, tuple(range(x.ndim))
        ordered = array_module(x).sort(x.reshape(-1))
        middle, last = ordered[(x.size - 1) // 2], ordered[x.size - 1]
        y = last if x.dtype.kind == "f" and bool(last != last) else middle  # NaN comes last
        ctx.save_for_backward(x, y)
        return y


@arguments(**REDUCTION)
def median(input, dim=None, keepdim=False):
    """The number in the middle of all; with a dim (values, indices) along it. NaN where there is one.

    Of an even count of numbers it is the lower one of the two in the middle. Of equal numbers that are the median all
    share the gradient, with a dim one of them has it.

    Raises:
        IndexError: a dimension without numbers. RuntimeError: booleans, or no integers at all; of no floating-point
            numbers the median is NaN.
    """
    require_tensor("median", input=input)
    x = input.array
    if x.dtype.kind == "b":
        raise RuntimeError("median: not defined for booleans; use .int()")
    if dim is None and not x.size:
        if x.dtype.kind != "f":
            raise RuntimeError(f"median: a tensor of {x.dtype} of shape {x.shape} has no numbers")
        return input.sum() * float("nan")
    if dim is None:
        return Median.apply(input)
    dim = axis("median", dim, x.ndim)
    if not x.ndim:
        return return_types.median(input.clone(), argsort(input))
    if not x.shape[dim]:
        raise IndexError(f"median: dimension {dim} of shape {x.shape} is empty and has no median")
    order = argsort(input, dim)
    indices = order.narrow(dim, (x.shape[dim] - 1) // 2, 1)
    if x.dtype.kind == "f":
        missing = x != x
        first = input._wrap(missing.argmax(axis=dim, keepdims=True) if x.size else indices.array)
        indices = where(input._wrap(missing.any(axis=dim, keepdims=True)), first, indices)
    values = gather(input, dim, indices)
    values, indices = (y if keepdim else y.squeeze(dim) for y in (values, indices))
    return return_types.median(labelled("MedianBackward1", values), indices)


@arguments()
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The different numbers of a tensor in rising order, or along a dimension its different slices.

    Args:
        sorted: accepted; the result is in order either way.
        return_inverse: also the position in the result of each number (of the input's shape) or slice, int64.
        return_counts: also how often each occurs, int64.

    Returns:
        The values, or a tuple with what was asked for besides. NaN equals nothing, so each is kept.
    """
    require_tensor("unique", input=input)
    x = input.array
    dim = None if dim is None else axis("unique", dim, x.ndim)
    if dim is not None and not x.size:
        raise RuntimeError(f"unique: a tensor of shape {x.shape} has no slices to compare; leave dim out")
    x = x.reshape(1) if dim is not None and not x.ndim else x
    found = array_module(x).unique(x, False, return_inverse, return_counts, axis=dim, equal_nan=False)
    if not isinstance(found, tuple):
        return input._wrap(found)
    values, *others = found
    if return_inverse:  # versions of NumPy differ in its shape
        others[0] = others[0].reshape(input.array.shape if dim is None else -1)
    return tuple(input._wrap(a) for a in (values, *others))
