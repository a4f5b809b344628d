"""Modules that change the shape, or nothing."""

from minitorch.nn.functional import channel_shuffle, pixel_shuffle, pixel_unshuffle
from minitorch.nn.module import Module
from minitorch.ops.operands import axis, require_tensor, sizes


class Flatten(Module):
    """The dimensions from `start_dim` to `end_dim` as one: (N, C, H, W) becomes (N, C H W)."""

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input):
        require_tensor("Flatten", input=input)
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One dimension as several; one of the sizes may be -1."""

    def __init__(self, dim, unflattened_size):
        super().__init__()
        self.dim, self.unflattened_size = dim, sizes("Unflatten", (unflattened_size,))

    def forward(self, input):
        require_tensor("Unflatten", input=input)
        dim = axis("Unflatten", self.dim, input.ndim)
        part = input.new_zeros(input.shape[dim]).reshape(self.unflattened_size).shape
        return input.reshape(*input.shape[:dim], *part, *input.shape[dim + 1 :])

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Identity(Module):
    """Gives back its input; takes any arguments, so that it can stand in for any layer."""

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input


class PixelShuffle(Module):
    """(..., C r^2, H, W) to (..., C, H r, W r): the channels of one pixel become a square of pixels.

    Args:
        upscale_factor: r.
    """

    def __init__(self, upscale_factor):
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input):
        return pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self):
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """(..., C, H r, W r) to (..., C r^2, H, W): undoes `PixelShuffle`.

    Args:
        downscale_factor: r.
    """

    def __init__(self, downscale_factor):
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input):
        return pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self):
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """(N, C, ...) with the channels of the groups dealt out in turn.

    Args:
        groups: their number, which divides C.
    """

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, input):
        return channel_shuffle(input, self.groups)

    def extra_repr(self):
        return f"groups={self.groups}"
