"""Pooling layers."""

from minitorch.nn.functional import avg_pool2d, max_pool2d
from minitorch.nn.module import Module


class MaxPool2d(Module):
    """The largest number of each window of (N, C, H, W) or (C, H, W).

    Args:
        kernel_size, stride, padding, dilation: integers or (vertical, horizontal); stride is kernel_size unless given.
        return_indices: give also the places of the maxima in each flattened plane.
        ceil_mode: let the last window hang over the edge.
    """

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input):
        return max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self):
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


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
        return avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
