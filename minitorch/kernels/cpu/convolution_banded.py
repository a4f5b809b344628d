"""Convolution for few channels: whole rows of pixels times a banded matrix.

``width`` neighbouring outputs of a row read ``span`` neighbouring inputs of KH rows. That is a matrix product: the
inputs, KH * C * span numbers, times a matrix that repeats the weight along a diagonal band and is zero elsewhere::

    [x0 x1 x2 x3] [w0  0]
                  [w1 w0]  =  [y0 y1]      (one row, one channel, KW = 3, width = 2, span = 4)
                  [w2 w1]
                  [ 0 w2]

Most of the products are with zeros: span / KW times as many as needed. It still is the fastest way where channels are
few, because the alternative is worse: with one input channel, a 5 x 5 kernel and 6 filters, ordinary columns copy
every pixel 25 times in short runs, and multiply matrices with 6 rows, on which BLAS reaches a fifth of its speed. Here
every pixel is copied KH * span / (width * stride) times in runs of span, and the matrices are large.

The zeros have a price: an infinity or a NaN in one pixel would reach the neighbours that do not depend on it. Such a
product is detected, and the caller takes another way.

Planes are kept in the order (row, column, channel), so that what a window reads of one row is a single run.
"""

import functools
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minitorch.kernels.cpu.convolution_geometry import inside
from minitorch.kernels.cpu.parallel import block_size, parallel_for, scratch

_RUN = 250  # multiply-adds in the time that it takes to begin a new run of a copy
_ROW = 1000  # and to begin a new row of the product in all that is done with it


class Rows:
    """How a convolution is cut into rows: ``tiles`` pieces of ``width`` outputs, each reading ``span`` inputs.

    With ``split`` 2 the rows 0, 2, 4, ... come before the rows 1, 3, 5, ..., and so do the columns of a tile: then the
    four numbers of a pooling window lie apart in long runs. The matrix product has the rows (split, n, OH / split,
    tiles) and the columns (split, O, width / split).
    """

    def __init__(self, in_size, out_size, kernel, stride, lead, dilation, tiles, split):
        self.in_size, self.out_size, self.kernel = in_size, out_size, kernel
        self.stride, self.lead, self.dilation = stride, lead, dilation
        self.tiles, self.split = tiles, split
        self.width = -(-out_size[1] // tiles)
        self.span = (self.width - 1) * stride[1] + (kernel[1] - 1) * dilation[1] + 1
        self.plane = (
            (out_size[0] - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1,
            (self.tiles - 1) * self.width * stride[1] + self.span,
        )

    def cost(self, filters, channels):
        """An estimate of the time for one row of outputs, in multiply-adds: products, copies, beginnings of runs."""
        inputs = self.kernel[0] * channels * self.span
        runs = self.kernel[0] + (filters if self.split == 1 else 0)
        return self.tiles * (inputs * filters * self.width + 4 * inputs + _RUN * runs + _ROW)

    def band(self, weight, bias=None):
        """The weight (O, C, KH, KW) as the matrix (KH * span * C, O * width); a bias is one row more."""
        filters, channels = weight.shape[:2]
        inputs = self.kernel[0] * channels * self.span
        matrix = np.zeros((inputs + (bias is not None), filters * self.width), weight.dtype)
        self._diagonals(matrix[:inputs], filters)[...] = weight.transpose(2, 3, 1, 0)[..., None, None]
        if bias is not None:
            matrix[inputs].reshape(self.split, filters, -1)[...] = bias[:, None]
        return matrix

    def sum_band(self, matrix, weight_shape):
        """The gradient of `band`: the sum along each diagonal, (O, C, KH, KW)."""
        return self._diagonals(matrix, weight_shape[0]).sum((-2, -1)).transpose(3, 2, 0, 1)

    def _diagonals(self, matrix, filters):
        """(KH, KW, C, O, split, width / split): where the band holds tap kw for output i: in the input
        i * stride + kw * dilation of the tile."""
        matrix = matrix.reshape(self.kernel[0], self.span, -1, self.split, filters, self.width // self.split)
        kh, column, c, part, o, number = matrix.strides
        shape = (self.kernel[0], self.kernel[1], matrix.shape[2], filters, self.split, self.width // self.split)
        down = column * self.stride[1]
        return as_strided(
            matrix, shape, (kh, column * self.dilation[1], c, o, down + part, down * self.split + number)
        )

    def planes(self, x):
        """x (n, C, H, W) as padded planes (n, H', W', C), in scratch if copied at all."""
        rows, source_rows = inside(self.in_size[0], -self.lead[0], self.plane[0])
        columns, source_columns = inside(self.in_size[1], -self.lead[1], self.plane[1])
        source = x[:, :, source_rows, source_columns].transpose(0, 2, 3, 1)
        shape = (len(x), *self.plane, x.shape[1])
        if source.shape == shape and x.shape[1] == 1 and x.strides[3] == x.itemsize:
            return source
        planes = scratch("row_planes", shape, x.dtype)
        if source.shape != shape:
            planes.fill(0)
        planes[:, rows, columns] = source
        return planes

    def windows(self, planes):
        """The view (split, n, OH / split, tiles, KH, span * C) of the planes."""
        n, channels = planes.shape[0], planes.shape[3]
        image, row, column = planes.strides[:3]
        shape = (self.split, n, self.out_size[0] // self.split, self.tiles, self.kernel[0], self.span * channels)
        down, tile = row * self.stride[0], self.width * self.stride[1] * column
        strides = (down, image, down * self.split, tile, row * self.dilation[0], planes.itemsize)
        return as_strided(planes, shape, strides)

    def columns(self, x, ones=False, out=None):
        """The inputs of all tiles of x, (n * OH * tiles, KH * span * C), and with `ones` a last column of ones; in
        scratch unless `out` is given."""
        windows = self.windows(self.planes(x))
        inputs = math.prod(windows.shape[4:])
        columns = scratch("row_columns", (math.prod(windows.shape[:4]), inputs + ones), x.dtype) if out is None else out
        np.copyto(columns[:, :inputs].reshape(windows.shape), windows)
        columns[:, inputs:] = 1
        return columns

    def add_windows(self, columns, dx):
        """The gradient of `columns`, into dx (n, C, H, W); what belongs to the padding is dropped."""
        planes = scratch("row_planes", (len(dx), *self.plane, dx.shape[1]), dx.dtype)
        planes.fill(0)
        windows = self.windows(planes)
        columns = columns.reshape(windows.shape)
        apart = -(-self.span // (self.width * self.stride[1]))  # tiles so far from each other share no input
        for tile in range(min(apart, self.tiles)):
            for row in range(self.kernel[0]):
                target = windows[:, :, :, tile::apart, row]
                np.add(target, columns[:, :, :, tile::apart, row], out=target)
        rows, target_rows = inside(self.in_size[0], -self.lead[0], self.plane[0])
        across, target_columns = inside(self.in_size[1], -self.lead[1], self.plane[1])
        if (rows.stop - rows.start, across.stop - across.start) != self.in_size:
            dx.fill(0)
        dx[:, :, target_rows, target_columns] = planes[:, rows, across].transpose(0, 3, 1, 2)

    def cut(self, grad):
        """grad (n, O, OH, OW) as (n * OH * tiles, O * width), in scratch, with zeros beyond OW. For split 1."""
        n, filters, height = grad.shape[:3]
        product = scratch("row_product", (n * height * self.tiles, filters * self.width), grad.dtype)
        if self.tiles * self.width != grad.shape[3]:
            product.fill(0)
        for part, target in self._pieces(grad, product):
            np.copyto(target, part)
        return product

    def paste(self, product, out):
        """The reverse of `cut`: into out (n, O, OH, OW)."""
        for target, part in self._pieces(out, product):
            np.copyto(target, part)

    def _pieces(self, images, product):
        """Pairs of views (n, O, OH, tiles, width) that belong together: the whole tiles, and the one cut short."""
        n, filters, height, width = images.shape
        product = product.reshape(n, height, self.tiles, filters, self.width).transpose(0, 3, 1, 2, 4)
        whole = width // self.width
        if whole:
            part = images[..., : whole * self.width].reshape(n, filters, height, whole, self.width)
            yield part, product[:, :, :, :whole]
        if whole < self.tiles:
            rest = width - whole * self.width
            yield images[..., None, whole * self.width :], product[:, :, :, whole:, :rest]


def check_not_nan(product):
    """Raise FloatingPointError for NaN: infinite inputs times the zeros beside the band, or NaN that came in."""
    if np.isnan(product.max()):
        raise FloatingPointError("a number that is not finite reaches outputs that do not depend on it")


def correlate(x, weight, bias, out, stride, lead, dilation):
    """``columns @ band``, written into out (N, O, OH, OW)."""
    rows = cut_into_rows(x.shape[2:], out.shape[2:], weight.shape, stride, lead, dilation)
    band = rows.band(weight, bias)

    def run(start, stop):
        columns = rows.columns(x[start:stop], ones=bias is not None)
        product = scratch("row_product", (len(columns), band.shape[1]), x.dtype)
        check_not_nan(np.matmul(columns, band, out=product))
        rows.paste(product, out[start:stop])

    parallel_for(run, len(x), images_per_block(rows, x, len(weight)))


def weight_grad(grad, x, dweight, stride, lead, dilation):
    """``columns.T @ grad``, summed over the blocks, and then along the diagonals."""
    rows = cut_into_rows(x.shape[2:], grad.shape[2:], dweight.shape, stride, lead, dilation)
    block = images_per_block(rows, x, len(dweight))
    terms = [None] * -(-len(x) // block)

    def run(start, stop):
        product = rows.cut(grad[start:stop])
        terms[start // block] = np.matmul(rows.columns(x[start:stop]).T, product)

    parallel_for(run, len(x), block)
    np.copyto(dweight, rows.sum_band(sum(terms[1:], start=terms[0]), dweight.shape))


def input_grad(grad, weight, dx, stride, lead, dilation):
    """``grad @ band.T``, and each window's numbers added where they were read."""
    rows = cut_into_rows(dx.shape[2:], grad.shape[2:], weight.shape, stride, lead, dilation)
    band = rows.band(weight)

    def run(start, stop):
        product = rows.cut(grad[start:stop])
        columns = scratch("row_columns", (len(product), len(band)), dx.dtype)
        check_not_nan(np.matmul(product, band.T, out=columns))
        rows.add_windows(columns, dx[start:stop])

    parallel_for(run, len(dx), images_per_block(rows, dx, len(weight)))


@functools.lru_cache(maxsize=256)
def cut_into_rows(in_size, out_size, weight_shape, stride, lead, dilation, split=1):
    """The cut whose products and copies are estimated to take the least time; for `split` 2 OH and OW are even."""
    columns = out_size[1]
    candidates = [
        Rows(in_size, out_size, weight_shape[2:], stride, lead, dilation, tiles, split)
        for tiles in range(1, columns + 1)
        if split == 1 or columns % (tiles * split) == 0
    ]
    return min(candidates, key=lambda rows: rows.cost(*weight_shape[:2]))


_CACHE_BYTES = 3 * 1024 * 1024


def images_per_block(rows, x, filters):
    """Images whose columns and product fit the cache, yet at least one block for every thread."""
    numbers = rows.out_size[0] * rows.tiles * (rows.kernel[0] * x.shape[1] * rows.span + filters * rows.width)
    return block_size(len(x), numbers * x.itemsize, _CACHE_BYTES)
