"""Functions of one, two or three operands beyond arithmetic: erf, atan2, logaddexp, lerp and their like."""

import math

import numpy as np

from minitorch.autograd import Function, Variable
from minitorch.device import array_module
from minitorch.ops.arithmetic import add, check_divisor, mul
from minitorch.ops.comparison import elementwise, where
from minitorch.ops.operands import (
    as_number,
    cast,
    is_number,
    labelled,
    naming,
    pair,
    quiet,
    require_alike,
    require_tensor,
    shapes_text,
    to_float,
)
from minitorch.ops.unary import unary

# W. J. Cody, "Rational Chebyshev Approximations for the Error Function", Mathematics of Computation 23 (1969): for
# each range of |x| the coefficients of numerator and denominator, highest power first. Full double precision.
_SMALL = (  # erf(x) = x R(x^2) for |x| <= 0.46875
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (  # erfc(x) = exp(-x^2) R(x) for 0.46875 <= x <= 4
    (
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
        2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
    ),
)  # fmt: skip
_LARGE = (  # erfc(x) = exp(-x^2) / x (1 / sqrt(pi) - R(x^-2) / x^2) for x >= 4
    (
        1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
        1.60837851487422766e-2, 6.58749161529837803e-4,
    ),
    (
        1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)  # fmt: skip


def _ratio(x, coefficients):
    """One polynomial over another, both by Horner's rule; the numbers take the array's type."""
    values = []
    for row in coefficients:
        value = x.dtype.type(row[0]) * x
        for c in row[1:-1]:
            value = (value + x.dtype.type(c)) * x
        values.append(value + x.dtype.type(row[-1]))
    return values[0] / values[1]


@quiet
def _erfc_of_positive(x):
    """erfc for x >= 0.46875. (The argument's square is split, for exp magnifies its rounding error.)"""
    xp = array_module(x)
    x = xp.minimum(x, x.dtype.type(30.0))  # beyond, it is 0 in every type
    coarse = xp.trunc(x * 16) / 16
    decay = xp.exp(-coarse * coarse) * xp.exp(-(x - coarse) * (x + coarse))
    z = 1 / (x * x)
    tail = (x.dtype.type(1 / math.sqrt(math.pi)) - z * _ratio(z, _LARGE)) / x
    return decay * xp.where(x <= 4, _ratio(xp.minimum(x, x.dtype.type(4.0)), _MIDDLE), tail)


def _in_blocks(compute):
    """The function of an array, on pieces that stay in the cache; float16 is reckoned in float32."""

    @quiet
    def function(x):
        flat = np.ascontiguousarray(x).reshape(-1) if array_module(x) is np else x.reshape(-1)
        step = 16384 if array_module(x) is np else max(flat.size, 1)
        result = array_module(x).empty(flat.shape, x.dtype)
        for i in range(0, flat.size, step):
            part = flat[i : i + step]
            result[i : i + step] = compute(part.astype(np.float32) if x.dtype == np.float16 else part)
        return result.reshape(x.shape)

    return function


def _erf(x):
    xp = array_module(x)
    size = xp.abs(x)
    inner = xp.minimum(size, x.dtype.type(0.46875))
    small = size * _ratio(inner * inner, _SMALL)
    large = 1 - _erfc_of_positive(xp.maximum(size, x.dtype.type(0.46875)))
    return xp.copysign(xp.where(size <= 0.46875, small, large), x)


def _erfc(x):
    xp = array_module(x)
    size = xp.abs(x)
    inner = xp.minimum(size, x.dtype.type(0.46875))
    tail = _erfc_of_positive(xp.maximum(size, x.dtype.type(0.46875)))
    return xp.where(size <= 0.46875, 1 - x * _ratio(inner * inner, _SMALL), xp.where(x < 0, 2 - tail, tail))


def _bell(x):
    """2 / sqrt(pi) exp(-x^2), the derivative of erf."""
    return (2 / math.sqrt(math.pi)) * (-x * x).exp()


erf_array, erfc_array = _in_blocks(_erf), _in_blocks(_erfc)
erf = unary("erf", erf_array, lambda x: _bell(x), "2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.")
erfc = unary("erfc", erfc_array, lambda x: -_bell(x), "1 - erf(x), exact also where it is tiny.")


class Atan2(Function):
    """The angle of the point (b, a); its derivative at the origin is taken as 0."""

    @staticmethod
    @quiet
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.arctan2(a, b)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        square = a * a + b * b
        share = where(square == 0, 0.0, grad / square)
        return share * b, -share * a


def atan2(input, other):
    """The angle in (-pi, pi] of the points with y = input and x = other; integers become floating point."""
    require_tensor("atan2", input=input, other=other)
    a, b = pair("atan2", input, other)
    return elementwise("atan2", Atan2, *(to_float(x) if isinstance(x, Variable) else x for x in (a, b)))


class LogAddExp(Function):
    """log(exp(a) + exp(b)); each gets its share of the sum, sigmoid(a - b) and sigmoid(b - a)."""

    label = "LogaddexpBackward0"

    @staticmethod
    @quiet
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.logaddexp(a, b)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        return grad * (a - b).sigmoid(), grad * (b - a).sigmoid()


def logaddexp(input, other):
    """log(exp(input) + exp(other)) without overflow. Raises RuntimeError for integers."""
    return _of_floats("logaddexp", LogAddExp, input, other)


def _of_floats(name, function, input, other):
    """A binary operation that integers do not have."""
    require_tensor(name, input=input, other=other)
    a, b = pair(name, input, other)
    dtype = (a if isinstance(a, Variable) else b).array.dtype
    if dtype.kind != "f":
        raise RuntimeError(f"{name}: not defined for {dtype}; use .float()")
    return elementwise(name, function, a, b)


class Hypot(Function):
    """sqrt(a^2 + b^2) without overflow; its derivative at the origin is NaN."""

    @staticmethod
    @quiet
    def forward(ctx, a, b):
        y = np.hypot(a, b)
        ctx.save_for_backward(a, b, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        a, b, y = ctx.saved_tensors
        return grad * (a / y), grad * (b / y)


def hypot(input, other):
    """sqrt(input^2 + other^2), the length of the hypotenuse, without overflow. Raises RuntimeError for integers."""
    return _of_floats("hypot", Hypot, input, other)


class Fmod(Function):
    """a - b trunc(a / b): the remainder with the sign of a."""

    @staticmethod
    @quiet
    def forward(ctx, a, b):
        ctx.save_for_backward(*((a, b) if ctx.needs_input_grad[1] else (None, None)))
        return np.fmod(a, b)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        to_a, to_b = ctx.needs_input_grad
        return (grad if to_a else None), (-grad * (a / b).trunc() if to_b else None)


def fmod(input, other):
    """The remainder of the division with the sign of `input`, as C's fmod.

    Raises:
        RuntimeError: integers divided by 0.
    """
    require_tensor("fmod", input=input)
    a, b = pair("fmod", input, other)
    check_divisor("fmod", a, b)
    return elementwise("fmod", Fmod, a, b)


class Lerp(Function):
    """a + w (b - a), for w above 1/2 reckoned from b, so that w = 1 gives b exactly."""

    @staticmethod
    @quiet
    def forward(ctx, a, b, weight):
        to_weight = ctx.needs_input_grad[2]
        ctx.save_for_backward(a if to_weight else None, b if to_weight else None, weight)
        way = b - a
        result = array_module(a).where(abs(weight) < 0.5, a + weight * way, b - (1 - weight) * way)
        return result.astype(a.dtype, copy=False)  # NumPy 1 widens 0-dimensional arrays

    @staticmethod
    def backward(ctx, grad):
        a, b, weight = ctx.saved_tensors
        to_a, to_b, to_weight = ctx.needs_input_grad
        return (
            grad * (1 - weight) if to_a else None,
            grad * weight if to_b else None,
            grad * (b - a) if to_weight else None,
        )


def lerp(input, end, weight):
    """input + weight * (end - input): from `input` at weight 0 to `end` at weight 1.

    Args:
        weight: a number or a tensor; all tensors are floating point of one type and broadcast.
    """
    require_alike("lerp", input=input, end=end)
    if input.array.dtype.kind != "f":
        raise RuntimeError(f"lerp: not defined for {input.array.dtype}; use .float()")
    if not isinstance(weight, Variable):
        weight = as_number("lerp", weight, input.array.dtype)
    elif weight.array.ndim:
        require_alike("lerp", input=input, weight=weight)
    else:
        weight = cast(weight, input.array.dtype)
    try:
        return Lerp.apply(input, end, weight)
    except ValueError as error:
        raise RuntimeError(f"lerp: shapes {shapes_text(input, end, weight)} do not broadcast") from error


@naming("addcmul")
def addcmul(input, tensor1, tensor2, *, value=1):
    """input + value * tensor1 * tensor2, with broadcasting."""
    require_tensor("addcmul", input=input, tensor1=tensor1, tensor2=tensor2)
    if all(x.array.dtype.kind == "b" for x in (input, tensor1, tensor2)):
        raise RuntimeError("addcmul: not defined for booleans")
    return labelled("AddcmulBackward0", add(input, _times("addcmul", mul(tensor1, tensor2), value, input)))


@naming("addcdiv")
def addcdiv(input, tensor1, tensor2, *, value=1):
    """input + value * tensor1 / tensor2, with broadcasting. Raises RuntimeError for integers alone."""
    require_tensor("addcdiv", input=input, tensor1=tensor1, tensor2=tensor2)
    if tensor1.array.dtype.kind != "f" and tensor2.array.dtype.kind != "f":
        raise RuntimeError(
            f"addcdiv: integers are not divided, got {tensor1.array.dtype} and {tensor2.array.dtype}; use .float()"
        )
    return labelled("AddcdivBackward0", add(input, _times("addcdiv", tensor1 / tensor2, value, input)))


def _times(name, product, value, input):
    if not is_number(value):
        raise TypeError(f"{name}: value must be a number, got {type(value).__name__}")
    if isinstance(value, (float, np.floating)) and product.array.dtype.kind != "f" and input.array.dtype.kind != "f":
        raise RuntimeError(f"{name}: value must be an integer for tensors of {input.array.dtype}, got {value!r}")
    return product if value == 1 else mul(product, value)


def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    """NaN and infinities replaced by numbers.

    Args:
        nan, posinf, neginf: what replaces them; for infinities the type's largest and smallest unless given.
    """
    require_tensor("nan_to_num", input=input)
    dtype = input.array.dtype
    if dtype.kind != "f":
        return input.clone()
    limits = np.finfo(dtype)
    nan, posinf, neginf = (
        as_number("nan_to_num", default if given is None else given, dtype)
        for given, default in ((nan, 0.0), (posinf, limits.max), (neginf, limits.min))
    )
    result = where(input.isnan(), nan, input)
    result = where(input == math.inf, posinf, result)
    return where(input == -math.inf, neginf, result)
