"""ResNet, Wide ResNet and ResNeXt, on ImageNet and on small images."""

from minitorch.models.blocks import initialize
from minitorch.models.checks import positive_integers, probability
from minitorch.models.classifier import FeatureInfo, ImageClassifier
from minitorch.models.registry import register_model
from minitorch.models.squeeze_excitation import SE, SqueezeExcitedBlock
from minitorch.nn import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Linear,
    ReLU,
    Sequential,
    StochasticDepth,
    init,
)
from minitorch.nn.functional import pad
from minitorch.nn.fusion import apply_layers
from minitorch.nn.module import Module

SHORTCUTS = ("projection", "padding", "none")


def conv3x3(in_channels, out_channels, stride=1, groups=1, dilation=1):
    """A 3x3 convolution that keeps the size at stride 1."""
    return Conv2d(in_channels, out_channels, 3, stride, dilation, dilation, groups, bias=False)


def conv1x1(in_channels, out_channels, stride=1):
    """A 1x1 convolution."""
    return Conv2d(in_channels, out_channels, 1, stride, bias=False)


class PaddingShortcut(Module):
    """The shortcut without parameters: every stride-th pixel, and zeros in the channels that are new.

    Source: He et al. 2016 (arXiv:1512.03385), section 4.1, option A. The paper does not say on which side the new
    channels come; here they come last.
    """

    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        if out_channels < in_channels:
            raise ValueError(f"PaddingShortcut: cannot go from {in_channels} channels to fewer, {out_channels}")
        self.new_channels, self.stride = out_channels - in_channels, stride

    def forward(self, input):
        return pad(input[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))


class ResidualBlock(SqueezeExcitedBlock):
    """activation(branch(x) + shortcut(x)); what `BasicBlock` and `Bottleneck` share.

    Attributes:
        expansion: output channels per `channels`.
        last_norm: name of the last normalisation of the branch.
    """

    expansion, last_norm = 1, None

    def _finish(self, in_channels, channels, stride, norm_layer, activation, shortcut, se):
        """Add what comes after the branch: activation, squeeze-and-excitation, shortcut."""
        out_channels = channels * self.expansion
        self.relu = activation()
        places = {"pre": in_channels, "standard": out_channels, "post": out_channels}
        self.add_se(se, **places if shortcut == "none" else {**places, "identity": out_channels})
        self.has_shortcut, self.downsample, self.drop_path = shortcut != "none", None, None
        if self.has_shortcut and (stride != 1 or in_channels != out_channels):
            if shortcut == "padding":
                self.downsample = PaddingShortcut(in_channels, out_channels, stride)
            else:
                self.downsample = Sequential(conv1x1(in_channels, out_channels, stride), norm_layer(out_channels))

    def shortcut(self, input):
        if not self.has_shortcut:
            return None
        return input if self.downsample is None else self.downsample(input)

    def merge(self, branch, shortcut):
        branch = branch if self.drop_path is None else self.drop_path(branch)
        return self.relu(branch if shortcut is None else branch + shortcut)


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions (figure 5, left, of the paper).

    Args:
        in_channels: of the input.
        channels: of both convolutions.
        stride: of the first convolution and of the shortcut.
        dilation: of both convolutions.
        groups, width_per_group: 1 and 64; the block has no bottleneck that they could shape.
        norm_layer: channels -> module.
        activation: () -> module.
        shortcut: ``"projection"`` (where the shape changes a 1x1 convolution, option B), ``"padding"`` (option A) or
            ``"none"``.
        se: `SE` settings or None.
    """

    last_norm = "bn2"

    def __init__(
        self, in_channels, channels, stride=1, dilation=1, groups=1, width_per_group=64, norm_layer=BatchNorm2d,
        activation=ReLU, shortcut="projection", se=None,
    ):  # fmt: skip
        super().__init__()
        if groups != 1 or width_per_group != 64:
            raise ValueError(
                f"BasicBlock: takes groups=1 and width_per_group=64 alone, got {groups} and {width_per_group}"
            )
        self.conv1 = conv3x3(in_channels, channels, stride, dilation=dilation)
        self.bn1 = norm_layer(channels)
        self.conv2 = conv3x3(channels, channels, dilation=dilation)
        self.bn2 = norm_layer(channels)
        self._finish(in_channels, channels, stride, norm_layer, activation, shortcut, se)

    def branch(self, input):
        x = apply_layers(input, self.conv1, self.bn1, self.relu)
        return apply_layers(x, self.conv2, self.bn2)


class Bottleneck(ResidualBlock):
    """A 1x1 convolution that narrows, a 3x3 one, and a 1x1 one that widens (figure 5, right, of the paper).

    The paper has the stride in the first 1x1 convolution; it stands in the 3x3 one here, as in torchvision and the
    authors' later code, which loses no pixel and costs 0.2 to 0.3 billion MACs.

    Args:
        channels: the width of the 3x3 convolution is channels * width_per_group / 64 * groups, that of the output
            4 * channels.
        groups: of the 3x3 convolution; the cardinality of ResNeXt.

    The other arguments: see `BasicBlock`.
    """

    expansion, last_norm = 4, "bn3"

    def __init__(
        self, in_channels, channels, stride=1, dilation=1, groups=1, width_per_group=64, norm_layer=BatchNorm2d,
        activation=ReLU, shortcut="projection", se=None,
    ):  # fmt: skip
        super().__init__()
        width = int(channels * width_per_group / 64) * groups
        self.conv1 = conv1x1(in_channels, width)
        self.bn1 = norm_layer(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm_layer(width)
        self.conv3 = conv1x1(width, channels * self.expansion)
        self.bn3 = norm_layer(channels * self.expansion)
        self._finish(in_channels, channels, stride, norm_layer, activation, shortcut, se)

    def branch(self, input):
        x = apply_layers(input, self.conv1, self.bn1, self.relu)
        x = apply_layers(x, self.conv2, self.bn2, self.relu)
        return apply_layers(x, self.conv3, self.bn3)


class ResNet(ImageClassifier):
    """Stages of residual blocks; each stage but the first halves the size and doubles the channels.

    What is new: a block computes what to add to its input, not its output itself, so that networks of a hundred and
    more layers can be trained, and are better than shallow ones.

    Source: He et al. 2016, "Deep Residual Learning for Image Recognition" (arXiv:1512.03385).

    Args:
        block: `BasicBlock` or `Bottleneck`.
        layers: number of blocks of each stage.
        num_classes: number of scores.
        zero_init_residual: begin with a weight of 0 in the last normalisation of each branch, so that every block
            begins as the identity (Goyal et al. 2017, arXiv:1706.02677, section 5.1).
        groups, width_per_group: of `Bottleneck`.
        replace_stride_with_dilation: a flag for each stage but the first: dilate the convolutions in place of halving.
        norm_layer: channels -> module.
        in_channels: channels of the images.
        dropout: probability of 0 before the last layer.
        activation: () -> module.
        widths: channels of the blocks of each stage; the first is also that of the first convolution.
        small_input: for images such as 32x32: the first convolution is 3x3 with stride 1, and there is no max pooling
            (section 4.2 of the paper).
        shortcut: as for `BasicBlock`.
        se: `SE` settings, True for the usual ones, or None.
        stochastic_depth_prob: with which probability training drops the branch of the last block; that of block
            number l of L is l / L of it, so that early blocks, on which all others build, are dropped least.

    Raises:
        ValueError: settings that contradict each other.
    """

    def __init__(
        self, block, layers, num_classes=1000, zero_init_residual=False, groups=1, width_per_group=64,
        replace_stride_with_dilation=None, norm_layer=None, *, in_channels=3, dropout=0.0, activation=ReLU,
        widths=(64, 128, 256, 512), small_input=False, shortcut="projection", se=None,
        stochastic_depth_prob=0.0,
    ):  # fmt: skip
        super().__init__(num_classes, in_channels)
        norm_layer, activation = self.makers(norm_layer, activation)
        layers, widths = positive_integers("ResNet", "layers", layers), positive_integers("ResNet", "widths", widths)
        se, dilate = SE.of(se), _dilated(layers, replace_stride_with_dilation)
        _check_settings(block, layers, widths, shortcut, zero_init_residual, se, stochastic_depth_prob)
        settings = {"groups": groups, "width_per_group": width_per_group, "norm_layer": norm_layer,
                    "activation": activation, "shortcut": shortcut, "se": se}  # fmt: skip

        if small_input:
            self.conv1 = conv3x3(in_channels, widths[0])
        else:
            self.conv1 = Conv2d(in_channels, widths[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = norm_layer(widths[0])
        self.relu = activation()
        self.add_stem(widths[0], small_input)
        dilation = 1
        for i, (channels, blocks) in enumerate(zip(widths, layers)):
            _, before, reached = self.feature_info[-1]
            stride = 2 if i > 0 and not dilate[i] else 1
            first = block(before, channels, stride, dilation, **settings)
            dilation *= 2 if dilate[i] else 1
            out_channels = channels * block.expansion
            others = [block(out_channels, channels, 1, dilation, **settings) for _ in range(blocks - 1)]
            self.add_module(f"layer{i + 1}", Sequential(first, *others))
            self.feature_info.append(FeatureInfo(f"layer{i + 1}", out_channels, reached * stride))
        self.avgpool = AdaptiveAvgPool2d((1, 1))
        self.dropout = Dropout(dropout)
        self.fc = Linear(self.feature_info[-1].channels, num_classes)

        initialize(self)
        blocks = [module for module in self.modules() if isinstance(module, ResidualBlock)]
        if zero_init_residual:
            _begin_as_identity(blocks)
        if stochastic_depth_prob:
            _drop_paths(blocks, stochastic_depth_prob)

    def features(self, images):
        """The maps after the first convolution, the max pooling (if there is one) and each stage: a list."""
        return self.following_stages(apply_layers(self.check(images), self.conv1, self.bn1, self.relu))


def _begin_as_identity(blocks):
    for block in blocks:
        weight = getattr(block.get_submodule(block.last_norm), "weight", None)
        if weight is None:
            raise ValueError("ResNet: zero_init_residual needs a norm_layer with a weight")
        init.zeros_(weight)


def _drop_paths(blocks, last):
    """Stochastic depth by the linear decay rule (Huang et al. 2016, arXiv:1603.09382, equation 4)."""
    for number, block in enumerate(blocks, 1):
        block.drop_path = StochasticDepth(last * number / len(blocks), "row")


def _dilated(layers, replace_stride_with_dilation):
    """For each stage whether it is dilated; the first never is."""
    flags = replace_stride_with_dilation or [False] * (len(layers) - 1)
    if not isinstance(flags, (tuple, list)) or len(flags) != len(layers) - 1:
        count = f", got {len(flags)}" if isinstance(flags, (tuple, list)) else f", got {flags!r}"
        raise ValueError(f"ResNet: replace_stride_with_dilation must hold {len(layers) - 1} flags{count}")
    return (False, *flags)


def _check_settings(block, layers, widths, shortcut, zero_init_residual, se, stochastic_depth_prob):
    if not isinstance(block, type):
        raise TypeError(f"ResNet: block must be BasicBlock, Bottleneck or a class like them, got {block!r}")
    if len(layers) > len(widths):
        raise ValueError(f"ResNet: layers must hold 1 to {len(widths)} numbers of blocks, one per width, got {layers}")
    if shortcut not in SHORTCUTS:
        raise ValueError(f"ResNet: shortcut must be one of {', '.join(map(repr, SHORTCUTS))}, got {shortcut!r}")
    probability("ResNet", "stochastic_depth_prob", stochastic_depth_prob)
    if shortcut == "none" and (zero_init_residual or stochastic_depth_prob):
        raise ValueError(
            "ResNet: zero_init_residual and stochastic_depth_prob need shortcuts, without which nothing comes through"
        )
    if shortcut == "none" and se is not None and se.position == "identity":
        raise ValueError("ResNet: se with position 'identity' stands on the shortcut, and there is none")


@register_model
def resnet18(**settings):
    """ResNet-18: 11,689,512 parameters, 1,814,073,344 MACs at 224x224.

    The paper's ResNet-18 of table 2 has shortcuts without parameters (option A); this one, as torchvision's, has
    projections where the shape changes (option B). Settings: see `ResNet`.
    """
    return ResNet(BasicBlock, (2, 2, 2, 2), **settings)


@register_model
def resnet34(**settings):
    """ResNet-34 with option B of the paper: 21,797,672 parameters, 3,663,761,408 MACs at 224x224.

    Settings: see `ResNet`.
    """
    return ResNet(BasicBlock, (3, 4, 6, 3), **settings)


@register_model
def resnet50(**settings):
    """ResNet-50: 25,557,032 parameters, 4,089,184,256 MACs at 224x224.

    The paper states 3.8 billion MACs: see `Bottleneck` for the difference. Settings: see `ResNet`.
    """
    return ResNet(Bottleneck, (3, 4, 6, 3), **settings)


@register_model
def resnet101(**settings):
    """ResNet-101: 44,549,160 parameters, 7,801,405,440 MACs at 224x224 (the paper: 7.6 billion, see `Bottleneck`).

    Settings: see `ResNet`.
    """
    return ResNet(Bottleneck, (3, 4, 23, 3), **settings)


@register_model
def resnet152(**settings):
    """ResNet-152: 60,192,808 parameters, 11,513,626,624 MACs at 224x224 (the paper: 11.3 billion, see `Bottleneck`).

    Settings: see `ResNet`.
    """
    return ResNet(Bottleneck, (3, 8, 36, 3), **settings)


@register_model
def wide_resnet50_2(**settings):
    """Wide ResNet-50-2: 68,883,240 parameters, 11,398,021,120 MACs at 224x224.

    What is new: twice the width in the 3x3 convolutions, in place of more depth.

    Source: Zagoruyko and Komodakis 2016, "Wide Residual Networks" (arXiv:1605.07146). Settings: see `ResNet`.
    """
    return resnet50(**{"width_per_group": 128, **settings})


@register_model
def resnext50_32x4d(**settings):
    """ResNeXt-50 (32x4d): 25,028,904 parameters, 4,230,479,872 MACs at 224x224.

    What is new: the 3x3 convolution falls into 32 groups of 4 channels: many narrow paths in place of a wide one.

    Source: Xie et al. 2017, "Aggregated Residual Transformations for Deep Neural Networks" (arXiv:1611.05431).
    Settings: see `ResNet`.
    """
    return resnet50(**{"groups": 32, "width_per_group": 4, **settings})


@register_model
def resnext101_32x8d(**settings):
    """ResNeXt-101 (32x8d): 88,791,336 parameters, 16,414,015,488 MACs at 224x224. New in it: see `resnext50_32x4d`.

    The paper has 32x4d and 64x4d at this depth; 32x8d came with the authors' later weights (Mahajan et al. 2018,
    arXiv:1805.00932). Settings: see `ResNet`.
    """
    return resnet101(**{"groups": 32, "width_per_group": 8, **settings})
