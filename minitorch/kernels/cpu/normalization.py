"""Batch normalisation of (N, C, ...) arrays, per channel over all other axes.

Both directions are a reduction per channel and then one pass that is linear in the data: y = x * scale + shift, and
dx = grad * a + x * b + c. The reductions go through the matrix product, which is the fastest way of NumPy to sum
float32, two at a time; variances are summed about a value of the channel, so that nothing cancels.
"""

import math

import numpy as np

from minitorch.kernels.cpu.parallel import block_size, parallel_for, scratch
from minitorch.memory import empty


def _as_planes(x):
    """(N, C, everything else), contiguous."""
    return np.ascontiguousarray(x).reshape(x.shape[0], x.shape[1], math.prod(x.shape[2:]))


def _blocks(x):
    return x.shape[0], block_size(x.shape[0], max(x[:1].nbytes, 1))


def _sums(function, x, rows):
    """Sum over the batch of `function(start, stop)`, which gives (rows, C) for some images, in float64."""
    n, block = _blocks(x)
    parts = np.zeros((-(-n // block) if n else 0, rows, x.shape[1]))

    def work(start, stop):
        parts[start // block] = function(start, stop)

    parallel_for(work, n, block)
    return parts.sum(axis=0)


def batch_norm(x, weight, bias, eps):
    """Return (y, mean, biased variance): y = (x - mean) / sqrt(var + eps) * weight + bias."""
    data = _as_planes(x)
    n = data.shape[0] * data.shape[2]
    centre = data[0, :, :1] if n else np.zeros((data.shape[1], 1), x.dtype)  # near the mean: nothing cancels

    def moments(start, stop):
        part = data[start:stop]
        moved = np.subtract(part, centre, out=scratch("norm_moved", part.shape, part.dtype))
        total = moved.sum(axis=2, dtype=part.dtype).sum(axis=0, dtype=np.float64)
        squares = np.matmul(moved[..., None, :], moved[..., :, None])[..., 0, 0].sum(axis=0, dtype=np.float64)
        return total, squares

    total, squares = _sums(moments, data, 2) / max(n, 1)
    mean = centre[:, 0] + total
    var = np.maximum(squares - total * total, 0)
    scale = 1 / np.sqrt(var + eps)
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    y = channel_affine(x, scale.astype(x.dtype), shift.astype(x.dtype))
    return y, mean.astype(x.dtype), var.astype(x.dtype)


def channel_affine(x, scale, shift):
    """x * scale + shift with one scale and one shift per channel."""
    data = _as_planes(x)
    y = empty(data.shape, x.dtype)
    scale, shift = scale[:, None], shift[:, None]

    def work(start, stop):
        out = y[start:stop]
        np.multiply(data[start:stop], scale, out=out)
        np.add(out, shift, out=out)

    parallel_for(work, *_blocks(data))
    return y.reshape(x.shape)


def batch_norm_grad(grad, x, weight, mean, var, eps):
    """Return (dx, dweight, dbias) for `batch_norm`.

    With xhat = (x - mean) / std: dbias = sum(g), dweight = sum(g xhat), and
    dx = weight / std (g - dbias / n - xhat dweight / n).
    """
    data, grads = _as_planes(x), _as_planes(grad)
    n = max(data.shape[0] * data.shape[2], 1)
    centre = mean[:, None]

    def moments(start, stop):
        g, part = grads[start:stop], data[start:stop]
        moved = np.subtract(part, centre, out=scratch("norm_moved", part.shape, part.dtype))
        products = np.matmul(g[..., None, :], moved[..., :, None])[..., 0, 0]
        return g.sum(axis=2).sum(axis=0, dtype=np.float64), products.sum(axis=0, dtype=np.float64)

    dbias, products = _sums(moments, data, 2)
    inverse_std = 1 / np.sqrt(var.astype(np.float64) + eps)
    dweight = products * inverse_std
    factor = inverse_std if weight is None else inverse_std * weight
    of_x = -factor * dweight * inverse_std / n
    constant = -factor * dbias / n - of_x * mean
    of_g, of_x, constant = (v.astype(x.dtype)[:, None] for v in (factor, of_x, constant))
    dx = empty(data.shape, x.dtype)

    def work(start, stop):
        out, part = dx[start:stop], data[start:stop]
        np.multiply(part, of_x, out=out)
        np.add(out, constant, out=out)
        term = np.multiply(grads[start:stop], of_g, out=scratch("norm_term", part.shape, part.dtype))
        np.add(out, term, out=out)

    parallel_for(work, *_blocks(data))
    return dx.reshape(x.shape), dweight.astype(x.dtype), dbias.astype(x.dtype)
