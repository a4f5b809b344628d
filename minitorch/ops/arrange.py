"""Diagonals, repetition by element, and joining and splitting by further rules."""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function, Variable
from minitorch.device import array_module, is_cuda
from minitorch.ops.arguments import arguments
from minitorch.ops.indexing import nonzero
from minitorch.ops.joining import cat, split
from minitorch.ops.operands import axes, axis, naming, require_same_device, require_tensor, sizes
from minitorch.ops.shape import expand, narrow, permute, reshape, unsqueeze, writable_as


class Diagonal(Function):
    """The diagonals of the last two dimensions, as the last one: a view."""

    is_view = True

    @staticmethod
    def forward(ctx, x, offset):
        ctx.shape, ctx.offset = x.shape, offset
        return _diagonal_view(x, offset)

    @staticmethod
    def backward(ctx, grad):
        return OnDiagonal.apply(grad, shape=ctx.shape, offset=ctx.offset)


class OnDiagonal(Function):
    """Zeros with the given numbers on the diagonals: the transpose of reading them."""

    @staticmethod
    def forward(ctx, x, shape, offset):
        ctx.offset = offset
        result = array_module(x).zeros(shape, x.dtype)
        _diagonal_view(result, offset)[...] = x
        return result

    @staticmethod
    def backward(ctx, grad):
        return Diagonal.apply(grad, offset=ctx.offset)


def _diagonal_view(x, offset):
    return writable_as(x, x.diagonal(offset, -2, -1))


def diagonal(input, offset=0, dim1=0, dim2=1):
    """The diagonals of two dimensions as a new last one; `offset` > 0 lies above, < 0 below. A view."""
    require_tensor("diagonal", input=input)
    ndim = input.array.ndim
    first, second = axis("diagonal", dim1, ndim), axis("diagonal", dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal: dim1 and dim2 must differ, got {dim1} and {dim2}")
    if isinstance(offset, bool) or not isinstance(offset, (int, np.integer)):
        raise TypeError(f"diagonal: offset must be an integer, got {offset!r}")
    order = [d for d in range(ndim) if d not in (first, second)]
    return Diagonal.apply(permute(input, [*order, first, second]), offset=int(offset))


@naming("diag_embed")
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """Matrices that have the entries of the last dimension on their diagonals, in dimensions `dim1` and `dim2`."""
    require_tensor("diag_embed", input=input)
    if not input.array.ndim:
        raise RuntimeError("diag_embed: the input must have at least one dimension, got shape ()")
    ndim = input.array.ndim + 1
    first, second = axis("diag_embed", dim1, ndim), axis("diag_embed", dim2, ndim)
    if first == second:
        raise RuntimeError(f"diag_embed: dim1 and dim2 must differ, got {dim1} and {dim2}")
    n = input.array.shape[-1] + abs(offset)
    result = OnDiagonal.apply(input, shape=(*input.array.shape[:-1], n, n), offset=offset)
    order = list(range(ndim - 2))
    for place, d in sorted([(first, ndim - 2), (second, ndim - 1)]):
        order.insert(place, d)
    return permute(result, order)


@naming("repeat_interleave")
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each entry of a dimension repeated, next to itself.

    Args:
        repeats: how often, for all entries, or an integer tensor with a number for each.
        dim: without it the input is flattened.
        output_size: the size that results; it is only checked. With `repeats` alone, given as `input`, the result
            is the numbers 0, 1, ..., each repeated as often as it says.
    """
    require_tensor("repeat_interleave", input=input)
    if repeats is None:
        _check_repeats(input)
        places = array_module(input.array).arange(input.array.size)
        return repeat_interleave(input._wrap(places), input, 0, output_size=output_size)
    input, dim = (reshape(input, -1), 0) if dim is None else (input, axis("repeat_interleave", dim, input.array.ndim))
    if not input.array.ndim:
        input = reshape(input, -1)
    n = input.array.shape[dim]
    if isinstance(repeats, Variable):
        _check_repeats(repeats)
        require_same_device("repeat_interleave", input, repeats)
        if repeats.array.size not in (1, n):
            raise RuntimeError(
                f"repeat_interleave: repeats of shape {repeats.array.shape} must hold a number for each of the {n} "
                f"entries of dimension {dim}"
            )
        times = repeats.array.reshape(-1)
        times = array_module(times).broadcast_to(times, (n,))
        places = array_module(times).repeat(array_module(times).arange(n), times.tolist())
        result = input[(slice(None),) * dim + (input._wrap(places),)]
    else:
        if isinstance(repeats, bool) or not isinstance(repeats, (int, np.integer)):
            raise TypeError(f"repeat_interleave: repeats must be an integer or a tensor, got {repeats!r}")
        if repeats < 0:
            raise RuntimeError(f"repeat_interleave: repeats must not be negative, got {repeats}")
        shape = input.array.shape
        spread = expand(unsqueeze(input, dim + 1), (*shape[: dim + 1], int(repeats), *shape[dim + 1 :]))
        result = reshape(spread, (*shape[:dim], n * int(repeats), *shape[dim + 1 :]))
    if output_size is not None and output_size != result.array.shape[dim]:
        raise RuntimeError(
            f"repeat_interleave: output_size {output_size} is not the size {result.array.shape[dim]} that results"
        )
    return result


def _check_repeats(repeats):
    if repeats.array.dtype not in (dtypes.int64, dtypes.int32) or repeats.array.ndim > 1:
        raise RuntimeError(
            f"repeat_interleave: repeats must be a vector of int64, got {repeats.array.dtype} of shape "
            f"{repeats.array.shape}"
        )
    if bool((repeats.array < 0).any()):
        raise RuntimeError("repeat_interleave: repeats must not be negative")


def _stacked(name, tensors, least, dim):
    """The tensors, with dimensions added up to a least number, joined."""
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{name}: expected a list or tuple of tensors, got {type(tensors).__name__}")
    if not tensors:
        raise RuntimeError(f"{name}: expected at least one tensor, got none")
    for i, x in enumerate(tensors):
        require_tensor(name, **{f"tensors[{i}]": x})
    tensors = [least(x) for x in tensors]
    shapes = [x.array.shape for x in tensors if x.array.shape != (0,)] or [(0,)]  # `cat` passes over empty vectors
    d = dim(tensors[0])
    for shape in shapes:
        if len(shape) != len(shapes[0]) or any(n != m for i, (n, m) in enumerate(zip(shape, shapes[0])) if i != d):
            raise RuntimeError(f"{name}: shapes {shapes[0]} and {shape} differ outside dimension {d}")
    return cat(tensors, d)


def _at_least_1d(x):
    return x if x.array.ndim else reshape(x, (1,))


def _at_least_2d(x):
    return x if x.array.ndim > 1 else reshape(x, (1, -1 if x.array.size else 0))


def _at_least_3d(x):
    return x if x.array.ndim > 2 else unsqueeze(_at_least_2d(x), -1)


@naming("hstack")
def hstack(tensors):
    """Tensors joined along the second dimension; vectors and 0-dimensional ones along the first."""
    return _stacked("hstack", tensors, _at_least_1d, lambda x: min(x.array.ndim - 1, 1))


@naming("vstack")
def vstack(tensors):
    """Tensors joined along the first dimension; vectors count as rows."""
    return _stacked("vstack", tensors, _at_least_2d, lambda x: 0)


@naming("dstack")
def dstack(tensors):
    """Tensors joined along the third dimension; matrices count as one layer."""
    return _stacked("dstack", tensors, _at_least_3d, lambda x: 2)


@arguments(sections="indices_or_sections", indices="indices_or_sections")
def tensor_split(input, indices_or_sections, dim=0):
    """Parts of a dimension as a tuple of views: of almost equal size, or cut before the given positions.

    Args:
        indices_or_sections: a number of parts (the first ones may be larger by 1), or positions in a tuple, a list
            or a one-dimensional int64 CPU tensor.
    """
    require_tensor("tensor_split", input=input)
    if not input.array.ndim:
        raise RuntimeError("tensor_split: a 0-dimensional tensor has no dimension to split")
    dim, cuts = axis("tensor_split", dim, input.array.ndim), indices_or_sections
    if isinstance(cuts, Variable):
        if cuts.array.dtype != dtypes.int64 or cuts.array.ndim > 1 or is_cuda(cuts.array):
            raise RuntimeError(
                f"tensor_split: a tensor of positions must be int64, on the CPU and of at most one dimension, got "
                f"{cuts.array.dtype} of shape {cuts.array.shape}"
            )
        cuts = cuts.array.tolist()
    n = input.array.shape[dim]
    if isinstance(cuts, (tuple, list)):
        cuts = sizes("tensor_split", (cuts,))
        cuts = [slice(a, b).indices(n)[:2] for a, b in zip((0, *cuts), (*cuts, n))]
        return tuple(narrow(input, dim, a, max(b - a, 0)) for a, b in cuts)
    if isinstance(cuts, bool) or not isinstance(cuts, (int, np.integer)):
        raise TypeError(f"tensor_split: expected a number of sections or positions, got {indices_or_sections!r}")
    if cuts <= 0:
        raise RuntimeError(f"tensor_split: the number of sections must be positive, got {cuts}")
    return split(input, [n // cuts + (i < n % cuts) for i in range(cuts)], dim)


@naming("split_with_sizes")
def split_with_sizes(input, split_sizes, dim=0):
    """Parts of a dimension of the given sizes, as a tuple of views."""
    if not isinstance(split_sizes, (tuple, list)):
        raise TypeError(f"split_with_sizes: split_sizes must be a tuple of integers, got {split_sizes!r}")
    return split(input, split_sizes, dim)


def argwhere(input):
    """Positions of the numbers that are not zero, one in each row: (K, ndim) int64."""
    return nonzero(input)


def count_nonzero(input, dim=None):
    """How many numbers along dimensions (all unless given) are not zero, int64."""
    require_tensor("count_nonzero", input=input)
    dims = axes("count_nonzero", dim, input.array.ndim)
    return input._wrap(array_module(input.array).asarray((input.array != 0).sum(axis=dims, dtype=np.int64)))
