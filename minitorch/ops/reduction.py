"""Operations that turn many numbers into one: sums, means, extremes, logic."""

from collections import namedtuple

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function
from minitorch.device import array_module
from minitorch.ops.indexing import gather
from minitorch.ops.operands import axes, axis, cast, count, require_float, require_tensor
from minitorch.ops.shape import reshape, stack

_quiet = np.errstate(all="ignore")  # the mean of nothing is NaN, without a warning

ValuesIndices = namedtuple("ValuesIndices", ["values", "indices"])


class Sum(Function):
    @staticmethod
    def forward(ctx, x, dims, keepdim):
        ctx.shape = x.shape
        ctx.kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
        return x.sum(axis=dims, keepdims=keepdim, dtype=x.dtype)

    @staticmethod
    def backward(ctx, grad):
        return reshape(grad, ctx.kept).expand(ctx.shape)


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
        chosen = (x == reshape(y.detach(), ctx.kept)).to(grad.dtype)
        share = chosen / chosen.sum(ctx.dims, keepdim=True)
        return (share * reshape(grad, ctx.kept),)


def sum(input, dim=None, keepdim=False, *, dtype=None):
    """The sum over dimensions, all unless given. Booleans and integers are summed as int64."""
    require_tensor("sum", input=input)
    wanted = dtypes.check(dtype) if dtype is not None else None
    if wanted is None and input.array.dtype.kind != "f":
        wanted = dtypes.int64
    dims = axes("sum", dim, input.array.ndim)
    return Sum.apply(input if wanted is None else cast(input, wanted), dims=dims, keepdim=keepdim)


def mean(input, dim=None, keepdim=False, *, dtype=None):
    """The mean over dimensions, all unless given; NaN for no elements. Raises RuntimeError for integers."""
    require_tensor("mean", input=input)
    if dtype is not None:
        input = cast(input, dtypes.check(dtype))
    require_float("mean", input=input)
    dims = axes("mean", dim, input.array.ndim)
    return Sum.apply(input, dims=dims, keepdim=keepdim) / count(input.array.shape[i] for i in dims)


def var(input, dim=None, *, correction=1, keepdim=False, unbiased=None):
    """The variance over dimensions: squared distances from the mean over (n - correction).

    Args:
        correction: 1 for the unbiased estimate of a sample, 0 for the variance of a population.
        unbiased: PyTorch's older name: True is correction 1, False is 0.
    """
    require_float("var", input=input)
    if isinstance(dim, bool):  # var(unbiased)
        dim, unbiased = None, dim
    correction = correction if unbiased is None else int(unbiased)
    dims = axes("var", dim, input.array.ndim)
    n = count(input.array.shape[i] for i in dims)
    distance = input - mean(input, dims, keepdim=True) if dims else input - input
    divisor = max(n - correction, 0)
    total = Sum.apply(distance * distance, dims=dims, keepdim=keepdim)
    return total / divisor


def std(input, dim=None, *, correction=1, keepdim=False, unbiased=None):
    """The standard deviation: the square root of `var`, same arguments."""
    return var(input, dim, correction=correction, keepdim=keepdim, unbiased=unbiased).sqrt()


def _extreme(name, input, dim, keepdim, largest):
    require_tensor(name, input=input)
    dims = axes(name, dim, input.array.ndim)
    for i in dims:
        if input.array.shape[i] == 0:
            raise IndexError(f"{name}: dimension {i} of shape {input.array.shape} is empty and has no extreme")
    return Extreme.apply(input, dims=dims, keepdim=keepdim, largest=largest)


def amax(input, dim=(), keepdim=False):
    """The largest numbers over dimensions; equal ones share the gradient."""
    return _extreme("amax", input, dim, keepdim, True)


def amin(input, dim=(), keepdim=False):
    """The smallest numbers over dimensions; equal ones share the gradient."""
    return _extreme("amin", input, dim, keepdim, False)


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


def argmax(input, dim=None, keepdim=False):
    """Where the largest number is (the first of equal ones), int64; without dim in the flattened tensor."""
    return _arg("argmax", input, dim, keepdim, True)


def argmin(input, dim=None, keepdim=False):
    """Where the smallest number is (the first of equal ones), int64; without dim in the flattened tensor."""
    return _arg("argmin", input, dim, keepdim, False)


def _along(name, input, dim, keepdim, largest):
    indices = _arg(name, input, dim, True, largest)
    if input.array.ndim == 0:
        return ValuesIndices(input.clone(), indices.reshape(()))
    values = gather(input, dim, indices)
    return ValuesIndices(*((values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))))


def max(input, dim=None, keepdim=False):
    """The largest number of all; with a dim (values, indices) along it; with a second tensor `maximum`."""
    require_tensor("max", input=input)
    if hasattr(dim, "array"):
        return input.maximum(dim)
    if dim is None:
        _not_empty("max", input)
        return _extreme("max", input, None, False, True)
    return _along("max", input, dim, keepdim, True)


def min(input, dim=None, keepdim=False):
    """The smallest number of all; with a dim (values, indices) along it; with a second tensor `minimum`."""
    require_tensor("min", input=input)
    if hasattr(dim, "array"):
        return input.minimum(dim)
    if dim is None:
        _not_empty("min", input)
        return _extreme("min", input, None, False, False)
    return _along("min", input, dim, keepdim, False)


def _not_empty(name, input):
    if input.array.size == 0:
        raise RuntimeError(f"{name}: the tensor of shape {input.array.shape} is empty; give a dim")


def logsumexp(input, dim, keepdim=False):
    """log(sum(exp(x))) over dimensions, without overflow: the largest number is taken out first."""
    require_tensor("logsumexp", input=input)
    input = input if input.array.dtype.kind == "f" else cast(input, dtypes.get_default_dtype())
    dims = axes("logsumexp", dim, input.array.ndim)
    largest = amax(input.detach(), dims, keepdim=True)
    largest = largest.where(largest.isfinite(), 0.0)
    result = (input - largest).exp().sum(dims, keepdim=True).log() + largest
    return result if keepdim else reshape(result, [n for i, n in enumerate(input.array.shape) if i not in dims])


def all(input, dim=None, keepdim=False):
    """True where no number along the dimensions is zero or False."""
    require_tensor("all", input=input)
    return input._wrap((input.array != 0).all(axis=axes("all", dim, input.array.ndim), keepdims=keepdim))


def any(input, dim=None, keepdim=False):
    """True where some number along the dimensions is neither zero nor False."""
    require_tensor("any", input=input)
    return input._wrap((input.array != 0).any(axis=axes("any", dim, input.array.ndim), keepdims=keepdim))


def prod(input, dim=None, keepdim=False, *, dtype=None):
    """The product over one dimension, all unless given. Booleans and integers are multiplied as int64."""
    require_tensor("prod", input=input)
    wanted = dtypes.check(dtype) if dtype is not None else None
    if wanted is None and input.array.dtype.kind != "f":
        wanted = dtypes.int64
    input = input if wanted is None else cast(input, wanted)
    if dim is None:
        input, dim = reshape(input, -1), 0
    dim = axis("prod", dim, input.array.ndim)
    if input.array.ndim == 0:
        return input.clone()
    return Prod.apply(input, dim=dim, keepdim=keepdim)


class Prod(Function):
    """The gradient to x_i is the product of all the others, as products of what stands before and after."""

    @staticmethod
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
