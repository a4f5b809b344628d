"""Activations of one variable, each a row of a table: the formula on arrays, then its derivative in tensor operations.

Below the table stand the public functions. A row keeps its input alone; the derivative is worked out in the backward.
"""

import math

import numpy as np

from minitorch.autograd import Function, become, is_grad_enabled
from minitorch.ops.activation import Relu6
from minitorch.ops.comparison import where
from minitorch.ops.operands import as_number, is_number, labelled, quiet, require_tensor, to_float
from minitorch.ops.special import erf, erf_array
from minitorch.ops.unary import exp, sigmoid, tanh

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, equation 14
GELU_RATE, GELU_CUBE = math.sqrt(2 / math.pi), 0.044715  # Hendrycks and Gimpel 2016, section 2


class Activation(Function):
    """y = formula(x); a row of the table makes a subclass with `formula` and `derivative`."""

    formula = derivative = None

    @staticmethod
    @quiet
    def forward(ctx, x, **parameters):
        ctx.save_for_backward(x)
        ctx.parameters = parameters
        return type(ctx).formula(x, **parameters).astype(x.dtype, copy=False)  # NumPy 1 widens 0-dimensional arrays

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        slope = type(ctx).derivative(x, **ctx.parameters)
        if slope.array.dtype.kind == "b":  # 1 or 0; 0 times an infinite gradient would be NaN
            return (where(slope, grad, 0.0),)
        return grad * slope


def row(name, formula, derivative):
    """The Function of a row: `formula` takes the array x, `derivative` the tensor x, both also the parameters.

    A derivative that is 1 or 0 is given as a condition.
    """
    return type(name, (Activation,), {"formula": staticmethod(formula), "derivative": staticmethod(derivative)})


def _inside(x, low, high):
    """Whether x lies strictly between two bounds."""
    return (x > low) & (x < high)


def _gaussian(x):
    """The probability that a normal variable is below x."""
    return 0.5 * (1 + erf(x * math.sqrt(0.5)))


def _gelu_tanh_derivative(x):
    t = tanh(GELU_RATE * (x + GELU_CUBE * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_RATE * (1 + 3 * GELU_CUBE * x * x)


def _mish_derivative(x):
    t = tanh(softplus(x))
    return t + x * (1 - t * t) * sigmoid(x)


def _silu_derivative(x):
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


ELU = row(
    "Elu",
    lambda x, alpha, rate, scale: scale * np.where(x > 0, x, alpha * np.expm1(rate * x)),
    lambda x, alpha, rate, scale: scale * where(x <= 0, alpha * rate * exp(rate * where(x < 0, x, 0.0)), 1.0),
)
GELU = row(
    "Gelu",
    lambda x: 0.5 * x * (1 + erf_array(x * math.sqrt(0.5))),
    lambda x: _gaussian(x) + x * exp(-0.5 * x * x) * math.sqrt(0.5 / math.pi),
)
GELUTanh = row(
    "Gelu", lambda x: 0.5 * x * (1 + np.tanh(GELU_RATE * (x + GELU_CUBE * x * x * x))), _gelu_tanh_derivative
)
HardSigmoid = row("Hardsigmoid", lambda x: np.clip(x + 3, 0, 6) / 6, lambda x: _inside(x, -3, 3).to(x.dtype) / 6)
HardSwish = row(
    "Hardswish",
    lambda x: x * (np.clip(x + 3, 0, 6) / 6),
    lambda x: where(x >= 3, 1.0, _inside(x, -3, 3) * (x / 3 + 0.5)),
)
HardTanh = row("Hardtanh", lambda x, low, high: np.clip(x, low, high), _inside)
LeakyReLU = row("LeakyRelu", lambda x, slope: np.where(x > 0, x, slope * x), lambda x, slope: _either(x > 0, slope, x))
LogSigmoid = row("LogSigmoid", lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), lambda x: sigmoid(-x))
Mish = row("Mish", lambda x: x * np.tanh(np.log1p(np.exp(x))), _mish_derivative)
SiLU = row("Silu", lambda x: x / (1 + np.exp(-x)), _silu_derivative)
Softplus = row(
    "Softplus",
    lambda x, beta, threshold: np.where(beta * x > threshold, x, np.log1p(np.exp(beta * x)) / beta),
    lambda x, beta, threshold: where(beta * x > threshold, 1.0, sigmoid(beta * x)),
)
Softsign = row("Softsign", lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + x.abs()) ** 2)
TanhShrink = row("Tanhshrink", lambda x: x - np.tanh(x), lambda x: tanh(x) ** 2)
Threshold = row(
    "Threshold",
    lambda x, threshold, value: np.where(x <= threshold, value, x),
    lambda x, threshold, value: ~(x <= threshold),
)


def _either(condition, slope, x):
    """1 where the condition is true, else the slope."""
    return condition.to(x.dtype) * (1 - slope) + slope


def _apply(function, name, input, inplace=False, kinds="f", **parameters):
    """A row applied to a checked input, its parameters in the input's number type."""
    require_tensor(name, input=input)
    dtype = input.array.dtype
    if dtype.kind not in kinds:
        raise RuntimeError(f"{name}: not defined for {dtype}" + ("; use .float()" if kinds == "f" else ""))
    for parameter, value in parameters.items():
        if not is_number(value):
            raise TypeError(f"{name}: {parameter} must be a number, got {type(value).__name__}")
    parameters = {parameter: as_number(name, value, dtype) for parameter, value in parameters.items()}
    if not inplace:
        return function.apply(input, **parameters)
    keeps = input.requires_grad and is_grad_enabled()  # the derivative needs the input as it was
    return become(input, function.apply(input.clone() if keeps else input, **parameters), f"{name}_")


def elu(input, alpha=1.0, inplace=False):
    """x where x > 0, else alpha (exp(x) - 1). Source: Clevert et al. 2016, "Exponential linear units"."""
    return _apply(ELU, "elu", input, inplace, alpha=alpha, rate=1.0, scale=1.0)


def celu(input, alpha=1.0, inplace=False):
    """x where x > 0, else alpha (exp(x / alpha) - 1): smooth for every alpha. Source: Barron 2017, arXiv 1704.07483.

    Raises:
        RuntimeError: alpha is 0.
    """
    if is_number(alpha) and alpha == 0:
        raise RuntimeError("celu: alpha must not be 0 (ZeroDivisionError)")
    rate = 1 / alpha if is_number(alpha) else alpha
    return labelled("CeluBackward0", _apply(ELU, "celu", input, inplace, alpha=alpha, rate=rate, scale=1.0))


def selu(input, inplace=False):
    """1.0507 elu(x, 1.6733): keeps mean 0 and variance 1. Source: Klambauer et al. 2017, arXiv 1706.02515."""
    return _apply(ELU, "selu", input, inplace, alpha=SELU_ALPHA, rate=1.0, scale=SELU_SCALE)


def gelu(input, approximate="none"):
    """x times the probability that a normal variable is below x. Source: Hendrycks and Gimpel 2016, arXiv 1606.08415.

    Args:
        approximate: ``"none"``, or ``"tanh"`` for 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).

    Raises:
        RuntimeError: another `approximate`, or numbers that are not floating point.
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    return _apply(GELU if approximate == "none" else GELUTanh, "gelu", input)


def hardsigmoid(input, inplace=False):
    """min(max(x + 3, 0), 6) / 6: the sigmoid in three straight pieces; its derivative at -3 and 3 is 0."""
    return _apply(HardSigmoid, "hardsigmoid", input, inplace)


def hardswish(input, inplace=False):
    """x hardsigmoid(x). Source: Howard et al. 2019, "Searching for MobileNetV3", section 5.2."""
    return _apply(HardSwish, "hardswish", input, inplace)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """x cut to [min_val, max_val]; the derivative at both bounds is 0. Integers are allowed.

    Raises:
        ValueError: min_val above max_val.
        RuntimeError: booleans, or a negative bound for uint8.
    """
    require_tensor("hardtanh", input=input)
    if is_number(min_val) and is_number(max_val):
        if min_val > max_val:
            raise ValueError(f"hardtanh: min_val must not be greater than max_val, got {min_val} and {max_val}")
        if input.array.dtype.kind == "u" and min(min_val, max_val) < 0:
            raise RuntimeError(f"hardtanh: {input.array.dtype} has no negative bounds, got {min_val} and {max_val}")
    return _apply(HardTanh, "hardtanh", input, inplace, "fiu", low=min_val, high=max_val)


def relu6(input, inplace=False):
    """min(max(x, 0), 6); its derivative at 0 and 6 is 0, at NaN 1.

    Source: Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10".
    """
    return _apply(Relu6, "relu6", input, inplace, "fiu")


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """x where x > 0, else negative_slope x. Source: Maas et al. 2013, "Rectifier nonlinearities", section 2."""
    return _apply(LeakyReLU, "leaky_relu", input, inplace, slope=negative_slope)


def logsigmoid(input):
    """log(1 / (1 + exp(-x))), without overflow."""
    return _apply(LogSigmoid, "logsigmoid", input)


def mish(input, inplace=False):
    """x tanh(log(1 + exp(x))). Source: Misra 2019, arXiv 1908.08681."""
    return _apply(Mish, "mish", input, inplace)


def silu(input, inplace=False):
    """x sigmoid(x), also called swish. Source: Hendrycks and Gimpel 2016, arXiv 1606.08415."""
    return _apply(SiLU, "silu", input, inplace)


def softplus(input, beta=1.0, threshold=20.0):
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold, where the two cannot be told apart."""
    return _apply(Softplus, "softplus", input, beta=beta, threshold=threshold)


def softsign(input):
    """x / (1 + |x|). Integers give floating point."""
    return _apply(Softsign, "softsign", _real("softsign", input))


def tanhshrink(input):
    """x - tanh(x). Integers give floating point."""
    return _apply(TanhShrink, "tanhshrink", _real("tanhshrink", input))


def threshold(input, threshold, value, inplace=False):
    """x where x > threshold, else value; there the derivative is 0. Integers are allowed, and round the numbers."""
    return _apply(Threshold, "threshold", input, inplace, "fiu", threshold=threshold, value=value)


def _real(name, input):
    require_tensor(name, input=input)
    return to_float(input) if input.array.dtype.kind in "iu" else input
