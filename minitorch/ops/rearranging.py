"""Operations that move numbers between channels and pixels."""

import numpy as np

from minitorch.autograd import Function
from minitorch.kernels import backend
from minitorch.ops.operands import labelled, require_tensor


class ChannelShuffle(Function):
    """Channel g * K + k of `groups` groups of K channels goes to k * groups + g; with K groups that is undone."""

    @staticmethod
    def forward(ctx, x, groups):
        ctx.inverse = max(x.shape[1] // groups, 1)
        return backend(x).channel_shuffle(x, groups)

    @staticmethod
    def backward(ctx, grad):
        return ChannelShuffle.apply(grad, groups=ctx.inverse)


def channel_shuffle_definition(input, groups):
    """Write the channels into a table, a group a row, and read it by columns: ShuffleNet, section 3.1."""
    n, channels, *image = input.array.shape
    return input.reshape(n, groups, channels // groups, *image).transpose(1, 2).reshape(n, channels, *image)


def _factor(name, argument, value, input, least_ndim):
    require_tensor(name, input=input)
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: {argument} must be an integer, got {value!r}")
    if value < 1:
        raise RuntimeError(f"{name}: {argument} must be at least 1, got {value}")
    if input.array.ndim < least_ndim:
        raise RuntimeError(f"{name}: input must have at least {least_ndim} dimensions, got shape {input.array.shape}")


def pixel_shuffle(input, upscale_factor):
    """(..., C r^2, H, W) to (..., C, H r, W r): the channels of one pixel become a square of pixels.

    Source: Shi et al. 2016, "Real-time single image and video super-resolution", section 3.2.

    Raises:
        RuntimeError: channels that do not divide by r^2.
    """
    r = upscale_factor
    _factor("pixel_shuffle", "upscale_factor", r, input, 3)
    *batch, channels, height, width = input.array.shape
    if channels % (r * r):
        raise RuntimeError(f"pixel_shuffle: {channels} channels of {input.array.shape} do not divide by {r}^2")
    x = input.reshape(*batch, channels // (r * r), r, r, height, width)
    x = x.movedim((-4, -3), (-3, -1))  # (..., C, H, r, W, r)
    return labelled("PixelShuffleBackward0", x.reshape(*batch, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input, downscale_factor):
    """(..., C, H r, W r) to (..., C r^2, H, W): undoes `pixel_shuffle`.

    Raises:
        RuntimeError: H or W that does not divide by r.
    """
    r = downscale_factor
    _factor("pixel_unshuffle", "downscale_factor", r, input, 3)
    *batch, channels, height, width = input.array.shape
    if height % r or width % r:
        raise RuntimeError(f"pixel_unshuffle: height and width of {input.array.shape} do not divide by {r}")
    x = input.reshape(*batch, channels, height // r, r, width // r, r)
    x = x.movedim((-3, -1), (-4, -3))  # (..., C, r, r, H, W)
    return labelled("PixelUnshuffleBackward0", x.reshape(*batch, channels * r * r, height // r, width // r))


def channel_shuffle(input, groups):
    """(N, C, ...) with the channels of `groups` groups dealt out in turn, so that the groups mix.

    Source: Zhang et al. 2018, "ShuffleNet", section 3.1.

    Raises:
        RuntimeError: channels that do not divide into the groups.
    """
    _factor("channel_shuffle", "groups", groups, input, 3)
    channels = input.array.shape[1]
    if channels % groups:
        raise RuntimeError(f"channel_shuffle: {channels} channels do not divide into groups={groups}")
    return ChannelShuffle.apply(input, groups=int(groups))
