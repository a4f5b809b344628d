"""Batch normalisation of (N, C, ...) arrays, per channel over all other axes, with or without a ReLU behind it.

Both directions are a reduction per channel and then one pass that is linear in the data: y = x * scale + shift, and
dx = grad * a + x * b + c. The reductions go through the matrix product, which is the fastest way of NumPy to sum
float32, two at a time; variances are summed about a value of the channel, so that nothing cancels. A ReLU is taken
while the block of numbers is still in the cache; backward works its input out again in place of reading it.
"""

import math

import numpy as np

from minitorch.kernels.cpu.activation import rectify
from minitorch.kernels.cpu.parallel import block_size, parallel_for, scratch
from minitorch.memory import empty

BLOCK_BYTES = 1024 * 1024  # larger than a small cache: each block costs a dozen calls, and these wait for each other


def as_planes(x):
    """(N, C, everything else), contiguous."""
    return np.ascontiguousarray(x).reshape(x.shape[0], x.shape[1], math.prod(x.shape[2:]))


def blocks_of_images(x):
    """How many images there are, and how many of them a thread takes at a time."""
    return x.shape[0], block_size(x.shape[0], max(x[:1].nbytes, 1), BLOCK_BYTES)


def sum_over_blocks(function, x, rows):
    """Sum over the batch of `function(start, stop)`, which gives (rows, C) for some images, in float64."""
    n, block = blocks_of_images(x)
    parts = np.zeros((-(-n // block) if n else 0, rows, x.shape[1]))

    def work(start, stop):
        parts[start // block] = function(start, stop)

    parallel_for(work, n, block)
    return parts.sum(axis=0)


def _fold(weight, bias, mean, var, eps, dtype):
    """(scale, shift) of y = x * scale + shift."""
    mean, scale = mean.astype(np.float64), 1 / np.sqrt(var.astype(np.float64) + eps)
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    return scale.astype(dtype), shift.astype(dtype)


def batch_norm(x, weight, bias, eps, relu=False):
    """Return (y, mean, biased variance): y = (x - mean) / sqrt(var + eps) * weight + bias, or the ReLU of that."""
    data = as_planes(x)
    n = data.shape[0] * data.shape[2]
    centre = data[0, :, :1] if n else np.zeros((data.shape[1], 1), x.dtype)  # near the mean: nothing cancels

    def moments(start, stop):
        part = data[start:stop]
        moved = np.subtract(part, centre, out=scratch("norm_moved", part.shape, part.dtype))
        total = moved.sum(axis=2, dtype=part.dtype).sum(axis=0, dtype=np.float64)
        squares = np.matmul(moved[..., None, :], moved[..., :, None])[..., 0, 0].sum(axis=0, dtype=np.float64)
        return total, squares

    total, squares = sum_over_blocks(moments, data, 2) / max(n, 1)
    mean = (centre[:, 0] + total).astype(x.dtype)
    var = np.maximum(squares - total * total, 0).astype(x.dtype)
    return channel_affine(x, *_fold(weight, bias, mean, var, eps, x.dtype), relu), mean, var


def channel_affine(x, scale, shift, relu=False):
    """x * scale + shift with one scale and one shift (or None) per channel, or the ReLU of that."""
    data = as_planes(x)
    y = empty(data.shape, x.dtype)
    scale, shift = scale[:, None], None if shift is None else shift[:, None]

    def work(start, stop):
        _affine(data[start:stop], scale, shift, y[start:stop])
        if relu:
            rectify(y[start:stop], y[start:stop])

    parallel_for(work, *blocks_of_images(data))
    return y.reshape(x.shape)


def _affine(part, scale, shift, out):
    np.multiply(part, scale, out=out)
    if shift is not None:
        np.add(out, shift, out=out)


def _before_relu(grad, x, scale, shift, out):
    """The gradient where x * scale + shift is positive or NaN, 0 elsewhere: by its bits and a mask of ones or zeros,
    for a product would make NaN of an infinite gradient. A rounded sum is <= 0 exactly where the exact one is, so
    nothing needs to be added."""
    product = np.multiply(x, scale, out=scratch("norm_again", x.shape, x.dtype))
    kept = np.less_equal(product, 0 if shift is None else -shift, out=scratch("norm_kept", x.shape, bool)).view(np.int8)
    bits = f"i{grad.itemsize}"
    np.bitwise_and(grad.view(bits), np.subtract(kept, 1, out=kept), out=out.view(bits))


def _channel_sums(grads, data, centre, relu, dx):
    """Sums over each channel, in float64, of the gradient and of its products with x - centre.

    Args:
        relu: (scale, shift) of the ReLU's input, or None. With it the gradient in front of it is written to `dx`.
    """

    def moments(start, stop):
        g, part = grads[start:stop], data[start:stop]
        if relu is not None:
            _before_relu(g, part, *relu, dx[start:stop])
            g = dx[start:stop]
        if centre is not None:
            part = np.subtract(part, centre, out=scratch("norm_moved", part.shape, part.dtype))
        products = np.matmul(g[..., None, :], part[..., :, None])[..., 0, 0]
        return g.sum(axis=2).sum(axis=0, dtype=np.float64), products.sum(axis=0, dtype=np.float64)

    return sum_over_blocks(moments, data, 2)


def batch_norm_grad(grad, x, weight, mean, var, eps, bias=None, relu=False):
    """Return (dx, dweight, dbias) for `batch_norm`; `bias` is needed only with `relu`.

    With xhat = (x - mean) / std: dbias = sum(g), dweight = sum(g xhat), and
    dx = weight / std (g - dbias / n - xhat dweight / n). Behind a ReLU, g is the gradient in front of it.
    """
    data, grads = as_planes(x), as_planes(grad)
    n = max(data.shape[0] * data.shape[2], 1)
    dx = empty(data.shape, x.dtype)
    fold = [v[:, None] for v in _fold(weight, bias, mean, var, eps, x.dtype)] if relu else None
    dbias, products = _channel_sums(grads, data, mean[:, None], fold, dx)
    grads = dx if relu else grads
    inverse_std = 1 / np.sqrt(var.astype(np.float64) + eps)
    dweight = products * inverse_std
    factor = inverse_std if weight is None else inverse_std * weight
    of_x = -factor * dweight * inverse_std / n
    constant = -factor * dbias / n - of_x * mean
    of_g, of_x, constant = (v.astype(x.dtype)[:, None] for v in (factor, of_x, constant))

    def work(start, stop):
        out, part = dx[start:stop], data[start:stop]
        term = np.multiply(grads[start:stop], of_g, out=scratch("norm_term", part.shape, part.dtype))
        _affine(part, of_x, constant, out)
        np.add(out, term, out=out)

    parallel_for(work, *blocks_of_images(data))
    return dx.reshape(x.shape), dweight.astype(x.dtype), dbias.astype(x.dtype)


def channel_affine_grad(grad, x, scale, shift, relu=False, sums=True):
    """Return (dx, dscale, dshift) for `channel_affine`; without `sums` the last two are None."""
    data, grads = as_planes(x), as_planes(grad)
    dx = empty(data.shape, x.dtype)
    column = scale[:, None]
    fold = (column, None if shift is None else shift[:, None]) if relu else None
    dscale = dshift = None
    if sums:
        dshift, dscale = (v.astype(x.dtype) for v in _channel_sums(grads, data, None, fold, dx))
        grads = dx if relu else grads

    def work(start, stop):
        g = grads[start:stop]
        if relu and not sums:
            _before_relu(g, data[start:stop], *fold, dx[start:stop])
            g = dx[start:stop]
        np.multiply(g, column, out=dx[start:stop])

    parallel_for(work, *blocks_of_images(data))
    return dx.reshape(x.shape), dscale, dshift
