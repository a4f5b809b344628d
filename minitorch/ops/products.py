"""Products of tensors beyond the plain matrix product: sums of products, tensordot, cross."""

import numpy as np

from minitorch.autograd import Variable
from minitorch.ops.arithmetic import add, mul
from minitorch.ops.arrange import diagonal
from minitorch.ops.joining import roll
from minitorch.ops.linear_algebra import bmm, matmul, mm, mv, outer
from minitorch.ops.operands import as_number, axes, axis, count, labelled, naming, require_alike, require_tensor
from minitorch.ops.reduction import sum
from minitorch.ops.shape import broadcast_tensors, permute, reshape


def _plus_product(name, input, product, beta, alpha, **factors):
    """beta * input + alpha * product, the input expanded to the product; beta 0 drops the input, NaN and all."""
    require_alike(name, input=input, **factors)
    dtype = input.array.dtype
    beta, alpha = as_number(name, beta, dtype), as_number(name, alpha, dtype)  # for integers cut to whole numbers
    result = product(*factors.values())
    shape = result.array.shape
    if input.array.ndim > len(shape) or any(n not in (1, m) for n, m in zip(input.array.shape[::-1], shape[::-1])):
        raise RuntimeError(f"{name}: input of shape {input.array.shape} does not expand to the product's shape {shape}")
    result = result if alpha == 1 else mul(result, alpha)
    if beta != 0:
        result = add(input if beta == 1 else mul(input, beta), result)
    return labelled(f"{name.capitalize()}Backward0", result)


@naming("addmm")
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """beta * input + alpha * (mat1 @ mat2): matrices (n, k) and (k, m), the input expands to (n, m)."""
    return _plus_product("addmm", input, mm, beta, alpha, mat1=mat1, mat2=mat2)


@naming("addmv")
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """beta * input + alpha * (mat @ vec): a matrix (n, k) and a vector (k,), the input expands to (n,)."""
    return _plus_product("addmv", input, mv, beta, alpha, mat=mat, vec=vec)


@naming("addr")
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    """beta * input + alpha * outer(vec1, vec2): vectors (n,) and (m,), the input expands to (n, m)."""
    return _plus_product("addr", input, outer, beta, alpha, vec1=vec1, vec2=vec2)


@naming("baddbmm")
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta * input + alpha * (batch1 @ batch2): (b, n, k) and (b, k, m), the input expands to (b, n, m)."""
    return _plus_product("baddbmm", input, bmm, beta, alpha, batch1=batch1, batch2=batch2)


@naming("tensordot")
def tensordot(a, b, dims=2):
    """The sum of products over some dimensions of both: those of `a` that remain come first in the result.

    Args:
        dims: how many last dimensions of `a` meet the first of `b`; or two lists, dimensions of `a` and of `b`.

    Raises:
        RuntimeError: sizes of dimensions that meet differ.
    """
    require_alike("tensordot", a=a, b=b)
    dims = dims.array.tolist() if isinstance(dims, Variable) else dims
    if isinstance(dims, (int, np.integer)) and not isinstance(dims, bool):
        if dims < 0 or dims > min(a.array.ndim, b.array.ndim):
            raise RuntimeError(
                f"tensordot: dims {dims} must be from 0 to the number of dimensions of shapes {a.array.shape} and "
                f"{b.array.shape}"
            )
        dims = (list(range(a.array.ndim - dims, a.array.ndim)), list(range(dims)))
    if not isinstance(dims, (tuple, list)) or len(dims) != 2:
        raise RuntimeError(f"tensordot: dims must be an integer or two lists of dimensions, got {dims!r}")
    of_a, of_b = (() if d in ((), []) else axes("tensordot", d, x.array.ndim) for d, x in zip(dims, (a, b)))
    if len(of_a) != len(of_b):
        raise RuntimeError(f"tensordot: dims must be two lists of one length, got {dims!r}")
    pairs = [(a.array.shape[i], b.array.shape[j]) for i, j in zip(of_a, of_b)]
    if any(n != m and 1 not in (n, m) for n, m in pairs):
        raise RuntimeError(
            f"tensordot: dimensions {list(of_a)} of shape {a.array.shape} and {list(of_b)} of shape {b.array.shape} "
            "must have equal sizes"
        )
    short_a, short_b = ([d for d, pair in zip(of, pairs) if min(pair) < max(pair)] for of in (of_a, of_b))
    if short_a:  # a size of 1 meets any other: that one is summed first
        a, b = sum(a, short_a, True, dtype=a.array.dtype), sum(b, short_b, True, dtype=b.array.dtype)
    rest_a = [d for d in range(a.array.ndim) if d not in of_a]
    rest_b = [d for d in range(b.array.ndim) if d not in of_b]
    shape_a, shape_b = [a.array.shape[d] for d in rest_a], [b.array.shape[d] for d in rest_b]
    n, k, m = (count(s) for s in (shape_a, [a.array.shape[d] for d in of_a], shape_b))
    left = reshape(permute(a, [*rest_a, *of_a]), (n, k))
    return reshape(matmul(left, reshape(permute(b, [*of_b, *rest_b]), (k, m))), (*shape_a, *shape_b))


@naming("cross")
def cross(input, other, dim=None):
    """The cross product of vectors of 3 numbers that lie along `dim`; the other dimensions broadcast.

    Args:
        dim: unless given, the first dimension of size 3.
    """
    require_alike("cross", input=input, other=other)
    if input.array.ndim != other.array.ndim:
        raise RuntimeError(
            f"cross: both tensors must have equally many dimensions, got shapes {input.array.shape} and "
            f"{other.array.shape}"
        )
    if input.array.dtype.kind == "b":
        raise RuntimeError("cross: not defined for booleans")
    if dim is None:
        found = [d for d, n in enumerate(input.array.shape) if n == 3]
        if not found:
            raise RuntimeError(f"cross: shape {input.array.shape} has no dimension of size 3")
        dim = found[0]
    dim = axis("cross", dim, input.array.ndim)
    for x in (input, other):
        if x.array.shape[dim : dim + 1] != (3,):
            raise RuntimeError(f"cross: dimension {dim} of shape {x.array.shape} must have size 3")
    a, b = broadcast_tensors(input, other)
    return roll(a, -1, dim) * roll(b, -2, dim) - roll(a, -2, dim) * roll(b, -1, dim)


def trace(input):
    """The sum of the diagonal of a matrix; integers are summed as int64."""
    require_tensor("trace", input=input)
    if input.array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, got shape {input.array.shape}")
    if input.array.dtype.kind == "b":
        raise RuntimeError("trace: not defined for booleans; use .int()")
    return labelled("TraceBackward0", sum(diagonal(input)))
