"""Batch normalisation of (N, C, ...) arrays, per channel over all other axes; `limit` as in the CPU kernel."""

import math

from minitorch.kernels.cuda.grids import ceil_div, images_by_columns, slices_of_channels
from minitorch.kernels.cuda.half import in_float32
from minitorch.kernels.cuda.launcher import BLOCK, contiguous, empty, launch, zeros

CHANNELS_A_BLOCK = 8  # where a warp takes one


def as_channels(x):
    """(images, channels, numbers of a plane)."""
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])


@in_float32
def batch_norm(x, weight, bias, eps, limit=None):
    """Return (y, mean, biased variance): y = (x - mean) / sqrt(var + eps) * weight + bias, or the ReLU of that."""
    channels = x.shape[1]
    if x.size == 0:
        return x.copy(), zeros(channels, x.dtype, x), zeros(channels, x.dtype, x)
    x = contiguous(x)
    group, rounds, grid, block = slices_of_channels(*as_channels(x), x)
    parts = [empty((grid[1], channels), x.dtype, x) for _ in range(3)]
    launch("normalization", "batch_norm_statistics", grid, block, x, *parts, *as_channels(x), group, rounds)
    mean, var = empty(channels, x.dtype, x), empty(channels, x.dtype, x)
    size = (ceil_div(channels, CHANNELS_A_BLOCK), (32, CHANNELS_A_BLOCK))
    launch("normalization", "batch_norm_finish", *size, *parts, mean, var, grid[1], channels)
    return _affine(x, mean, var, weight, bias, eps, limit), mean, var


@in_float32
def channel_affine(x, scale, shift, limit=None):
    """x * scale + shift with one scale and one shift (or None) per channel, or the ReLU of that."""
    return _affine(contiguous(x), None, None, scale, shift, 0, limit) if x.size else x.copy()


def _clip(limit):
    """Whether there is a ReLU, and its limit as the kernels take it: NaN for none, which no number reaches."""
    return limit is not None, math.nan if limit in (None, math.inf) else limit


def _affine(x, mean, var, weight, bias, eps, limit):
    images, channels, size = as_channels(x)
    y = empty(x.shape, x.dtype, x)
    launch(
        "normalization", "channel_affine", images_by_columns(images, channels * size, x), BLOCK,
        x, mean, var, contiguous(weight), contiguous(bias), y, images, channels, size, eps, *_clip(limit),
    )  # fmt: skip
    return y


@in_float32
def batch_norm_grad(grad, x, weight, mean, var, eps, bias=None, limit=None):
    """Return (dx, dweight, dbias) for `batch_norm`; the formulas stand in the CPU kernel."""
    if x.size == 0:
        return x.copy(), zeros(x.shape[1], x.dtype, x), zeros(x.shape[1], x.dtype, x)
    grad, x, affine = contiguous(grad), contiguous(x), (mean, var, contiguous(weight), contiguous(bias))
    dweight, dbias = _sums(grad, x, affine, eps, limit)
    return _affine_grad(grad, x, affine, (dbias, dweight), eps, limit), dweight, dbias


@in_float32
def channel_affine_grad(grad, x, scale, shift, limit=None, sums=True):
    """Return (dx, dscale, dshift) for `channel_affine`; without `sums` the last two are None."""
    if x.size == 0:
        return x.copy(), *((zeros(x.shape[1], x.dtype, x) if sums else None) for _ in range(2))
    grad, x, affine = contiguous(grad), contiguous(x), (None, None, contiguous(scale), contiguous(shift))
    dscale, dshift = _sums(grad, x, affine, 0, limit) if sums else (None, None)
    if limit is None:
        return channel_affine(grad, scale, None), dscale, dshift
    return _affine_grad(grad, x, affine, (None, None), 0, limit), dscale, dshift


def _sums(grad, x, affine, eps, limit):
    """The gradients to weight and bias."""
    group, rounds, grid, block = slices_of_channels(*as_channels(x), x)
    parts = [empty((grid[1], x.shape[1]), x.dtype, x) for _ in range(2)]
    launch(
        "normalization", "channel_sums", grid, block, grad, x, *affine, *parts,
        *as_channels(x), group, rounds, eps, *_clip(limit),
    )  # fmt: skip
    return finish_sums(parts, affine[1], eps)


def finish_sums(parts, var, eps):
    """The gradients to weight and bias from the sums over slices (slices, channels) of products and of gradients."""
    (slices, channels), like = parts[0].shape, parts[0]
    dweight, dbias = empty(channels, like.dtype, like), empty(channels, like.dtype, like)
    size = (ceil_div(channels, CHANNELS_A_BLOCK), (32, CHANNELS_A_BLOCK))
    launch("normalization", "channel_sums_finish", *size, *parts, var, dbias, dweight, slices, channels, eps)
    return dweight, dbias


def _affine_grad(grad, x, affine, sums, eps, limit):
    images, channels, size = as_channels(x)
    dx = empty(x.shape, x.dtype, x)
    launch(
        "normalization", "channel_affine_grad", images_by_columns(images, channels * size, x), BLOCK,
        grad, x, *affine, *sums, dx, images, channels, size, eps, *_clip(limit),
    )  # fmt: skip
    return dx
