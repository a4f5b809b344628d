"""ShuffleNetV2, made by guidelines for speed rather than for few MACs."""

from minitorch.models.blocks import ConvNormActivation, conv_norm_activation, initialize
from minitorch.models.checks import positive_integers
from minitorch.models.classifier import FeatureInfo, ImageClassifier
from minitorch.models.registry import register_model
from minitorch.models.squeeze_excitation import SE, SqueezeExcitedBlock
from minitorch.nn import AdaptiveAvgPool2d, BatchNorm2d, Dropout, Linear, ReLU, Sequential
from minitorch.ops import cat, channel_shuffle


class ShuffleUnitV2(SqueezeExcitedBlock):
    """Half of the channels go through a 1x1, a depthwise and a 1x1 convolution, the other half go past them.

    Then both halves are joined and shuffled, so that the next unit works on some of each. At stride 2 all channels go
    both ways, and the second way has a depthwise and a 1x1 convolution too (figure 3, c and d).

    Args:
        in_channels, out_channels: of the input and the output; equal at stride 1.
        stride: 1 or 2.
        norm_layer: channels -> module.
        activation: () -> module.
        se: `SE` settings or None.

    Raises:
        ValueError: channels that cannot be halved, or differ at stride 1.
    """

    def __init__(self, in_channels, out_channels, stride, norm_layer=BatchNorm2d, activation=ReLU, se=None):
        super().__init__()
        if out_channels % 2 or (stride == 1 and in_channels != out_channels):
            raise ValueError(
                f"ShuffleUnitV2: out_channels must be even, and equal in_channels at stride 1, got in_channels="
                f"{in_channels}, out_channels={out_channels}, stride={stride}"
            )
        half = out_channels // 2
        to_branch = half if stride == 1 else in_channels

        def depthwise(channels):
            return conv_norm_activation(
                channels, channels, 3, stride, groups=channels, norm_layer=norm_layer, activation_layer=None
            )

        def pointwise(before):
            return conv_norm_activation(before, half, 1, norm_layer=norm_layer, activation_layer=activation)

        self.stride = stride
        self.branch1 = Sequential() if stride == 1 else Sequential(*depthwise(in_channels), *pointwise(in_channels))
        self.branch2 = Sequential(*pointwise(to_branch), *depthwise(half), *pointwise(half))
        self.add_se(se, pre=to_branch, standard=half, identity=half, post=out_channels)

    def split(self, input):
        if self.stride > 1:
            return input, input
        to_shortcut, to_branch = input.chunk(2, 1)
        return to_branch, to_shortcut

    def branch(self, input):
        return self.branch2(input)

    def shortcut(self, input):
        return self.branch1(input)

    def merge(self, branch, shortcut):
        return channel_shuffle(cat([shortcut, branch], 1), 2)


class ShuffleNetV2(ImageClassifier):
    """ShuffleNetV2.

    What is new: time on a device depends on memory traffic and on how much can run at once, not on MACs alone; hence
    equal channels before and after 1x1 convolutions, no grouped ones, few branches, and joining in place of adding.

    Source: Ma et al. 2018, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design"
    (arXiv:1807.11164), table 5. The paper prints 244 channels in the first stage at width 2, as here; its MACs are
    about 1 % above those that a count gives.

    Args:
        stages_repeats: units of each stage.
        stages_out_channels: of the first convolution, each stage and the last convolution.
        num_classes: number of scores.
        inverted_residual: builds a unit, `ShuffleUnitV2` unless given.
        norm_layer: channels -> module.
        dropout: probability of 0 before the last layer.
        in_channels: channels of the images.
        activation: () -> module.
        small_input: for images such as 32x32: the first two halvings are left out.
        se: `SE` settings, True for the usual ones, or None.

    Raises:
        ValueError: lists that do not fit each other.
    """

    def __init__(
        self, stages_repeats, stages_out_channels, num_classes=1000, inverted_residual=ShuffleUnitV2, *,
        norm_layer=None, dropout=0.0, in_channels=3, activation=ReLU, small_input=False, se=None,
    ):  # fmt: skip
        super().__init__(num_classes, in_channels)
        norm_layer, activation = self.makers(norm_layer, activation)
        stages_repeats, se = positive_integers("ShuffleNetV2", "stages_repeats", stages_repeats), SE.of(se)
        count = len(stages_repeats) + 2
        stages_out_channels = positive_integers("ShuffleNetV2", "stages_out_channels", stages_out_channels, count)
        common = {"norm_layer": norm_layer, "activation_layer": activation}

        first_channels, *widths, last_channels = stages_out_channels
        self.conv1 = ConvNormActivation(in_channels, first_channels, 3, 1 if small_input else 2, **common)
        self.add_stem(first_channels, small_input)
        channels, reached = first_channels, self.stride
        for i, (width, repeats) in enumerate(zip(widths, stages_repeats)):
            units = [inverted_residual(channels, width, 2, norm_layer, activation, se)]
            units += [inverted_residual(width, width, 1, norm_layer, activation, se) for _ in range(repeats - 1)]
            self.add_module(f"stage{i + 2}", Sequential(*units))
            channels, reached = width, reached * 2
            self.feature_info.append(FeatureInfo(f"stage{i + 2}", channels, reached))
        self.conv5 = ConvNormActivation(channels, last_channels, 1, **common)
        self.feature_info.append(FeatureInfo("conv5", last_channels, reached))
        self.avgpool = AdaptiveAvgPool2d(1)
        self.dropout = Dropout(dropout)
        self.fc = Linear(last_channels, num_classes)
        initialize(self)

    def features(self, images):
        """The maps after the first convolution, the max pooling (if there is one), each stage and the last
        convolution: a list."""
        return self.following_stages(self.conv1(self.check(images)))


@register_model
def shufflenet_v2_x0_5(**settings):
    """ShuffleNetV2 0.5x: 1,366,792 parameters, 40,476,448 MACs at 224x224. Settings: see `ShuffleNetV2`."""
    return ShuffleNetV2((4, 8, 4), (24, 48, 96, 192, 1024), **settings)


@register_model
def shufflenet_v2_x1_0(**settings):
    """ShuffleNetV2 1x: 2,278,604 parameters, 144,907,992 MACs at 224x224. Settings: see `ShuffleNetV2`."""
    return ShuffleNetV2((4, 8, 4), (24, 116, 232, 464, 1024), **settings)


@register_model
def shufflenet_v2_x1_5(**settings):
    """ShuffleNetV2 1.5x: 3,503,624 parameters, 295,759,392 MACs at 224x224. Settings: see `ShuffleNetV2`."""
    return ShuffleNetV2((4, 8, 4), (24, 176, 352, 704, 1024), **settings)


@register_model
def shufflenet_v2_x2_0(**settings):
    """ShuffleNetV2 2x: 7,393,996 parameters, 583,253,464 MACs at 224x224. Settings: see `ShuffleNetV2`."""
    return ShuffleNetV2((4, 8, 4), (24, 244, 488, 976, 2048), **settings)
