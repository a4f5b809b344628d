"""Operations that turn many numbers into one: sums, means, extremes, logic."""

import numpy as np

from minitorch import dtype as dtypes
from minitorch import return_types
from minitorch.autograd import Function, Variable
from minitorch.device import array_module
from minitorch.ops.arguments import REDUCTION, arguments
from minitorch.ops.comparison import where
from minitorch.ops.indexing import gather
from minitorch.ops.joining import stack
from minitorch.ops.operands import (
    axes,
    axis,
    cast,
    count,
    is_number,
    labelled,
    quiet,
    require_float,
    require_tensor,
    to_float,
)
from minitorch.ops.shape import reshape


class Sum(Function):
    """The sum over axes: each term gets the whole gradient."""

    @staticmethod
    @quiet
    def forward(ctx, x, dims, keepdim):
        ctx.shape = x.shape
        ctx.kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
        return x.sum(axis=dims, keepdims=keepdim, dtype=x.dtype)

    @staticmethod
    def backward(ctx, grad):
        return reshape(grad, ctx.kept).expand(ctx.shape)


class Mean(Function):
    """The sum over axes by the number of terms."""

    @staticmethod
    @quiet
    def forward(ctx, x, dims, keepdim):
        ctx.kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
        ctx.shape, ctx.count = x.shape, count(x.shape[i] for i in dims)
        wide = np.promote_types(x.dtype, np.float32)  # float16 ends at 65504
        mean = x.sum(axis=dims, keepdims=keepdim, dtype=wide) / wide.type(ctx.count)
        return mean.astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx, grad):
        terms = ctx.count or 1  # no gradient is left of a mean of nothing, but 1 / 0 would make NaNs of its own
        return reshape(grad / terms, ctx.kept).expand(ctx.shape)


class Extreme(Function):
    """The largest or smallest numbers along axes; equal ones share the gradient."""

    @staticmethod
    def forward(ctx, x, dims, keepdim, largest):
        ctx.kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
        ctx.dims = dims
        y = x.max(axis=dims, keepdims=keepdim) if largest else x.min(axis=dims, keepdims=keepdim)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        y = reshape(y.detach(), ctx.kept)
        chosen = where(y.isnan(), x.isnan(), x == y)
        share = reshape(grad, ctx.kept) / chosen.sum(ctx.dims, keepdim=True)
        return (where(chosen, share, 0.0),)


class Logsumexp(Function):
    """y = log(sum(exp(x))); dx = exp(x - y) g."""

    @staticmethod
    @quiet
    def forward(ctx, x, dims, keepdim):
        ctx.kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
        ctx.dims = dims
        xp = array_module(x)
        largest = x.max(axis=dims, keepdims=True) if x.size else xp.zeros(ctx.kept, x.dtype)
        largest = xp.where(xp.isfinite(largest), largest, xp.zeros_like(largest))
        y = xp.log(xp.exp(x - largest).sum(axis=dims, keepdims=True)) + largest
        y = y.reshape(ctx.kept if keepdim else [n for i, n in enumerate(x.shape) if i not in dims])
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return reshape(grad, ctx.kept) * (x - reshape(y, ctx.kept)).exp()


class Cumsum(Function):
    """Running sums: a number gets the gradients of its own and all later sums."""

    @staticmethod
    def forward(ctx, x, dim):
        ctx.dim = dim
        return x.cumsum(axis=dim, dtype=x.dtype)

    @staticmethod
    def backward(ctx, grad):
        return Cumsum.apply(grad.flip(ctx.dim), dim=ctx.dim).flip(ctx.dim)


class Std(Function):
    """The square root of a variance; its derivative at 0 is taken as 0."""

    @staticmethod
    @quiet
    def forward(ctx, variance):
        y = np.sqrt(variance)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return where(y == 0, 0.0, grad / (2 * y))


@arguments(**REDUCTION)
def sum(input, dim=None, keepdim=False, *, dtype=None):
    """The sum over dimensions, all unless given. Booleans and integers are summed as int64."""
    input = _accumulated("sum", input, dtype)
    result = Sum.apply(input, dims=axes("sum", dim, input.array.ndim), keepdim=keepdim)
    return result if dim is None else labelled("SumBackward1", result)


def _accumulated(name, input, dtype):
    """The input in the type in which it is to be summed or multiplied."""
    require_tensor(name, input=input)
    if dtype is None:
        dtype = input.array.dtype if input.array.dtype.kind == "f" else dtypes.int64
    return cast(input, dtypes.check(dtype))


@arguments(axis="dim")
def cumsum(input, dim, *, dtype=None):
    """Running sums along a dimension. Booleans and integers are summed as int64."""
    input = _accumulated("cumsum", input, dtype)
    dim = axis("cumsum", dim, input.array.ndim)
    return Cumsum.apply(input, dim=dim) if input.array.ndim else input.clone()


@arguments(**REDUCTION)
def mean(input, dim=None, keepdim=False, *, dtype=None):
    """The mean over dimensions, all unless given; NaN for no elements. Raises RuntimeError for integers."""
    require_tensor("mean", input=input)
    if dtype is not None:
        input = cast(input, dtypes.check(dtype))
    require_float("mean", input=input)
    result = Mean.apply(input, dims=axes("mean", dim, input.array.ndim), keepdim=keepdim)
    return result if dim is None else labelled("MeanBackward1", result)


@arguments(**REDUCTION)
def var(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """The variance over dimensions: squared distances from the mean over (n - correction).

    Args:
        unbiased: an older name for the correction: True is 1, False is 0. ``var(unbiased)`` is allowed.
        correction: 1 (unless given) for the unbiased estimate of a sample, 0 for the variance of a population.
    """
    return labelled("VarBackward0", _variance("var", input, dim, unbiased, keepdim, correction)[0])


def _variance(name, input, dim, unbiased, keepdim, correction):
    """(variance, mean)."""
    require_float(name, input=input)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}: give unbiased or correction, not both")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    if not is_number(correction):
        raise TypeError(f"{name}: correction must be a number, got {correction!r}")
    dims = axes(name, dim, input.array.ndim)
    center = mean(input, dims, keepdim=True)
    distance = input - center
    divisor = count(input.array.shape[i] for i in dims) - correction
    total = Sum.apply(distance * distance, dims=dims, keepdim=keepdim) / (divisor if divisor > 0 else 0)
    return total, reshape(center, total.array.shape)


@arguments(**REDUCTION)
def std(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """The standard deviation: the square root of `var`, same arguments; its derivative at 0 is 0."""
    return Std.apply(_variance("std", input, dim, unbiased, keepdim, correction)[0])


@arguments(**REDUCTION)
def var_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """(`var`, `mean`) over the same dimensions."""
    variance, center = _variance("var_mean", input, dim, unbiased, keepdim, correction)
    return labelled("VarMeanBackward0", variance), labelled("VarMeanBackward0", center)


@arguments(**REDUCTION)
def std_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """(`std`, `mean`) over the same dimensions."""
    variance, center = _variance("std_mean", input, dim, unbiased, keepdim, correction)
    return labelled("StdMeanBackward0", Std.apply(variance)), labelled("StdMeanBackward0", center)


def _extreme(name, input, dim, keepdim, largest):
    require_tensor(name, input=input)
    dims = axes(name, dim, input.array.ndim)
    if dim is None or dim == ():
        _not_empty(name, input)
    for i in dims:
        if input.array.shape[i] == 0:
            raise IndexError(f"{name}: dimension {i} of shape {input.array.shape} is empty and has no extreme")
    return Extreme.apply(input, dims=dims, keepdim=keepdim, largest=largest)


@arguments(**REDUCTION)
def amax(input, dim=(), keepdim=False):
    """The largest numbers over dimensions; equal ones share the gradient."""
    return labelled("AmaxBackward0", _extreme("amax", input, dim, keepdim, True))


@arguments(**REDUCTION)
def amin(input, dim=(), keepdim=False):
    """The smallest numbers over dimensions; equal ones share the gradient."""
    return labelled("AminBackward0", _extreme("amin", input, dim, keepdim, False))


def _arg(name, input, dim, keepdim, largest):
    require_tensor(name, input=input)
    x = input.array
    if x.dtype.kind == "b":
        x = x.astype("uint8")
    find = array_module(x).argmax if largest else array_module(x).argmin
    if dim is None:
        if x.size == 0:
            raise IndexError(f"{name}: the tensor of shape {x.shape} is empty; give a dim")
        found = find(x.reshape(-1))
        return input._wrap(found.reshape((1,) * x.ndim) if keepdim else found)
    dim = axis(name, dim, x.ndim)
    if x.ndim and x.shape[dim] == 0:
        raise IndexError(f"{name}: dimension {dim} of shape {x.shape} is empty")
    if x.ndim == 0:
        return input._wrap(find(x.reshape(1)))
    found = find(x, axis=dim)
    return input._wrap(array_module(x).expand_dims(found, dim) if keepdim else found)


@arguments(**REDUCTION)
def argmax(input, dim=None, keepdim=False):
    """Where the largest number is (the first of equal ones), int64; without dim in the flattened tensor."""
    return _arg("argmax", _no_booleans("argmax", input), dim, keepdim, True)


@arguments(**REDUCTION)
def argmin(input, dim=None, keepdim=False):
    """Where the smallest number is (the first of equal ones), int64; without dim in the flattened tensor."""
    return _arg("argmin", _no_booleans("argmin", input), dim, keepdim, False)


def _no_booleans(name, input):
    require_tensor(name, input=input)
    if input.array.dtype.kind == "b":
        raise RuntimeError(f"{name}: not defined for booleans; use .int()")
    return input


def _along(name, input, dim, keepdim, largest):
    kind = return_types.max if largest else return_types.min
    indices = _arg(name, input, dim, True, largest)
    if input.array.ndim == 0:
        return kind(input.clone(), indices.reshape(()))
    values = gather(input, dim, indices)
    if not keepdim:
        values, indices = values.squeeze(dim), indices.squeeze(dim)
    return kind(labelled(f"{name.capitalize()}Backward0", values), indices)


@arguments(other="dim", **REDUCTION)
def max(input, dim=None, keepdim=False):
    """The largest number of all; with a dim (values, indices) along it; with a second tensor `maximum`."""
    require_tensor("max", input=input)
    if isinstance(dim, Variable):
        return input.maximum(dim)
    if dim is None:
        return labelled("MaxBackward1", _extreme("max", input, None, False, True))
    return _along("max", input, dim, keepdim, True)


@arguments(other="dim", **REDUCTION)
def min(input, dim=None, keepdim=False):
    """The smallest number of all; with a dim (values, indices) along it; with a second tensor `minimum`."""
    require_tensor("min", input=input)
    if isinstance(dim, Variable):
        return input.minimum(dim)
    if dim is None:
        return labelled("MinBackward1", _extreme("min", input, None, False, False))
    return _along("min", input, dim, keepdim, False)


def _not_empty(name, input):
    if input.array.size == 0:
        raise RuntimeError(f"{name}: the tensor of shape {input.array.shape} is empty; give a dim")


@arguments(**REDUCTION)
def logsumexp(input, dim, keepdim=False):
    """log(sum(exp(x))) over dimensions, without overflow: the largest number is taken out first."""
    require_tensor("logsumexp", input=input)
    input = to_float(input)
    return Logsumexp.apply(input, dims=axes("logsumexp", dim, input.array.ndim), keepdim=keepdim)


def _logic(name, input, dim, keepdim, every):
    require_tensor(name, input=input)
    x, dims = input.array != 0, axes(name, dim, input.array.ndim)
    found = x.all(axis=dims, keepdims=keepdim) if every else x.any(axis=dims, keepdims=keepdim)
    return input._wrap(found.astype("uint8") if input.array.dtype == dtypes.uint8 else found)


@arguments(**REDUCTION)
def all(input, dim=None, keepdim=False):
    """True where no number along the dimensions is zero or False; for uint8 it is 1 or 0."""
    return _logic("all", input, dim, keepdim, True)


@arguments(**REDUCTION)
def any(input, dim=None, keepdim=False):
    """True where some number along the dimensions is neither zero nor False; for uint8 it is 1 or 0."""
    return _logic("any", input, dim, keepdim, False)


@arguments(**REDUCTION)
def prod(input, dim=None, keepdim=False, *, dtype=None):
    """The product over one dimension, all unless given. Booleans and integers are multiplied as int64."""
    input = _accumulated("prod", input, dtype)
    if dim is None:
        return Prod.apply(reshape(input, -1), dim=0, keepdim=keepdim)
    dim = axis("prod", dim, input.array.ndim)
    result = Prod.apply(input, dim=dim, keepdim=keepdim) if input.array.ndim else input.clone()
    return labelled("ProdBackward1", result)


class Prod(Function):
    """The gradient to x_i is the product of all the others, as products of what stands before and after."""

    @staticmethod
    @quiet
    def forward(ctx, x, dim, keepdim):
        ctx.save_for_backward(x)
        ctx.dim = dim
        return x.prod(axis=dim, keepdims=keepdim, dtype=x.dtype)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        parts, others = x.unbind(ctx.dim), []
        before = [None]
        for part in parts[:-1]:
            before.append(part if before[-1] is None else before[-1] * part)
        after = None
        for part, left in zip(reversed(parts), reversed(before)):
            both = [p for p in (left, after) if p is not None]
            others.append(both[0] * both[1] if len(both) == 2 else both[0] if both else part * 0 + 1)
            after = part if after is None else part * after
        kept = tuple(1 if i == ctx.dim else n for i, n in enumerate(x.array.shape))
        if not parts:
            return (x * 0,)
        return (stack(others[::-1], ctx.dim) * reshape(grad, kept),)
