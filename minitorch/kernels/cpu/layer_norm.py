"""Normalisation of (N, C, ...) arrays within each sample: layer, group, instance and RMS norm are one operation.

The channels fall into groups; each group of each sample is normalised by its own statistics. Layer norm is that with
(rows, features) and one group, instance norm with a group for each channel, RMS norm with no mean taken away.
"""

import numpy as np

from minitorch.kernels.cpu.normalization import as_planes
from minitorch.kernels.cpu.parallel import block_size, parallel_for, scratch
from minitorch.memory import empty

_BLOCK_BYTES = 1024 * 1024  # larger than a small cache: each block costs a dozen calls, and these wait for each other


def _blocks_of_images(x):
    """How many images there are, and how many of them a thread takes at a time."""
    return x.shape[0], block_size(x.shape[0], max(x[:1].nbytes, 1), _BLOCK_BYTES)


def _sum_over_blocks(function, x, rows):
    """Sum over the batch of `function(start, stop)`, which gives (rows, C) for some images, in float64."""
    n, block = _blocks_of_images(x)
    parts = np.zeros((-(-n // block) if n else 0, rows, x.shape[1]))

    def work(start, stop):
        parts[start // block] = function(start, stop)

    parallel_for(work, n, block)
    return parts.sum(axis=0)


def _columns(data, vector):
    """A vector with a number for each channel in the shape that goes with `_rows_as_channels`; None stays."""
    return vector if vector is None or data.shape[2] == 1 else vector[:, None]


def _rows_as_channels(part, data):
    """Some samples as (n, C, size), or as (n, C) where size is 1: NumPy is slow along an axis of one number."""
    return part.reshape(len(part), *(data.shape[1:] if data.shape[2] > 1 else data.shape[1:2]))


def _dot(a, b):
    """Sums of products along the last axis."""
    return np.matmul(a[..., None, :], b[..., :, None])[..., 0, 0]


def group_norm(x, weight, bias, groups, eps, centred=True):
    """Return (y, mean, var): y = (x - mean) / sqrt(var + eps) * weight + bias; mean and biased variance (N, groups).

    Args:
        x: (N, C, ...).
        weight, bias: (C,) or None.
        centred: False takes no mean away: mean is 0 and var the mean square.
    """
    data = as_planes(x)
    y = empty(data.shape, x.dtype)
    mean, var = np.zeros((len(data), groups), x.dtype), np.zeros((len(data), groups), x.dtype)
    weight, bias = _columns(data, weight), _columns(data, bias)

    def work(start, stop):
        part = data[start:stop].reshape(stop - start, groups, -1)
        out = y[start:stop].reshape(part.shape)
        if centred:
            mean[start:stop] = part.mean(axis=2)
            part = np.subtract(part, mean[start:stop, :, None], out=out)
        var[start:stop] = _dot(part, part) / part.shape[2]
        scale = 1 / np.sqrt(var[start:stop, :, None] + part.dtype.type(eps))
        np.multiply(part, scale, out=out)
        out = _rows_as_channels(out, data)
        if weight is not None:
            out *= weight
        if bias is not None:
            out += bias

    if x.size:
        parallel_for(work, *_blocks_of_images(data))
    return y.reshape(x.shape), mean, var


def group_norm_grad(grad, x, weight, mean, var, groups, eps, centred=True, parameters=True):
    """Return (dx, dweight, dbias) for `group_norm`; without `parameters` the last two are None.

    With xhat = (x - mean) / std and g = grad * weight: dx = (g - mean of g - xhat * mean of (g * xhat)) / std, with
    means over a group, the first only where centred; dbias = sum(grad), dweight = sum(grad * xhat) for each channel.
    """
    data, grads = as_planes(x), as_planes(grad)
    dx = empty(data.shape, x.dtype)
    scale = 1 / np.sqrt(var + x.dtype.type(eps))[..., None]
    column = _columns(data, weight)

    def work(start, stop):
        part, out = (a[start:stop].reshape(stop - start, groups, -1) for a in (data, dx))
        g, shape = grads[start:stop], part.shape
        normal = scratch("norm_normal", shape, part.dtype)
        np.subtract(part, mean[start:stop, :, None], out=normal)
        np.multiply(normal, scale[start:stop], out=normal)
        sums = _parameter_sums(g, normal, data) if parameters else np.zeros((2, data.shape[1]))
        if weight is not None:
            g = np.multiply(_rows_as_channels(g, data), column, out=_rows_as_channels(dx[start:stop], data))
        g = g.reshape(shape)
        of_x = (_dot(g, normal) / shape[2])[..., None]
        of_grad = g.mean(axis=2, keepdims=True) if centred else None
        np.subtract(g, np.multiply(normal, of_x, out=normal), out=out)
        if centred:
            np.subtract(out, of_grad, out=out)
        np.multiply(out, scale[start:stop], out=out)
        return sums

    if not x.size:
        sums = np.zeros((2, data.shape[1]))
    else:
        sums = _sum_over_blocks(work, data, 2)
    dbias, dweight = sums.astype(x.dtype)
    return (dx.reshape(x.shape), dweight, dbias) if parameters else (dx.reshape(x.shape), None, None)


def _parameter_sums(g, normal, data):
    """Sums over some samples of the gradient and of its products with the normalised input, (2, C)."""
    g, normal = _rows_as_channels(g, data), _rows_as_channels(normal, data)
    if g.ndim == 2:
        return g.sum(axis=0), np.einsum("nc,nc->c", g, normal)
    return g.sum(axis=2).sum(axis=0), _dot(g, normal).sum(axis=0)
