"""The operations as methods of a tensor: a name for each function of `minitorch.ops`, and Python's operators."""

import functools

from minitorch import ops
from minitorch.autograd import Variable, become, become_view
from minitorch.ops.operands import pair


def _in_place(operation, take=become):
    """The method that puts the result of an operation into the tensor itself, under the version counter.

    Args:
        take: `become` takes over numbers of the same shape, `become_view` another shape of the same numbers.
    """

    name = f"{operation.__name__}_"

    @functools.wraps(operation)
    def method(self, *args, **kwargs):
        return take(self, operation(self, *args, **kwargs), name)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"`{operation.__name__}`, in place: {operation.__doc__}"
    return method


def _comparable(operation):
    """== or != : what is no number and no tensor is left to Python, so that ``x == None`` is False."""

    def method(self, other):
        if not isinstance(other, Variable) and not ops.is_number(other) and not hasattr(other, "dtype"):
            return NotImplemented
        return operation(self, other)

    method.__name__ = method.__qualname__ = f"__{operation.__name__}__"
    method.__doc__ = operation.__doc__
    return method


def _matmul(self, other):
    """The matrix product; an array stands for a tensor."""
    return ops.matmul(*(pair("matmul", self, other) if isinstance(other, type(self.array)) else (self, other)))


def _rmatmul(self, other):
    """other @ self, for an array `other`."""
    return ops.matmul(*(pair("matmul", other, self) if isinstance(other, type(self.array)) else (other, self)))


class Operations:
    """What `Tensor` inherits: each method is the function of `minitorch.ops` with the tensor as first argument."""

    from minitorch.ops import (
        abs, absolute, add, addcdiv, addcmul, addmm, addmv, addr, all, allclose, amax, amin, any, argmax, argmin,
        argsort, argwhere, atan2, baddbmm, bitwise_and, bitwise_not, bitwise_or, bitwise_xor, bmm, broadcast_to, ceil,
        chunk, clamp, clamp_max, clamp_min, clip, clone, contiguous, cos, cosh, count_nonzero, cross, cumprod, cumsum,
        diag, diag_embed, diagonal, diff, dist, div, divide, dot, eq, equal, erf, erfc, exp, expand, expand_as, expm1,
        flatten, flip, floor, floor_divide, fmod, gather, ge, greater, greater_equal, gt, hypot, index_add, index_copy,
        index_fill, index_put, index_select, is_contiguous, isclose, isfinite, isinf, isnan, le, lerp, less, less_equal,
        log, log10, log1p, log2, log_softmax, logaddexp, logical_and, logical_not, logical_or, logical_xor, logsumexp,
        lt, masked_fill, masked_select, matmul, max, maximum, mean, median, min, minimum, mm, moveaxis, movedim, mul,
        multiply, mv, nan_to_num, narrow, ne, neg, negative, nonzero, norm, not_equal, outer, permute, positive, pow,
        prelu, prod, ravel, reciprocal, relu, remainder, repeat, repeat_interleave, reshape, reshape_as, roll, round,
        rsqrt, scatter, scatter_add, select, sigmoid, sign, sin, sinh, softmax, sort, split, split_with_sizes, sqrt,
        square, squeeze, std, sub, subtract, sum, sum_to_size, swapaxes, swapdims, t, take_along_dim, tan, tanh,
        tensor_split, tile, topk, trace, transpose, tril, triu, true_divide, trunc, unbind, unflatten, unique,
        unsqueeze, var, view, view_as,
    )

    __add__ = __radd__ = ops.add
    __sub__, __rsub__ = ops.sub, ops.rsub
    __mul__ = __rmul__ = ops.mul
    __truediv__, __rtruediv__ = ops.div, ops.rdiv
    __floordiv__, __rfloordiv__ = ops.floor_divide, ops.rfloor_divide
    __mod__, __rmod__ = ops.remainder, ops.rremainder
    __pow__, __rpow__ = ops.pow, ops.rpow
    __matmul__, __rmatmul__ = _matmul, _rmatmul
    __pos__, __neg__, __abs__, __invert__ = ops.positive, ops.neg, ops.abs, ops.bitwise_not
    __eq__, __ne__ = _comparable(ops.eq), _comparable(ops.ne)
    __lt__, __le__, __gt__, __ge__ = ops.lt, ops.le, ops.gt, ops.ge
    __and__, __or__, __xor__ = ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor
    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__
    __getitem__, __setitem__ = ops.getitem, ops.setitem

    abs_ = _in_place(abs)
    absolute_ = _in_place(absolute)
    add_ = _in_place(add)
    addcdiv_ = _in_place(addcdiv)
    addcmul_ = _in_place(addcmul)
    addmm_ = _in_place(addmm)
    addmv_ = _in_place(addmv)
    addr_ = _in_place(addr)
    atan2_ = _in_place(atan2)
    baddbmm_ = _in_place(baddbmm)
    bitwise_and_ = _in_place(bitwise_and)
    bitwise_not_ = _in_place(bitwise_not)
    bitwise_or_ = _in_place(bitwise_or)
    bitwise_xor_ = _in_place(bitwise_xor)
    ceil_ = _in_place(ceil)
    clamp_ = _in_place(clamp)
    clamp_max_ = _in_place(clamp_max)
    clamp_min_ = _in_place(clamp_min)
    clip_ = _in_place(clip)
    cos_ = _in_place(cos)
    cosh_ = _in_place(cosh)
    cumprod_ = _in_place(cumprod)
    cumsum_ = _in_place(cumsum)
    div_ = _in_place(div)
    divide_ = _in_place(divide)
    eq_ = _in_place(eq)
    erf_ = _in_place(erf)
    erfc_ = _in_place(erfc)
    exp_ = _in_place(exp)
    expm1_ = _in_place(expm1)
    floor_ = _in_place(floor)
    floor_divide_ = _in_place(floor_divide)
    fmod_ = _in_place(fmod)
    ge_ = _in_place(ge)
    greater_ = _in_place(greater)
    greater_equal_ = _in_place(greater_equal)
    gt_ = _in_place(gt)
    hypot_ = _in_place(hypot)
    index_add_ = _in_place(index_add)
    index_copy_ = _in_place(index_copy)
    index_fill_ = _in_place(index_fill)
    index_put_ = _in_place(index_put)
    le_ = _in_place(le)
    lerp_ = _in_place(lerp)
    less_ = _in_place(less)
    less_equal_ = _in_place(less_equal)
    log_ = _in_place(log)
    log10_ = _in_place(log10)
    log1p_ = _in_place(log1p)
    log2_ = _in_place(log2)
    logical_and_ = _in_place(logical_and)
    logical_not_ = _in_place(logical_not)
    logical_or_ = _in_place(logical_or)
    logical_xor_ = _in_place(logical_xor)
    lt_ = _in_place(lt)
    masked_fill_ = _in_place(masked_fill)
    mul_ = _in_place(mul)
    multiply_ = _in_place(multiply)
    nan_to_num_ = _in_place(nan_to_num)
    ne_ = _in_place(ne)
    neg_ = _in_place(neg)
    negative_ = _in_place(negative)
    not_equal_ = _in_place(not_equal)
    pow_ = _in_place(pow)
    reciprocal_ = _in_place(reciprocal)
    relu_ = _in_place(relu)
    remainder_ = _in_place(remainder)
    round_ = _in_place(round)
    rsqrt_ = _in_place(rsqrt)
    scatter_ = _in_place(scatter)
    scatter_add_ = _in_place(scatter_add)
    sigmoid_ = _in_place(sigmoid)
    sign_ = _in_place(sign)
    sin_ = _in_place(sin)
    sinh_ = _in_place(sinh)
    sqrt_ = _in_place(sqrt)
    square_ = _in_place(square)
    sub_ = _in_place(sub)
    subtract_ = _in_place(subtract)
    tan_ = _in_place(tan)
    tanh_ = _in_place(tanh)
    tril_ = _in_place(tril)
    triu_ = _in_place(triu)
    true_divide_ = _in_place(true_divide)
    trunc_ = _in_place(trunc)

    squeeze_, unsqueeze_ = _in_place(squeeze, become_view), _in_place(unsqueeze, become_view)
    swapaxes_, swapdims_ = _in_place(swapaxes, become_view), _in_place(swapdims, become_view)
    t_, transpose_ = _in_place(t, become_view), _in_place(transpose, become_view)

    __iadd__, __isub__, __imul__, __itruediv__, __ipow__ = add_, sub_, mul_, div_, pow_
    __ifloordiv__, __imod__ = floor_divide_, remainder_
    __iand__, __ior__, __ixor__ = bitwise_and_, bitwise_or_, bitwise_xor_
