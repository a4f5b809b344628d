"""The convolution layer."""

from minitorch.creation import empty
from minitorch.nn.functional import conv2d
from minitorch.nn.linear import default_weight_and_bias
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.operands import two


class Conv2d(Module):
    """Two-dimensional convolution of (N, C, H, W) or (C, H, W) with learnt filters.

    The first weights and biases are uniform within 1 / sqrt(C / groups * KH * KW) of 0.

    Args:
        in_channels, out_channels: C of the input and of the output.
        kernel_size, stride, dilation: an integer or (vertical, horizontal).
        padding: zeros on each side, likewise, or ``"valid"`` (none) or ``"same"`` (the output has the input's size).
        groups: channels and filters fall into that many independent groups.
        bias: whether each output channel has an additive number.
        padding_mode: ``"zeros"``; there is no other.

    Attributes:
        weight: (out_channels, in_channels / groups, KH, KW).
        bias: (out_channels,) or None.

    Raises:
        ValueError: channels that do not divide into groups, or another argument that makes no convolution.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__()
        _check_channels(in_channels, out_channels, groups)
        if padding_mode != "zeros":
            raise ValueError(f"Conv2d: padding_mode must be 'zeros', got {padding_mode!r}; others are not available")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = two("Conv2d", "kernel_size", kernel_size, 1)
        self.stride = two("Conv2d", "stride", stride, 1)
        self.dilation = two("Conv2d", "dilation", dilation, 1)
        if isinstance(padding, str):
            if padding not in ("valid", "same"):
                raise ValueError(f"Conv2d: padding must be numbers, 'valid' or 'same', got {padding!r}")
            if padding == "same" and self.stride != (1, 1):
                raise ValueError(f"Conv2d: padding='same' needs stride 1, got {self.stride}")
        self.padding = padding if isinstance(padding, str) else two("Conv2d", "padding", padding)
        self.padding_mode = padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_channels, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the first values anew."""
        default_weight_and_bias(self)

    def forward(self, input):
        return conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self):
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        text += "" if self.padding == (0, 0) else f", padding={self.padding}"
        text += "" if self.dilation == (1, 1) else f", dilation={self.dilation}"
        text += "" if self.groups == 1 else f", groups={self.groups}"
        return text + ("" if self.bias is not None else ", bias=False")


def _check_channels(in_channels, out_channels, groups):
    for name, value in (("in_channels", in_channels), ("out_channels", out_channels), ("groups", groups)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"Conv2d: {name} must be a positive integer, got {value!r}")
    for name, value in (("in_channels", in_channels), ("out_channels", out_channels)):
        if value % groups:
            raise ValueError(f"Conv2d: {name}={value} does not divide into groups={groups}")
