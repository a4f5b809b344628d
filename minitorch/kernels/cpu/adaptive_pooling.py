"""Average and maximum pooling of (N, C, H, W) arrays to a given output size.

Window i of n over a length L goes from floor(i L / n) to ceil((i + 1) L / n). A window is a rectangle, so rows and
columns are pooled one after the other, which takes OH + OW steps in place of OH * OW.
"""

import math

import numpy as np

from minitorch.kernels.cpu.parallel import block_size, parallel_for, scratch
from minitorch.memory import empty


def _windows(length, count):
    """(start, stop) of each window."""
    return [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]


def _planes(x):
    return np.ascontiguousarray(x).reshape(math.prod(x.shape[:2]), *x.shape[2:])


def _areas(input_shape, output_size):
    """How many places each window has, (OH, OW)."""
    rows, columns = (
        np.array([stop - start for start, stop in _windows(n, m)], np.int64)
        for n, m in zip(input_shape[2:], output_size)
    )
    return np.multiply.outer(rows, columns)


def adaptive_avg_pool2d(x, output_size):
    """The mean of each window."""
    planes, (height, width) = _planes(x), output_size
    y = empty((len(planes), height, width), x.dtype)
    areas = _areas(x.shape, output_size).astype(x.dtype)

    def pool(start, stop):
        source, target = planes[start:stop], y[start:stop]
        if height == width == 1:  # along the whole plane at once
            source.reshape(stop - start, -1).sum(axis=1, out=target[:, 0, 0])
        else:
            sums = scratch("pool_sums", (stop - start, height, x.shape[3]), x.dtype)
            for i, (first, end) in enumerate(_windows(x.shape[2], height)):
                source[:, first:end].sum(axis=1, out=sums[:, i])
            for j, (first, end) in enumerate(_windows(x.shape[3], width)):
                sums[:, :, first:end].sum(axis=2, out=target[:, :, j])
        np.divide(target, areas, out=target)

    parallel_for(pool, len(planes), block_size(len(planes), max(planes[:1].nbytes, 1)))
    return y.reshape(*x.shape[:2], height, width)


def adaptive_avg_pool2d_grad(grad, input_shape):
    """Each window's gradient, divided by its size, goes to all its places."""
    grads = _planes(grad)
    dx = np.zeros((len(grads), *input_shape[2:]), grad.dtype)
    areas = _areas(input_shape, grad.shape[2:]).astype(grad.dtype)

    def spread(start, stop):
        shares = np.divide(grads[start:stop], areas)
        if grad.shape[2:] == (1, 1):
            dx[start:stop] = shares
            return
        sums = scratch("pool_sums", (stop - start, grad.shape[2], input_shape[3]), grad.dtype)
        sums.fill(0)
        for j, (first, end) in enumerate(_windows(input_shape[3], grad.shape[3])):
            sums[:, :, first:end] += shares[:, :, j : j + 1]
        for i, (first, end) in enumerate(_windows(input_shape[2], grad.shape[2])):
            dx[start:stop, first:end] += sums[:, i : i + 1]

    parallel_for(spread, len(grads), block_size(len(grads), max(dx[:1].nbytes, 1)))
    return dx.reshape(input_shape)


def adaptive_max_pool2d(x, output_size):
    """Return (y, indices): the maximum of each window and its int32 index in the flat H * W plane.

    The first of equal numbers counts; of several NaN the last.
    """
    planes, (height, width) = _planes(x), output_size
    y = empty((len(planes), height, width), x.dtype)
    indices = empty(y.shape, np.int32)

    def pool(start, stop):
        source = planes[start:stop]
        shape = (stop - start, width, x.shape[2])  # the rows last, for they are searched next
        values, columns = scratch("pool_values", shape, x.dtype), scratch("pool_columns", shape, np.int32)
        for j, (first, end) in enumerate(_windows(x.shape[3], width)):
            columns[:, j] = _place_of_maximum(source[:, :, first:end]) + first
            values[:, j] = np.take_along_axis(source, columns[:, j, :, None], 2)[..., 0]
        for i, (first, end) in enumerate(_windows(x.shape[2], height)):
            row = (_place_of_maximum(values[:, :, first:end]) + first)[..., None]
            y[start:stop, i] = np.take_along_axis(values, row, 2)[..., 0]
            indices[start:stop, i] = (row * x.shape[3] + np.take_along_axis(columns, row, 2))[..., 0]

    parallel_for(pool, len(planes), block_size(len(planes), max(planes[:1].nbytes, 1)))
    return tuple(a.reshape(*x.shape[:2], height, width) for a in (y, indices))


def _place_of_maximum(x):
    """Along the last axis: of the first maximum, or of the last NaN."""
    best = x.argmax(axis=-1)
    nan = np.isnan(x)
    if nan.any():
        best = np.where(nan.any(axis=-1), x.shape[-1] - 1 - nan[..., ::-1].argmax(axis=-1), best)
    return best


def adaptive_max_pool2d_grad(grad, indices, input_shape):
    """Each window's gradient goes to the place that it chose; places chosen twice collect both."""
    grads, places = _planes(grad), _planes(indices)
    dx = np.zeros((len(grads), math.prod(input_shape[2:])), grad.dtype)

    def scatter(start, stop):
        planes = np.arange(start, stop)
        for i, j in np.ndindex(*grad.shape[2:]):  # of one window, each plane has another place
            dx[planes, places[start:stop, i, j]] += grads[start:stop, i, j]

    parallel_for(scatter, len(grads), block_size(len(grads), max(dx[:1].nbytes, 1)))
    return dx.reshape(input_shape)
