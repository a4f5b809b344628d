"""Convolution for few channels: shifted copies of flat padded planes.

A padded plane with rows of ``pitch`` numbers, read as one flat array, holds the tap (kh, kw) of
all windows as the contiguous slice that starts at kh * pitch + kw: a plain memory copy. Each row
of the result then has pitch - OW stray numbers at its end, computed from windows that wrap into
the next row, which are dropped. The zeros right of a row also serve as the zeros left of the
next one, so pitch is smaller than a padded row.

A stride splits the plane into stride x stride planes of every stride-th row and column; each tap
reads one of them, again as one slice. All images of a block lie side by side in the columns
(C * KH * KW, n * pixels), so that each thread makes few, long calls.
"""
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minitorch.kernels.cpu.convolution_geometry import blocks, inside
from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for, scratch

# More than the cache: fewer calls, each of which waits for the interpreter lock. Depthwise products do little with what
# they read, so for them the calls matter even more.
_BLOCK_BYTES = 4 * 1024 * 1024
_DEPTHWISE_BLOCK_BYTES = 8 * 1024 * 1024


class FlatPlanes:
    """The flat padded planes that ``out_size`` windows of an image read."""

    def __init__(self, in_size, out_size, kernel, stride, lead, dilation):
        self.in_size, self.out_size, self.kernel = in_size, out_size, kernel
        self.stride, self.lead, self.dilation = stride, lead, dilation
        reach = [(kernel[axis] - 1) * dilation[axis] // stride[axis] for axis in (0, 1)]
        self.rows, self.columns = out_size[0] + reach[0], out_size[1] + reach[1]
        used = [inside(in_size[1], residue - lead[1], self.columns, stride[1])[0] for residue in range(stride[1])]
        shared = min(min(part.start, self.columns - part.stop) if part.stop else self.columns for part in used)
        self.pitch = max(out_size[1], self.columns - shared)
        self.length = self.rows * self.pitch + reach[1]
        self.pixels = out_size[0] * self.pitch

    def for_rows(self, start, stop):
        """The same for the output rows from ``start`` to ``stop`` only."""
        if (start, stop) == (0, self.out_size[0]):
            return self
        lead = (self.lead[0] - start * self.stride[0], self.lead[1])
        return FlatPlanes(self.in_size, (stop - start, self.out_size[1]), self.kernel, self.stride, lead,
                          self.dilation)

    def fill(self, x):
        """Copy x (n, C, H, W) to scratch planes (C, n, stride * stride, length), with the padding."""
        x, stride = x.swapaxes(0, 1), self.stride
        buffer = scratch("planes", x.shape[:2] + (stride[0] * stride[1], self.length), x.dtype)
        buffer.fill(0)
        grids = buffer[..., :self.rows * self.pitch].reshape(buffer.shape[:3] + (self.rows, self.pitch))
        for row_residue in range(stride[0]):
            rows, image_rows = inside(self.in_size[0], row_residue - self.lead[0], self.rows, stride[0])
            for column_residue in range(stride[1]):
                columns, image_columns = inside(self.in_size[1], column_residue - self.lead[1], self.columns,
                                                stride[1])
                plane = grids[:, :, row_residue * stride[1] + column_residue]
                plane[:, :, rows, columns] = x[:, :, image_rows, image_columns]
        return buffer

    def tap(self, buffer, kh, kw):
        """Tap (kh, kw) of all windows: the slice (C, n, pixels) of the planes in ``buffer``."""
        row, row_residue = divmod(kh * self.dilation[0], self.stride[0])
        column, column_residue = divmod(kw * self.dilation[1], self.stride[1])
        start = row * self.pitch + column
        return buffer[:, :, row_residue * self.stride[1] + column_residue, start:start + self.pixels]

    def windows(self, x):
        """All taps of x (n, C, H, W): columns (C, KH, KW, n, pixels) in scratch.

        Every ``step``-th tap along an axis lies in the same plane, a constant distance after the
        one before, so that one strided copy serves them all (with stride 1: all taps).
        """
        buffer = self.fill(x)
        columns = scratch("columns", (x.shape[1], *self.kernel, x.shape[0], self.pixels), x.dtype)
        common = [gcd(self.stride[axis], self.dilation[axis]) for axis in (0, 1)]
        steps = [self.stride[axis] // common[axis] for axis in (0, 1)]
        for kh in range(min(steps[0], self.kernel[0])):
            for kw in range(min(steps[1], self.kernel[1])):
                target = columns[:, kh::steps[0], kw::steps[1]]
                first = self.tap(buffer, kh, kw)
                channel, image, number = first.strides
                down = self.dilation[0] // common[0] * self.pitch * number
                across = self.dilation[1] // common[1] * number
                np.copyto(target, as_strided(first, target.shape, (channel, down, across, image, number)))
        return columns

    def grid(self, flat, shape):
        """View (O, n, pixels) numbers as (n, O, rows, pitch) for ``shape`` (n, O, rows, ...)."""
        return flat.reshape(shape[1], shape[0], shape[2], self.pitch).swapaxes(0, 1)

    def spread(self, grad):
        """Copy grad (n, O, OH, OW) to scratch (O, n, pixels), zeros for the stray numbers."""
        flat = scratch("spread", (grad.shape[1], grad.shape[0], self.pixels), grad.dtype)
        grid = self.grid(flat, grad.shape)
        grid[..., grad.shape[3]:] = 0
        grid[..., :grad.shape[3]] = grad
        return flat


def correlate(x, weight, bias, out, stride, lead, dilation, groups):
    """``weight @ columns`` for the images of a block, written into ``out`` (N, O, OH, OW)."""
    whole = FlatPlanes(x.shape[2:], out.shape[2:], weight.shape[2:], stride, lead, dilation)
    matrix = _as_matrix(weight, groups)
    work = _blocks(whole, x, matrix)

    def run(first, last):
        for start, stop, top, bottom in work[first:last]:
            flat = whole.for_rows(top, bottom)
            columns = flat.windows(x[start:stop]).reshape(groups, matrix.shape[2], -1)
            product = scratch("product", (groups, matrix.shape[1], columns.shape[2]), x.dtype)
            np.matmul(matrix, columns, out=product)
            target = out[start:stop, :, top:bottom]
            target[...] = flat.grid(product, target.shape)[..., :out.shape[3]]
            if bias is not None:  # not while copying: additions row by row take longer than two passes
                np.add(target, bias[:, None, None], out=target)

    parallel_for(run, len(work))


def weight_grad(grad, x, dweight, stride, lead, dilation, groups):
    """``columns @ grad.T``, summed over a share of the blocks by each thread, then over the threads."""
    whole = FlatPlanes(x.shape[2:], grad.shape[2:], dweight.shape[2:], stride, lead, dilation)
    out_channels, taps = dweight.shape[0] // groups, dweight[0].size
    work = _blocks(whole, x, _as_matrix(dweight, groups))
    parts = min(get_num_threads(), len(work))
    partial = np.zeros((parts, groups, taps, out_channels), grad.dtype)

    def run(part, _):
        for start, stop, top, bottom in work[len(work) * part // parts:len(work) * (part + 1) // parts]:
            flat = whole.for_rows(top, bottom)
            columns = flat.windows(x[start:stop]).reshape(groups, taps, -1)
            values = flat.spread(grad[start:stop, :, top:bottom]).reshape(groups, out_channels, -1)
            partial[part] += np.matmul(columns, values.swapaxes(1, 2))

    parallel_for(run, parts)
    np.copyto(dweight, partial.sum(axis=0).swapaxes(1, 2).reshape(dweight.shape))


def input_grad(grad, weight, dx, lead, dilation, groups):
    """The correlation of grad with the flipped weight, for stride 1: the sum over kw (and the
    output channels) by a product with columns of grad, the sum over kh by adding shifted rows.

    With all KH * KW taps in the columns, there would be KH times as many numbers to copy and to
    multiply by only C / groups rows of the weight, too few to keep BLAS busy.
    """
    out_channels, channels, kernel_height, kernel_width = weight.shape
    across = (kernel_width - 1) * dilation[1] - lead[1]
    flat = FlatPlanes(grad.shape[2:], (grad.shape[2], dx.shape[3]), (1, kernel_width), (1, 1), (0, across),
                      (1, dilation[1]))
    split = weight[..., ::-1].reshape(groups, out_channels // groups, channels, kernel_height, kernel_width)
    matrix = split.transpose(0, 2, 3, 1, 4).reshape(groups, channels * kernel_height, -1)
    work = _blocks(flat, grad, matrix, whole_images=True)

    def run(first, last):
        for start, stop, _, _ in work[first:last]:
            columns = flat.windows(grad[start:stop]).reshape(groups, matrix.shape[2], -1)
            product = scratch("product", (groups, matrix.shape[1], columns.shape[2]), dx.dtype)
            np.matmul(matrix, columns, out=product)
            sums = product.reshape(dx.shape[1], kernel_height, stop - start, grad.shape[2], flat.pitch)
            target = dx[start:stop].swapaxes(0, 1)
            target.fill(0)
            for kh in range(kernel_height):
                source_rows, rows = inside(dx.shape[2], kh * dilation[0] - lead[0], grad.shape[2])
                part = target[:, :, rows]
                np.add(part, sums[:, kh, :, source_rows, :dx.shape[3]], out=part)

    parallel_for(run, len(work))


def _as_matrix(weight, groups):
    """Weight as (groups, O / groups, C / groups * KH * KW)."""
    return np.ascontiguousarray(weight).reshape(groups, weight.shape[0] // groups, -1)


def _blocks(flat, x, matrix, whole_images=False):
    """Blocks whose columns and product fit the cache."""
    row_bytes = matrix.shape[0] * (matrix.shape[1] + matrix.shape[2]) * flat.pitch * x.itemsize
    fitting = _DEPTHWISE_BLOCK_BYTES if matrix.shape[1] == 1 else _BLOCK_BYTES
    if whole_images:
        return blocks(len(x), 1, row_bytes * flat.out_size[0], fitting)
    return blocks(len(x), flat.out_size[0], row_bytes, fitting)
