"""Batch normalisation of (N, C, ...) arrays, per channel over all other axes, with or without a ReLU behind it.

The ReLU is given by its `limit`: None for no ReLU, infinity for the usual one, 6 for ReLU6.

The work is cut into blocks of channels. A block holds all the numbers of its channels, so its statistics are complete
and the pass that needs them, y = x * scale + shift or dx = grad * a + x * b + c, finds the block still in the cache: x
comes from memory once.

In a block an image is one row of numbers, and what belongs to a channel (mean, scale, ...) is repeated to such a row:
sums over the images and products with it then run over long rows, also where planes are small. Variances are summed
about a value of the channel, so that nothing cancels. Backward works the ReLU's input out again in place of reading it.
"""

import math

import numpy as np

from minitorch.kernels.cpu.activation import keep, rectify
from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for, scratch
from minitorch.memory import empty

_WORTH_SPLITTING = 512 * 1024  # numbers; below it, threads cost more than they save
_BLOCK_BYTES = 1024 * 1024  # of the input, on one thread
_SHARED_BLOCK_BYTES = 4 * 1024 * 1024  # on several: every call waits for the interpreter lock, so they must be few
_IMAGES_PER_SUM = 256  # added up in the arrays' own type, to keep rounding errors small


def as_planes(x):
    """(N, C, everything else), contiguous."""
    return np.ascontiguousarray(x).reshape(x.shape[0], x.shape[1], math.prod(x.shape[2:]))


def _for_channels(function, *arrays):
    """Call `function(channels, spread, *parts)` for blocks of channels of arrays (N, C, size).

    channels is the slice of a block, parts are the arrays' parts as (N, its numbers in an image), and `spread` repeats
    a vector of one number for each of its channels to such a row.
    """
    images, channels, size = arrays[0].shape
    threads, block = get_num_threads(), channels
    if arrays[0].size >= _WORTH_SPLITTING:
        fitting = (_BLOCK_BYTES if threads == 1 else _SHARED_BLOCK_BYTES) // (images * size * arrays[0].itemsize)
        block = max(1, min(fitting, -(-channels // threads)))

    def run(start, stop):
        def spread(vector):
            return vector.repeat(size)

        shape = (images, (stop - start) * size)
        function(slice(start, stop), spread, *[a[:, start:stop].reshape(shape) for a in arrays])

    parallel_for(run, channels, max(1, block))


def _sums(rows, channels, other=None):
    """Sums over each of so many channels of rows (N, channels * size), or of their products with others; float64."""
    total = np.zeros(rows.shape[1])
    for start in range(0, len(rows), _IMAGES_PER_SUM):
        part = rows[start : start + _IMAGES_PER_SUM]
        if other is None:
            total += np.add.reduce(part, 0)
        else:
            total += np.einsum("nk,nk->k", part, other[start : start + _IMAGES_PER_SUM])
    return total.reshape(channels, -1).sum(1)


def _fold(weight, bias, mean, var, eps):
    """(scale, shift) of y = x * scale + shift, in float64."""
    mean, scale = mean.astype(np.float64), 1 / np.sqrt(var.astype(np.float64) + eps)
    scale = scale if weight is None else scale * weight
    return scale, (-mean * scale if bias is None else bias - mean * scale)


def batch_norm(x, weight, bias, eps, limit=None):
    """Return (y, mean, biased variance): y = (x - mean) / sqrt(var + eps) * weight + bias, or the ReLU of that."""
    data = as_planes(x)
    images, channels, size = data.shape
    y, mean, var = empty(data.shape, x.dtype), np.zeros(channels, x.dtype), np.zeros(channels, x.dtype)
    n = max(images * size, 1)

    def work(part, spread, rows, out):
        if rows.size:
            centre = data[0, part, 0]  # near the mean: nothing cancels
            moved = np.subtract(rows, spread(centre), out=scratch("norm_moved", rows.shape, rows.dtype))
            total, squares = _sums(moved, len(centre)) / n, _sums(moved, len(centre), moved) / n
            mean[part], var[part] = centre + total, np.maximum(squares - total * total, 0)
        scale, shift = _fold(_part(weight, part), _part(bias, part), mean[part], var[part], eps)
        _affine(rows, spread(scale.astype(x.dtype)), spread(shift.astype(x.dtype)), limit, out)

    _for_channels(work, data, y)
    return y.reshape(x.shape), mean, var


def channel_affine(x, scale, shift, limit=None):
    """x * scale + shift with one scale and one shift (or None) per channel, or the ReLU of that."""
    data = as_planes(x)
    y = empty(data.shape, x.dtype)

    def work(part, spread, rows, out):
        _affine(rows, spread(scale[part]), None if shift is None else spread(shift[part]), limit, out)

    _for_channels(work, data, y)
    return y.reshape(x.shape)


def _part(vector, part):
    return None if vector is None else vector[part]


def _affine(rows, scale, shift, limit, out):
    np.multiply(rows, scale, out=out)
    if shift is not None:
        np.add(out, shift, out=out)
    if limit is not None:
        rectify(out, out, limit)


def _before_relu(grad, x, scale, shift, limit, out):
    """The gradient where x * scale + shift is between 0 and the limit or NaN, 0 elsewhere. A rounded sum is <= 0
    exactly where the exact one is, so for that nothing needs to be added."""
    product = np.multiply(x, scale, out=scratch("norm_again", x.shape, x.dtype))
    border = np.zeros_like(scale) if shift is None else -shift
    cut = np.less_equal(product, border, out=scratch("norm_cut", x.shape, bool))
    if limit < math.inf:
        value = product if shift is None else np.add(product, shift, out=product)
        np.logical_or(cut, np.greater_equal(value, limit, out=scratch("norm_above", x.shape, bool)), out=cut)
    keep(grad, cut, out)


def batch_norm_grad(grad, x, weight, mean, var, eps, bias=None, limit=None):
    """Return (dx, dweight, dbias) for `batch_norm`; `bias` is needed only with a `limit`.

    With xhat = (x - mean) / std: dbias = sum(g), dweight = sum(g xhat), and
    dx = weight / std (g - dbias / n - xhat dweight / n). Behind a ReLU, g is the gradient in front of it.
    """
    data, grads = as_planes(x), as_planes(grad)
    images, channels, size = data.shape
    dx, dweight, dbias = empty(data.shape, x.dtype), np.zeros(channels), np.zeros(channels)
    scale, shift = _fold(weight, bias, mean, var, eps)
    inverse_std, n = 1 / np.sqrt(var.astype(np.float64) + eps), max(images * size, 1)

    def work(part, spread, g, rows, out):
        def row(vector):
            return spread(vector.astype(x.dtype))

        if limit is not None:
            _before_relu(g, rows, row(scale[part]), row(shift[part]), limit, out)
            g = out
        moved = np.subtract(rows, spread(mean[part]), out=scratch("norm_moved", rows.shape, rows.dtype))
        count = part.stop - part.start
        dbias[part], dweight[part] = _sums(g, count), _sums(g, count, moved) * inverse_std[part]
        moved *= row(-scale[part] * dweight[part] * inverse_std[part] / n)
        moved += row(-scale[part] * dbias[part] / n)
        np.multiply(g, row(scale[part]), out=out)
        np.add(out, moved, out=out)

    _for_channels(work, grads, data, dx)
    return dx.reshape(x.shape), dweight.astype(x.dtype), dbias.astype(x.dtype)


def channel_affine_grad(grad, x, scale, shift, limit=None, sums=True):
    """Return (dx, dscale, dshift) for `channel_affine`; without `sums` the last two are None."""
    data, grads = as_planes(x), as_planes(grad)
    dx, dscale, dshift = empty(data.shape, x.dtype), np.zeros(data.shape[1]), np.zeros(data.shape[1])

    def work(part, spread, g, rows, out):
        factor = spread(scale[part])
        if limit is not None:
            _before_relu(g, rows, factor, None if shift is None else spread(shift[part]), limit, out)
            g = out
        if sums:
            count = part.stop - part.start
            dshift[part], dscale[part] = _sums(g, count), _sums(g, count, rows)
        np.multiply(g, factor, out=out)

    _for_channels(work, grads, data, dx)
    results = (dscale.astype(x.dtype), dshift.astype(x.dtype)) if sums else (None, None)
    return dx.reshape(x.shape), *results
