"""ShuffleNet, of grouped 1x1 convolutions and channel shuffles."""

from minitorch.models.blocks import ConvNormActivation, initialize
from minitorch.models.checks import positive_integers, positive_number
from minitorch.models.classifier import FeatureInfo, ImageClassifier
from minitorch.models.registry import register_model
from minitorch.models.squeeze_excitation import SE, SqueezeExcitedBlock
from minitorch.nn import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm2d,
    ChannelShuffle,
    Conv2d,
    Dropout,
    Linear,
    ReLU,
    Sequential,
)
from minitorch.nn.fusion import apply_layers
from minitorch.ops import cat

# Output channels of the first stage at width 1, by the number of groups (table 1 of the paper); each further stage
# has twice as many.
CHANNELS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}


class ShuffleUnit(SqueezeExcitedBlock):
    """A grouped 1x1 convolution, a channel shuffle, a depthwise convolution, a grouped 1x1 convolution (figure 2).

    The shuffle hands each group of the last convolution channels from all groups of the first. At stride 1 the input
    is added; at stride 2 its 3x3 means are joined on as further channels.

    Args:
        in_channels, out_channels: of the input and the output; the channels in between are a quarter of the output's,
            rounded up to a multiple of the groups.
        stride: 1 or 2.
        groups: of the last 1x1 convolution and the shuffle.
        first_groups: of the first 1x1 convolution.
        norm_layer: channels -> module.
        activation: () -> module.
        se: `SE` settings or None.
    """

    def __init__(
        self, in_channels, out_channels, stride, groups, first_groups, norm_layer=BatchNorm2d, activation=ReLU, se=None
    ):
        super().__init__()
        width = -(-out_channels // (4 * groups)) * groups
        branch_channels = out_channels if stride == 1 else out_channels - in_channels
        self.conv1 = Conv2d(in_channels, width, 1, groups=first_groups, bias=False)
        self.bn1 = norm_layer(width)
        self.shuffle = ChannelShuffle(groups)
        self.conv2 = Conv2d(width, width, 3, stride, padding=1, groups=width, bias=False)
        self.bn2 = norm_layer(width)
        self.conv3 = Conv2d(width, branch_channels, 1, groups=groups, bias=False)
        self.bn3 = norm_layer(branch_channels)
        self.relu = activation()
        self.pool = None if stride == 1 else AvgPool2d(3, stride=stride, padding=1)
        self.add_se(se, pre=in_channels, standard=branch_channels, identity=in_channels, post=out_channels)

    def branch(self, input):
        x = apply_layers(input, self.conv1, self.bn1, self.relu)
        x = apply_layers(self.shuffle(x), self.conv2, self.bn2)
        return apply_layers(x, self.conv3, self.bn3)

    def shortcut(self, input):
        return input if self.pool is None else self.pool(input)

    def merge(self, branch, shortcut):
        return self.relu(branch + shortcut if self.pool is None else cat([shortcut, branch], 1))


class ShuffleNetV1(ImageClassifier):
    """ShuffleNet.

    What is new: 1x1 convolutions, which hold most of the MACs of small networks, are grouped too, and a shuffle of
    the channels lets the groups exchange what they know; the MACs that this saves go into more channels.

    Source: Zhang et al. 2018, "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices"
    (arXiv:1707.01083), table 1. The first 1x1 convolution is not grouped, for it has few channels. The MACs of the
    paper leave the last layer out. The paper does not tell the channels of the first convolution at other widths than
    1; they are those of the authors' code.

    Args:
        groups: 1, 2, 3, 4 or 8.
        width_mult: factor of the channels of all stages.
        num_classes: number of scores.
        stages_repeats: units of each stage.
        norm_layer: channels -> module.
        dropout: probability of 0 before the last layer.
        in_channels: channels of the images.
        activation: () -> module.
        small_input: for images such as 32x32: the first two halvings are left out.
        se: `SE` settings, True for the usual ones, or None.

    Raises:
        ValueError: another number of groups.
    """

    def __init__(
        self, groups=3, width_mult=1.0, num_classes=1000, stages_repeats=(4, 8, 4), norm_layer=None, dropout=0.0, *,
        in_channels=3, activation=ReLU, small_input=False, se=None,
    ):  # fmt: skip
        super().__init__(num_classes, in_channels)
        norm_layer, activation = self.makers(norm_layer, activation)
        if groups not in CHANNELS:
            raise ValueError(f"ShuffleNetV1: groups must be one of {', '.join(map(str, CHANNELS))}, got {groups!r}")
        width_mult, se = positive_number("ShuffleNetV1", "width_mult", width_mult), SE.of(se)
        stages_repeats = positive_integers("ShuffleNetV1", "stages_repeats", stages_repeats)
        common = {"norm_layer": norm_layer, "activation": activation, "se": se}

        first_width = int(CHANNELS[groups] * width_mult)
        channels = 12 if width_mult < 1 else 24 if width_mult < 2 else 48
        channels += -channels % groups
        if first_width <= channels or first_width % groups:
            raise ValueError(
                f"ShuffleNetV1: width_mult={width_mult} gives the first stage {first_width} channels, which must be a "
                f"multiple of groups={groups} and more than the {channels} of the first convolution"
            )
        self.conv1 = ConvNormActivation(
            in_channels, channels, 3, 1 if small_input else 2, norm_layer=norm_layer, activation_layer=activation
        )
        self.add_stem(channels, small_input)
        reached = self.stride
        for i, repeats in enumerate(stages_repeats):
            before, channels = channels, first_width * 2**i
            stage = Sequential(ShuffleUnit(before, channels, 2, groups, 1 if i == 0 else groups, **common))
            for _ in range(repeats - 1):
                stage.append(ShuffleUnit(channels, channels, 1, groups, groups, **common))
            self.add_module(f"stage{i + 2}", stage)
            reached *= 2
            self.feature_info.append(FeatureInfo(f"stage{i + 2}", channels, reached))
        self.avgpool = AdaptiveAvgPool2d(1)
        self.dropout = Dropout(dropout)
        self.fc = Linear(channels, num_classes)
        initialize(self)

    def features(self, images):
        """The maps after the first convolution, the max pooling (if there is one) and each stage: a list."""
        return self.following_stages(self.conv1(self.check(images)))


def _entry(groups, width_mult, parameters, macs):
    """Register one width and number of groups, with its parameters and MACs at 224x224."""

    def constructor(**settings):
        return ShuffleNetV1(groups, width_mult, **settings)

    constructor.__name__ = constructor.__qualname__ = f"shufflenet_v1_x{width_mult}_g{groups}".replace(".", "_")
    constructor.__doc__ = (
        f"ShuffleNet {width_mult}x with {groups} groups: {parameters:,} parameters, {macs:,} MACs at 224x224.\n\n"
        "Settings: see `ShuffleNetV1`."
    )
    return register_model(constructor)


shufflenet_v1_x0_5_g1 = _entry(1, 0.5, 534_484, 38_517_408)
shufflenet_v1_x0_5_g2 = _entry(2, 0.5, 643_932, 38_570_608)
shufflenet_v1_x0_5_g3 = _entry(3, 0.5, 718_324, 37_589_856)
shufflenet_v1_x0_5_g4 = _entry(4, 0.5, 778_040, 37_468_832)
shufflenet_v1_x0_5_g8 = _entry(8, 0.5, 1_011_448, 40_469_760)
shufflenet_v1_x1_0_g1 = _entry(1, 1.0, 1_531_936, 143_078_976)
shufflenet_v1_x1_0_g2 = _entry(2, 1.0, 1_733_848, 140_836_512)
shufflenet_v1_x1_0_g3 = _entry(3, 1.0, 1_865_728, 137_460_672)
shufflenet_v1_x1_0_g4 = _entry(4, 1.0, 1_968_344, 134_339_776)
shufflenet_v1_x1_0_g8 = _entry(8, 1.0, 2_434_768, 138_365_952)
shufflenet_v1_x1_5_g1 = _entry(1, 1.5, 2_993_032, 308_096_352)
shufflenet_v1_x1_5_g2 = _entry(2, 1.5, 3_272_312, 302_187_792)
shufflenet_v1_x1_5_g3 = _entry(3, 1.5, 3_442_168, 292_443_552)
shufflenet_v1_x1_5_g4 = _entry(4, 1.5, 3_574_032, 285_767_712)
shufflenet_v1_x1_5_g8 = _entry(8, 1.5, 4_269_952, 290_188_800)
shufflenet_v1_x2_0_g1 = _entry(1, 2.0, 4_918_744, 550_334_592)
shufflenet_v1_x2_0_g2 = _entry(2, 2.0, 5_257_896, 539_138_624)
shufflenet_v1_x2_0_g3 = _entry(3, 2.0, 5_450_776, 524_045_184)
shufflenet_v1_x2_0_g4 = _entry(4, 2.0, 5_593_528, 510_289_536)
shufflenet_v1_x2_0_g8 = _entry(8, 2.0, 6_522_232, 521_942_016)
