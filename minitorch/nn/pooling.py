"""Pooling layers."""

from minitorch.nn.functional import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool2d,
)
from minitorch.nn.module import Module
from minitorch.ops.operands import several


class _MaxPool(Module):
    """A layer of `max_pool1d` or `max_pool2d`."""

    _function = None

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input):
        settings = (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)
        return type(self)._function(input, *settings)

    def extra_repr(self):
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest number of each window of (N, C, L) or (C, L).

    Args:
        kernel_size, stride, padding, dilation: integers; stride is kernel_size unless given.
        return_indices: give also the places of the maxima.
        ceil_mode: let the last window hang over the edge.
    """

    _function = staticmethod(max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest number of each window of (N, C, H, W) or (C, H, W).

    Args:
        kernel_size, stride, padding, dilation: integers or (vertical, horizontal); stride is kernel_size unless given.
        return_indices: give also the places of the maxima in each flattened plane.
        ceil_mode: let the last window hang over the edge.
    """

    _function = staticmethod(max_pool2d)


class AvgPool1d(Module):
    """The mean of each window of (N, C, L) or (C, L).

    Args:
        kernel_size, stride, padding: integers; stride is kernel_size unless given.
        ceil_mode: let the last window hang over the edge.
        count_include_pad: whether the zeros of the padding count in the mean.
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        super().__init__()
        self.kernel_size = several("AvgPool1d", "kernel_size", kernel_size, 1, 1)
        self.stride = self.kernel_size if stride is None else several("AvgPool1d", "stride", stride, 1, 1)
        self.padding = several("AvgPool1d", "padding", padding, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input):
        return avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """The mean of each window of (N, C, H, W) or (C, H, W).

    Args:
        kernel_size, stride, padding: integers or (vertical, horizontal); stride is kernel_size unless given.
        ceil_mode: let the last window hang over the edge.
        count_include_pad: whether the zeros of the padding count in the mean.
        divisor_override: what the sum of each window is divided by, in place of its size.
    """

    def __init__(
        self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    ):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input):
        settings = (self.stride, self.padding, self.ceil_mode, self.count_include_pad, self.divisor_override)
        return avg_pool2d(input, self.kernel_size, *settings)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AdaptivePool(Module):
    """A layer whose windows follow from the size of its result."""

    _function = None

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def forward(self, input):
        return type(self)._function(input, self.output_size)

    def extra_repr(self):
        return f"output_size={self.output_size}"


class _AdaptiveMaxPool(_AdaptivePool):
    """Such a layer that takes maxima, and can tell where they stood."""

    def __init__(self, output_size, return_indices=False):
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input):
        return type(self)._function(input, self.output_size, self.return_indices)


class AdaptiveAvgPool1d(_AdaptivePool):
    """The means of `output_size` windows that cover (N, C, L) or (C, L), whatever L is."""

    _function = staticmethod(adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptivePool):
    """The means of windows that cover the planes of (N, C, H, W) or (C, H, W), whatever their size.

    Args:
        output_size: an integer or (OH, OW); None keeps the input's size. 1 is global average pooling.
    """

    _function = staticmethod(adaptive_avg_pool2d)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The maxima of `output_size` windows that cover (N, C, L) or (C, L), whatever L is."""

    _function = staticmethod(adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The maxima of windows that cover the planes of (N, C, H, W) or (C, H, W), whatever their size.

    Args:
        output_size: an integer or (OH, OW); None keeps the input's size.
        return_indices: give also the places of the maxima in each flattened plane.
    """

    _function = staticmethod(adaptive_max_pool2d)
