"""Reading and writing by index: slices, integers, integer arrays, masks; and `gather` along a dimension.

An index is taken in two steps, as PyTorch does: integers, slices, None and ``...`` first, which gives a view; then
integer arrays and masks on the view, which gives a copy. (NumPy would treat an integer beside an array as an array.)
"""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function, Variable, become, is_grad_enabled
from minitorch.device import array_module, device_of, is_cuda, to_device, to_numpy
from minitorch.ops.accumulation import add_at, is_positions
from minitorch.ops.arguments import arguments
from minitorch.ops.operands import as_filling, axis, cast, labelled, require_same_device, require_tensor


class Slice(Function):
    """Reading by integers, slices, None and ...: a view."""

    is_view = True

    @staticmethod
    def forward(ctx, x, index):
        ctx.shape, ctx.index = x.shape, index
        return x[(*index, ...)]  # the dots make a view of a single number too

    @staticmethod
    def backward(ctx, grad):
        return Scatter.apply(grad, shape=ctx.shape, index=ctx.index)

    def name(self):
        """PyTorch takes an index apart into several nodes; this is the name of its last."""
        last = next((i for i in reversed(self.index) if i != slice(None)), slice(None))
        kind = "Unsqueeze" if last is None else "Select" if isinstance(last, int) else "Slice"
        return self.label or f"{kind}Backward0"


class Index(Function):
    """Reading by integer arrays and masks: a copy. A place that is read twice gets both gradients."""

    @staticmethod
    def forward(ctx, x, index):
        ctx.shape, ctx.index = x.shape, _kept(ctx, index)
        result = x[index]
        return result if result.flags.c_contiguous else result.copy(order="C")

    @staticmethod
    def backward(ctx, grad):
        return Scatter.apply(grad, shape=ctx.shape, index=ctx.index, repeated=True)


class Scatter(Function):
    """Zeros of a shape with the given numbers added at an index: the transpose of reading there."""

    @staticmethod
    def forward(ctx, x, shape, index, repeated=False):
        ctx.index, ctx.repeated = index, repeated
        result = array_module(x).zeros(shape, dtype=x.dtype)
        if repeated and any(map(is_positions, index)):
            return add_at(result, index, x)
        result[index] = x
        return result

    @staticmethod
    def backward(ctx, grad):
        return Index.apply(grad, index=ctx.index) if ctx.repeated else Slice.apply(grad, index=ctx.index)


class Gather(Function):
    """Reading along one dimension by an array of positions."""

    @staticmethod
    def forward(ctx, x, dim, index):
        ctx.dim, ctx.shape = dim, x.shape
        ctx.index = index.copy() if ctx.needs_input_grad[0] else None
        return x[positions_along(x.shape, dim, index)]

    @staticmethod
    def backward(ctx, grad):
        return Scatter.apply(grad, shape=ctx.shape, index=positions_along(ctx.shape, ctx.dim, ctx.index), repeated=True)


class Put(Function):
    """A copy of x with the value written at an index."""

    @staticmethod
    def forward(ctx, x, value, index):
        ctx.index, ctx.shape = index, x.shape
        result = x.copy()
        result[index] = value
        return result

    @staticmethod
    def backward(ctx, grad):
        to_x, to_value = ctx.needs_input_grad
        to_x = Put.apply(grad, 0.0, index=ctx.index) if to_x else None
        return to_x, (Index.apply(grad, index=ctx.index) if to_value else None)


def _kept(ctx, index):
    """The index for backward, its arrays copied: they may be the caller's, who may write to them."""
    if True not in ctx.needs_input_grad:
        return None
    return tuple(i.copy() if hasattr(i, "dtype") else i for i in index)


def positions_along(shape, dim, index):
    """Index arrays that read `index` along `dim` and stay in place along the others."""
    xp = array_module(index)
    grid = [xp.arange(n).reshape([-1 if i == k else 1 for i in range(index.ndim)]) for k, n in enumerate(index.shape)]
    grid[dim] = index
    return tuple(grid)


_INDEX_TYPES = (dtypes.int64, dtypes.int32, dtypes.uint8, dtypes.bool_)
_PARTS = (Variable, np.ndarray, list, tuple, range, slice)


def _normal(x, index):
    """The index as (basic, advanced): tuples for a view of the array x and for reading that view; None if absent."""
    if isinstance(index, list) and any(isinstance(i, _PARTS) or i is None or i is Ellipsis for i in index):
        index = tuple(index)  # x[[rows, columns]] stands for x[rows, columns], as in PyTorch
    index = index if isinstance(index, tuple) else (index,)
    items = [_item(x, i) for i in index]
    used = sum(0 if i is None or i is Ellipsis else i.ndim if _is_mask(i) else 1 for i in items)
    if used > x.ndim:
        raise IndexError(f"getitem: too many indices ({used}) for a tensor of shape {x.shape}")
    if sum(i is Ellipsis for i in items) > 1:
        raise IndexError("getitem: an index can have only one ...")
    if not any(i is Ellipsis for i in items):
        items.append(Ellipsis)
    place = next(k for k, i in enumerate(items) if i is Ellipsis)
    items[place : place + 1] = [slice(None)] * (x.ndim - used)
    basic, advanced, dim, mask_seen = [], [], 0, False
    for i in items:
        n = x.shape[dim] if dim < x.ndim else 0
        if hasattr(i, "ndim"):
            mask_seen = True
            if _is_mask(i):
                if i.shape != x.shape[dim : dim + i.ndim]:
                    raise IndexError(
                        f"getitem: a mask of shape {i.shape} does not fit dimensions {dim}.. of shape {x.shape}"
                    )
                basic += [slice(None)] * i.ndim if i.ndim else [None]
                dim += i.ndim
                i = i if i.ndim else i.reshape(1)  # True and False choose from a new dimension of size 1
            else:
                _check_range(i, n, dim)
                basic.append(slice(None))
                dim += 1
            advanced.append(i)
        else:
            basic.append(i)
            if i is None:
                advanced.append(slice(None))
            elif isinstance(i, int):
                if not -n <= i < n:
                    raise IndexError(f"getitem: index {i} is out of bounds for dimension {dim} with size {n}")
                dim += 1
            else:
                advanced.append(slice(None))
                dim += 1
    return tuple(basic), (tuple(advanced) if mask_seen else None)


def _is_mask(i):
    return hasattr(i, "dtype") and i.dtype.kind == "b"


def _check_range(index, n, dim):
    if is_cuda(index) or not index.size:
        return  # on a GPU the check would wait for the device; CuPy wraps positions around
    low, high = index.min(), index.max()
    if low < -n or high >= n:
        worst = int(low if low < -n else high)
        raise IndexError(f"getitem: index {worst} is out of bounds for dimension {dim} with size {n}")


def _item(x, i):
    """One entry of an index as an int, slice, None, Ellipsis or array on the device of x."""
    if i is None or i is Ellipsis:
        return i
    if isinstance(i, (bool, np.bool_)):
        return array_module(x).asarray(i)
    if isinstance(i, (int, np.integer)):
        return int(i)
    if isinstance(i, slice):
        bounds = [b if b is None else _bound(b) for b in (i.start, i.stop, i.step)]
        if bounds[2] is not None and bounds[2] <= 0:
            raise ValueError("getitem: slice step must be positive; use flip to reverse")
        return slice(*bounds)
    if isinstance(i, Variable):
        i = i.array
        if i.dtype not in _INDEX_TYPES:
            raise IndexError(f"getitem: index tensors must be int64, int32, uint8 or bool, got {i.dtype}; use .long()")
    elif isinstance(i, (list, tuple, np.ndarray, range)):
        try:
            i = np.asarray([to_numpy(v.array) if isinstance(v, Variable) else v for v in i] if len(i) else i)
        except ValueError as error:
            raise IndexError(f"getitem: the lists of an index must have one length, got {i!r}") from error
        if i.size == 0:
            i = i.astype(np.int64)
    if not hasattr(i, "dtype") or i.dtype.kind not in "biu":
        kind = f"a tensor of {i.dtype}" if hasattr(i, "dtype") else type(i).__name__
        raise IndexError(f"getitem: an index holds integers, slices, ..., None, boolean or integer tensors, not {kind}")
    if i.dtype == np.uint8:
        i = i.astype(bool)  # PyTorch reads uint8 as a mask
    if i.ndim == 0 and i.dtype.kind != "b":
        return int(i)
    return i if device_of(i) == device_of(x) else to_device(i, device_of(x))


def _bound(b):
    b = b.array.item() if isinstance(b, Variable) else b
    if not isinstance(b, (int, np.integer)) or isinstance(b, bool):
        raise TypeError(f"getitem: slice bounds must be integers, got {b!r}")
    return int(b)


def getitem(input, index):
    """``input[index]``: a view for integers, slices, None and ``...``; a copy with integer arrays or masks.

    Raises:
        IndexError: out of bounds, too many indices, a mask of the wrong shape, or something that is no index.
        ValueError: a slice with a step that is not positive.
    """
    if type(index) is int and index >= 0 and input.array.ndim and index < input.array.shape[0]:
        return Slice.apply(input, index=(index,))
    basic, advanced = _normal(input.array, index)
    if advanced is None:
        return Slice.apply(input, index=basic)
    if any(i is None or isinstance(i, int) or i != slice(None) for i in basic):
        input = Slice.apply(input, index=basic)
    return _take(input, advanced)


def _take(input, index):
    try:
        return Index.apply(input, index=index)
    except (IndexError, ValueError) as error:
        raise IndexError(f"getitem: index arrays do not broadcast or fit shape {input.array.shape}: {error}") from error


@arguments()
def setitem(input, index, value):
    """``input[index] = value`` in place, under the version counter; gradients flow to the value and to the rest.

    Raises:
        IndexError: as reading.
        RuntimeError: the value does not broadcast to the place; a leaf that requires a gradient; a value of a
            wider kind than the tensor.
    """
    x = input.array
    basic, advanced = _normal(x, index)
    index = basic if advanced is None else _joined(x, basic, advanced)
    shape = x[index].shape
    if isinstance(value, Variable):
        if value.array.ndim:
            require_same_device("setitem", input, value)
        if advanced is not None and value.array.dtype != x.dtype:
            raise RuntimeError(
                f"setitem: through an index tensor only a value of the same dtype can be written, got "
                f"{value.array.dtype} for a tensor of {x.dtype}; convert it with .to(dtype)"
            )
        value = cast(value, x.dtype)
        got = value.array.shape
        while len(got) > len(shape) and got[0] == 1:
            got = got[1:]
        try:
            fits = np.broadcast_shapes(got, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise RuntimeError(f"setitem: a value of shape {value.array.shape} does not broadcast to {shape}")
        value = value.reshape(got) if got != value.array.shape else value
    else:
        value = as_filling("setitem", value, x.dtype)
    if is_grad_enabled() and (input.requires_grad or getattr(value, "requires_grad", False)):
        become(input, Put.apply(input, value, index=index), "setitem")
    else:
        input._check_writable("setitem", x[(*index, ...)] if advanced is None else None)
        x[index] = value.array if isinstance(value, Variable) else value
        input._counter[0] += 1


def _joined(x, basic, advanced):
    """One index into x for both steps: where the view's entries lie, found by indexing positions."""
    xp = array_module(x)
    positions = xp.arange(x.size).reshape(x.shape)[basic][advanced]
    return xp.unravel_index(positions, x.shape) if x.ndim else (xp.asarray(positions.size > 0),)


def gather(input, dim, index, *, sparse_grad=False):
    """Along `dim` the numbers at the positions `index`: ``out[i][j] = input[index[i][j]][j]`` for dim 0.

    Args:
        index: int64, as many dimensions as the input, no larger than it outside `dim`.
        sparse_grad: accepted and ignored; the gradient is dense.
    """
    require_tensor("gather", input=input, index=index)
    x, positions = input.array, index.array
    dim = axis("gather", dim, x.ndim)
    if positions.dtype not in (dtypes.int64, dtypes.int32) and positions.size:
        raise RuntimeError(f"gather: index must be int64, got {positions.dtype}; use .long()")
    if not positions.size:
        return Index.apply(input.reshape(-1), index=(positions.astype(dtypes.int64),))
    if max(positions.ndim, 1) != max(x.ndim, 1):
        raise RuntimeError(f"gather: index has shape {positions.shape}, input {x.shape}: they must have equal ndim")
    if any(n > m for k, (n, m) in enumerate(zip(positions.shape, x.shape)) if k != dim):
        raise RuntimeError(f"gather: index of shape {positions.shape} is larger than input {x.shape} outside dim {dim}")
    positions = positions.astype(dtypes.int64, copy=False)
    if x.ndim == 0 or positions.ndim == 0:
        return getitem(input.reshape(-1), index.reshape(-1)).reshape(positions.shape)
    n = x.shape[dim]
    if positions.size and not is_cuda(positions) and (positions.min() < 0 or positions.max() >= n):
        raise RuntimeError(f"gather: index out of bounds for dimension {dim} with size {n}")
    return Gather.apply(input, dim=dim, index=positions)


@arguments()
def nonzero(input, *, as_tuple=False):
    """Positions of the numbers that are not zero: (K, ndim) int64, or with `as_tuple` one vector a dimension."""
    require_tensor("nonzero", input=input)
    found = array_module(input.array).nonzero(input.array if input.array.ndim else input.array.reshape(1))
    if as_tuple:
        return tuple(input._wrap(f) for f in found)
    found = found if input.array.ndim else ()
    rows = int((input.array != 0).sum())
    xp = array_module(input.array)
    stacked = xp.stack(found, axis=1) if found else xp.zeros((rows, 0), dtype=np.int64)
    return input._wrap(stacked)


def index_select(input, dim, index):
    """The entries at the given positions of one dimension, in their order.

    Args:
        index: int64, one-dimensional.
    """
    require_tensor("index_select", input=input, index=index)
    dim, positions = axis("index_select", dim, input.array.ndim), index.array
    if positions.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"index_select: index must be int64, got {positions.dtype}; use .long()")
    if positions.ndim > 1:
        raise IndexError(f"index_select: index must be one-dimensional, got shape {positions.shape}")
    n = input.array.shape[dim] if input.array.ndim else 1
    if positions.size and not is_cuda(positions) and (positions.min() < 0 or positions.max() >= n):
        raise IndexError(f"index_select: index out of bounds for dimension {dim} with size {n}")
    if not input.array.ndim:
        return input.clone()
    return labelled("IndexSelectBackward0", input[(slice(None),) * dim + (index.reshape(-1),)])
