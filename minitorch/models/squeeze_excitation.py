"""Squeeze-and-excitation: a small network that weighs the channels, and the places where a block can have one."""

import dataclasses
import math
from collections.abc import Callable, Mapping

from minitorch.models.blocks import make_divisible
from minitorch.models.checks import check_settings, module_maker
from minitorch.nn import AdaptiveAvgPool2d, Conv2d, ReLU, Sigmoid
from minitorch.nn.functional import channel_scale
from minitorch.nn.module import Module
from minitorch.ops.operands import is_number

POSITIONS = ("standard", "pre", "post", "identity")


class SqueezeExcitation(Module):
    """Weigh each channel by a number between 0 and 1 that depends on the means of all channels.

    Squeeze: global average pooling. Excitation: two layers, a narrow one and one as wide as the input. The layers are
    1x1 convolutions of 1x1 maps, which are linear layers.

    Source: Hu et al. 2018, "Squeeze-and-Excitation Networks" (arXiv:1709.01507), section 3.

    Args:
        input_channels: C.
        squeeze_channels: width of the narrow layer; unless given, C / reduction, rounded to a multiple of 8. (The paper
            has C / reduction itself; the rounding is timm's and changes nothing from 128 channels on.)
        activation: after the narrow layer.
        scale_activation: the gate, after the wide layer.
        reduction: see squeeze_channels.
    """

    def __init__(
        self, input_channels, squeeze_channels=None, activation=ReLU, scale_activation=Sigmoid, *, reduction=16
    ):
        super().__init__()
        if squeeze_channels is None:
            squeeze_channels = make_divisible(input_channels / reduction)
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc1 = Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = Conv2d(squeeze_channels, input_channels, 1)
        self.activation, self.scale_activation = activation(), scale_activation()

    def forward(self, input):
        """(N, C, H, W) or (C, H, W) to the same shape."""
        squeezed = self.activation(self.fc1(self.avgpool(input)))
        gate = self.scale_activation(self.fc2(squeezed))
        return channel_scale(input, gate) if input.ndim == 4 else input * gate  # a single image has no batch


@dataclasses.dataclass(frozen=True)
class SE:
    """Settings of squeeze-and-excitation in the blocks of a network, its argument `se`.

    Args:
        reduction: how many times the inner layer is narrower than the channels that it weighs.
        gate: the last activation, such as ``nn.Sigmoid`` or ``nn.Hardsigmoid``.
        position: where it stands in a block (section 6.4 of the paper):

            * ``"standard"``: on the branch, before it is added to the shortcut;
            * ``"pre"``: before the branch;
            * ``"post"``: after the addition and its activation;
            * ``"identity"``: on the shortcut;
            * ``"inner"``: inside an inverted residual, after its depthwise convolution, as in MobileNetV3.

    Raises:
        ValueError, TypeError: another position, a reduction below 1, a gate that cannot be called.
    """

    reduction: float = 16
    gate: Callable = Sigmoid
    position: str = "standard"

    def __post_init__(self):
        if self.position not in (*POSITIONS, "inner"):
            names = ", ".join(map(repr, (*POSITIONS, "inner")))
            raise ValueError(f"SE: position must be one of {names}, got {self.position!r}")
        if not is_number(self.reduction) or not 1 <= self.reduction < math.inf:
            raise ValueError(f"SE: reduction must be a number of at least 1, got {self.reduction!r}")
        module_maker("SE", "gate", self.gate, "nn.Sigmoid")

    def build(self, channels):
        """A `SqueezeExcitation` of `channels` channels with these settings."""
        gate = module_maker("SE", "gate", self.gate, "nn.Sigmoid")
        return SqueezeExcitation(channels, scale_activation=gate, reduction=self.reduction)

    @classmethod
    def of(cls, value):
        """The settings that a network was given: None or False (none), True (the defaults), a dictionary, an `SE`."""
        if value is None or value is False:
            return None
        if value is True:
            return cls()
        if isinstance(value, Mapping):
            check_settings(cls, value)
            return cls(**value)
        if not isinstance(value, cls):
            raise TypeError(f"se: expected None, True, a dictionary or SE(...), got {value!r}")
        return value


class SqueezeExcitedBlock(Module):
    """A block of two paths, a branch and a shortcut, with or without squeeze-and-excitation.

    A subclass calls `add_se` in its constructor and has `branch`, `shortcut` and `merge`.
    """

    se_positions = POSITIONS

    def add_se(self, se, **channels):
        """Make room for squeeze-and-excitation.

        Args:
            se: `SE` settings or None.
            channels: position -> number of channels there; at a position that is left out this block gets none.

        Raises:
            ValueError: no block of this kind has that position.
        """
        self.se_position = None
        if se is None:
            return
        if se.position not in self.se_positions:
            names = ", ".join(map(repr, self.se_positions))
            raise ValueError(f"{type(self).__name__}: the position of se must be one of {names}, got {se.position!r}")
        if se.position in channels:
            self.se, self.se_position = se.build(channels[se.position]), se.position

    def _se_at(self, position, x):
        return self.se(x) if self.se_position == position else x

    def split(self, input):
        """What goes into the branch, and what goes into the shortcut."""
        return input, input

    def branch(self, input):
        """The path that computes."""
        raise NotImplementedError(f"{type(self).__name__} has no branch")

    def shortcut(self, input):
        """The path that does little or nothing."""
        raise NotImplementedError(f"{type(self).__name__} has no shortcut")

    def merge(self, branch, shortcut):
        """The output, made of both paths."""
        raise NotImplementedError(f"{type(self).__name__} has no merge")

    def forward(self, input):
        """(N, C, H, W) to (N, C', H', W')."""
        to_branch, to_shortcut = self.split(input)
        branch = self._se_at("standard", self.branch(self._se_at("pre", to_branch)))
        shortcut = self._se_at("identity", self.shortcut(to_shortcut))
        return self._se_at("post", self.merge(branch, shortcut))
