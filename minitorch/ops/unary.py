"""Functions of one variable, each a row: name, array function, derivative in the input x or the result y."""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function
from minitorch.ops.operands import cast, quiet, require_tensor, to_float


class Unary(Function):
    """y = f(x); a row of the table makes a subclass with `function` and `derivative`."""

    function = derivative = None
    saves = ()

    @staticmethod
    @quiet
    def forward(ctx, x):
        cls = type(ctx)
        y = cls.function(x).astype(x.dtype, copy=False)  # NumPy 1 widens 0-dimensional arrays
        if cls.saves:
            ctx.save_for_backward(*[x if name == "x" else y for name in cls.saves])
        return y

    @staticmethod
    def backward(ctx, grad):
        return grad * type(ctx).derivative(*ctx.saved_tensors)


class Step(Unary):
    """A function whose derivative is 0 wherever there is one."""

    @staticmethod
    def backward(ctx, grad):
        return grad.new_zeros(grad.array.shape)  # 0 times an infinite gradient would be NaN


def unary(name, function, derivative, text, keeps_integers=False, booleans=True):
    """The public function of a row.

    Args:
        function: array to array.
        derivative: of x, of y or of both, told by the names of its arguments, in tensor operations; None for 0.
        keeps_integers: integers stay integers; otherwise they become floating point first.
        booleans: whether it is defined for them.
    """
    saves = () if derivative is None else derivative.__code__.co_varnames[: derivative.__code__.co_argcount]
    row = type(
        name.capitalize(),
        (Step if derivative is None else Unary,),
        {"function": staticmethod(function), "derivative": staticmethod(derivative), "saves": saves},
    )

    def operation(input):
        require_tensor(name, input=input)
        if not booleans and input.array.dtype.kind == "b":
            raise RuntimeError(f"{name}: not defined for booleans")
        return row.apply(input if keeps_integers else to_float(input))

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = text
    return operation


def _sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _sign(x):
    return (x > 0) if x.dtype.kind == "b" else (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)  # 0 for NaN


def _whole(function):
    """Rounding leaves integers as they are."""
    return lambda x: function(x) if x.dtype.kind == "f" else x.copy()


exp = unary("exp", np.exp, lambda y: y, "e to the power x.")
expm1 = unary("expm1", np.expm1, lambda y: y + 1, "exp(x) - 1, exact near 0.")
log = unary("log", np.log, lambda x: 1 / x, "The natural logarithm.")
log2 = unary("log2", np.log2, lambda x: 1 / (x * float(np.log(2))), "The logarithm to base 2.")
log10 = unary("log10", np.log10, lambda x: 1 / (x * float(np.log(10))), "The logarithm to base 10.")
log1p = unary("log1p", np.log1p, lambda x: 1 / (x + 1), "log(1 + x), exact near 0.")
sqrt = unary("sqrt", np.sqrt, lambda y: 0.5 / y, "The square root.")
rsqrt = unary("rsqrt", lambda x: 1 / np.sqrt(x), lambda y: -0.5 * y**3, "1 over the square root.")
reciprocal = unary("reciprocal", lambda x: 1 / x, lambda y: -y * y, "1 / x.")
sin = unary("sin", np.sin, lambda x: cos(x), "The sine of x in radians.")
cos = unary("cos", np.cos, lambda x: -sin(x), "The cosine of x in radians.")
tan = unary("tan", np.tan, lambda y: 1 + y * y, "The tangent of x in radians.")
sinh = unary("sinh", np.sinh, lambda x: cosh(x), "The hyperbolic sine.")
cosh = unary("cosh", np.cosh, lambda x: sinh(x), "The hyperbolic cosine.")
tanh = unary("tanh", np.tanh, lambda y: 1 - y * y, "The hyperbolic tangent.")
sigmoid = unary("sigmoid", _sigmoid, lambda y: y * (1 - y), "1 / (1 + exp(-x)).")
abs = unary("abs", np.abs, lambda x: sign(x), "The absolute value; its derivative at 0 is 0.", True, False)
sign = unary("sign", _sign, None, "-1, 0 or 1.", True)
floor = unary("floor", _whole(np.floor), None, "The next integer below; its derivative is 0.", True, False)
ceil = unary("ceil", _whole(np.ceil), None, "The next integer above; its derivative is 0.", True, False)
trunc = unary("trunc", _whole(np.trunc), None, "The next integer towards 0; its derivative is 0.", True, False)


_square = unary("square", np.square, lambda x: 2 * x, "x times x.", True)


def square(input):
    """x times x; booleans give int64."""
    require_tensor("square", input=input)
    return _square(cast(input, dtypes.int64) if input.array.dtype.kind == "b" else input)


class Neg(Function):
    """-x."""

    @staticmethod
    def forward(ctx, x):
        return -x

    @staticmethod
    def backward(ctx, grad):
        return -grad


def neg(input):
    """-x. Raises RuntimeError for booleans: use ~ or logical_not."""
    require_tensor("neg", input=input)
    if input.array.dtype.kind == "b":
        raise RuntimeError("neg: not defined for booleans; use ~ or logical_not")
    return Neg.apply(input)


def positive(input):
    """+x: the tensor itself. Raises RuntimeError for booleans."""
    require_tensor("positive", input=input)
    if input.array.dtype.kind == "b":
        raise RuntimeError("positive: not defined for booleans")
    return input


class Round(Function):
    """x to so many decimals; the gradient is 0."""

    @staticmethod
    def forward(ctx, x, decimals):
        return np.round(x, decimals)

    @staticmethod
    def backward(ctx, grad):
        return grad.new_zeros(grad.array.shape)


def round(input, *, decimals=0):
    """The nearest number with that many decimals, halves to even; its derivative is 0."""
    require_tensor("round", input=input)
    if input.array.dtype.kind == "b":
        raise RuntimeError("round: not defined for booleans")
    if isinstance(decimals, bool) or not isinstance(decimals, (int, np.integer)):
        raise TypeError(f"round: decimals must be an integer, got {decimals!r}")
    return Round.apply(input, decimals=decimals)


def _test(name, compute, text):
    """A function from a tensor to a boolean tensor."""

    def operation(input):
        require_tensor(name, input=input)
        return input._wrap(compute(input.array))

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = text
    return operation


isnan = _test("isnan", np.isnan, "True where the value is NaN.")
isinf = _test("isinf", np.isinf, "True where the value is infinite.")
isfinite = _test("isfinite", np.isfinite, "True where the value is neither infinite nor NaN.")
logical_not = _test("logical_not", np.logical_not, "True where the value is zero or False.")


def bitwise_not(input):
    """All bits turned; for booleans: not. Raises RuntimeError for floating point."""
    require_tensor("bitwise_not", input=input)
    if input.array.dtype.kind == "f":
        raise RuntimeError(f"bitwise_not: needs booleans or integers, got {input.array.dtype}")
    return input._wrap(~input.array)


absolute, negative = abs, neg
