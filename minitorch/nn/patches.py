"""Images as columns of patches, and back."""

from minitorch.nn.functional import fold, unfold
from minitorch.nn.module import Module


class Unfold(Module):
    """The windows of (N, C, H, W) as columns (N, C * KH * KW, L); see `unfold`.

    Args:
        kernel_size, dilation, padding, stride: integers or (vertical, horizontal).
    """

    def __init__(self, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input):
        return unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self):
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )


class Fold(Module):
    """Columns (N, C * KH * KW, L) added up to images (N, C, H, W); see `fold`.

    Args:
        output_size: (H, W), or one integer.
        kernel_size, dilation, padding, stride: integers or (vertical, horizontal).
    """

    def __init__(self, output_size, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, input):
        return fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self):
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
