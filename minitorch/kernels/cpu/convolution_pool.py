"""Convolution, ReLU and 2 x 2 max pooling in one go, for few channels.

The product of `convolution_banded` for some images is still in the cache when it is pooled, and only the pooled
numbers, a quarter, go to memory. ReLU comes after the maximum, which is the same and works on a quarter too; and since
its derivative is 0 where the pooled number is, a note of one byte per window (which place, or none) is all that the
backward needs. One parallel region then does what took three forward, and another what took five backward.
"""

import numpy as np

from minitorch.kernels.cpu.activation import rectify
from minitorch.kernels.cpu.convolution_banded import check_not_nan, cut_into_rows, images_per_block
from minitorch.kernels.cpu.parallel import parallel_for, scratch
from minitorch.kernels.cpu.pooling import select
from minitorch.memory import empty

_NONE = 4  # the note of a window whose maximum ReLU cuts off


def conv2d_relu_max_pool2d(x, weight, bias, out_size, stride, lead, dilation):
    """Return (y, note): y (N, O, OH // 2, OW // 2) and what the backward needs of it.

    Raises FloatingPointError as `convolution_banded`; so does the gradient.
    """
    rows = _cut(x, weight, out_size, stride, lead, dilation)
    band = rows.band(weight, bias)
    n, filters, (height, width) = len(x), len(weight), (length // 2 for length in out_size)
    y = empty((n, filters, height, width), x.dtype)
    note = empty((n, height, rows.tiles, filters, rows.width // 2), np.uint8)

    def run(start, stop):
        columns = rows.columns(x[start:stop], ones=bias is not None)
        product = scratch("row_product", (len(columns), band.shape[1]), x.dtype)
        np.matmul(columns, band, out=product)
        best = _pool(_corners(product), note[start:stop])
        parts = y[start:stop].reshape(stop - start, filters, height, rows.tiles, rows.width // 2)
        np.copyto(parts, best.transpose(0, 3, 1, 2, 4))

    parallel_for(run, n, images_per_block(rows, x, filters))
    return y, note


def conv2d_relu_max_pool2d_grad(grad, note, x, weight, has_bias, to_x, out_size, stride, lead, dilation):
    """Return the gradients (dx or None, dweight, dbias or None)."""
    rows = _cut(x, weight, out_size, stride, lead, dilation)
    band, filters = rows.band(weight), len(weight)
    dx = empty(x.shape, grad.dtype) if to_x else None
    block = images_per_block(rows, x, filters)
    terms = [None] * -(-len(x) // block)

    def run(start, stop):
        columns = rows.columns(x[start:stop], ones=has_bias)
        product = scratch("row_product", (len(columns), band.shape[1]), grad.dtype)
        _spread(grad[start:stop], note[start:stop], _corners(product))
        terms[start // block] = np.matmul(columns.T, product)
        if to_x:
            columns = scratch("row_columns", (len(product), len(band)), grad.dtype)
            check_not_nan(np.matmul(product, band.T, out=columns))
            rows.add_windows(columns, dx[start:stop])

    parallel_for(run, len(x), block)
    total = sum(terms[1:], start=terms[0])
    dweight = rows.sum_band(total[: len(band)], weight.shape)
    return dx, dweight, (total[-1].reshape(2, filters, -1).sum((0, 2)) if has_bias else None)


def _cut(x, weight, out_size, stride, lead, dilation):
    """Rows and columns of outputs in pairs; an odd last one belongs to no window and is not worked out."""
    height, width = out_size
    return cut_into_rows(
        x.shape[2:], (height - height % 2, width - width % 2), weight.shape, stride, lead, dilation, split=2
    )


def _corners(product):
    """The product as (upper or lower, n * OH / 2 * tiles, left or right, O * width / 2)."""
    return product.reshape(2, len(product) // 2, 2, -1)


def _pool(corners, note):
    """The maxima, cut off at 0, in scratch and in the order of the notes, which are written.

    Of equal numbers the first counts, row by row.
    """
    left, right = corners[:, :, 0], corners[:, :, 1]
    side = np.greater(right, left, out=scratch("pool_side", left.shape, bool))
    across = np.maximum(left, right, out=scratch("pool_across", left.shape, left.dtype))
    down = np.greater(across[1], across[0], out=scratch("pool_down", across[0].shape, bool))
    best = np.maximum(across[0], across[1], out=across[0])
    check_not_nan(best)
    # The note: 2 * down + the side of the chosen row.
    number = note.reshape(best.shape)
    chosen = np.bitwise_xor(side[0], side[1], out=number.view(bool))
    np.bitwise_and(chosen, down, out=chosen)
    np.bitwise_xor(chosen, side[0], out=chosen)
    number += down.view(np.uint8) * np.uint8(2)
    dead = np.less_equal(best, 0, out=down)
    number |= dead.view(np.uint8) * np.uint8(_NONE)
    best = best.reshape(note.shape)
    rectify(best, best)
    return best


def _spread(grad, note, corners):
    """Each gradient of grad (n, O, OH // 2, OW // 2) to the corner of its note, zeros to the other three."""
    values = scratch("pool_values", note.shape, grad.dtype)
    parts = grad.reshape(len(grad), note.shape[3], note.shape[1], note.shape[2], note.shape[4])
    np.copyto(values, parts.transpose(0, 2, 3, 1, 4))
    shape = (corners.shape[1], corners.shape[3])
    values, number = values.reshape(shape), note.reshape(shape)
    for place in range(4):
        select(values, number, place, corners[place // 2, :, place % 2])
