"""MobileNetV2, of inverted residuals with linear bottlenecks."""

from minitorch.models.blocks import (
    ConvNormActivation,
    conv_norm_activation,
    initialize,
    make_divisible,
    without_halvings,
)
from minitorch.models.checks import image_check, positive_number
from minitorch.models.classifier import FeatureInfo, ImageClassifier, Stages
from minitorch.models.inverted_residual import InvertedResidual
from minitorch.models.registry import register_model
from minitorch.models.squeeze_excitation import SE
from minitorch.nn import AdaptiveAvgPool2d, Dropout, Linear, ReLU6, Sequential
from minitorch.nn.checks import integers

# Expansion, output channels, blocks and stride of the first block, for each stage (table 2 of the paper).
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class LinearBottleneck(InvertedResidual):
    """`InvertedResidual` under the state keys of torchvision's MobileNetV2, where the last layers stand flat."""

    path = "conv"

    def projection(self, in_channels, out_channels, norm_layer):
        return conv_norm_activation(in_channels, out_channels, 1, norm_layer=norm_layer, activation_layer=None)


class MobileNetV2(ImageClassifier):
    """MobileNetV2.

    What is new: blocks are narrow at their ends and wide in between, the shortcut joins the narrow ends, and no
    activation follows a narrow layer, for it would lose too much there.

    Source: Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (arXiv:1801.04381).

    Args:
        num_classes: number of scores.
        width_mult: factor of all channels; those of the last convolution never become fewer.
        inverted_residual_setting: rows (expansion, output channels, blocks, stride of the first), table 2 unless given.
        round_nearest: channels are rounded to a multiple of it.
        block: builds a block, `LinearBottleneck` unless given.
        norm_layer: channels -> module.
        dropout: probability of 0 before the last layer.
        in_channels: channels of the images.
        activation: () -> module.
        small_input: for images such as 32x32: the first two halvings are left out.
        se: `SE` settings, True for the usual ones, or None.

    Attributes:
        features: `Stages` of the first convolution, the blocks and the last convolution.
    """

    head_name = "classifier.1"

    def __init__(
        self, num_classes=1000, width_mult=1.0, inverted_residual_setting=None, round_nearest=8, block=None,
        norm_layer=None, dropout=0.2, *, in_channels=3, activation=ReLU6, small_input=False, se=None,
    ):  # fmt: skip
        super().__init__(num_classes, in_channels)
        norm_layer, activation = self.makers(norm_layer, activation)
        width_mult = positive_number("MobileNetV2", "width_mult", width_mult)
        (round_nearest,) = integers("MobileNetV2", 1, round_nearest=round_nearest)
        block, se = LinearBottleneck if block is None else block, SE.of(se)
        stages = STAGES if inverted_residual_setting is None else _rows(inverted_residual_setting)
        strides = [2] + [stride for *_, stride in stages]
        strides = without_halvings(strides) if small_input else strides
        common = {"norm_layer": norm_layer, "activation_layer": activation}

        channels, reached = make_divisible(32 * width_mult, round_nearest), strides[0]
        layers = [ConvNormActivation(in_channels, channels, stride=reached, **common)]
        self.feature_info = [FeatureInfo("features.0", channels, reached)]
        for (expansion, width, repeats, _), stride in zip(stages, strides[1:]):
            for i in range(repeats):
                before, channels = channels, make_divisible(width * width_mult, round_nearest)
                first = stride if i == 0 else 1
                settings = {"stride": first, "norm_layer": norm_layer, "activation": activation, "se": se}
                layers.append(block(before, round(before * expansion), channels, **settings))
                reached *= first
                self.feature_info.append(FeatureInfo(f"features.{len(layers) - 1}", channels, reached))
        self.last_channel = make_divisible(1280 * max(1.0, width_mult), round_nearest)
        layers.append(ConvNormActivation(channels, self.last_channel, 1, **common))
        self.feature_info.append(FeatureInfo(f"features.{len(layers) - 1}", self.last_channel, reached))
        self.features = Stages(*layers, check=image_check("MobileNetV2", in_channels, reached))
        self.avgpool = AdaptiveAvgPool2d(1)
        self.classifier = Sequential(Dropout(dropout), Linear(self.last_channel, num_classes))
        initialize(self, linear_std=0.01)

    def head(self, vector):
        return self.classifier(vector)


def _rows(setting):
    if not isinstance(setting, (tuple, list)) or not setting:
        raise ValueError(f"MobileNetV2: inverted_residual_setting must hold rows of 4 numbers, got {setting!r}")
    for row in setting:
        if len(row) != 4:
            raise ValueError(f"MobileNetV2: inverted_residual_setting must hold rows of 4 numbers, got {row!r}")
        positive_number("MobileNetV2", "the expansion of a row", row[0])
        integers("MobileNetV2", 1, channels=row[1], blocks=row[2], stride=row[3])
    return setting


@register_model
def mobilenet_v2(**settings):
    """MobileNetV2 1.0: 3,504,872 parameters, 300,774,272 MACs at 224x224. Settings: see `MobileNetV2`."""
    return MobileNetV2(**settings)
