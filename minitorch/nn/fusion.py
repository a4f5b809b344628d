"""Modules in a row, of which some neighbours run as one operation, because that is faster and gives the same."""

from minitorch.autograd.mode import mode
from minitorch.nn.activation import ReLU, ReLU6
from minitorch.nn.convolution import Conv2d
from minitorch.nn.functional import batch_norm_relu, batch_norm_relu6, conv2d, conv2d_relu_max_pool2d
from minitorch.nn.normalization import BatchNorm1d, BatchNorm2d
from minitorch.nn.pooling import MaxPool2d


def apply_layers(input, *layers):
    """The layers one after the other: the output of each is the input of the next.

    Hooks must see what each module gives, `detect_anomaly` and `watch` single operations: then nothing is fused.
    """
    i, alone = 0, mode.anomaly or mode.watchers
    while i < len(layers):
        together, count = (layers[i], 1) if alone or type(layers[i]) not in FIRST else fused(layers[i : i + LONGEST])
        input, i = together(input), i + count
    return input


def fused(layers):
    """(a function that stands for the first of the layers, for how many of them): the first alone if no fused
    operation gives the same."""
    for count in range(len(layers), 1, -1):
        neighbours = layers[:count]
        rule = RULES.get(tuple(map(type, neighbours)))
        if rule is not None and not any(layer._forward_hooks or layer._forward_pre_hooks for layer in neighbours):
            together = rule(*neighbours)
            if together is not None:
                return together, count
    return layers[0], 1


def _convolution_relu_pool(convolution, _, pool):
    settings = (pool.kernel_size, pool.stride, pool.padding, pool.dilation, pool.ceil_mode, pool.return_indices)
    if settings not in _TWO_BY_TWO or convolution.padding_mode != "zeros":
        return None
    geometry = _geometry(convolution)
    return lambda input: conv2d_relu_max_pool2d(input, convolution.weight, convolution.bias, *geometry)


def _geometry(convolution):
    return convolution.stride, convolution.padding, convolution.dilation, convolution.groups


def _convolution_norm(convolution, norm):
    """In evaluation a normalisation is one factor and one shift per channel, which the filters can hold."""
    fits = convolution.padding_mode == "zeros" and convolution.out_channels == norm.num_features
    if norm.training or mode.grad or norm.running_mean is None or not fits:
        return None
    geometry = _geometry(convolution)
    return lambda input: conv2d(input, *_folded(convolution, norm), *geometry)


def _folded(convolution, norm):
    """(weight, bias) of a convolution that gives what the two give."""
    factor = (norm.running_var + norm.eps).rsqrt()
    if norm.weight is not None:
        factor = factor * norm.weight
    shift = -norm.running_mean if convolution.bias is None else convolution.bias - norm.running_mean
    shift = shift * factor
    return convolution.weight * factor.reshape(-1, 1, 1, 1), shift if norm.bias is None else shift + norm.bias


def _norm_relu(norm, _):
    return lambda input: norm.normalize(input, batch_norm_relu)


def _norm_relu6(norm, _):
    return lambda input: norm.normalize(input, batch_norm_relu6)


# Types of neighbours -> what makes the function of them, or None where their settings do not allow it. The types are
# exact: a subclass may compute something else.
RULES = {
    (Conv2d, ReLU, MaxPool2d): _convolution_relu_pool,
    (Conv2d, BatchNorm2d): _convolution_norm,
    (BatchNorm1d, ReLU): _norm_relu,
    (BatchNorm2d, ReLU): _norm_relu,
    (BatchNorm1d, ReLU6): _norm_relu6,
    (BatchNorm2d, ReLU6): _norm_relu6,
}
LONGEST, FIRST = max(map(len, RULES)), {types[0] for types in RULES}
_TWO_BY_TWO = ((2, 2, 0, 1, False, False), ((2, 2), (2, 2), (0, 0), (1, 1), False, False))
