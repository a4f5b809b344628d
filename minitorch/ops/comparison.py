"""Comparison, selection and logic on two operands, number by number, with broadcasting and type promotion."""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function, Variable
from minitorch.device import array_module
from minitorch.ops.arguments import arguments
from minitorch.ops.operands import (
    as_filling,
    cast,
    is_number,
    labelled,
    pair,
    quiet,
    require_same_device,
    require_tensor,
    shapes_text,
)


def elementwise(name, function, a, b):
    """Apply a Function to two operands; RuntimeError that names both shapes where they do not broadcast."""
    try:
        return function.apply(a, b)
    except ValueError as error:
        raise RuntimeError(f"{name}: shapes {shapes_text(a, b)} do not broadcast") from error


class _Extreme(Function):
    """The larger or smaller of two; where they are equal each gets half of the gradient."""

    choose = lost = None

    @staticmethod
    @quiet
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return type(ctx).choose(a, b)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        half, lost = where(a == b, 0.5 * grad, grad), type(ctx).lost
        to_a, to_b = ctx.needs_input_grad
        return (where(lost(a, b), 0.0, half) if to_a else None), (where(lost(b, a), 0.0, half) if to_b else None)


class Maximum(_Extreme):
    """The larger of two."""

    choose, lost = staticmethod(np.maximum), staticmethod(lambda a, b: a < b)


class Minimum(_Extreme):
    """The smaller of two."""

    choose, lost = staticmethod(np.minimum), staticmethod(lambda a, b: a > b)


class Clamp(Function):
    """A bound that cuts takes the gradient, if it is a tensor; at a bound itself the gradient passes to x."""

    @staticmethod
    @quiet
    def forward(ctx, x, low, high):
        ctx.save_for_backward(x, low, high)
        y = x if low is None else np.maximum(x, low)
        return y if high is None else np.minimum(y, high)

    @staticmethod
    def backward(ctx, grad):
        x, low, high = ctx.saved_tensors
        below, above = (False if low is None else x < low), (False if high is None else x > high)
        if low is not None and high is not None:
            below, above = below & (low < high), above | (high < low)  # crossed bounds: the upper one wins everywhere
        inside = (True if low is None else x >= low) & (True if high is None else x <= high)
        to_x, to_low, to_high = ctx.needs_input_grad
        return (
            where(inside, grad, 0.0) if to_x else None,
            where(below, grad, 0.0) if to_low else None,
            where(above, grad, 0.0) if to_high else None,
        )


class Where(Function):
    """a where the condition is true, else b: the gradient goes where the number came from."""

    @staticmethod
    def forward(ctx, condition, a, b):
        ctx.save_for_backward(condition)
        return array_module(condition).where(condition, a, b)

    @staticmethod
    def backward(ctx, grad):
        (condition,) = ctx.saved_tensors
        _, to_a, to_b = ctx.needs_input_grad
        return None, (where(condition, grad, 0.0) if to_a else None), (where(condition, 0.0, grad) if to_b else None)


def maximum(input, other):
    """The larger of the two, number by number; NaN wins."""
    require_tensor("maximum", input=input, other=other)
    return elementwise("maximum", Maximum, *pair("maximum", input, other))


def minimum(input, other):
    """The smaller of the two, number by number; NaN wins."""
    require_tensor("minimum", input=input, other=other)
    return elementwise("minimum", Minimum, *pair("minimum", input, other))


def clamp(input, min=None, max=None):
    """Numbers below `min` become min, numbers above `max` become max; NaN stays NaN.

    Args:
        min, max: numbers or tensors that broadcast; at least one of them.
    """
    require_tensor("clamp", input=input)
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of min and max must be given")
    for bound in (min, max):
        if bound is not None:
            input, _ = pair("clamp", input, bound)
    if input.array.dtype.kind == "b" and (is_number(min) or is_number(max) or (min is not None and max is not None)):
        raise RuntimeError("clamp: not defined for booleans")  # one bound, a tensor, is a maximum or minimum
    low, high = (
        None if bound is None
        else as_filling("clamp", bound, input.array.dtype) if is_number(bound)
        else pair("clamp", input, bound)[1]
        for bound in (min, max)
    )
    try:
        return labelled(f"ClampBackward{int(is_number(min) or is_number(max))}", Clamp.apply(input, low, high))
    except ValueError as error:
        shapes = shapes_text(*(x for x in (input, low, high) if isinstance(x, Variable)))
        raise RuntimeError(f"clamp: shapes {shapes} do not broadcast") from error


@arguments()
def clamp_min(input, min):
    """Numbers below `min` become min."""
    return clamp(input, min)


@arguments()
def clamp_max(input, max):
    """Numbers above `max` become max."""
    return clamp(input, None, max)


def where(condition, input=None, other=None):
    """`input` where the condition is true, else `other`; all three broadcast.

    Args:
        condition: a boolean tensor.
        input, other: tensors or numbers; without both, the positions where the condition is true.
    """
    require_tensor("where", condition=condition)
    condition = cast(condition, dtypes.bool_) if condition.array.dtype == dtypes.uint8 else condition
    if condition.array.dtype.kind != "b":
        raise RuntimeError(f"where: condition must be boolean, got {condition.array.dtype}; compare, e.g. x > 0")
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if is_number(input) and is_number(other):
        input = condition._wrap(array_module(condition.array).asarray(input, dtypes.of_number(input)))
    a, b = pair("where", input, other)
    require_same_device("where", condition, a if isinstance(a, Variable) else b)
    try:
        return Where.apply(condition, a, b)
    except ValueError as error:
        raise RuntimeError(f"where: shapes {shapes_text(condition, a, b)} do not broadcast") from error


@arguments()
def masked_fill(input, mask, value):
    """A copy with `value` (a number or a 0-dimensional tensor) where the mask is true."""
    require_tensor("masked_fill", input=input, mask=mask)
    if mask.array.dtype.kind != "b":
        raise RuntimeError(f"masked_fill: mask must be boolean, got {mask.array.dtype}; compare, e.g. x > 0")
    if isinstance(value, Variable):
        if value.array.ndim:
            raise RuntimeError(f"masked_fill: value must be a number or 0-dimensional, got shape {value.array.shape}")
        value = cast(value, input.array.dtype)
    else:
        value = as_filling("masked_fill", value, input.array.dtype)
    return labelled("MaskedFillBackward0", where(mask, value, input))


def without_derivative(name, compute, text, kinds="biuf", numbers="either"):
    """A public function of two operands whose derivative is zero or not defined: comparison, rounding, logic.

    Args:
        kinds: the kinds of number types that it is defined for.
        numbers: which operand may be a number: "either", "second" or "none".
    """

    class Constant(Function):
        """The comparison itself; its gradient is 0."""

        @staticmethod
        @quiet
        def forward(ctx, a, b):
            return compute(a, b)

        @staticmethod
        def backward(ctx, grad):
            return tuple(grad.new_zeros(grad.array.shape) if needed else None for needed in ctx.needs_input_grad)

    Constant.__name__ = Constant.__qualname__ = name.title().replace("_", "")

    def operation(input, other):
        if numbers != "either":
            require_tensor(name, input=input)
        if numbers == "none":
            require_tensor(name, other=other)
        a, b = pair(name, input, other)
        dtype = (a if isinstance(a, Variable) else b).array.dtype
        if dtype.kind not in kinds:
            raise RuntimeError(f"{name}: not defined for {dtype}")
        return elementwise(name, Constant, a, b)

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = text
    return operation


eq = without_derivative("eq", np.equal, "True where input == other.", numbers="second")
ne = without_derivative("ne", np.not_equal, "True where input != other.", numbers="second")
lt = without_derivative("lt", np.less, "True where input < other.", numbers="second")
le = without_derivative("le", np.less_equal, "True where input <= other.", numbers="second")
gt = without_derivative("gt", np.greater, "True where input > other.", numbers="second")
ge = without_derivative("ge", np.greater_equal, "True where input >= other.", numbers="second")
logical_and = without_derivative("logical_and", np.logical_and, "True where both are nonzero.", numbers="none")
logical_or = without_derivative("logical_or", np.logical_or, "True where one is nonzero.", numbers="none")
logical_xor = without_derivative("logical_xor", np.logical_xor, "True where exactly one is nonzero.", numbers="none")
bitwise_and = without_derivative("bitwise_and", np.bitwise_and, "Bits set in both; for booleans: and.", "biu")
bitwise_or = without_derivative("bitwise_or", np.bitwise_or, "Bits set in one; for booleans: or.", "biu")
bitwise_xor = without_derivative("bitwise_xor", np.bitwise_xor, "Bits set in exactly one; for booleans: xor.", "biu")


@arguments()
def isclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    """True where |input - other| <= atol + rtol * |other|; infinities are close to themselves alone."""
    require_tensor("isclose", input=input, other=other)
    if input.array.dtype != other.array.dtype:
        raise RuntimeError(f"isclose: both must have the same dtype, got {input.array.dtype} and {other.array.dtype}")
    require_same_device("isclose", input, other)
    if not rtol >= 0 or not atol >= 0:
        raise RuntimeError(f"isclose: rtol and atol must not be negative, got {rtol} and {atol}")
    try:
        close = array_module(input.array).isclose(input.array, other.array, rtol, atol, equal_nan)
    except ValueError as error:
        raise RuntimeError(f"isclose: shapes {shapes_text(input, other)} do not broadcast") from error
    return input._wrap(close)


@arguments()
def allclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether `isclose` holds for all elements, as a Python bool."""
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


def equal(input, other):
    """Whether two tensors have the same shape and the same numbers, as a Python bool; NaN equals nothing."""
    require_tensor("equal", input=input, other=other)
    require_same_device("equal", input, other)
    return input.array.shape == other.array.shape and bool((input.array == other.array).all())


clip, not_equal, greater, greater_equal, less, less_equal = clamp, ne, gt, ge, lt, le
