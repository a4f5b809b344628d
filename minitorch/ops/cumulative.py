"""Running products, and differences of neighbours. (Running sums stand with the sums, in reduction.py.)"""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function
from minitorch.ops.arguments import arguments
from minitorch.ops.arithmetic import sub
from minitorch.ops.comparison import logical_xor
from minitorch.ops.joining import cat, narrow
from minitorch.ops.operands import axis, cast, naming, require_tensor


class CumProd(Function):
    """y_j = x_1 ... x_j. The gradient of x_k is (x_1 ... x_{k-1}) r_k with r_k = g_k + x_{k+1} r_{k+1}.

    Nothing is divided, so that zeros among the numbers need no special case.
    """

    label = "CumprodBackward0"

    @staticmethod
    def forward(ctx, x, dim):
        ctx.save_for_backward(x)
        ctx.dim = dim
        return x.cumprod(axis=dim, dtype=x.dtype)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        dim, n = ctx.dim, x.array.shape[ctx.dim]
        if not n:
            return (grad,)
        one = narrow(x, dim, 0, 1).detach() * 0 + 1
        before = cat([one, narrow(CumProd.apply(x, dim=dim), dim, 0, n - 1)], dim)
        factor = cat([narrow(x, dim, 1, n - 1), one], dim)
        return before * _recurrence(factor, grad, dim)


def _recurrence(factor, r, dim):
    """r_k = g_k + factor_k r_{k+1} for all k, in log2(n) steps: each joins spans of twice the length."""
    n, step = r.array.shape[dim], 1
    while step < n:
        kept = n - step
        ahead = [narrow(v, dim, step, kept) for v in (factor, r)]
        here = [narrow(v, dim, 0, kept) for v in (factor, r)]
        last = [narrow(v, dim, kept, step) for v in (factor, r)]  # their spans already reach the end
        r = cat([here[1] + here[0] * ahead[1], last[1]], dim)
        factor = cat([here[0] * ahead[0], last[0]], dim)
        step *= 2
    return r


@arguments(axis="dim")
def cumprod(input, dim, *, dtype=None):
    """Running products along a dimension. Booleans and integers are multiplied as int64."""
    require_tensor("cumprod", input=input)
    dim = axis("cumprod", dim, input.array.ndim)
    if dtype is None:
        dtype = input.array.dtype if input.array.dtype.kind == "f" else dtypes.int64
    input = cast(input, dtypes.check(dtype))
    return CumProd.apply(input, dim=dim) if input.array.ndim else input.clone()


@naming("diff")
def diff(input, n=1, dim=-1, prepend=None, append=None):
    """Differences of neighbours along a dimension, taken `n` times; of booleans whether they differ.

    Args:
        prepend, append: tensors to set before and after the input first.
    """
    require_tensor("diff", input=input)
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"diff: n must be an integer, got {n!r}")
    if n < 0:
        raise RuntimeError(f"diff: n must not be negative, got {n}")
    if not input.array.ndim:
        raise RuntimeError("diff: the input must have at least one dimension, got shape ()")
    dim = axis("diff", dim, input.array.ndim)
    parts = [x for x in (prepend, input, append) if x is not None]
    input = cat(parts, dim) if len(parts) > 1 else input
    minus = logical_xor if input.array.dtype.kind == "b" else sub
    for _ in range(min(n, input.array.shape[dim])):
        length = input.array.shape[dim] - 1
        input = minus(narrow(input, dim, 1, length), narrow(input, dim, 0, length))
    return input if n else input.clone()
