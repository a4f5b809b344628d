"""What the networks are built of: convolution, normalisation and activation in a row, and the first values."""

import math

from minitorch.nn import BatchNorm2d, Conv2d, Linear, ReLU, Sequential, init


def conv_norm_activation(
    in_channels,
    out_channels,
    kernel_size=3,
    stride=1,
    padding=None,
    groups=1,
    norm_layer=BatchNorm2d,
    activation_layer=ReLU,
    dilation=1,
    bias=None,
):
    """The layers of a `ConvNormActivation` as a list, to be put into a larger sequence. Arguments: see there."""
    if padding is None:
        padding = (kernel_size - 1) // 2 * dilation
    if bias is None:
        bias = norm_layer is None
    layers = [Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)]
    if norm_layer is not None:
        layers.append(norm_layer(out_channels))
    if activation_layer is not None:
        layers.append(activation_layer())
    return layers


class ConvNormActivation(Sequential):
    """Convolution, normalisation, activation.

    Args:
        in_channels, out_channels, kernel_size, stride, groups, dilation: of the convolution.
        padding: unless given, as much as keeps the size at stride 1.
        norm_layer: channels -> module, or None.
        activation_layer: () -> module, or None.
        bias: of the convolution; unless given, it has one where no normalisation follows.
    """

    def __init__(self, *arguments, **settings):
        super().__init__(*conv_norm_activation(*arguments, **settings))
        self.out_channels = self[0].out_channels

    def _part(self, items):
        return Sequential(dict(items))


def make_divisible(value, divisor=8, least=None):
    """The multiple of `divisor` nearest to `value`, at least `least` (the divisor, unless given), and never less than
    90 % of the value.

    Source: the authors' code of MobileNet.
    """
    rounded = max(divisor if least is None else least, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def without_halvings(strides, count=2):
    """The strides with the first `count` that are not 1 set to 1: what a network for small images does."""
    result = []
    for stride in strides:
        skip = stride != 1 and count > 0
        count -= skip
        result.append(1 if skip else stride)
    return result


def initialize(model, linear_std=None):
    """First values as in He et al. 2015, "Delving deep into rectifiers", section 2.2: normal, so that the gradients
    keep their size on the way back; biases 0.

    A convolution in groups counts the outputs that one input really feeds; torchvision counts those of all groups,
    and so begins with smaller numbers there.

    Args:
        linear_std: standard deviation of linear layers; unless given, they keep the values of their constructor.
    """
    for module in model.modules():
        if isinstance(module, Conv2d):
            fan_out = module.out_channels // module.groups * math.prod(module.kernel_size)
            init.normal_(module.weight, std=math.sqrt(2 / fan_out))
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, Linear) and linear_std is not None:
            init.normal_(module.weight, std=linear_std)
            init.zeros_(module.bias)
