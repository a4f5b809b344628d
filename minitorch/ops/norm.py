"""Norms of vectors and matrices."""

import math

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function
from minitorch.device import array_module
from minitorch.ops.arguments import REDUCTION, arguments
from minitorch.ops.comparison import where
from minitorch.ops.linear_algebra import matmul
from minitorch.ops.operands import axes, cast, is_number, labelled, naming, quiet, require_float, require_tensor
from minitorch.ops.reduction import amax, amin, sum
from minitorch.ops.shape import movedim, reshape, transpose


class PNorm(Function):
    """y = (sum |x|^p)^(1/p); dx = x |x|^(p-2) / y^(p-1) g, and 0 at zeros of x and of y."""

    label = "LinalgVectorNormBackward0"

    @staticmethod
    @quiet
    def forward(ctx, x, p, dims, keepdim):
        ctx.p, ctx.kept = p, tuple(1 if i in dims else n for i, n in enumerate(x.shape))
        ctx.shape = x.shape
        if p == 0:
            y = (x != 0).sum(axis=dims, keepdims=keepdim)
        elif p == 1:
            y = np.abs(x).sum(axis=dims, keepdims=keepdim)
        elif p == 2:
            y = np.sqrt((x * x).sum(axis=dims, keepdims=keepdim))
        else:
            y = (np.abs(x) ** p).sum(axis=dims, keepdims=keepdim) ** (1 / p)
        y = array_module(x).asarray(y, dtype=x.dtype)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        p, grad, y = ctx.p, reshape(grad, ctx.kept), reshape(y, ctx.kept)
        if p == 0:
            return grad.new_zeros(ctx.shape)
        if p == 1:
            return (x.sign() * grad,)
        if p == 2:
            return (x * where(y == 0, 0.0, grad / y),)
        size = where(x == 0, 1.0, x.abs())  # where x is 0 nothing may become infinite, in second derivatives either
        slope = where(x == 0, 0.0, x.sign() * size ** (p - 1))
        return (slope * where(y == 0, 0.0, grad / where(y == 0, 1.0, y) ** (p - 1)),)


class SVD(Function):
    """A = U S V^T for matrices (..., n, m). The gradient is that of J. Townsend, "Differentiating the SVD" (2016)."""

    @staticmethod
    def forward(ctx, a):
        u, s, vt = array_module(a).linalg.svd(a, full_matrices=False)
        ctx.save_for_backward(u, s, vt)
        return u, s, vt

    @staticmethod
    def backward(ctx, grad_u, grad_s, grad_vt):
        u, s, vt = ctx.saved_tensors
        row, column = s.unsqueeze(-2), s.unsqueeze(-1)
        eye = u._wrap(array_module(s.array).eye(s.array.shape[-1], dtype=bool))
        gap = where(eye, 1.0, row * row - column * column)
        ut, v = transpose(u, -2, -1), transpose(vt, -2, -1)
        grad_v = transpose(grad_vt, -2, -1)
        in_u, in_v = matmul(ut, grad_u), matmul(vt, grad_v)
        turn_u, turn_v = (in_u - transpose(in_u, -2, -1)) / gap, (in_v - transpose(in_v, -2, -1)) / gap
        middle = turn_u * row + column * turn_v + where(eye, grad_s.unsqueeze(-1), 0.0)
        result = matmul(matmul(u, middle), vt)
        if u.array.shape[-2] > u.array.shape[-1]:  # what leaves the space that U spans
            result = result + matmul((grad_u - matmul(u, in_u)) / row, vt)
        if vt.array.shape[-1] > vt.array.shape[-2]:
            result = result + matmul(u, transpose((grad_v - matmul(v, in_v)) / row, -2, -1))
        return result


@arguments(**REDUCTION)
def norm(input, p="fro", dim=None, keepdim=False, *, dtype=None):
    """The p-norm of all numbers, or along dimensions; of matrices also the nuclear norm.

    Args:
        p: a number: (sum |x|^p)^(1/p), with inf the largest, -inf the smallest |x|, 0 the number of nonzeros;
            ``"fro"``: the square root of the sum of squares; ``"nuc"``: the sum of the singular values.
        dim: an integer or a tuple; for "nuc" the two dimensions of the matrices. All unless given.

    Raises:
        RuntimeError: integers, or another p.
    """
    require_tensor("norm", input=input)
    if dtype is not None:
        input = cast(input, dtypes.check(dtype))
    require_float("norm", input=input)
    if p == "nuc":
        return _nuclear(input, dim, keepdim)
    dims = axes("norm", dim, input.array.ndim)
    if p is None or (isinstance(p, str) and p == "fro"):
        p = 2.0
    if isinstance(p, str) or not is_number(p) or isinstance(p, bool):
        raise RuntimeError(f"norm: p must be a number, 'fro' or 'nuc', got {p!r}")
    p = float(p)
    if math.isinf(p):
        return (amax if p > 0 else amin)(input.abs(), dims, keepdim) if dims else input.abs()
    if p < 0 and any(input.array.shape[d] == 0 for d in dims):
        raise RuntimeError(f"norm: the {p} norm of no numbers is not defined, got shape {input.array.shape}")
    return PNorm.apply(input, p=p, dims=dims, keepdim=bool(keepdim))


def _nuclear(input, dim, keepdim):
    ndim = input.array.ndim
    dims = axes("norm", (-2, -1) if dim is None and ndim == 2 else dim, ndim)
    if len(dims) != 2:
        raise RuntimeError(f"norm: 'nuc' needs a matrix or two dimensions, got shape {input.array.shape}, dim {dim}")
    result = sum(SVD.apply(movedim(input, dims, (-2, -1)))[1], -1)
    return reshape(result, [1 if i in dims else n for i, n in enumerate(input.array.shape)]) if keepdim else result


@naming("dist")
def dist(input, other, p=2):
    """The p-norm of the difference of two tensors, which broadcast."""
    require_tensor("dist", input=input, other=other)
    return labelled("DistBackward0", norm(input - other, p))
