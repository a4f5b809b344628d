"""Operations that join tensors, take them apart and repeat them."""

import numpy as np

from minitorch.autograd import Function
from minitorch.kernels import backend
from minitorch.ops.arguments import arguments
from minitorch.ops.indexing import Slice
from minitorch.ops.operands import axis, cast, labelled, require_same_device, require_tensor, result_type, sizes
from minitorch.ops.shape import expand, narrow, reshape, unsqueeze


class Cat(Function):
    """Joins along a dimension. Of another number of dimensions can only be an empty vector, which is passed over."""

    @staticmethod
    def forward(ctx, *arrays, dim, ndim):
        ctx.dim, ctx.shapes = dim, [x.shape for x in arrays]
        ctx.lengths = [x.shape[dim] if x.ndim == ndim else 0 for x in arrays]
        return backend(arrays[0]).concatenate([x for x in arrays if x.ndim == ndim], dim)

    @staticmethod
    def backward(ctx, grad):
        starts = np.cumsum([0, *ctx.lengths]).tolist()
        return tuple(
            reshape(narrow(grad, ctx.dim, start, length), shape) if needed else None
            for start, length, shape, needed in zip(starts, ctx.lengths, ctx.shapes, ctx.needs_input_grad)
        )


class Split(Function):
    """Parts of a dimension, of given lengths, as views; together their gradients are the input's."""

    is_view = True

    @staticmethod
    def forward(ctx, x, dim, lengths):
        ctx.dim = dim
        return tuple(x[part] for part in _parts(dim, lengths))

    @staticmethod
    def backward(ctx, *grads):
        return cat(grads, ctx.dim)

    @staticmethod
    def view_step(i, params):
        return Slice, {"index": _parts(**params)[i]}


def _parts(dim, lengths):
    """The index of each part."""
    starts = np.cumsum([0, *lengths]).tolist()
    return [(slice(None),) * dim + (slice(start, start + n),) for start, n in zip(starts, lengths)]


def _join(name, tensors):
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{name}: expected a list or tuple of tensors, got {type(tensors).__name__}")
    if not tensors:
        raise (ValueError if name == "cat" else RuntimeError)(f"{name}: expected at least one tensor, got none")
    for i, x in enumerate(tensors):
        require_tensor(name, **{f"tensors[{i}]": x})
        require_same_device(name, tensors[0], x)
    dtype = result_type(*tensors)
    return [cast(x, dtype) for x in tensors]


@arguments(axis="dim")
def cat(tensors, dim=0):
    """Tensors joined along a dimension; all other sizes must agree.

    Raises:
        ValueError: no tensors.
        RuntimeError: shapes that do not fit.
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
    return Cat.apply(*tensors, dim=dim, ndim=len(first))


@arguments(axis="dim")
def stack(tensors, dim=0):
    """Tensors of one shape joined along a new dimension."""
    tensors = _join("stack", tensors)
    for i, x in enumerate(tensors):
        if x.array.shape != tensors[0].array.shape:
            raise RuntimeError(f"stack: tensor {i} has shape {x.array.shape}, the first {tensors[0].array.shape}")
    return labelled("StackBackward0", cat([unsqueeze(x, dim) for x in tensors], dim))


@arguments(split_size="split_size_or_sections", tensor="input")
def split(input, split_size_or_sections, dim=0):
    """Parts of a dimension as a tuple of views: of one size (the last may be smaller), or of given sizes."""
    require_tensor("split", input=input)
    _not_zero_dim("split", input, RuntimeError)
    dim = axis("split", dim, input.array.ndim)
    n, parts = input.array.shape[dim], split_size_or_sections
    if isinstance(parts, (int, np.integer)) and not isinstance(parts, bool):
        if parts < 0 or (parts == 0 and n):
            raise RuntimeError(f"split: split_size must be positive, got {parts}")
        parts = [min(parts, n - i) for i in range(0, n, parts)] if n else [0]
    parts = sizes("split", (parts,))
    if sum(parts) != n or any(p < 0 for p in parts):
        raise RuntimeError(f"split: sections {list(parts)} do not sum to the size {n} of dimension {dim}")
    return Split.apply(input, dim=dim, lengths=tuple(parts))


@arguments()
def chunk(input, chunks, dim=0):
    """At most that many parts of a dimension, all but the last of one size, as a tuple of views."""
    require_tensor("chunk", input=input)
    if not isinstance(chunks, int) or chunks < 1:
        raise RuntimeError(f"chunk: chunks must be a positive integer, got {chunks!r}")
    _not_zero_dim("chunk", input, RuntimeError)
    n = input.array.shape[axis("chunk", dim, input.array.ndim)]
    return split(input, max(-(-n // chunks), 1), dim) if n else (input,) * chunks


def unbind(input, dim=0):
    """The entries along a dimension as a tuple of views without it."""
    require_tensor("unbind", input=input)
    _not_zero_dim("unbind", input, IndexError)
    dim = axis("unbind", dim, input.array.ndim)
    n = input.array.shape[axis("unbind", dim, input.array.ndim)]
    return tuple(labelled("UnbindBackward0", part.squeeze(dim)) for part in (split(input, 1, dim) if n else ()))


def _not_zero_dim(name, input, error):
    if not input.array.ndim:
        raise error(f"{name}: a 0-dimensional tensor has no dimension to go along")


@arguments()
def repeat(input, *repeats):
    """Copies side by side: `repeats` says how often along each dimension, new ones in front."""
    require_tensor("repeat", input=input)
    repeats = sizes("repeat", repeats)
    lead = len(repeats) - input.array.ndim
    if lead < 0 or any(n < 0 for n in repeats):
        raise RuntimeError(
            f"repeat: needs a number of at least 0 for each of the {input.array.ndim} dimensions, got {repeats}"
        )
    shape = (1,) * lead + input.array.shape
    spread = reshape(input, [m for n in shape for m in (1, n)])
    spread = expand(spread, [m for pair in zip(repeats, shape) for m in pair])
    return labelled("RepeatBackward0", reshape(spread, [r * n for r, n in zip(repeats, shape)]).clone())


@arguments()
def tile(input, *dims):
    """`repeat`, where missing numbers stand for 1."""
    require_tensor("tile", input=input)
    if not dims:
        raise TypeError("tile: expected how often along each dimension, e.g. x.tile(2, 1)")
    dims = sizes("tile", dims)
    return repeat(input, *(1,) * (input.array.ndim - len(dims)), *dims)


def roll(input, shifts, dims=None):
    """The entries shifted along dimensions, what falls out coming in at the other end.

    Args:
        shifts, dims: an integer or a tuple each; without dims the flattened tensor is shifted.
    """
    require_tensor("roll", input=input)
    shifts = sizes("roll", (shifts,) if not isinstance(shifts, (tuple, list)) else (shifts,))
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise RuntimeError(f"roll: {len(shifts)} shifts need as many dims, got none")
        return reshape(roll(reshape(input, -1), shifts, 0), input.array.shape)
    dims = dims if isinstance(dims, (tuple, list)) else (dims,)
    if len(shifts) != len(dims):
        raise RuntimeError(f"roll: {len(shifts)} shifts but {len(dims)} dims")
    for shift, dim in zip(shifts, dims):
        dim = axis("roll", dim, input.array.ndim)
        _not_zero_dim("roll", input, IndexError)
        n = input.array.shape[dim]
        if n:
            cut = -shift % n
            parts = [narrow(input, dim, cut, n - cut), narrow(input, dim, 0, cut)]
            input = labelled("RollBackward0", cat(parts, dim))
    return input.clone() if not n else input


concat = concatenate = cat
