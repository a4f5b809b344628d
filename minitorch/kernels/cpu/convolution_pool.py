"""Convolution, ReLU and 2 x 2 max pooling in one go, for few channels.

The product of `convolution_banded` for some images is still in the cache when it is pooled, and only the pooled
numbers, a quarter, go to memory. ReLU comes after the maximum, which is the same and works on a quarter too; and since
its derivative is 0 where the pooled number is, a note of one byte per window (which place, or none) is all that the
backward needs. One parallel region then does what took three forward, and another what took five backward.
"""

import numpy as np

from minitorch.kernels.cpu.activation import rectify
from minitorch.kernels.cpu.convolution_banded import check_finite, cut_into_rows, images_per_block
from minitorch.kernels.cpu.parallel import parallel_for, scratch
from minitorch.kernels.cpu.pooling import select
from minitorch.memory import empty

_NONE = 4  # the note of a window whose maximum ReLU cuts off


def conv2d_relu_max_pool2d(x, weight, bias, out_size, stride, lead, dilation):
    """Return (y, note): y (N, O, OH // 2, OW // 2) and what the backward needs of it.

    Raises FloatingPointError as `convolution_banded`; so does the gradient.
    """
    rows = cut_into_rows(x.shape[2:], out_size, weight.shape, stride, lead, dilation, even=True)
    band = rows.band(weight, bias)
    n, filters, pooled = len(x), len(weight), (out_size[0] // 2, rows.width // 2)
    y = empty((n, filters, out_size[0] // 2, out_size[1] // 2), x.dtype)
    note = empty((n, pooled[0], rows.tiles, filters, pooled[1]), np.uint8)

    def run(start, stop):
        columns = rows.columns(x[start:stop], ones=bias is not None)
        product = scratch("row_product", (len(columns), band.shape[1]), x.dtype)
        np.matmul(columns, band, out=product)
        best = _pool(product.reshape(stop - start, out_size[0], rows.tiles, filters, rows.width), note[start:stop])
        parts = y[start:stop].reshape(stop - start, filters, pooled[0], rows.tiles, pooled[1])
        np.copyto(parts, best.transpose(0, 3, 1, 2, 4))

    parallel_for(run, n, images_per_block(rows, x, filters))
    return y, note


def conv2d_relu_max_pool2d_grad(grad, note, x, weight, has_bias, to_x, out_size, stride, lead, dilation):
    """Return the gradients (dx or None, dweight, dbias or None)."""
    rows = cut_into_rows(x.shape[2:], out_size, weight.shape, stride, lead, dilation, even=True)
    band, filters = rows.band(weight), len(weight)
    dx = empty(x.shape, grad.dtype) if to_x else None
    block = images_per_block(rows, x, filters)
    terms = [None] * -(-len(x) // block)

    def run(start, stop):
        product = scratch("row_product", ((stop - start) * out_size[0] * rows.tiles, band.shape[1]), grad.dtype)
        grid = product.reshape(stop - start, out_size[0], rows.tiles, filters, rows.width)
        _spread(grad[start:stop], note[start:stop], grid)
        terms[start // block] = np.matmul(rows.columns(x[start:stop], ones=has_bias).T, product)
        if to_x:
            columns = scratch("row_columns", (len(product), len(band)), grad.dtype)
            check_finite(np.matmul(product, band.T, out=columns))
            rows.add_windows(columns, dx[start:stop])

    parallel_for(run, len(x), block)
    total = sum(terms[1:], start=terms[0])
    dweight = rows.sum_band(total[: len(band)], weight.shape)
    return dx, dweight, (total[-1].reshape(filters, rows.width).sum(1) if has_bias else None)


def _pool(grid, note):
    """The maxima, cut off at 0, of 2 x 2 windows of grid (n, OH, tiles, O, width), in scratch; writes the notes.

    Of equal numbers the first counts, row by row.
    """
    n, height, tiles, filters, width = grid.shape
    shape = (n, height, tiles, filters, width // 2)
    left, right = (scratch(name, shape, grid.dtype) for name in ("pool_left", "pool_right"))
    np.copyto(left, grid[..., 0 : width - 1 : 2])
    np.copyto(right, grid[..., 1::2])
    side = np.greater(right, left, out=scratch("pool_side", shape, bool))
    across = np.maximum(left, right, out=left)
    upper, lower = across[:, 0 : height - 1 : 2], across[:, 1::2]
    down = np.greater(lower, upper, out=scratch("pool_down", upper.shape, bool))
    best = np.maximum(upper, lower, out=scratch("pool_best", upper.shape, grid.dtype))
    check_finite(best)
    # The note: 2 * down + the side of the chosen row.
    upper, lower = side[:, 0 : height - 1 : 2], side[:, 1::2]
    chosen = np.bitwise_xor(upper, lower, out=note.view(bool))
    np.bitwise_and(chosen, down, out=chosen)
    np.bitwise_xor(chosen, upper, out=chosen)
    note += down.view(np.uint8) * np.uint8(2)
    dead = np.less_equal(best, 0, out=down)
    note |= dead.view(np.uint8) * np.uint8(_NONE)
    rectify(best, best)
    return best


def _spread(grad, note, grid):
    """Each gradient of grad (n, O, OH // 2, OW // 2) to the place of its note, zeros elsewhere in the grid."""
    n, height, tiles, filters, width = grid.shape
    if height % 2:
        grid[:, -1] = 0
    if width % 2:
        grid[..., -1] = 0
    values = scratch("pool_values", note.shape, grad.dtype)
    parts = grad.reshape(n, filters, height // 2, tiles, width // 2)
    np.copyto(values, parts.transpose(0, 2, 3, 1, 4))
    chosen = scratch("pool_chosen", note.shape, grad.dtype)
    for place in range(4):
        select(values, note, place, chosen)
        np.copyto(grid[:, place // 2 : height // 2 * 2 : 2, ..., place % 2 : width // 2 * 2 : 2], chosen)
