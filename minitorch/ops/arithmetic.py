"""Operations on two operands, number by number: arithmetic, comparison, selection.

Operands follow PyTorch's rules: broadcasting (undone by the backward walk), type promotion, numbers on either side.
"""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function, Variable
from minitorch.device import array_module
from minitorch.ops.operands import cast, pair, require_tensor, shapes_text, to_float

_quiet = np.errstate(all="ignore")  # x / 0 is inf and 0 / 0 is NaN, without a warning


class Add(Function):
    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, grad):
        return grad, grad


class Sub(Function):
    @staticmethod
    def forward(ctx, a, b):
        return a - b

    @staticmethod
    def backward(ctx, grad):
        return grad, (-grad if ctx.needs_input_grad[1] else None)


class Mul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        to_a, to_b = ctx.needs_input_grad
        return (grad * b if to_a else None), (grad * a if to_b else None)


class Div(Function):
    @staticmethod
    @_quiet
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a / b

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        to_a, to_b = ctx.needs_input_grad
        return (grad / b if to_a else None), (-grad * (a / b) / b if to_b else None)


class Pow(Function):
    """a**b; with respect to a it is b a**(b-1), with respect to b it is a**b log a (0 where a is 0)."""

    @staticmethod
    @_quiet
    def forward(ctx, a, b):
        result = np.power(a, b)
        ctx.save_for_backward(a, b, result)
        return result

    @staticmethod
    def backward(ctx, grad):
        a, b, result = ctx.saved_tensors
        to_a = to_b = None
        if ctx.needs_input_grad[0]:
            if isinstance(b, Variable):
                to_a = where(b == 0, 0.0, grad * (b * a ** (b - 1)))
            else:
                to_a = grad * 0.0 if b == 0 else grad * (b * a ** (b - 1))
        if ctx.needs_input_grad[1]:
            a = a if isinstance(a, Variable) else grad._wrap(np.asarray(a))
            to_b = grad * where((a == 0) & (b >= 0), 0.0, result * a.log())
        return to_a, to_b


class _Extreme(Function):
    """The larger or smaller of two; where they are equal each gets half of the gradient."""

    choose = won = None

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return type(ctx).choose(a, b)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        tie = (a == b).to(grad.dtype) * 0.5
        share = type(ctx).won(a, b).to(grad.dtype) + tie
        return grad * share, grad * (1.0 - share)


class Maximum(_Extreme):
    choose, won = staticmethod(np.maximum), staticmethod(lambda a, b: a > b)


class Minimum(_Extreme):
    choose, won = staticmethod(np.minimum), staticmethod(lambda a, b: a < b)


class Where(Function):
    @staticmethod
    def forward(ctx, a, b, condition):
        ctx.condition = condition
        return np.where(condition, a, b)

    @staticmethod
    def backward(ctx, grad):
        condition = grad._wrap(ctx.condition)
        to_a, to_b = ctx.needs_input_grad
        return (where(condition, grad, 0.0) if to_a else None), (where(condition, 0.0, grad) if to_b else None)


def _apply(name, function, a, b, **params):
    try:
        return function.apply(a, b, **params)
    except ValueError as error:
        raise RuntimeError(f"{name}: shapes {shapes_text(a, b)} do not broadcast") from error


def add(input, other, *, alpha=1):
    """input + alpha * other."""
    a, b = pair("add", input, other)
    return _apply("add", Add, a, b if alpha == 1 else mul(b, alpha))


def sub(input, other, *, alpha=1):
    """input - alpha * other. Raises RuntimeError for booleans: use ^ or logical_not."""
    a, b = pair("sub", input, other)
    for x in (a, b):
        if isinstance(x, Variable) and x.array.dtype.kind == "b":
            raise RuntimeError("sub: subtraction of booleans is not defined; use ^, ~ or logical_not")
    return _apply("sub", Sub, a, b if alpha == 1 else mul(b, alpha))


def rsub(input, other):
    """other - input."""
    return sub(other, input)


def mul(input, other):
    """input * other."""
    a, b = pair("mul", input, other)
    try:
        return Mul.apply(a, b)
    except ValueError as error:
        raise RuntimeError(f"mul: shapes {shapes_text(a, b)} do not broadcast") from error


def div(input, other, *, rounding_mode=None):
    """input / other; integers give the default floating-point type.

    Args:
        rounding_mode: None, ``"floor"`` (towards minus infinity) or ``"trunc"`` (towards zero); these keep the type.
    """
    a, b = pair("div", input, other)
    if rounding_mode is None:
        a, b = (to_float(x) if isinstance(x, Variable) else x for x in (a, b))
        a, b = pair("div", a, b)
        return _apply("div", Div, a, b)
    if rounding_mode == "floor":
        return floor_divide(a, b)
    if rounding_mode != "trunc":
        raise RuntimeError(f"div: rounding_mode must be None, 'floor' or 'trunc', got {rounding_mode!r}")
    with _quiet:
        quotient = _apply("div", _Constant, a, b, compute=lambda x, y: np.trunc(x / y))
    return cast(quotient, (a if isinstance(a, Variable) else b).array.dtype)


def rdiv(input, other):
    """other / input."""
    return div(other, input)


def pow(input, exponent):
    """input to the power exponent. Raises RuntimeError for integers to a negative integer power."""
    a, b = pair("pow", input, exponent)
    negative = (b.array < 0).any() if isinstance(b, Variable) else b < 0
    kind = (a if isinstance(a, Variable) else b).array.dtype.kind
    if kind in "iu" and negative:
        raise RuntimeError("pow: integers to negative integer powers are not allowed; use .float()")
    return _apply("pow", Pow, a, b)


def rpow(input, other):
    """other to the power input."""
    return pow(other, input)


def maximum(input, other):
    """The larger of the two, number by number; NaN wins."""
    require_tensor("maximum", input=input, other=other)
    return _apply("maximum", Maximum, *pair("maximum", input, other))


def minimum(input, other):
    """The smaller of the two, number by number; NaN wins."""
    require_tensor("minimum", input=input, other=other)
    return _apply("minimum", Minimum, *pair("minimum", input, other))


def where(condition, input=None, other=None):
    """`input` where the condition is true, else `other`; all three broadcast.

    Args:
        condition: a boolean tensor.
        input, other: tensors or numbers.
    """
    require_tensor("where", condition=condition)
    if condition.array.dtype.kind != "b":
        raise RuntimeError(f"where: condition must be boolean, got {condition.array.dtype}; compare, e.g. x > 0")
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if not isinstance(input, Variable) and not isinstance(other, Variable):
        input = condition._wrap(array_module(condition.array).asarray(input, dtypes.of_number(input)))
    a, b = pair("where", input, other)
    try:
        return Where.apply(a, b, condition=condition.array)
    except ValueError as error:
        shapes = shapes_text(condition, input, other)
        raise RuntimeError(f"where: shapes {shapes} do not broadcast") from error


class _Constant(Function):
    """An operation of two operands whose derivative is zero or not defined: comparison, rounding, logic."""

    @staticmethod
    def forward(ctx, a, b, compute):
        return compute(a, b)

    @staticmethod
    def backward(ctx, grad):
        return tuple(grad * 0.0 if needed else None for needed in ctx.needs_input_grad)


def _plain(name, compute, text, kinds="biuf"):
    """A function of two operands without a derivative."""

    def operation(input, other):
        a, b = pair(name, input, other)
        for x in (a, b):
            if isinstance(x, Variable) and x.array.dtype.kind not in kinds:
                raise RuntimeError(f"{name}: not defined for {x.array.dtype}")
        with _quiet:
            return _apply(name, _Constant, a, b, compute=compute)

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = text
    return operation


eq = _plain("eq", np.equal, "True where input == other.")
ne = _plain("ne", np.not_equal, "True where input != other.")
lt = _plain("lt", np.less, "True where input < other.")
le = _plain("le", np.less_equal, "True where input <= other.")
gt = _plain("gt", np.greater, "True where input > other.")
ge = _plain("ge", np.greater_equal, "True where input >= other.")
logical_and = _plain("logical_and", np.logical_and, "True where both are nonzero.")
logical_or = _plain("logical_or", np.logical_or, "True where one is nonzero.")
logical_xor = _plain("logical_xor", np.logical_xor, "True where exactly one is nonzero.")
bitwise_and = _plain("bitwise_and", np.bitwise_and, "Bits set in both; for booleans: and.", "biu")
bitwise_or = _plain("bitwise_or", np.bitwise_or, "Bits set in one; for booleans: or.", "biu")
bitwise_xor = _plain("bitwise_xor", np.bitwise_xor, "Bits set in exactly one; for booleans: xor.", "biu")
floor_divide = _plain("floor_divide", np.floor_divide, "The quotient rounded towards minus infinity.", "iuf")


class Remainder(Function):
    """a - b floor(a / b): the remainder with the sign of b."""

    @staticmethod
    @_quiet
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.remainder(a, b)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        return grad, (-grad * floor_divide(a, b) if ctx.needs_input_grad[1] else None)


def remainder(input, other):
    """The remainder of the division with the sign of `other`, as Python's %."""
    return _apply("remainder", Remainder, *pair("remainder", input, other))
