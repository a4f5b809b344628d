"""Convolution with a 3 x 3 kernel and stride 1 by Winograd's minimal filtering, F(2 x 2, 3 x 3).

Two neighbouring outputs of a 3-tap filter need 4 products instead of 6, if sums are formed before and after::

    m0 = (d0 - d2) g0                    y0 = m0 + m1 + m2
    m1 = (d1 + d2) (g0 + g1 + g2) / 2    y1 = m1 - m2 - m3
    m2 = (d2 - d1) (g0 - g1 + g2) / 2
    m3 = (d1 - d3) g2

In two dimensions a tile of 2 x 2 outputs, which reads 4 x 4 inputs, needs 16 products instead of 36: y = A' [(G g G') *
(B' d B)] A. The sums over the channels turn the products at each of the 16 places into one matrix product, (tiles, C)
times (C, O), so that 2.25 times fewer multiply-adds are left to it, and no columns are copied: 4 numbers for each input
in place of 9. The gradient to the input is such a convolution with the flipped kernel; the gradient to the kernel is
the transpose, G' [(A g A') * (B' d B)] G, summed over the tiles.

Planes are kept with the channels last, and those of even and odd rows and columns apart: then each of the 16 inputs of
all tiles is one slice with long runs, and the sums run over long rows at full speed.

Rounding errors are a few times those of the direct sum. An infinity or a NaN would reach all outputs of its tile: it
is detected, and the caller takes another way.

Source: Lavin and Gray 2016, "Fast algorithms for convolutional neural networks", section 4.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minitorch.kernels.cpu.convolution_geometry import blocks, check_finite, inside, rows_worth_a_thread
from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for, scratch
from minitorch.memory import empty

_G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
# Row 3 of A is (0, -1); the tiles of the gradient hold it without the sign.
_BACK = np.kron(_G * [[1], [1], [1], [-1]], _G * [[1], [1], [1], [-1]])
_LEAST_CHANNELS = 32  # with fewer, columns take four fifths of the time
_VALUE_BYTES = 2 * 1024 * 1024  # smaller blocks make more calls, which fight for the interpreter lock
_LEAST_TILES = 128  # in a product, even where they leave the cache: the filters have to be read for each
_SMALL_FILTERS = 128 * 128  # channels in times channels out: up to here the products want them in order


def suits(weight_shape, out_size, stride, dilation, groups):
    """Whether this is the fastest way for outputs (OH, OW); odd sizes waste part of the last tiles."""
    if weight_shape[2:] != (3, 3) or stride != (1, 1) or dilation != (1, 1) or groups != 1:
        return False
    tiles = -(-out_size[0] // 2) * -(-out_size[1] // 2)
    return min(weight_shape[:2]) >= _LEAST_CHANNELS and 9 * out_size[0] * out_size[1] > 24 * tiles


def correlate(x, weight, bias, out, stride, lead, dilation):
    """Write the convolution of x (N, C, H, W) with weight (O, C, 3, 3) into out (N, O, OH, OW).

    Output (oh, ow) reads from input (oh - lead, ow - lead) on; stride and dilation are (1, 1), see `suits`.

    Raises FloatingPointError if a result is not finite.
    """
    filters = _filters(weight).swapaxes(1, 2)
    if filters[0].size <= _SMALL_FILTERS:
        filters = np.ascontiguousarray(filters)
    _correlate(x, filters, bias, out, lead)


def input_grad(grad, weight, dx, stride, lead, dilation):
    """Write the gradient to the input, from grad (N, O, OH, OW), into dx (N, C, H, W). Errors as `correlate`."""
    _correlate(grad, _filters(weight, flipped=True), None, dx, (2 - lead[0], 2 - lead[1]))


def _correlate(x, filters, bias, out, lead):
    """With transformed filters (16, C, O)."""
    channels, out_channels = filters.shape[1:]
    height, width = out.shape[2:]
    work = _blocks(len(x), -(-height // 2), -(-width // 2), max(channels, out_channels), x.itemsize)

    def run(first, last):
        for start, stop, top, bottom in work[first:last]:
            size = (bottom - top, -(-width // 2))
            values = _input_tiles(x[start:stop], size, (lead[0] - 2 * top, lead[1]))
            product = scratch("winograd_product", (16, values.shape[1], out_channels), x.dtype)
            y = _output_tiles(np.matmul(values, filters, out=product), (stop - start, *size))
            if bias is not None:
                y += bias
            check_finite(y)
            rows = slice(2 * top, min(2 * bottom, height))
            out[start:stop, :, rows] = y[:, : rows.stop - rows.start, :width].transpose(0, 3, 1, 2)

    parallel_for(run, len(work))


def weight_grad(grad, x, dweight, stride, lead, dilation):
    """Write the gradient to the weight (O, C, 3, 3), from grad (N, O, OH, OW), into dweight. Errors as `correlate`."""
    n, out_channels, height, width = grad.shape
    if n * -(-height // 2) * -(-width // 2) <= out_channels:
        _weight_grad_by_filters(grad, x, dweight, lead)
    else:
        _weight_grad_by_images(grad, x, dweight, lead)


def _weight_grad_by_images(grad, x, dweight, lead):
    """Each thread sums the products of a share of the images."""
    (out_channels, height, width), channels = grad.shape[1:], x.shape[1]
    work = _blocks(len(x), -(-height // 2), -(-width // 2), max(channels, out_channels), x.itemsize)
    parts = min(get_num_threads(), len(work))
    totals = empty((parts, 16, out_channels, channels), grad.dtype)

    def run(part, _):
        first = len(work) * part // parts
        for i in range(first, len(work) * (part + 1) // parts):
            start, stop, top, bottom = work[i]
            size = (bottom - top, -(-width // 2))
            slopes = _gradient_tiles(grad[start:stop, :, 2 * top : 2 * bottom], size)
            values = _input_tiles(x[start:stop], size, (lead[0] - 2 * top, lead[1]))
            if i == first:
                np.matmul(slopes.swapaxes(1, 2), values, out=totals[part])
            else:
                term = scratch("winograd_term", totals.shape[1:], grad.dtype)
                np.add(totals[part], np.matmul(slopes.swapaxes(1, 2), values, out=term), out=totals[part])

    parallel_for(run, parts)

    def transform(start, stop):
        total = totals[:, :, start:stop].sum(0) if parts > 1 else totals[0, :, start:stop]
        _to_weight(total, dweight[start:stop])

    parallel_for(transform, out_channels, rows_worth_a_thread(out_channels, 16 * channels))


def _weight_grad_by_filters(grad, x, dweight, lead):
    """Each thread works out a share of the filters: for few tiles and many filters, whose sums would be larger than all
    else (512 channels in and out: 16 MiB a thread)."""
    out_channels, channels = dweight.shape[:2]
    size = [-(-length // 2) for length in grad.shape[2:]]
    together = max(1, _VALUE_BYTES // (16 * channels * grad.itemsize))

    def run(first, last):
        values = _input_tiles(x, size, lead)
        for start in range(first, last, together):
            stop = min(start + together, last)
            term = scratch("winograd_term", (16, stop - start, channels), grad.dtype)
            np.matmul(_gradient_tiles(grad[:, start:stop], size).swapaxes(1, 2), values, out=term)
            _to_weight(term, dweight[start:stop])

    parallel_for(run, out_channels, -(-out_channels // get_num_threads()))


def _to_weight(total, dweight):
    """The sums (16, O, C) of the products back to kernels, into dweight (O, C, 3, 3)."""
    check_finite(total)
    np.matmul(total.reshape(16, -1).T, _BACK.astype(total.dtype), out=dweight.reshape(-1, 9))


def _blocks(images, rows, columns, channels, itemsize):
    """Blocks of tile rows whose values fit the cache, see `blocks`."""
    row_bytes = 16 * columns * channels * itemsize
    least = -(-_LEAST_TILES // columns) * row_bytes
    return blocks(images, rows, row_bytes, max(_VALUE_BYTES, least))


def _filters(weight, flipped=False):
    """G g G' of the kernels (O, C, 3, 3), or of the flipped kernels: (16, O, C)."""
    out_channels, channels = weight.shape[:2]
    side = _G[:, ::-1] if flipped else _G
    matrix = np.kron(side, side).astype(weight.dtype)
    kernels = np.ascontiguousarray(weight).reshape(out_channels, channels * 9)
    filters = np.empty((16, out_channels, channels), weight.dtype)

    def run(start, stop):
        part = np.matmul(matrix, kernels[start:stop].reshape(-1, 9).T)
        filters[:, start:stop] = part.reshape(16, stop - start, channels)

    parallel_for(run, out_channels, rows_worth_a_thread(out_channels, 16 * channels))
    return filters


def _planes(x, size, lead):
    """x (n, C, H, W) with zeros around it, (row parity, column parity, n, rows, columns, C), in scratch."""
    first = max(0, -lead[0])
    x, lead = _apart(x[:, :, first : 2 * size[0] - lead[0]]), (lead[0] + first, lead[1])
    planes = scratch("winograd_planes", (2, 2, len(x), *size, x.shape[1]), x.dtype)
    if any(x.shape[2 + axis] != 2 * size[axis] or lead[axis] for axis in (0, 1)):
        planes.fill(0)
    source = x.transpose(0, 2, 3, 1)
    for row in (0, 1):
        rows, source_rows = inside(x.shape[2], row - lead[0], size[0], 2)
        for column in (0, 1):
            columns, source_columns = inside(x.shape[3], column - lead[1], size[1], 2)
            planes[row, column, :, rows, columns] = source[:, source_rows, source_columns]
    return planes


def _apart(x):
    """x (n, C, H, W), or a copy of it in scratch whose planes do not lie a multiple of 1 KiB apart: all channels of a
    pixel would fall on the same few lines of the cache, and reading them one after the other takes 2 to 5 times as
    long."""
    n, channels, height, width = x.shape
    if x.strides[1] % 1024 or x.size == 0:
        return x
    pitch = height * width + 64 // x.itemsize
    flat = scratch("winograd_apart", (n, channels, pitch), x.dtype)
    copy = as_strided(flat, x.shape, (*flat.strides[:2], width * x.itemsize, x.itemsize))
    np.copyto(copy, x)
    return copy


def _input_tiles(x, size, lead):
    """B' d B for ``size`` tiles of the images x (n, C, H, W): (16, n * rows * columns, C), in scratch."""
    n, channels = x.shape[:2]
    rows, columns = size
    planes = _planes(x, (rows + 1, columns + 1), lead)
    half = scratch("winograd_half", (2, 4, n, rows + 1, columns, channels), x.dtype)
    _transform(planes[:, 0, :, :, :-1], planes[:, 1, :, :, :-1], planes[:, 0, :, :, 1:], planes[:, 1, :, :, 1:],
               half.swapaxes(0, 1))  # fmt: skip
    values = scratch("winograd_values", (4, 4, n, rows, columns, channels), x.dtype)
    _transform(half[0, :, :, :-1], half[1, :, :, :-1], half[0, :, :, 1:], half[1, :, :, 1:], values)
    return values.reshape(16, n * rows * columns, channels)


def _transform(d0, d1, d2, d3, out):
    """B' d along one direction."""
    np.subtract(d0, d2, out=out[0])
    np.add(d1, d2, out=out[1])
    np.subtract(d2, d1, out=out[2])
    np.subtract(d1, d3, out=out[3])


def _output_tiles(product, shape):
    """A' m A of the products (16, tiles, O), as images (n, 2 rows, 2 columns, O) in scratch; `product` is used up."""
    n, rows, columns = shape
    tiles, channels = product.shape[1:]
    sums = scratch("winograd_sums", (2, 4, tiles, channels), product.dtype)
    _gather(product.reshape(4, 4, tiles, channels), sums)
    corners = product[:4].reshape(2, 2, tiles, channels)  # (column, row, ...)
    _gather(sums.swapaxes(0, 1), corners)
    y = sums.reshape(-1)[: corners.size].reshape(n, rows, 2, columns, 2, channels)
    np.copyto(y, corners.reshape(2, 2, n, rows, columns, channels).transpose(2, 3, 1, 4, 0, 5))
    return y.reshape(n, 2 * rows, 2 * columns, channels)


def _gather(m, out):
    """A' m along one direction."""
    np.add(m[1], m[2], out=out[0])
    np.subtract(m[1], m[2], out=out[1])
    out[0] += m[0]
    out[1] -= m[3]


def _gradient_tiles(grad, size):
    """A g A' without the signs of its last rows, for grad (n, O, OH, OW): (16, tiles, O), in scratch."""
    n, channels = grad.shape[:2]
    g = _planes(grad, size, (0, 0))
    half = scratch("winograd_half", (4, 2, n, *size, channels), grad.dtype)
    _spread(g[0], g[1], half)
    slopes = scratch("winograd_slopes", (4, 4, n, *size, channels), grad.dtype)
    _spread(half[:, 0], half[:, 1], slopes.swapaxes(0, 1))
    return slopes.reshape(16, n * size[0] * size[1], channels)


def _spread(g0, g1, out):
    """A g along one direction."""
    np.copyto(out[0], g0)
    np.add(g0, g1, out=out[1])
    np.subtract(g0, g1, out=out[2])
    np.copyto(out[3], g1)
