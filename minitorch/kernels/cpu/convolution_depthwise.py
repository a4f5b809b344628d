"""Depthwise convolution (one input channel per group): multiply-adds of shifted planes.

A matrix product per channel would be far too small. Instead each tap, a slice of the flat padded
planes (see ``convolution_planes``), is multiplied by its weight and added for all channels of a
block at once; blocks are small enough for everything to stay in cache.
"""
import numpy as np

from minitorch.kernels.cpu.convolution_planes import FlatPlanes
from minitorch.kernels.cpu.parallel import block_size, get_num_threads, parallel_for, scratch

_CACHE_BYTES = 192 * 1024


def correlate(x, weight, bias, out, stride, lead, dilation, groups):
    """Each output channel is the sum over the taps of its plane, shifted, times one weight."""
    flat = FlatPlanes(x.shape[2:], out.shape[2:], weight.shape[2:], stride, lead, dilation)
    multiplier = weight.shape[0] // groups
    taps = weight.reshape(groups, multiplier, *weight.shape[2:])

    def run_channels(image, start, stop):
        planes = flat.fill(x[image:image + 1, start:stop])
        shape = (stop - start, multiplier, flat.pixels)
        total, term = scratch("depthwise_total", shape, x.dtype), scratch("depthwise_term", shape, x.dtype)
        first = True
        for kh, kw in np.ndindex(*weight.shape[2:]):
            factor = taps[start:stop, :, kh, kw, None]
            np.multiply(flat.tap(planes, kh, kw), factor, out=total if first else term)
            if not first:
                np.add(total, term, out=total)
            first = False
        channels = slice(start * multiplier, stop * multiplier)
        target = out[image, channels]
        target[...] = total.reshape(-1, target.shape[1], flat.pitch)[..., :out.shape[3]]
        if bias is not None:
            np.add(target, bias[channels, None, None], out=target)

    _for_channel_blocks(run_channels, x, flat, multiplier)


def weight_grad(grad, x, dweight, stride, lead, dilation, groups):
    """Each weight's gradient is the scalar product of grad's plane with the shifted plane of x."""
    flat = FlatPlanes(x.shape[2:], grad.shape[2:], dweight.shape[2:], stride, lead, dilation)
    multiplier = dweight.shape[0] // groups
    result = dweight.reshape(groups, multiplier, *dweight.shape[2:])
    result[...] = 0
    block = _channels_per_block(x, flat, multiplier)

    def run(start, stop):
        channels = slice(start * multiplier, stop * multiplier)
        for image in range(len(x)):
            planes = flat.fill(x[image:image + 1, start:stop])
            values = scratch("depthwise_grad", (stop - start, multiplier, flat.pixels), grad.dtype)
            grid = values.reshape(-1, grad.shape[2], flat.pitch)
            grid[..., grad.shape[3]:] = 0
            grid[..., :grad.shape[3]] = grad[image, channels]
            for kh, kw in np.ndindex(*dweight.shape[2:]):
                tap = flat.tap(planes, kh, kw)[:, 0]
                result[start:stop, :, kh, kw] += np.einsum("cml,cl->cm", values, tap)

    parallel_for(run, groups, block)


def _for_channel_blocks(function, x, flat, multiplier):
    """Call function(image, first channel, last channel + 1) for blocks that fit the cache."""
    block = _channels_per_block(x, flat, multiplier)
    per_image = -(-x.shape[1] // block)

    def run(first, last):
        for number in range(first, last):
            image, part = divmod(number, per_image)
            function(image, part * block, min((part + 1) * block, x.shape[1]))

    parallel_for(run, len(x) * per_image, max(1, len(x) * per_image // (8 * get_num_threads())))


def _channels_per_block(x, flat, multiplier):
    item = (flat.length * flat.stride[0] * flat.stride[1] + 2 * multiplier * flat.pixels) * x.itemsize
    return block_size(x.shape[1], item, _CACHE_BYTES)
