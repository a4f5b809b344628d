"""Convolution, ReLU and 2 x 2 max pooling in one go, for few channels.

The product of `convolution_banded` for some images is still in the cache when it is pooled, and only the pooled
numbers, a quarter, go to memory. ReLU comes after the maximum, which is the same and works on a quarter too; and since
its derivative is 0 where the pooled number is, a note of one byte per window (which place, or none) is all that the
backward needs of them. One parallel region then does what took three forward, and another what took five backward. The
columns (55 KiB for an image of LeNet) stay for the backward: to copy them again would take a twentieth of a step.
"""

from typing import NamedTuple

import numpy as np

from minitorch.kernels.cpu.activation import rectify
from minitorch.kernels.cpu.convolution_banded import check_not_nan, cut_into_rows, images_per_block
from minitorch.kernels.cpu.parallel import parallel_for, scratch
from minitorch.kernels.cpu.pooling import select
from minitorch.memory import empty

_PLACES = np.array([[0], [2], [1], [3]], np.uint8)  # notes of the corners: left and upper, left and lower, right ...
_NONE = 4  # the note of a window whose maximum ReLU cuts off


class Kept(NamedTuple):
    """What the backward needs of the forward.

    Attributes:
        note: bytes (N, OH / 2, tiles, O, width / 2).
        columns, band: the factors of the product; the columns are None if not asked for.
        block: images whose columns lie together.
    """

    note: np.ndarray
    columns: np.ndarray | None
    band: np.ndarray
    block: int


def conv2d_relu_max_pool2d(x, weight, bias, out_size, stride, lead, dilation, keep_columns=True):
    """Return (y, kept): y (N, O, OH // 2, OW // 2) and what the gradient needs of it.

    Raises FloatingPointError as `convolution_banded`; so does the gradient.
    """
    rows = _cut(x, weight, out_size, stride, lead, dilation)
    band = rows.band(weight, bias)
    n, filters, (height, width) = len(x), len(weight), (length // 2 for length in out_size)
    y = empty((n, filters, height, width), x.dtype)
    note = empty((n, height, rows.tiles, filters, rows.width // 2), np.uint8)
    each = rows.out_size[0] * rows.tiles
    columns = empty((n * each, len(band)), x.dtype) if keep_columns else None
    block = images_per_block(rows, x, filters)

    def run(start, stop):
        out = columns[start * each : stop * each] if keep_columns else None
        factor = rows.columns(x[start:stop], ones=bias is not None, out=out)
        product = scratch("row_product", (len(factor), band.shape[1]), x.dtype)
        np.matmul(factor, band, out=product)
        corners = _corners(product)
        np.copyto(corners, _in_product(product))
        best = _pool(corners, note[start:stop])
        parts = y[start:stop].reshape(stop - start, filters, height, rows.tiles, rows.width // 2)
        np.copyto(parts, best.transpose(0, 3, 1, 2, 4))

    parallel_for(run, n, block)
    return y, Kept(note, columns, band, block)


def conv2d_relu_max_pool2d_grad(grad, kept, x, weight, has_bias, to_x, out_size, stride, lead, dilation):
    """Return the gradients (dx or None, dweight, dbias or None)."""
    rows = _cut(x, weight, out_size, stride, lead, dilation)
    note, columns, band, block = kept
    inputs, each, filters = len(band) - has_bias, rows.out_size[0] * rows.tiles, len(weight)
    dx = empty(x.shape, grad.dtype) if to_x else None
    terms = [None] * -(-len(x) // block)

    def run(start, stop):
        factor = columns[start * each : stop * each]
        product = scratch("row_product", (len(factor), band.shape[1]), grad.dtype)
        corners = _corners(product)
        _spread(grad[start:stop], note[start:stop], corners)
        np.copyto(_in_product(product), corners)
        terms[start // block] = np.matmul(factor.T, product)
        if to_x:
            windows = scratch("row_columns", (len(factor), inputs), grad.dtype)
            check_not_nan(np.matmul(product, band[:inputs].T, out=windows))
            rows.add_windows(windows, dx[start:stop])

    parallel_for(run, len(x), block)
    total = sum(terms[1:], start=terms[0])
    dweight = rows.sum_band(total[:inputs], weight.shape)
    return dx, dweight, (total[-1].reshape(2, filters, -1).sum((0, 2)) if has_bias else None)


def _cut(x, weight, out_size, stride, lead, dilation):
    """Rows and columns of outputs in pairs; an odd last one belongs to no window and is not worked out."""
    height, width = out_size
    return cut_into_rows(
        x.shape[2:], (height - height % 2, width - width % 2), weight.shape, stride, lead, dilation, split=2
    )


def _corners(product):
    """Scratch for the numbers of a product as (left or right, upper or lower, n * OH / 2 * tiles, O * width / 2): what
    is compared with each other lies apart in long runs."""
    return scratch("pool_corners", (2, 2, len(product) // 2, product.shape[1] // 2), product.dtype)


def _in_product(product):
    """Where the corners stand in the product, in the same order."""
    return product.reshape(2, len(product) // 2, 2, -1).transpose(2, 0, 1, 3)


def _pool(corners, note):
    """The maxima, cut off at 0, in scratch and in the order of the notes, which are written.

    Of equal numbers the first counts, row by row.
    """
    left, right = corners
    side = np.greater(right, left, out=scratch("pool_side", left.shape, bool))
    across = np.maximum(left, right, out=left)
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
    select(values.reshape(-1), note.reshape(-1), _PLACES, corners.reshape(4, -1))
