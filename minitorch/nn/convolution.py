"""Convolution layers."""

from minitorch.creation import empty
from minitorch.nn.checks import integers
from minitorch.nn.functional import conv1d, conv2d, conv_transpose1d, conv_transpose2d, pad
from minitorch.nn.linear import default_weight_and_bias
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.operands import several

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What all convolution layers share: checked arguments, weight and bias, text."""

    _dimensions = 2
    _transposed = False

    def __init__(self, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
                 output_padding, device, dtype):  # fmt: skip
        super().__init__()
        name, n = type(self).__name__, self._dimensions
        in_channels, out_channels, groups = integers(
            name, 1, in_channels=in_channels, out_channels=out_channels, groups=groups
        )
        for argument, value in (("in_channels", in_channels), ("out_channels", out_channels)):
            if value % groups:
                raise ValueError(f"{name}: {argument}={value} does not divide into groups={groups}")
        modes = PADDING_MODES[:1] if self._transposed else PADDING_MODES
        if padding_mode not in modes:
            raise ValueError(f"{name}: padding_mode must be {' or '.join(map(repr, modes))}, got {padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = several(name, "kernel_size", kernel_size, n, 1)
        self.stride = several(name, "stride", stride, n, 1)
        self.dilation = several(name, "dilation", dilation, n, 1)
        if isinstance(padding, str):
            if padding not in ("valid", "same") or self._transposed:
                raise ValueError(f"{name}: padding must be numbers, 'valid' or 'same', got {padding!r}")
            if padding == "same" and self.stride != (1,) * n:
                raise ValueError(f"{name}: padding='same' needs stride 1, got {self.stride}")
        self.padding = padding if isinstance(padding, str) else several(name, "padding", padding, n)
        self.output_padding = several(name, "output_padding", output_padding, n)
        self.padding_mode, self.transposed = padding_mode, self._transposed
        channels = (in_channels, out_channels // groups) if self._transposed else (out_channels, in_channels // groups)
        self.weight = Parameter(empty((*channels, *self.kernel_size), device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_channels, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the first values anew."""
        default_weight_and_bias(self)

    def extra_repr(self):
        n = self._dimensions
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        text += "" if self.padding == (0,) * n else f", padding={self.padding}"
        text += "" if self.dilation == (1,) * n else f", dilation={self.dilation}"
        text += "" if self.output_padding == (0,) * n else f", output_padding={self.output_padding}"
        text += "" if self.groups == 1 else f", groups={self.groups}"
        text += "" if self.bias is not None else ", bias=False"
        return text + ("" if self.padding_mode == "zeros" else f", padding_mode={self.padding_mode}")


class _PlainConvolution(_Convolution):
    """A layer of `conv1d` or `conv2d`."""

    _function = None

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
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
            0, device, dtype,
        )  # fmt: skip

    def forward(self, input):
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = pad(input, self._widths(), self.padding_mode), 0
        return type(self)._function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _widths(self):
        """The border for `pad`: two widths for the last dimension, two for the one before."""
        if self.padding == "valid":
            return (0, 0) * self._dimensions
        if self.padding == "same":
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
            return tuple(width for n in reversed(totals) for width in (n // 2, n - n // 2))
        return tuple(n for n in reversed(self.padding) for _ in (0, 1))


_PLAIN_ARGUMENTS = """
    The first weights and biases are uniform within 1 / sqrt(C / groups * the kernel's size) of 0.

    Args:
        in_channels, out_channels: C of the input and of the output.
        kernel_size, stride, dilation: an integer, or one for each spatial dimension.
        padding: the border's width on each side, likewise, or ``"valid"`` (none) or ``"same"`` (the output has the
            input's size).
        groups: channels and filters fall into that many independent groups.
        bias: whether each output channel has an additive number.
        padding_mode: what the border holds: ``"zeros"``, or the input's own numbers: ``"reflect"``, ``"replicate"``
            or ``"circular"``, as in `pad`.

    Attributes:
        weight: (out_channels, in_channels / groups, *kernel_size).
        bias: (out_channels,) or None.

    Raises:
        ValueError: channels that do not divide into groups, or another argument that makes no convolution.
    """


class Conv1d(_PlainConvolution):
    __doc__ = f"One-dimensional convolution of (N, C, L) or (C, L) with learnt filters.\n{_PLAIN_ARGUMENTS}"
    _dimensions = 1
    _function = staticmethod(conv1d)


class Conv2d(_PlainConvolution):
    __doc__ = f"Two-dimensional convolution of (N, C, H, W) or (C, H, W) with learnt filters.\n{_PLAIN_ARGUMENTS}"
    _function = staticmethod(conv2d)


class _TransposedConvolution(_Convolution):
    """A layer of `conv_transpose1d` or `conv_transpose2d`."""

    _transposed = True
    _function = None

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
            output_padding, device, dtype,
        )  # fmt: skip

    def forward(self, input, output_size=None):
        """The transposed convolution.

        Args:
            output_size: the spatial sizes wanted, which decide over output_padding; within a stride of the smallest.
        """
        extra = self.output_padding if output_size is None else self._output_padding(input, output_size)
        settings = (self.stride, self.padding, extra, self.groups, self.dilation)
        return type(self)._function(input, self.weight, self.bias, *settings)

    def _output_padding(self, input, output_size):
        n, name = self._dimensions, type(self).__name__
        wanted = tuple(output_size)[-n:]
        if len(output_size) not in (n, input.ndim) or input.ndim not in (n + 1, n + 2):
            raise ValueError(
                f"{name}: output_size must hold {n} or {input.ndim} sizes for an input of shape {input.array.shape}, "
                f"got {output_size}"
            )
        least = [
            (m - 1) * s - 2 * p + d * (k - 1) + 1
            for m, s, p, d, k in zip(input.shape[-n:], self.stride, self.padding, self.dilation, self.kernel_size)
        ]
        if any(not low <= size < low + s for low, size, s in zip(least, wanted, self.stride)):
            most = [low + s - 1 for low, s in zip(least, self.stride)]
            raise ValueError(f"{name}: output_size must be between {least} and {most}, got {wanted}")
        return tuple(size - low for size, low in zip(wanted, least))


_TRANSPOSED_ARGUMENTS = """
    It is the gradient of a convolution to its input, and makes the image `stride` times as large.

    Args:
        in_channels, out_channels: C of the input and of the output.
        kernel_size, stride, dilation: an integer, or one for each spatial dimension.
        padding: rows and columns cut off on each side of the output.
        output_padding: rows and columns more at the bottom and right.
        groups: channels and filters fall into that many independent groups.
        bias: whether each output channel has an additive number.

    Attributes:
        weight: (in_channels, out_channels / groups, *kernel_size).
        bias: (out_channels,) or None.
    """


class ConvTranspose1d(_TransposedConvolution):
    __doc__ = f"Transposed convolution of (N, C, L) or (C, L) with learnt filters.\n{_TRANSPOSED_ARGUMENTS}"
    _dimensions = 1
    _function = staticmethod(conv_transpose1d)


class ConvTranspose2d(_TransposedConvolution):
    __doc__ = f"Transposed convolution of (N, C, H, W) or (C, H, W) with learnt filters.\n{_TRANSPOSED_ARGUMENTS}"
    _function = staticmethod(conv_transpose2d)
