"""Modules in a row; neighbours that have a common operation run as one, because that is faster and gives the same."""

from minitorch.autograd.mode import mode
from minitorch.nn.activation import ReLU
from minitorch.nn.convolution import Conv2d
from minitorch.nn.functional import conv2d_relu_max_pool2d
from minitorch.nn.pooling import MaxPool2d

_LONGEST = 3


def run_in_a_row(modules, input):
    """The modules one after the other: the output of each is the input of the next."""
    modules, i = list(modules), 0
    while i < len(modules):
        together, count = fused(modules[i : i + _LONGEST]), _LONGEST
        if together is None:
            together, count = modules[i], 1
        input, i = together(input), i + count
    return input


def fused(modules):
    """The function that stands for the first three of a list of modules, or None.

    Hooks must see what each module gives, `detect_anomaly` and `watch` single operations: then nothing is fused.
    """
    if len(modules) < 3 or type(modules[0]) is not Conv2d:
        return None
    convolution, activation, pool = modules[:3]
    if type(activation) is not ReLU or type(pool) is not MaxPool2d or mode.anomaly or mode.watchers:
        return None
    if any(module._forward_hooks or module._forward_pre_hooks for module in modules[:3]):
        return None
    settings = (pool.kernel_size, pool.stride, pool.padding, pool.dilation, pool.ceil_mode, pool.return_indices)
    if settings not in _TWO_BY_TWO or convolution.padding_mode != "zeros":
        return None
    geometry = (convolution.stride, convolution.padding, convolution.dilation, convolution.groups)
    return lambda input: conv2d_relu_max_pool2d(input, convolution.weight, convolution.bias, *geometry)


_TWO_BY_TWO = ((2, 2, 0, 1, False, False), ((2, 2), (2, 2), (0, 0), (1, 1), False, False))
