"""Activations as modules."""

import warnings

from minitorch.creation import full
from minitorch.nn.functional import (
    celu,
    elu,
    gelu,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    log_softmax,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softmin,
    softplus,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)
from minitorch.nn.init import constant_
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter


class _Activation(Module):
    """A function of `nn.functional`, its arguments kept as attributes of the same names.

    Attributes:
        function: the function.
        arguments: the attributes that it takes after the input, in order.
        shown: those of them in the text; `inplace` is shown where it is True.
    """

    function, arguments, shown = None, (), ()

    def forward(self, input):
        return type(self).function(input, *[getattr(self, name) for name in self.arguments])

    def extra_repr(self):
        parts = [f"{name}={getattr(self, name)!r}" for name in self.shown]
        return ", ".join(parts + ["inplace=True"] * (getattr(self, "inplace", False) and self.shows_inplace))

    shows_inplace = True


class _InPlace(_Activation):
    """An activation whose only argument is `inplace`."""

    arguments = ("inplace",)

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace


class _AlongDim(_Activation):
    """An activation along a dimension."""

    arguments = ("dim",)

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def extra_repr(self):
        return f"dim={self.dim}"


class ReLU(_InPlace):
    """max(x, 0), element by element.

    Args:
        inplace: write the result into the input.
    """

    function = staticmethod(relu)


class SELU(_InPlace):
    """1.0507 elu(x, 1.6733), element by element. Argument as `ReLU`."""

    function = staticmethod(selu)


class SiLU(_InPlace):
    """x sigmoid(x), also called swish, element by element. Argument as `ReLU`."""

    function = staticmethod(silu)


class Mish(_InPlace):
    """x tanh(softplus(x)), element by element. Argument as `ReLU`."""

    function = staticmethod(mish)


class Hardsigmoid(_InPlace):
    """min(max(x + 3, 0), 6) / 6, element by element. Argument as `ReLU`."""

    function, shows_inplace = staticmethod(hardsigmoid), False


class Hardswish(_InPlace):
    """x hardsigmoid(x), element by element. Argument as `ReLU`."""

    function, shows_inplace = staticmethod(hardswish), False


class ELU(_Activation):
    """x where x > 0, else alpha (exp(x) - 1), element by element.

    Args:
        alpha: what the result tends to for small x, negated.
        inplace: write the result into the input.
    """

    function, arguments, shown = staticmethod(elu), ("alpha", "inplace"), ("alpha",)

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__()
        self.alpha, self.inplace = alpha, inplace


class CELU(ELU):
    """x where x > 0, else alpha (exp(x / alpha) - 1), element by element. Arguments as `ELU`."""

    function = staticmethod(celu)


class LeakyReLU(_Activation):
    """x where x > 0, else negative_slope x, element by element.

    Args:
        negative_slope: the slope on the left.
        inplace: write the result into the input.
    """

    function = staticmethod(leaky_relu)
    arguments, shown = ("negative_slope", "inplace"), ("negative_slope",)

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace


class Hardtanh(_Activation):
    """x cut to [min_val, max_val], element by element.

    Args:
        min_val, max_val: the bounds.
        inplace: write the result into the input.
        min_value, max_value: obsolete names of the bounds.

    Raises:
        ValueError: max_val not above min_val.
    """

    function = staticmethod(hardtanh)
    arguments, shown = ("min_val", "max_val", "inplace"), ("min_val", "max_val")

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None):
        super().__init__()
        if min_value is not None or max_value is not None:
            warnings.warn("Hardtanh: min_value and max_value are now min_val and max_val", FutureWarning, stacklevel=2)
            min_val = min_val if min_value is None else min_value
            max_val = max_val if max_value is None else max_value
        if not max_val > min_val:
            raise ValueError(f"{type(self).__name__}: max_val must be above min_val, got {max_val} and {min_val}")
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace


class ReLU6(Hardtanh):
    """min(max(x, 0), 6), element by element. Argument as `ReLU`."""

    function, arguments, shown = staticmethod(relu6), ("inplace",), ()

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)


class Threshold(_Activation):
    """x where x > threshold, else value, element by element.

    Args:
        threshold, value: numbers.
        inplace: write the result into the input.
    """

    function = staticmethod(threshold)
    arguments, shown = ("threshold", "value", "inplace"), ("threshold", "value")

    def __init__(self, threshold, value, inplace=False):
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace


class GELU(_Activation):
    """x times the probability that a normal variable is below x, element by element.

    Args:
        approximate: ``"none"`` or ``"tanh"``.
    """

    function, arguments, shown = staticmethod(gelu), ("approximate",), ("approximate",)

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate


class GLU(_Activation):
    """a sigmoid(b), where a and b are the halves of the input along a dimension.

    Args:
        dim: the dimension.
    """

    function, arguments, shown = staticmethod(glu), ("dim",), ("dim",)

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim


class PReLU(_Activation):
    """x where x > 0, else weight x, with a learnt weight.

    Args:
        num_parameters: 1, or C for a weight of each channel of (N, C, ...).
        init: the first value of the weights.

    Attributes:
        weight: (num_parameters,).
    """

    function, arguments, shown = staticmethod(prelu), ("weight",), ("num_parameters",)

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), device=device, dtype=dtype))

    def reset_parameters(self):
        """Set the weights to their first value."""
        constant_(self.weight, self.init)


class Softplus(_Activation):
    """log(1 + exp(beta x)) / beta, element by element; x itself where beta x > threshold.

    Args:
        beta, threshold: numbers.
    """

    function, arguments, shown = staticmethod(softplus), ("beta", "threshold"), ("beta", "threshold")

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta, self.threshold = beta, threshold


class Tanh(_Activation):
    """The hyperbolic tangent, element by element."""

    function = staticmethod(tanh)


class Sigmoid(_Activation):
    """1 / (1 + exp(-x)), element by element."""

    function = staticmethod(sigmoid)


class LogSigmoid(_Activation):
    """log(1 / (1 + exp(-x))), element by element."""

    function = staticmethod(logsigmoid)


class Softsign(_Activation):
    """x / (1 + |x|), element by element."""

    function = staticmethod(softsign)


class Tanhshrink(_Activation):
    """x - tanh(x), element by element."""

    function = staticmethod(tanhshrink)


class Softmax(_AlongDim):
    """exp(x) / sum(exp(x)) along a dimension, 1 for class scores of shape (N, classes)."""

    function = staticmethod(softmax)


class LogSoftmax(_AlongDim):
    """The logarithm of softmax along a dimension, without overflow."""

    function = staticmethod(log_softmax)


class Softmin(_AlongDim):
    """`Softmax` of -x."""

    function = staticmethod(softmin)
