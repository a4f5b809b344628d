"""Arithmetic on two operands, number by number.

Operands follow PyTorch's rules: broadcasting (undone by the backward walk), type promotion, numbers on either side.
"""

import numpy as np

from minitorch.autograd import Function, Variable
from minitorch.device import array_module
from minitorch.kernels import backend
from minitorch.ops.comparison import elementwise, where, without_derivative
from minitorch.ops.operands import as_number, is_number, labelled, pair, quiet, to_float


class Add(Function):
    """a + b."""

    @staticmethod
    def forward(ctx, a, b):
        return backend(a).add(a, b)

    @staticmethod
    def backward(ctx, grad):
        return grad, grad


class Sub(Function):
    """a - b."""

    @staticmethod
    def forward(ctx, a, b):
        return a - b

    @staticmethod
    def backward(ctx, grad):
        return grad, (-grad if ctx.needs_input_grad[1] else None)


class Mul(Function):
    """a b: the gradient of each is the other."""

    @staticmethod
    def forward(ctx, a, b):
        to_a, to_b = ctx.needs_input_grad
        ctx.save_for_backward(a if to_b else None, b if to_a else None)  # what is not needed may be overwritten
        return a * b

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        to_a, to_b = ctx.needs_input_grad
        return (grad * b if to_a else None), (grad * a if to_b else None)


class Div(Function):
    """a / b; with respect to b it is -a / b^2."""

    @staticmethod
    @quiet
    def forward(ctx, a, b):
        ctx.save_for_backward(a if ctx.needs_input_grad[1] else None, b)
        return a / b

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        to_a, to_b = ctx.needs_input_grad
        return (grad / b if to_a else None), (-grad * (a / b) / b if to_b else None)


class Pow(Function):
    """a**b; with respect to a it is b a**(b-1), with respect to b it is a**b log a (0 where a is 0)."""

    @staticmethod
    @quiet
    def forward(ctx, a, b):
        result = _power(a, b)
        a, b = (x.item() if isinstance(x, np.generic) else x for x in (a, b))  # numbers are on no device
        ctx.save_for_backward(a, b, result if ctx.needs_input_grad[1] else None)
        return result

    @staticmethod
    def backward(ctx, grad):
        a, b, result = ctx.saved_tensors
        to_a = to_b = None
        if ctx.needs_input_grad[0]:
            if isinstance(b, Variable):
                to_a = where(b == 0, 0.0, grad * (b * a ** (b - 1)))
            else:
                to_a = grad.new_zeros(grad.array.shape) if b == 0 else grad * (b * a ** (b - 1))
        if ctx.needs_input_grad[1]:
            a = a if isinstance(a, Variable) else grad.new_zeros(()) + a
            to_b = grad * where((a == 0) & (b >= 0), 0.0, result * a.log())
        return to_a, to_b


def _power(a, b):
    """np.power, and for integers to negative powers the true value rounded towards 0: 1, -1 or 0."""
    if getattr(b, "dtype", None) is None or b.dtype.kind != "i" or not (b < 0).any():
        return np.power(a, b)
    xp = array_module(b)
    whole = xp.where(a == 1, 1, xp.where(a == -1, 1 - 2 * (b % 2), 0))
    return xp.where(b < 0, whole, np.power(a, xp.maximum(b, 0))).astype(b.dtype)


class Remainder(Function):
    """a - b floor(a / b): the remainder with the sign of b."""

    @staticmethod
    @quiet
    def forward(ctx, a, b):
        ctx.save_for_backward(*((a, b) if ctx.needs_input_grad[1] else (None, None)))
        return np.remainder(a, b)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        return grad, (-grad * floor_divide(a, b) if ctx.needs_input_grad[1] else None)


def add(input, other, *, alpha=1):
    """input + alpha * other."""
    a, b = pair("add", input, other)
    return elementwise("add", Add, a, b if type(alpha) is int and alpha == 1 else _scaled("add", a, b, alpha))


def sub(input, other, *, alpha=1):
    """input - alpha * other. Raises RuntimeError for booleans: use ^ or logical_not."""
    for x in (input, other):
        if isinstance(x, (bool, np.bool_)) or (isinstance(x, Variable) and x.array.dtype.kind == "b"):
            raise RuntimeError("sub: subtraction of booleans is not defined; use ^, ~ or logical_not")
    a, b = pair("sub", input, other)
    return elementwise("sub", Sub, a, b if type(alpha) is int and alpha == 1 else _scaled("sub", a, b, alpha))


def _scaled(name, a, b, alpha):
    dtype = (a if isinstance(a, Variable) else b).array.dtype
    if not is_number(alpha):
        raise TypeError(f"{name}: alpha must be a number, got {type(alpha).__name__}")
    if isinstance(alpha, (bool, np.bool_)) and dtype.kind != "b":
        raise RuntimeError(f"{name}: alpha must be a number other than True and False for tensors of {dtype}")
    if dtype.kind != "f" and isinstance(alpha, (float, np.floating)):
        raise RuntimeError(f"{name}: alpha must be an integer for tensors of {dtype}, got {alpha!r}")
    return b * as_number(name, alpha, dtype)


def rsub(input, other):
    """other - input."""
    return labelled("RsubBackward1", sub(other, input))


def mul(input, other):
    """input * other."""
    return elementwise("mul", Mul, *pair("mul", input, other))


def div(input, other, *, rounding_mode=None):
    """input / other; integers give the default floating-point type.

    Args:
        rounding_mode: None, ``"floor"`` (towards minus infinity) or ``"trunc"`` (towards zero); these keep the type.

    Raises:
        RuntimeError: integers divided by 0 with a rounding mode.
    """
    if rounding_mode is None:
        if isinstance(input, Variable) and isinstance(other, Variable):
            input, other = pair("div", input, other)
        a, b = (to_float(x) if isinstance(x, Variable) else x for x in (input, other))
        return elementwise("div", Div, *pair("div", a, b))
    a, b = pair("div", input, other)
    if rounding_mode == "floor":
        return floor_divide(a, b)
    if rounding_mode != "trunc":
        raise RuntimeError(f"div: rounding_mode must be None, 'floor' or 'trunc', got {rounding_mode!r}")
    check_divisor("div", a, b)
    return _truncated(a, b)


def check_divisor(name, a, b):
    """Integers have no infinity to show for a division by 0, and booleans are not divided."""
    dtype = (a if isinstance(a, Variable) else b).array.dtype
    if dtype.kind == "b":
        raise RuntimeError(f"{name}: not defined for booleans")
    if dtype.kind in "iu" and bool((b.array == 0).any() if isinstance(b, Variable) else b == 0):
        raise RuntimeError(f"{name}: ZeroDivisionError, integers divided by 0; use .float() for infinity")


def _quotient_towards_zero(a, b):
    if a.dtype.kind == "f":
        return np.trunc(a / b)
    floor = a // b
    return floor + ((a % b != 0) & (floor < 0))


_truncated = without_derivative("div", _quotient_towards_zero, "The quotient rounded towards zero.", "iuf")
_floored = without_derivative("floor_divide", np.floor_divide, "The quotient rounded to minus infinity.", "iuf")


def floor_divide(input, other):
    """The quotient rounded towards minus infinity. Raises RuntimeError for integers divided by 0."""
    a, b = pair("floor_divide", input, other)
    check_divisor("floor_divide", a, b)
    return _floored(a, b)


def rfloor_divide(input, other):
    """other // input."""
    return floor_divide(other, input)


def rdiv(input, other):
    """other / input."""
    return div(other, input)


def remainder(input, other):
    """The remainder of the division with the sign of `other`, as Python's %.

    Raises:
        RuntimeError: integers divided by 0.
    """
    a, b = pair("remainder", input, other)
    check_divisor("remainder", a, b)
    return labelled(f"RemainderBackward{int(isinstance(b, Variable))}", elementwise("remainder", Remainder, a, b))


def rremainder(input, other):
    """other % input."""
    return remainder(other, input)


def pow(input, exponent):
    """input to the power exponent. Raises RuntimeError for integers to a negative integer number."""
    a, b = pair("pow", input, exponent)
    negative = not isinstance(b, Variable) and exponent < 0
    kind = (a if isinstance(a, Variable) else b).array.dtype.kind
    if kind == "b":
        raise RuntimeError("pow: not defined for two booleans")
    if kind in "iu" and negative:
        raise RuntimeError("pow: integers to negative integer powers are not allowed; use .float()")
    variant = 0 if not isinstance(b, Variable) else 1 if isinstance(a, Variable) else 2
    return labelled(f"PowBackward{variant}", elementwise("pow", Pow, a, b))


def rpow(input, other):
    """other to the power input."""
    return pow(other, input)


multiply, subtract, divide, true_divide = mul, sub, div, div
