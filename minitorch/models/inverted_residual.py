"""The block of MobileNetV2 and all that came after it."""

from minitorch.models.blocks import ConvNormActivation
from minitorch.models.squeeze_excitation import POSITIONS, SqueezeExcitedBlock
from minitorch.nn import BatchNorm2d, ReLU6, Sequential


class InvertedResidual(SqueezeExcitedBlock):
    """A 1x1 convolution that widens, a depthwise one, and a 1x1 one that narrows, without activation behind it.

    The shortcut joins the narrow ends, where stride and channels allow: the reverse of a ResNet's bottleneck.

    Source: Sandler et al. 2018 (arXiv:1801.04381), sections 3.2 and 3.3; with squeeze-and-excitation inside: Howard
    et al. 2019 (arXiv:1905.02244), figure 4.

    Args:
        in_channels, out_channels: of the input and the output.
        expanded_channels: in between; where it equals in_channels, the first convolution is left out.
        kernel_size, stride, dilation: of the depthwise convolution; a dilation above 1 takes the place of the stride.
        norm_layer: channels -> module.
        activation: () -> module.
        se: `SE` settings or None.
    """

    se_positions = (*POSITIONS, "inner")
    path = "block"  # the name of the branch in the state

    def __init__(
        self, in_channels, expanded_channels, out_channels, kernel_size=3, stride=1, dilation=1,
        norm_layer=BatchNorm2d, activation=ReLU6, se=None,
    ):  # fmt: skip
        super().__init__()
        self.use_res_connect = stride == 1 and in_channels == out_channels
        common = {"norm_layer": norm_layer, "activation_layer": activation}
        layers = []
        if expanded_channels != in_channels:
            layers.append(ConvNormActivation(in_channels, expanded_channels, 1, **common))
        depthwise = {"stride": 1 if dilation > 1 else stride, "dilation": dilation, "groups": expanded_channels}
        layers.append(ConvNormActivation(expanded_channels, expanded_channels, kernel_size, **depthwise, **common))
        if se is not None and se.position == "inner":
            layers.append(se.build(expanded_channels))
        layers += self.projection(expanded_channels, out_channels, norm_layer)
        self.add_module(self.path, Sequential(*layers))
        places = {"pre": in_channels, "standard": out_channels, "post": out_channels}
        self.add_se(se, **{**places, "identity": in_channels} if self.use_res_connect else places)

    def projection(self, in_channels, out_channels, norm_layer):
        """The last layers of the branch: the 1x1 convolution that narrows."""
        return [ConvNormActivation(in_channels, out_channels, 1, norm_layer=norm_layer, activation_layer=None)]

    def branch(self, input):
        return self.get_submodule(self.path)(input)

    def shortcut(self, input):
        return input if self.use_res_connect else None

    def merge(self, branch, shortcut):
        return branch if shortcut is None else branch + shortcut
