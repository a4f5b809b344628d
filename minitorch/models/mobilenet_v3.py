"""MobileNetV3, found by search and finished by hand."""

import collections
import functools

from minitorch.models.blocks import ConvNormActivation, initialize, make_divisible, without_halvings
from minitorch.models.checks import image_check, positive_number
from minitorch.models.classifier import FeatureInfo, ImageClassifier, Stages
from minitorch.models.inverted_residual import InvertedResidual
from minitorch.models.registry import register_model
from minitorch.models.squeeze_excitation import SE
from minitorch.nn import AdaptiveAvgPool2d, BatchNorm2d, Dropout, Hardsigmoid, Hardswish, Linear, ReLU, Sequential
from minitorch.nn.checks import integers

Row = collections.namedtuple("Row", "kernel expanded out se activation stride dilation", defaults=(1,))
Row.__doc__ = """One block, a row of the paper's tables 1 and 2.

Attributes:
    kernel: size of the depthwise convolution.
    expanded, out: channels between the ends, and of the output.
    se: whether it has squeeze-and-excitation.
    activation: "RE" (ReLU) or "HS" (hard-swish).
    stride, dilation: of the depthwise convolution.
"""
_SIZES = ("kernel", "expanded", "out", "stride", "dilation")

LARGE = (
    Row(3, 16, 16, False, "RE", 1),
    Row(3, 64, 24, False, "RE", 2),
    Row(3, 72, 24, False, "RE", 1),
    Row(5, 72, 40, True, "RE", 2),
    Row(5, 120, 40, True, "RE", 1),
    Row(5, 120, 40, True, "RE", 1),
    Row(3, 240, 80, False, "HS", 2),
    Row(3, 200, 80, False, "HS", 1),
    Row(3, 184, 80, False, "HS", 1),
    Row(3, 184, 80, False, "HS", 1),
    Row(3, 480, 112, True, "HS", 1),
    Row(3, 672, 112, True, "HS", 1),
    Row(5, 672, 160, True, "HS", 2),
    Row(5, 960, 160, True, "HS", 1),
    Row(5, 960, 160, True, "HS", 1),
)
SMALL = (
    Row(3, 16, 16, True, "RE", 2),
    Row(3, 72, 24, False, "RE", 2),
    Row(3, 88, 24, False, "RE", 1),
    Row(5, 96, 40, True, "HS", 2),
    Row(5, 240, 40, True, "HS", 1),
    Row(5, 240, 40, True, "HS", 1),
    Row(5, 120, 48, True, "HS", 1),
    Row(5, 144, 48, True, "HS", 1),
    Row(5, 288, 96, True, "HS", 2),
    Row(5, 576, 96, True, "HS", 1),
    Row(5, 576, 96, True, "HS", 1),
)


INNER_SE = SE(reduction=4, gate=Hardsigmoid, position="inner")


class MobileNetV3(ImageClassifier):
    """MobileNetV3.

    What is new: the table of blocks comes from a search over measured time on a phone; squeeze-and-excitation inside
    the blocks; the activation hard-swish, x relu6(x + 3) / 6, in the deeper half; a cheaper first and last stage.

    Source: Howard et al. 2019, "Searching for MobileNetV3" (arXiv:1905.02244).

    Args:
        inverted_residual_setting: a `Row` for each block.
        last_channel: width of the layer before the last one.
        num_classes: number of scores.
        block: builds a block, `InvertedResidual` unless given.
        norm_layer: channels -> module; batch normalisation with eps 0.001 and momentum 0.01 unless given.
        dropout: probability of 0 before the last layer.
        in_channels: channels of the images.
        activation: () -> module, in place of hard-swish; rows marked "RE" keep ReLU.
        small_input: for images such as 32x32: the first two halvings are left out.
        se: `SE` settings of the rows that have it, or None for none at all.

    Attributes:
        features: `Stages` of the first convolution, the blocks and the last convolution.
    """

    head_name = "classifier.3"

    def __init__(
        self, inverted_residual_setting, last_channel, num_classes=1000, block=None, norm_layer=None, dropout=0.2, *,
        in_channels=3, activation=Hardswish, small_input=False, se=INNER_SE,
    ):  # fmt: skip
        super().__init__(num_classes, in_channels)
        norm_layer, activation = self.makers(
            norm_layer, activation, default_norm=functools.partial(BatchNorm2d, eps=0.001, momentum=0.01)
        )
        inverted_residual_setting = _rows(inverted_residual_setting)
        block, se = InvertedResidual if block is None else block, SE.of(se)
        strides = [2] + [1 if row.dilation > 1 else row.stride for row in inverted_residual_setting]
        strides = without_halvings(strides) if small_input else strides
        common = {"norm_layer": norm_layer, "activation_layer": activation}

        channels, reached = inverted_residual_setting[0].expanded, strides[0]
        layers = [ConvNormActivation(in_channels, channels, stride=reached, **common)]
        self.feature_info = [FeatureInfo("features.0", channels, reached)]
        for row, stride in zip(inverted_residual_setting, strides[1:]):
            settings = {"norm_layer": norm_layer, "activation": activation if row.activation == "HS" else ReLU,
                        "se": se if row.se else None}  # fmt: skip
            given = row.stride if row.dilation > 1 else stride  # a dilated block without its stride has no shortcut
            layers.append(block(channels, row.expanded, row.out, row.kernel, given, row.dilation, **settings))
            channels, reached = row.out, reached * stride
            self.feature_info.append(FeatureInfo(f"features.{len(layers) - 1}", channels, reached))
        layers.append(ConvNormActivation(channels, 6 * channels, 1, **common))
        self.feature_info.append(FeatureInfo(f"features.{len(layers) - 1}", 6 * channels, reached))
        self.features = Stages(*layers, check=image_check("MobileNetV3", in_channels, reached))
        self.avgpool = AdaptiveAvgPool2d(1)
        self.classifier = Sequential(
            Linear(6 * channels, last_channel), activation(), Dropout(dropout), Linear(last_channel, num_classes)
        )
        initialize(self, linear_std=0.01)

    def head(self, vector):
        return self.classifier(vector)


def _rows(setting):
    if not isinstance(setting, (tuple, list)) or not all(isinstance(row, Row) for row in setting) or not setting:
        raise ValueError(f"MobileNetV3: inverted_residual_setting must hold Rows, at least one, got {setting}")
    for row in setting:
        integers("MobileNetV3", 1, **{name: value for name, value in row._asdict().items() if name in _SIZES})
        if row.activation not in ("RE", "HS"):
            raise ValueError(f"MobileNetV3: activation of a Row must be 'RE' or 'HS', got {row.activation!r}")
    return setting


def _mobilenet_v3(rows, last_channel, width_mult=1.0, reduced_tail=False, dilated=False, **settings):
    """The network of a table with the changes that torchvision has for it.

    Args:
        width_mult: factor of all channels, which are then rounded to multiples of 8.
        reduced_tail: half the channels in the last stage.
        dilated: dilate the last stage in place of halving it, for segmentation.
    """
    width_mult = positive_number("MobileNetV3", "width_mult", width_mult)
    tail = max(i for i, row in enumerate(rows) if row.stride == 2)
    table = []
    for i, row in enumerate(rows):
        half = 2 if reduced_tail and i >= tail else 1
        expanded, out = row.expanded // (half if i > tail else 1), row.out // half
        row = row._replace(expanded=make_divisible(expanded * width_mult), out=make_divisible(out * width_mult))
        table.append(row._replace(dilation=2) if dilated and i >= tail else row)
    last_channel = make_divisible(last_channel // (2 if reduced_tail else 1) * width_mult)
    return MobileNetV3(table, last_channel, **settings)


@register_model
def mobilenet_v3_large(**settings):
    """MobileNetV3-Large 1.0: 5,483,032 parameters, 216,589,760 MACs at 224x224 (the paper: 219 million).

    Settings: see `MobileNetV3`; also width_mult, reduced_tail (half the channels in the last stage) and dilated (the
    last stage is dilated, not halved).
    """
    return _mobilenet_v3(LARGE, 1280, **settings)


@register_model
def mobilenet_v3_small(**settings):
    """MobileNetV3-Small 1.0: 2,542,856 parameters, 56,510,400 MACs at 224x224.

    The authors' code is said to have 2.9 million parameters and 66 million MACs, as does the paper's first version;
    this is torchvision's, as in the last version. Settings: see `mobilenet_v3_large`.
    """
    return _mobilenet_v3(SMALL, 1024, **settings)
