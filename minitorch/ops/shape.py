"""Operations that move numbers and change none: reshape, permute, expand, join, pad."""

import numpy as np

from minitorch.autograd import Function
from minitorch.device import array_module
from minitorch.ops.operands import axes, axis, cast, count, require_same_device, require_tensor, result_type, sizes


class Reshape(Function):
    is_view = True

    @staticmethod
    def forward(ctx, x, shape):
        ctx.shape = x.shape
        return x.reshape(shape)

    @staticmethod
    def backward(ctx, grad):
        return reshape(grad, ctx.shape)


class Permute(Function):
    is_view = True

    @staticmethod
    def forward(ctx, x, order):
        ctx.inverse = tuple(order.index(i) for i in range(len(order)))
        return x.transpose(order)

    @staticmethod
    def backward(ctx, grad):
        return Permute.apply(grad, order=ctx.inverse)


class Expand(Function):
    """Repeat along axes of size 1, without a copy. The walk sums the gradient back."""

    is_view = True

    @staticmethod
    def forward(ctx, x, shape):
        return array_module(x).broadcast_to(x, shape)

    @staticmethod
    def backward(ctx, grad):
        return grad


class Cat(Function):
    @staticmethod
    def forward(ctx, *arrays, dim):
        ctx.dim, ctx.lengths = dim, [x.shape[dim] for x in arrays]
        return array_module(arrays[0]).concatenate(arrays, axis=dim)

    @staticmethod
    def backward(ctx, grad):
        starts = np.cumsum([0, *ctx.lengths]).tolist()
        return tuple(
            narrow(grad, ctx.dim, start, length) if needed else None
            for start, length, needed in zip(starts, ctx.lengths, ctx.needs_input_grad)
        )


class ConstantPad(Function):
    """A border of one value; a negative width cuts off."""

    @staticmethod
    def forward(ctx, x, widths, value):
        ctx.widths = widths
        result = array_module(x).full([n + a + b for n, (a, b) in zip(x.shape, widths)], value, dtype=x.dtype)
        inside = tuple(slice(max(a, 0), m - max(b, 0)) for m, (a, b) in zip(result.shape, widths))
        kept = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, widths))
        result[inside] = x[kept]
        return result

    @staticmethod
    def backward(ctx, grad):
        return ConstantPad.apply(grad, widths=[(-a, -b) for a, b in ctx.widths], value=0)


class Flip(Function):
    @staticmethod
    def forward(ctx, x, dims):
        ctx.dims = dims
        return array_module(x).flip(x, dims).copy()

    @staticmethod
    def backward(ctx, grad):
        return Flip.apply(grad, dims=ctx.dims)


class Clone(Function):
    @staticmethod
    def forward(ctx, x):
        return x.copy(order="C")

    @staticmethod
    def backward(ctx, grad):
        return grad


def reshape(input, *shape):
    """The same numbers in another shape; one size may be -1. A view where the memory allows, else a copy."""
    require_tensor("reshape", input=input)
    shape, n = sizes("reshape", shape), input.array.size
    known = count(d for d in shape if d != -1)
    if any(d < -1 for d in shape) or shape.count(-1) > 1:
        raise RuntimeError(f"reshape: shape {shape} must hold sizes of at least 0 and at most one -1")
    if -1 in shape:
        if known == 0 or n % known:
            raise RuntimeError(f"reshape: {n} elements of shape {input.array.shape} do not fit into {shape}")
        shape = tuple(n // known if d == -1 else d for d in shape)
    elif known != n:
        raise RuntimeError(f"reshape: {n} elements of shape {input.array.shape} do not fit into {shape}")
    return Reshape.apply(input, shape=shape)


def reshape_as(input, other):
    """The input in the shape of another tensor."""
    return reshape(input, other.array.shape)


def flatten(input, start_dim=0, end_dim=-1):
    """The dimensions from `start_dim` to `end_dim` as one."""
    require_tensor("flatten", input=input)
    shape = input.array.shape
    first, last = axis("flatten", start_dim, len(shape)), axis("flatten", end_dim, len(shape))
    if first > last:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    return reshape(input, (*shape[:first], count(shape[first : last + 1]), *shape[last + 1 :]))


def permute(input, *dims):
    """The dimensions in another order: (N, H, W, C) from (N, C, H, W) by ``permute(0, 2, 3, 1)``. A view."""
    require_tensor("permute", input=input)
    dims, ndim = sizes("permute", dims), input.array.ndim
    if len(dims) != ndim:
        raise RuntimeError(f"permute: got {len(dims)} dimensions for a tensor of {ndim}")
    return Permute.apply(input, order=axes("permute", dims, ndim) if dims else ())


def transpose(input, dim0, dim1):
    """Two dimensions exchanged. A view."""
    require_tensor("transpose", input=input)
    ndim = input.array.ndim
    a, b = axis("transpose", dim0, ndim), axis("transpose", dim1, ndim)
    order = list(range(ndim))
    if ndim:
        order[a], order[b] = b, a
    return Permute.apply(input, order=tuple(order))


def t(input):
    """The transposed matrix; a vector or a 0-dimensional tensor stays as it is."""
    require_tensor("t", input=input)
    if input.array.ndim > 2:
        raise RuntimeError(f"t: expected at most 2 dimensions, got shape {input.array.shape}; use .mT or transpose")
    return transpose(input, 0, 1) if input.array.ndim == 2 else Reshape.apply(input, shape=input.array.shape)


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
    source, destination = axes("movedim", source, ndim), axes("movedim", destination, ndim)
    if len(source) != len(destination):
        raise RuntimeError(f"movedim: {len(source)} source dimensions but {len(destination)} destinations")
    order = [i for i in range(ndim) if i not in source]
    for to, of in sorted(zip(destination, source)):
        order.insert(to, of)
    return Permute.apply(input, order=tuple(order))


def expand(input, *size):
    """Dimensions of size 1 repeated to the given size, -1 keeps one, new ones in front. A view."""
    require_tensor("expand", input=input)
    size, shape = sizes("expand", size), input.array.shape
    lead = len(size) - len(shape)
    target = tuple(shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(size))
    if lead < 0 or any(n < 0 for n in target) or any(n not in (1, m) for n, m in zip(shape, target[lead:])):
        raise RuntimeError(f"expand: a tensor of shape {shape} does not expand to {size}")
    return Expand.apply(input, shape=target)


def expand_as(input, other):
    """The input expanded to the shape of another tensor."""
    return expand(input, other.array.shape)


def sum_to_size(input, *size):
    """The sum over all dimensions in which `size` is 1 or missing: the reverse of broadcasting."""
    size, shape = sizes("sum_to_size", size), input.array.shape
    lead = len(shape) - len(size)
    if lead < 0 or any(n not in (1, m) for n, m in zip(size, shape[lead:])):
        raise RuntimeError(f"sum_to_size: shape {shape} does not reduce to {size}")
    dims = [i for i, m in enumerate(shape) if i < lead or (size[i - lead] == 1 and m != 1)]
    return reshape(input.sum(dims), size) if dims else input


def squeeze(input, dim=None):
    """Without the dimensions of size 1, all or the given ones. A view."""
    require_tensor("squeeze", input=input)
    shape = input.array.shape
    chosen = range(len(shape)) if dim is None else axes("squeeze", dim, len(shape)) if dim != () else ()
    return Reshape.apply(input, shape=tuple(n for i, n in enumerate(shape) if n != 1 or i not in chosen))


def unsqueeze(input, dim):
    """A new dimension of size 1 before `dim`. A view."""
    require_tensor("unsqueeze", input=input)
    shape = input.array.shape
    dim = axis("unsqueeze", dim, len(shape) + 1)
    return Reshape.apply(input, shape=(*shape[:dim], 1, *shape[dim:]))


def narrow(input, dim, start, length):
    """`length` entries of a dimension from `start` on. A view."""
    require_tensor("narrow", input=input)
    dim, n = axis("narrow", dim, input.array.ndim), (input.array.shape or (1,))[dim]
    start = start + n if start < 0 else start
    if not 0 <= start <= n or not 0 <= length <= n - start:
        raise RuntimeError(f"narrow: start {start} and length {length} leave dimension {dim} of size {n}")
    return input[(slice(None),) * dim + (slice(start, start + length),)]


def _join(name, tensors):
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{name}: expected a list or tuple of tensors, got {type(tensors).__name__}")
    if not tensors:
        raise RuntimeError(f"{name}: expected at least one tensor, got none")
    for i, x in enumerate(tensors):
        require_tensor(name, **{f"tensors[{i}]": x})
        require_same_device(name, tensors[0], x)
    dtype = result_type(*tensors)
    return [cast(x, dtype) for x in tensors]


def cat(tensors, dim=0):
    """Tensors joined along a dimension; all other sizes must agree.

    Raises:
        RuntimeError: no tensors, or shapes that do not fit.
    """
    tensors = _join("cat", tensors)
    kept = [x for x in tensors if x.array.shape != (0,)] or tensors[:1]  # PyTorch passes over empty vectors
    first = kept[0].array.shape
    if not first:
        raise RuntimeError("cat: 0-dimensional tensors cannot be joined; use stack")
    dim = axis("cat", dim, len(first))
    for i, x in enumerate(kept):
        shape = x.array.shape
        if len(shape) != len(first) or any(n != m for k, (n, m) in enumerate(zip(shape, first)) if k != dim):
            raise RuntimeError(f"cat: shapes {first} and {shape} (tensor {i}) differ outside dimension {dim}")
    return Cat.apply(*kept, dim=dim)


def stack(tensors, dim=0):
    """Tensors of one shape joined along a new dimension."""
    tensors = _join("stack", tensors)
    for i, x in enumerate(tensors):
        if x.array.shape != tensors[0].array.shape:
            raise RuntimeError(f"stack: tensor {i} has shape {x.array.shape}, the first {tensors[0].array.shape}")
    return cat([unsqueeze(x, dim) for x in tensors], dim)


def flip(input, *dims):
    """The order of the entries reversed along dimensions. A copy."""
    require_tensor("flip", input=input)
    dims = sizes("flip", dims)
    return Flip.apply(input, dims=axes("flip", dims, input.array.ndim) if dims else ())


def clone(input):
    """A copy with memory of its own; gradients pass through."""
    require_tensor("clone", input=input)
    return Clone.apply(input)


def pad(input, pad, mode="constant", value=None):
    """A border around the last dimensions.

    Args:
        input: (..., H, W), any number of dimensions.
        pad: (left, right, top, bottom, ...): two widths for the last dimension, two for the one before, and so on;
            negative widths cut off.
        mode: ``"constant"``.
        value: what the border holds, 0 unless given.
    """
    require_tensor("pad", input=input)
    pad, shape = sizes("pad", (pad,)), input.array.shape
    if len(pad) % 2 or len(pad) // 2 > len(shape):
        raise RuntimeError(f"pad: expected two widths for each of at most {len(shape)} dimensions, got {pad}")
    if mode != "constant":
        raise NotImplementedError(f"pad: mode must be 'constant', got {mode!r}")
    widths = [(0, 0)] * (len(shape) - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    if any(n + a + b < 0 for n, (a, b) in zip(shape, widths)):
        raise RuntimeError(f"pad: widths {pad} cut more than there is of shape {shape}")
    return ConstantPad.apply(input, widths=widths, value=0 if value is None else value)


def broadcast_tensors(*tensors):
    """The tensors expanded to their common shape, as a list."""
    require_tensor("broadcast_tensors", **{f"tensors[{i}]": x for i, x in enumerate(tensors)})
    try:
        shape = np.broadcast_shapes(*[x.array.shape for x in tensors])
    except ValueError as error:
        shapes = ", ".join(str(x.array.shape) for x in tensors)
        raise RuntimeError(f"broadcast_tensors: shapes {shapes} do not broadcast") from error
    return [expand(x, shape) for x in tensors]


def split(input, split_size_or_sections, dim=0):
    """Parts of a dimension as a tuple of views: of one size (the last may be smaller), or of given sizes."""
    require_tensor("split", input=input)
    dim = axis("split", dim, input.array.ndim)
    n, parts = input.array.shape[dim], split_size_or_sections
    if isinstance(parts, (int, np.integer)):
        if parts < 0 or (parts == 0 and n):
            raise RuntimeError(f"split: split_size must be positive, got {parts}")
        parts = [min(parts, n - i) for i in range(0, n, parts)] if n else [0]
    if sum(parts) != n or any(p < 0 for p in parts):
        raise RuntimeError(f"split: sections {list(parts)} do not sum to the size {n} of dimension {dim}")
    starts = np.cumsum([0, *parts]).tolist()
    return tuple(narrow(input, dim, start, length) for start, length in zip(starts, parts))


def chunk(input, chunks, dim=0):
    """At most that many parts of a dimension, all but the last of one size, as a tuple of views."""
    require_tensor("chunk", input=input)
    if not isinstance(chunks, int) or chunks < 1:
        raise RuntimeError(f"chunk: chunks must be a positive integer, got {chunks!r}")
    n = input.array.shape[axis("chunk", dim, input.array.ndim)]
    return split(input, max(-(-n // chunks), 1), dim) if n else (input,) * chunks


def unbind(input, dim=0):
    """The entries along a dimension as a tuple of views without it."""
    require_tensor("unbind", input=input)
    dim = axis("unbind", dim, input.array.ndim)
    return tuple(input[(slice(None),) * dim + (i,)] for i in range(input.array.shape[dim]))


def is_contiguous(input):
    """Whether the numbers lie in memory in the order of their indices."""
    return bool(input.array.flags.c_contiguous)


def contiguous(input):
    """The tensor itself if contiguous, else a contiguous copy."""
    return input if is_contiguous(input) else Clone.apply(input)


def view(input, *shape):
    """The same memory in another shape, or, given a dtype, read as another type of the same size.

    Raises:
        RuntimeError: the shape does not fit, or the memory is not laid out for it (use reshape).
    """
    require_tensor("view", input=input)
    if len(shape) == 1 and isinstance(shape[0], np.dtype):
        return input._wrap(input.array.view(shape[0]))
    result = reshape(input, *shape)
    if input.array.size and not np.may_share_memory(result.array, input.array):
        raise RuntimeError(
            f"view: a tensor of shape {input.array.shape} with strides {input.stride()} cannot be seen as "
            f"{result.array.shape} without a copy; use reshape"
        )
    return result


def view_as(input, other):
    """The input as a view in the shape of another tensor."""
    require_tensor("view_as", input=input, other=other)
    return view(input, other.array.shape)
