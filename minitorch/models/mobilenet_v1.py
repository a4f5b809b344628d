"""MobileNet, of depthwise separable convolutions."""

from minitorch.models.blocks import initialize, make_divisible, without_halvings
from minitorch.models.checks import positive_number
from minitorch.models.classifier import FeatureInfo, ImageClassifier
from minitorch.models.registry import register_model
from minitorch.models.squeeze_excitation import SE, SqueezeExcitedBlock
from minitorch.nn import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Dropout, Linear, ReLU6, Sequential
from minitorch.nn.fusion import apply_layers

# Output channels, blocks and stride of the first block, for each stage (table 1 of the paper).
STAGES = ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2))


class DepthwiseSeparable(SqueezeExcitedBlock):
    """A 3x3 convolution of each channel alone, then a 1x1 convolution that mixes the channels (figure 3, right).

    There is no shortcut; squeeze-and-excitation stands before the block or, equally for ``"standard"`` and ``"post"``,
    behind it.

    Args:
        in_channels, out_channels: of the input and the output.
        stride: of the 3x3 convolution.
        norm_layer: channels -> module.
        activation: () -> module.
        se: `SE` settings or None.
    """

    se_positions = ("standard", "pre", "post")

    def __init__(self, in_channels, out_channels, stride=1, norm_layer=BatchNorm2d, activation=ReLU6, se=None):
        super().__init__()
        self.conv_dw = Conv2d(in_channels, in_channels, 3, stride, padding=1, groups=in_channels, bias=False)
        self.bn1 = norm_layer(in_channels)
        self.conv_pw = Conv2d(in_channels, out_channels, 1, bias=False)
        self.bn2 = norm_layer(out_channels)
        self.activation = activation()
        self.add_se(se, pre=in_channels, standard=out_channels, post=out_channels)

    def branch(self, input):
        x = apply_layers(input, self.conv_dw, self.bn1, self.activation)
        return apply_layers(x, self.conv_pw, self.bn2, self.activation)

    def shortcut(self, input):
        return None

    def merge(self, branch, shortcut):
        return branch


class MobileNetV1(ImageClassifier):
    """MobileNet: thirteen depthwise separable convolutions.

    What is new: a full convolution is taken apart into one in space and one across channels, for an eighth to a ninth
    of the MACs; and two numbers that trade accuracy for cost, the width and the resolution. The resolution is that of
    the images: the network takes any, and its MACs are proportional to its area.

    Source: Howard et al. 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications"
    (arXiv:1704.04861). Deviations, all of them timm's, whose state keys these are: the activation is ReLU6 where the
    paper has ReLU, as in the authors' code, and padding is alike on all sides where that code pads at the bottom and
    right more.

    Args:
        num_classes: number of scores.
        width_mult: factor of all channels, which are then rounded to multiples of 8.
        norm_layer: channels -> module.
        dropout: probability of 0 before the last layer.
        in_channels: channels of the images.
        activation: () -> module.
        small_input: for images such as 32x32: the first two halvings are left out.
        se: `SE` settings, True for the usual ones, or None.
    """

    head_name = "classifier"

    def __init__(
        self, num_classes=1000, width_mult=1.0, norm_layer=None, dropout=0.0, *, in_channels=3, activation=ReLU6,
        small_input=False, se=None,
    ):  # fmt: skip
        super().__init__(num_classes, in_channels)
        norm_layer, activation = self.makers(norm_layer, activation)
        width_mult, se = positive_number("MobileNetV1", "width_mult", width_mult), SE.of(se)
        strides = [2] + [stride for _, _, stride in STAGES]
        strides = without_halvings(strides) if small_input else strides

        channels, reached = make_divisible(32 * width_mult), strides[0]
        self.conv_stem = Conv2d(in_channels, channels, 3, strides[0], padding=1, bias=False)
        self.bn1 = norm_layer(channels)
        self.activation = activation()
        self.feature_info = [FeatureInfo("conv_stem", channels, reached)]
        self.blocks = Sequential()
        for (width, repeats, _), stride in zip(STAGES, strides[1:]):
            stage = Sequential()
            for i in range(repeats):
                before, channels = channels, make_divisible(width * width_mult)
                first = stride if i == 0 else 1
                stage.append(DepthwiseSeparable(before, channels, first, norm_layer, activation, se))
            reached *= stride
            self.feature_info.append(FeatureInfo(f"blocks.{len(self.blocks)}", channels, reached))
            self.blocks.append(stage)
        self.avgpool = AdaptiveAvgPool2d(1)
        self.dropout = Dropout(dropout)
        self.classifier = Linear(channels, num_classes)
        initialize(self)

    def features(self, images):
        """The maps after the first convolution and each stage: a list."""
        return self.following_stages(apply_layers(self.check(images), self.conv_stem, self.bn1, self.activation))


@register_model
def mobilenet_v1(width_mult=1.0, **settings):
    """MobileNet of any width, at width 1.0: 4,231,976 parameters, 568,740,352 MACs at 224x224.

    418,121,728 MACs at 192x192, 290,675,200 at 160x160, 186,400,768 at 128x128. Settings: see `MobileNetV1`.
    """
    return MobileNetV1(width_mult=width_mult, **settings)


@register_model
def mobilenetv1_100(**settings):
    """MobileNet under timm's name: 4,231,976 parameters, 568,740,352 MACs at 224x224. Settings: see `MobileNetV1`."""
    return MobileNetV1(width_mult=1.0, **settings)


@register_model
def mobilenetv1_075(**settings):
    """MobileNet of width 0.75: 2,585,560 parameters, 325,400,448 MACs at 224x224. Settings: see `MobileNetV1`."""
    return MobileNetV1(width_mult=0.75, **settings)


@register_model
def mobilenetv1_050(**settings):
    """MobileNet of width 0.5: 1,331,592 parameters, 149,497,088 MACs at 224x224. Settings: see `MobileNetV1`."""
    return MobileNetV1(width_mult=0.5, **settings)


@register_model
def mobilenetv1_025(**settings):
    """MobileNet of width 0.25: 470,072 parameters, 41,030,272 MACs at 224x224. Settings: see `MobileNetV1`."""
    return MobileNetV1(width_mult=0.25, **settings)
