"""Writing along a dimension by positions: the family of `scatter` and `index_add`.

`scatter` takes a position for every number, as `gather` does; the `index_...` functions take one vector of positions
and move whole slices; `index_put` takes an index as ``x[...]`` does.
"""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function, Variable
from minitorch.device import array_module, is_cuda
from minitorch.ops.accumulation import add_at
from minitorch.ops.arguments import arguments
from minitorch.ops.arithmetic import mul
from minitorch.ops.indexing import Index, Put, gather, getitem, positions_along
from minitorch.ops.joining import narrow
from minitorch.ops.operands import (
    as_filling,
    as_number,
    axis,
    cast,
    is_number,
    labelled,
    naming,
    require_alike,
    require_same_device,
    require_tensor,
)
from minitorch.ops.shape import broadcast_tensors, expand, reshape


class Accumulate(Function):
    """A copy of x with numbers added at an index; what meets in one place adds up."""

    @staticmethod
    def forward(ctx, x, values, index):
        ctx.index = index
        return add_at(x.copy(), index, values)

    @staticmethod
    def backward(ctx, grad):
        to_x, to_values = ctx.needs_input_grad
        return (grad if to_x else None), (Index.apply(grad, index=ctx.index) if to_values else None)


@naming("scatter")
def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """A copy of the input with numbers written along `dim` at positions: ``out[index[i][j]][j] = src[i][j]`` (dim 0).

    Args:
        index: int64, as many dimensions as the input, no larger than it outside `dim`.
        src: a tensor of the input's type, at least as large as the index in each dimension, or a number.
        value: a number, in place of `src`.
        reduce: None writes over; ``"add"`` and ``"multiply"`` combine with what is there.

    Raises:
        RuntimeError: shapes, types or positions that do not fit. Of several numbers for one place, one stays.
    """
    if (src is None) == (value is None):
        raise TypeError("scatter: give either src or value")
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(f"scatter: reduce must be None, 'add' or 'multiply', got {reduce!r}")
    source = value if src is None else src
    require_tensor("scatter", input=input, index=index)
    if not isinstance(source, Variable):
        source = input._wrap(array_module(input.array).asarray(as_filling("scatter", source, input.array.dtype)))
        source = expand(source, index.array.shape)
    return labelled("ScatterBackward0", _scattered("scatter", input, dim, index, source, reduce))


def scatter_add(input, dim, index, src):
    """`scatter` with the numbers added to what is there: the transpose of `gather`.

    Raises:
        RuntimeError: shapes, types or positions that do not fit.
    """
    return labelled("ScatterAddBackward0", _scattered("scatter_add", input, dim, index, src, "add"))


def _scattered(name, input, dim, index, src, reduce):
    require_alike(name, input=input, src=src)
    require_tensor(name, index=index)
    require_same_device(name, input, index)
    dim = axis(name, dim, input.array.ndim)
    positions = index.array
    if positions.dtype not in (dtypes.int64, dtypes.int32) and positions.size:
        raise RuntimeError(f"{name}: index must be int64, got {positions.dtype}; use .long()")
    _check_fit(name, dim, input.array.shape, positions.shape, src.array.shape)
    if not positions.size:
        return input.clone()
    shape = input.array.shape
    if not shape:
        return _scattered(name, *(reshape(x, -1) if isinstance(x, Variable) else x for x in (input, 0, index, src)),
                          reduce).reshape(shape)  # fmt: skip
    _check_positions(RuntimeError, name, positions, shape[dim], dim, negative=False)
    src = reshape(src, -1) if not src.array.ndim else src
    positions = positions.reshape(-1) if not positions.ndim else positions.copy()
    for d, n in enumerate(positions.shape):
        src = src if src.array.shape[d] == n else narrow(src, d, 0, n)
    places = positions_along(shape, dim, positions)
    if reduce is None:
        return Put.apply(input, src, index=places)
    return Accumulate.apply(input, src, index=places) if reduce == "add" else _multiplied(input, places, src)


def _check_fit(name, dim, shape, index, src):
    """An index may be smaller than input and source, and as long as it likes along dim of the input."""
    shape, index, src = (s or (1,) for s in (shape, index, src))
    if not np.prod(index):
        return
    if not len(shape) == len(index) == len(src):
        raise RuntimeError(f"{name}: input {shape}, index {index} and src {src} must have equally many dimensions")
    for d, n in enumerate(index):
        if n > src[d] or (n > shape[d] and d != dim):
            raise RuntimeError(
                f"{name}: index of shape {index} must be no larger than src {src}, and outside dimension {dim} "
                f"no larger than input {shape}"
            )


def _check_positions(error, name, positions, n, dim, negative):
    if is_cuda(positions) or not positions.size:
        return  # on a GPU the check would wait for the device
    low, high = positions.min(), positions.max()
    if low < (-n if negative else 0) or high >= n:
        worst = int(high if high >= n else low)
        raise error(f"{name}: index {worst} is out of bounds for dimension {dim} with size {n}")


def _multiplied(input, places, src):
    """Factors for one place are put into several tensors, so that each place gets one from each; then all multiply."""
    xp = array_module(src.array)
    places = xp.broadcast_arrays(*places)
    flat = xp.ravel_multi_index(tuple(p.reshape(-1) for p in places), input.array.shape)
    order = xp.argsort(flat, kind="stable")
    turn = xp.empty_like(flat)
    turn[order] = xp.arange(flat.size) - xp.searchsorted(flat[order], flat[order])
    turn = turn.reshape(src.array.shape)
    for i in range(int(turn.max()) + 1):
        chosen = turn == i
        factors = Put.apply(input.new_ones(input.array.shape), Index.apply(src, index=(chosen,)),
                            index=tuple(p[chosen] for p in places))  # fmt: skip
        input = mul(input, factors)
    return input


def _slices(name, input, dim, index):
    """(dim, positions) of an `index_...` function, checked; a negative position counts from the end."""
    require_tensor(name, input=input, index=index)
    require_same_device(name, input, index)
    dim, positions = axis(name, dim, input.array.ndim), index.array
    if positions.dtype != dtypes.int64 and (positions.dtype != dtypes.int32 or name != "index_add"):
        raise RuntimeError(f"{name}: index must be int64, got {positions.dtype}; use .long()")
    if positions.ndim > 1:
        raise IndexError(f"{name}: index must be one-dimensional, got shape {positions.shape}")
    n = input.array.shape[dim] if input.array.ndim else 1
    _check_positions(IndexError, name, positions, n, dim, negative=name == "index_fill")
    return dim, positions.reshape(-1).copy()


def _with_slices(name, function, input, dim, index, source):
    """Apply a Function that writes the slices of a source, of the input's shape outside dim, into the input."""
    dim, positions = _slices(name, input, dim, index)
    require_alike(name, input=input, source=source)
    shape, got = input.array.shape, source.array.shape
    expected = (*shape[:dim], positions.size, *shape[dim + 1 :])
    if got != expected and not (len(got) <= 1 and len(shape) <= 1 and source.array.size == positions.size):
        raise RuntimeError(
            f"{name}: source of shape {got} must be {expected}: the input's shape {shape} with {positions.size} "
            f"(as many as the index has) in dimension {dim}"
        )
    if not shape:
        return reshape(function.apply(reshape(input, -1), reshape(source, -1), index=(positions,)), ())
    return function.apply(input, reshape(source, expected), index=(slice(None),) * dim + (positions,))


def index_add(input, dim, index, source, *, alpha=1):
    """The input with `alpha` times the slices of `source` added at positions of a dimension; repeated ones add up.

    Args:
        index: int64, one-dimensional, as long as `source` in that dimension.
    """
    require_alike("index_add", input=input, source=source)
    if not is_number(alpha):
        raise TypeError(f"index_add: alpha must be a number, got {type(alpha).__name__}")
    if alpha != 1:
        if input.array.dtype.kind not in "fb" and isinstance(alpha, (bool, np.bool_)):
            raise RuntimeError(f"index_add: alpha must not be True or False for tensors of {input.array.dtype}")
        if input.array.dtype.kind != "f" and isinstance(alpha, (float, np.floating)):
            raise RuntimeError(f"index_add: alpha must be an integer for tensors of {input.array.dtype}, got {alpha!r}")
        source = mul(source, as_number("index_add", alpha, input.array.dtype))
    return labelled("IndexAddBackward0", _with_slices("index_add", Accumulate, input, dim, index, source))


def index_copy(input, dim, index, source):
    """The input with the slices of `source` written at positions of a dimension."""
    return labelled("IndexCopyBackward0", _with_slices("index_copy", Put, input, dim, index, source))


def index_fill(input, dim, index, value):
    """The input with one value (a number or a 0-dimensional tensor) at positions of a dimension."""
    dim, positions = _slices("index_fill", input, dim, index)
    n = input.array.shape[dim] if input.array.ndim else 1
    positions = array_module(positions).unique(positions % max(n, 1))  # for the gradient of the value each counts once
    if isinstance(value, Variable):
        if value.array.ndim:
            raise RuntimeError(f"index_fill: value must be a number or 0-dimensional, got shape {value.array.shape}")
        value = cast(value, input.array.dtype)
    else:
        value = as_filling("index_fill", value, input.array.dtype)
    places = (slice(None),) * dim + (positions,)
    result = reshape(Put.apply(reshape(input, -1) if not input.array.ndim else input, value, index=places), input.shape)
    return labelled("IndexFillBackward0", result)


@arguments()
def index_put(input, indices, values, accumulate=False):
    """The input with `values` written at ``input[indices]``, or added there with `accumulate`.

    Args:
        indices: a tuple or list of integer or boolean tensors, or None for a whole dimension.
        values: a tensor of the input's type that broadcasts to the shape of ``input[indices]``.
    """
    require_alike("index_put", input=input, values=values)
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put: indices must be a tuple of tensors, got {type(indices).__name__}")
    for i in indices:
        if i is not None:
            require_tensor("index_put", indices=i)
    full = tuple(slice(None) if i is None else i for i in indices)
    places = input._wrap(array_module(input.array).arange(input.array.size).reshape(input.array.shape))
    places = getitem(places, full).array  # also checks the indices
    try:
        fits = np.broadcast_shapes(values.array.shape, places.shape) == places.shape
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"index_put: values of shape {values.array.shape} do not broadcast to the indexed shape {places.shape}"
        )
    flat = reshape(input, -1)
    values = expand(values, places.shape)
    result = (Accumulate if accumulate else Put).apply(flat, values, index=(places,))
    return labelled("IndexPutBackward0", reshape(result, input.array.shape))


@naming("masked_select")
def masked_select(input, mask):
    """The numbers where the mask is true, as a vector; input and mask broadcast."""
    require_tensor("masked_select", input=input, mask=mask)
    if mask.array.dtype.kind != "b":
        raise RuntimeError(f"masked_select: mask must be boolean, got {mask.array.dtype}; compare, e.g. x > 0")
    require_same_device("masked_select", input, mask)
    input, mask = broadcast_tensors(input, mask)
    return labelled("MaskedSelectBackward0", getitem(input, mask))


@naming("take_along_dim")
def take_along_dim(input, indices, dim=None):
    """The numbers at positions of a dimension, as `gather`, where both broadcast outside `dim`.

    Args:
        indices: int64, as many dimensions as the input, -1 for the last entry.
        dim: unless given, both are flattened, and positions count from 0.
    """
    require_tensor("take_along_dim", input=input, indices=indices)
    if dim is None:
        return gather(reshape(input, -1), 0, reshape(indices, -1))
    if indices.array.dtype != dtypes.int64:
        raise RuntimeError(f"take_along_dim: indices must be int64, got {indices.array.dtype}; use .long()")
    if input.array.ndim != indices.array.ndim:
        raise RuntimeError(
            f"take_along_dim: input of shape {input.array.shape} and indices of shape {indices.array.shape} must "
            "have equally many dimensions"
        )
    dim = axis("take_along_dim", dim, input.array.ndim)
    shapes = [list(x.array.shape) for x in (input, indices)]
    lengths = [shape[dim : dim + 1] for shape in shapes]
    for shape in shapes:
        shape[dim : dim + 1] = [1] * bool(shape)
    try:
        common = list(np.broadcast_shapes(*shapes))
    except ValueError as error:
        raise RuntimeError(
            f"take_along_dim: input of shape {input.array.shape} and indices of shape {indices.array.shape} do not "
            f"broadcast outside dimension {dim}"
        ) from error
    input, indices = (
        expand(x, common[:dim] + length + common[dim + 1 :]) for x, length in zip((input, indices), lengths)
    )
    n = input.array.shape[dim] if input.array.ndim else 1
    _check_positions(RuntimeError, "take_along_dim", indices.array, n, dim, negative=True)
    positions = indices.array
    return gather(input, dim, indices._wrap(array_module(positions).where(positions < 0, positions + n, positions)))


def select(input, dim, index):
    """One entry of a dimension, without it: a view. Raises IndexError out of bounds."""
    require_tensor("select", input=input)
    if not input.array.ndim:
        raise IndexError("select: a 0-dimensional tensor has no dimension to choose from")
    dim = axis("select", dim, input.array.ndim)
    index = index.array.item() if isinstance(index, Variable) and index.array.ndim == 0 else index
    if not is_number(index) or isinstance(index, (bool, float, np.floating)):
        raise TypeError(f"select: index must be an integer, got {index!r}")
    n = input.array.shape[dim]
    if not -n <= index < n:
        raise IndexError(f"select: index {index} is out of bounds for dimension {dim} with size {n}")
    return getitem(input, (slice(None),) * dim + (int(index),))
