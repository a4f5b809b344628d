"""Operations that move numbers and change none: reshape, permute, expand, flip."""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function, Variable
from minitorch.device import array_module, is_cuda
from minitorch.ops.arguments import arguments
from minitorch.ops.operands import axes, axis, count, labelled, naming, require_tensor, sizes


class View(Function):
    """The same memory read in another shape."""

    is_view = True

    @staticmethod
    def forward(ctx, x, shape):
        ctx.shape = x.shape
        return x.reshape(shape)

    @staticmethod
    def backward(ctx, grad):
        return reshape(grad, ctx.shape)


class CopiedView(View):
    """Where the memory cannot be read in the new shape: writes to the result do not reach the input."""

    label = "UnsafeViewBackward0"
    is_view = False


class Unsqueeze(View):
    """A new dimension of size 1."""


class Squeeze(View):
    """Without dimensions of size 1."""


class Permute(Function):
    """The dimensions in another order."""

    is_view = True

    @staticmethod
    def forward(ctx, x, order):
        ctx.inverse = tuple(order.index(i) for i in range(len(order)))
        return x.transpose(order)

    @staticmethod
    def backward(ctx, grad):
        return Permute.apply(grad, order=ctx.inverse)


class Transpose(Permute):
    """Two dimensions exchanged."""


def writable_as(x, view):
    """A view of an array, which NumPy gives read-only, as writable as the array itself."""
    if not is_cuda(x) and x.flags.writeable:
        view.flags.writeable = True
    return view


class Expand(Function):
    """Repeat along axes of size 1, without a copy. The walk sums the gradient back."""

    is_view = True

    @staticmethod
    def forward(ctx, x, shape):
        return x.reshape(shape) if x.size == count(shape) else writable_as(x, array_module(x).broadcast_to(x, shape))

    @staticmethod
    def backward(ctx, grad):
        return grad


class Flip(Function):
    """The entries of axes in reverse order."""

    @staticmethod
    def forward(ctx, x, dims):
        ctx.dims = dims
        return array_module(x).flip(x, dims).copy()

    @staticmethod
    def backward(ctx, grad):
        return Flip.apply(grad, dims=ctx.dims)


class Clone(Function):
    """The same numbers in memory of their own."""

    @staticmethod
    def forward(ctx, x):
        return x.copy(order="C")

    @staticmethod
    def backward(ctx, grad):
        return grad


@arguments()
def reshape(input, *shape):
    """The same numbers in another shape; one size may be -1. A view where the memory allows, else a copy."""
    shape = _new_shape("reshape", input, shape)
    return (View if _is_viewable(input.array, shape) else CopiedView).apply(input, shape=shape)


def _new_shape(name, input, shape):
    """The sizes given to `reshape` or `view`, checked against the input, with a number in place of -1."""
    require_tensor(name, input=input)
    if not shape:
        raise TypeError(f"{name}: expected sizes, e.g. x.{name}(2, 3) or x.{name}(-1)")
    shape, n = sizes(name, shape), input.array.size
    known = count(d for d in shape if d != -1)
    if any(d < -1 for d in shape) or shape.count(-1) > 1:
        raise RuntimeError(f"{name}: shape {shape} must hold sizes of at least 0 and at most one -1")
    if (known == 0 or n % known) if -1 in shape else known != n:
        raise RuntimeError(f"{name}: {n} elements of shape {input.array.shape} do not fit into {shape}")
    return tuple(n // known if d == -1 else d for d in shape)


def _is_viewable(x, shape):
    """Whether the memory can be read in another shape where it is."""
    return x.flags.c_contiguous or array_module(x).may_share_memory(x.reshape(shape), x)


@naming("reshape_as")
def reshape_as(input, other):
    """The input in the shape of another tensor."""
    require_tensor("reshape_as", input=input, other=other)
    return reshape(input, other.array.shape)


def flatten(input, start_dim=0, end_dim=-1):
    """The dimensions from `start_dim` to `end_dim` as one; the input itself where that is one already."""
    require_tensor("flatten", input=input)
    shape = input.array.shape
    first, last = axis("flatten", start_dim, len(shape)), axis("flatten", end_dim, len(shape))
    if first > last:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    if shape and first == last:
        return input
    return reshape(input, (*shape[:first], count(shape[first : last + 1]), *shape[last + 1 :]))


def unflatten(input, dim, sizes):
    """One dimension as several of the given sizes, of which one may be -1."""
    require_tensor("unflatten", input=input)
    shape = input.array.shape
    dim = axis("unflatten", dim, len(shape))
    if not isinstance(sizes, (tuple, list)) or not sizes:
        raise RuntimeError(f"unflatten: sizes must be a non-empty tuple, got {sizes!r}")
    known = count(n for n in sizes if n != -1)
    if list(sizes).count(-1) > 1 or any(n < -1 for n in sizes):
        raise RuntimeError(f"unflatten: sizes {tuple(sizes)} must be at least 0, with at most one -1")
    if known != shape[dim] if -1 not in sizes else not known or shape[dim] % known:
        raise RuntimeError(f"unflatten: sizes {tuple(sizes)} do not fit dimension {dim} of shape {shape}")
    sizes = [shape[dim] // known if n == -1 else n for n in sizes]
    return reshape(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))


def ravel(input):
    """All dimensions as one."""
    return flatten(input)


@arguments()
def permute(input, *dims):
    """The dimensions in another order: (N, H, W, C) from (N, C, H, W) by ``permute(0, 2, 3, 1)``. A view."""
    require_tensor("permute", input=input)
    if not dims:
        raise TypeError("permute: expected dimensions, e.g. x.permute(1, 0)")
    dims, ndim = sizes("permute", dims), input.array.ndim
    if len(dims) != ndim:
        raise RuntimeError(f"permute: got {len(dims)} dimensions for a tensor of {ndim}")
    return Permute.apply(input, order=axes("permute", dims, ndim) if dims else ())


@arguments()
def transpose(input, dim0, dim1):
    """Two dimensions exchanged. A view."""
    require_tensor("transpose", input=input)
    ndim = input.array.ndim
    a, b = axis("transpose", dim0, ndim), axis("transpose", dim1, ndim)
    order = list(range(ndim))
    if ndim:
        order[a], order[b] = b, a
    return Transpose.apply(input, order=tuple(order))


def t(input):
    """The transposed matrix; a vector or a 0-dimensional tensor stays as it is."""
    require_tensor("t", input=input)
    if input.array.ndim > 2:
        raise RuntimeError(f"t: expected at most 2 dimensions, got shape {input.array.shape}; use .mT or transpose")
    is_matrix = input.array.ndim == 2
    return labelled("TBackward0", transpose(input, 0, 1) if is_matrix else View.apply(input, shape=input.array.shape))


def matrix_transpose(input):
    """The last two dimensions exchanged."""
    require_tensor("mT", input=input)
    if input.array.ndim < 2:
        raise RuntimeError(f"mT: expected at least 2 dimensions, got shape {input.array.shape}")
    return transpose(input, -2, -1)


def movedim(input, source, destination):
    """Dimensions `source` moved to the places `destination`; the others keep their order. A view."""
    require_tensor("movedim", input=input)
    ndim = input.array.ndim
    source, destination = (axes("movedim", d, ndim) if d not in ((), []) else () for d in (source, destination))
    if len(source) != len(destination):
        raise RuntimeError(f"movedim: {len(source)} source dimensions but {len(destination)} destinations")
    order = [i for i in range(ndim) if i not in source]
    for to, of in sorted(zip(destination, source)):
        order.insert(to, of)
    return Permute.apply(input, order=tuple(order))


@arguments()
def expand(input, *size):
    """Dimensions of size 1 repeated to the given size, -1 keeps one, new ones in front. A view."""
    require_tensor("expand", input=input)
    if not size:
        raise TypeError("expand: expected sizes, e.g. x.expand(2, 3)")
    size, shape = sizes("expand", size), input.array.shape
    lead = len(size) - len(shape)
    target = tuple(shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(size))
    if lead < 0 or any(n < 0 for n in target) or any(n not in (1, m) for n, m in zip(shape, target[lead:])):
        raise RuntimeError(f"expand: a tensor of shape {shape} does not expand to {size}")
    return Expand.apply(input, shape=target)


@naming("expand_as")
def expand_as(input, other):
    """The input expanded to the shape of another tensor."""
    require_tensor("expand_as", input=input, other=other)
    return expand(input, other.array.shape)


@arguments()
def sum_to_size(input, *size):
    """The sum over all dimensions in which `size` is 1 or missing: the reverse of broadcasting."""
    require_tensor("sum_to_size", input=input)
    size, shape = sizes("sum_to_size", size), input.array.shape
    lead = len(shape) - len(size)
    if lead < 0 or any(n not in (1, m) for n, m in zip(size, shape[lead:])):
        raise RuntimeError(f"sum_to_size: shape {shape} does not reduce to {size}")
    if not size:
        return input.sum()
    dims = [i for i, m in enumerate(shape) if i < lead or (size[i - lead] == 1 and m != 1)]
    return reshape(input.sum(dims), size) if dims else input


@naming("broadcast_to")
@arguments()
def broadcast_to(input, *size):
    """The input expanded to a shape."""
    return expand(input, *size)


def squeeze(input, dim=None):
    """Without the dimensions of size 1, all or the given ones. A view."""
    require_tensor("squeeze", input=input)
    shape = input.array.shape
    chosen = range(len(shape)) if dim is None else axes("squeeze", dim, len(shape)) if dim != () else ()
    result = Squeeze.apply(input, shape=tuple(n for i, n in enumerate(shape) if n != 1 or i not in chosen))
    return result if dim is None else labelled(f"SqueezeBackward{2 if isinstance(dim, (tuple, list)) else 1}", result)


def unsqueeze(input, dim):
    """A new dimension of size 1 before `dim`. A view."""
    require_tensor("unsqueeze", input=input)
    shape = input.array.shape
    dim = axis("unsqueeze", dim, len(shape) + 1)
    return Unsqueeze.apply(input, shape=(*shape[:dim], 1, *shape[dim:]))


def narrow(input, dim, start, length):
    """`length` entries of a dimension from `start` on. A view."""
    require_tensor("narrow", input=input)
    if not input.array.ndim:
        raise RuntimeError("narrow: a 0-dimensional tensor has no dimension to narrow")
    dim = axis("narrow", dim, input.array.ndim)
    n = input.array.shape[dim]
    start = start.item() if isinstance(start, Variable) and start.array.shape == () else start
    for argument, value in (("start", start), ("length", length)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"narrow: {argument} must be an integer, got {value!r}")
    start = start + n if start < 0 else start
    if not 0 <= start <= n or not 0 <= length <= n - start:
        raise RuntimeError(f"narrow: start {start} and length {length} leave dimension {dim} of size {n}")
    return input[(slice(None),) * dim + (slice(start, start + length),)]


def flip(input, *given, dims=None):
    """The order of the entries reversed along dimensions: ``flip(x, 0, 1)``, ``flip(x, dims=(0, 1))``. A copy."""
    require_tensor("flip", input=input)
    if not given and dims is None:
        raise TypeError("flip: expected dimensions, e.g. x.flip(0)")
    dims = sizes("flip", given if dims is None else (dims,))
    return Flip.apply(input, dims=axes("flip", dims, input.array.ndim) if dims else ())


def clone(input):
    """A copy with memory of its own; gradients pass through."""
    require_tensor("clone", input=input)
    return Clone.apply(input)


def broadcast_tensors(*tensors):
    """The tensors expanded to their common shape, as a list."""
    require_tensor("broadcast_tensors", **{f"tensors[{i}]": x for i, x in enumerate(tensors)})
    try:
        shape = np.broadcast_shapes(*[x.array.shape for x in tensors])
    except ValueError as error:
        shapes = ", ".join(str(x.array.shape) for x in tensors)
        raise RuntimeError(f"broadcast_tensors: shapes {shapes} do not broadcast") from error
    return [x if x.array.shape == shape else expand(x, shape) for x in tensors]


def is_contiguous(input):
    """Whether the numbers lie in memory in the order of their indices."""
    return bool(input.array.flags.c_contiguous)


def contiguous(input):
    """The tensor itself if contiguous, else a contiguous copy."""
    require_tensor("contiguous", input=input)
    return input if is_contiguous(input) else Clone.apply(input)


@arguments(size="shape", dtype="shape")
def view(input, *shape):
    """The same memory in another shape, or, given a dtype, its bits read as another type.

    Raises:
        RuntimeError: the shape or type does not fit, or the memory is not laid out for it (use reshape).
    """
    require_tensor("view", input=input)
    if len(shape) == 1 and isinstance(shape[0], np.dtype):
        return _view_as_type(input, dtypes.check(shape[0]))
    shape = _new_shape("view", input, shape)
    if not _is_viewable(input.array, shape):
        raise RuntimeError(
            f"view: a tensor of shape {input.array.shape} with strides {input.stride()} cannot be seen as {shape} "
            "without a copy; use reshape"
        )
    return View.apply(input, shape=shape)


def _view_as_type(input, dtype):
    try:
        result = input._wrap(input.array.view(dtype))
    except ValueError as error:
        raise RuntimeError(
            f"view: a tensor of {input.array.dtype} of shape {input.array.shape} cannot be read as {dtype}: {error}"
        ) from error
    result._counter = input._counter
    return result


def view_as(input, other):
    """The input as a view in the shape of another tensor."""
    require_tensor("view_as", input=input, other=other)
    return view(input, other.array.shape)


@arguments(axis0="dim0", axis1="dim1")
def swapaxes(input, dim0, dim1):
    """`transpose` under NumPy's name."""
    return transpose(input, dim0, dim1)


@arguments()
def swapdims(input, dim0, dim1):
    """`transpose` under another name."""
    return transpose(input, dim0, dim1)


moveaxis = movedim
