"""Convolution for few channels: shifted copies of flat padded planes.

A padded plane with rows of ``pitch`` numbers, read as one flat array, holds the tap (kh, kw) of
all windows as the contiguous slice that starts at kh * pitch + kw: a plain memory copy. Each row
of the result then has pitch - OW stray numbers at its end, computed from windows that wrap into
the next row, which are dropped. The zeros right of a row also serve as the zeros left of the
next one, so pitch is smaller than a padded row.

A stride splits the plane into stride x stride planes of every stride-th row and column; each tap
reads one of them, again as one slice.
"""
import numpy as np
from numpy.lib.stride_tricks import as_strided

from minitorch.kernels.cpu.convolution_geometry import blocks, inside
from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for, scratch

_CACHE_BYTES = 4 * 1024 * 1024


class FlatPlanes:
    """The geometry of flat padded planes for ``out_size`` windows of an image."""

    def __init__(self, in_size, out_size, kernel, stride, lead, dilation):
        self.in_size, self.out_size, self.kernel = in_size, out_size, kernel
        self.stride, self.lead, self.dilation = stride, lead, dilation
        reach = [(kernel[axis] - 1) * dilation[axis] // stride[axis] for axis in (0, 1)]
        self.rows = out_size[0] + reach[0]
        columns = out_size[1] + reach[1]
        used = [inside(in_size[1], residue - lead[1], columns, stride[1])[0] for residue in range(stride[1])]
        shared = min(min(part.start, columns - part.stop) if part.stop else columns for part in used)
        self.pitch = max(out_size[1], columns - shared)
        self.columns = columns
        self.length = self.rows * self.pitch + reach[1]
        self.flat_out = out_size[0] * self.pitch

    def for_rows(self, start, stop):
        """The same planes for the output rows from ``start`` to ``stop`` only."""
        if (start, stop) == (0, self.out_size[0]):
            return self
        lead = (self.lead[0] - start * self.stride[0], self.lead[1])
        return FlatPlanes(self.in_size, (stop - start, self.out_size[1]), self.kernel, self.stride, lead,
                          self.dilation)

    def empty(self, x_shape, dtype):
        """Scratch planes (n, C, stride * stride, length), all zero, for images of ``x_shape``."""
        buffer = scratch("planes", x_shape[:2] + (self.stride[0] * self.stride[1], self.length), dtype)
        buffer.fill(0)
        return buffer

    def places(self, buffer):
        """Pairs (view of the planes, index into the images) of the numbers that are no padding."""
        stride = self.stride
        grids = buffer[..., :self.rows * self.pitch].reshape(buffer.shape[:3] + (self.rows, self.pitch))
        for row_residue in range(stride[0]):
            rows, image_rows = inside(self.in_size[0], row_residue - self.lead[0], self.rows, stride[0])
            for column_residue in range(stride[1]):
                columns, image_columns = inside(self.in_size[1], column_residue - self.lead[1], self.columns,
                                                stride[1])
                plane = grids[:, :, row_residue * stride[1] + column_residue]
                yield plane[:, :, rows, columns], (slice(None), slice(None), image_rows, image_columns)

    def fill(self, x):
        """Copy x (n, C, H, W) to scratch planes (n, C, stride * stride, length)."""
        buffer = self.empty(x.shape, x.dtype)
        for place, index in self.places(buffer):
            place[...] = x[index]
        return buffer

    def tap(self, buffer, kh, kw):
        """All windows' tap (kh, kw): the slice (n, C, flat_out) of the planes in ``buffer``."""
        row, row_residue = divmod(kh * self.dilation[0], self.stride[0])
        column, column_residue = divmod(kw * self.dilation[1], self.stride[1])
        start = row * self.pitch + column
        return buffer[:, :, row_residue * self.stride[1] + column_residue, start:start + self.flat_out]

    def windows(self, x):
        """Columns (n, C, KH, KW, flat_out) of x (n, C, H, W), in scratch or in x itself."""
        n, channels = x.shape[:2]
        if self.kernel == (1, 1) and self.in_size == self.out_size and self.lead == (0, 0) and self.stride == (1, 1):
            return np.ascontiguousarray(x).reshape(n, channels, 1, 1, self.flat_out)
        buffer = self.fill(x)
        columns = scratch("columns", (n, channels) + self.kernel + (self.flat_out,), x.dtype)
        if self.stride == (1, 1):
            image, channel, _, number = buffer.strides
            steps = (image, channel, self.dilation[0] * self.pitch * number, self.dilation[1] * number, number)
            np.copyto(columns, as_strided(buffer, columns.shape, steps))
            return columns
        for kh in range(self.kernel[0]):
            for kw in range(self.kernel[1]):
                np.copyto(columns[:, :, kh, kw], self.tap(buffer, kh, kw))
        return columns

    def leaves_gaps(self):
        """Whether the windows start after the first or end before the last row or column."""
        return any(self.lead[axis] < 0 or (self.out_size[axis] - 1) * self.stride[axis] + (self.kernel[axis] - 1) * self.dilation[axis]
                   - self.lead[axis] < self.in_size[axis] - 1 for axis in (0, 1))

    def crop(self, flat):
        """View (..., flat_out) as (..., OH, OW), without the stray numbers."""
        return flat.reshape(flat.shape[:-1] + (self.out_size[0], self.pitch))[..., :self.out_size[1]]

    def spread(self, grad):
        """Copy grad (n, O, OH, OW) to scratch (n, O, flat_out) with zeros for the stray numbers."""
        flat = scratch("flat_grad", grad.shape[:2] + (self.flat_out,), grad.dtype)
        grid = flat.reshape(grad.shape[:3] + (self.pitch,))
        grid[..., self.out_size[1]:] = 0
        grid[..., :self.out_size[1]] = grad
        return flat


def correlate(x, weight, bias, out, stride, lead, dilation, groups):
    """``weight @ columns`` for each image and group of a block, cropped into ``out``."""
    whole = FlatPlanes(x.shape[2:], out.shape[2:], weight.shape[2:], stride, lead, dilation)
    matrix = np.ascontiguousarray(weight).reshape(groups, weight.shape[0] // groups, -1)
    work = _blocks(whole, x, weight.shape)

    def run(first, last):
        for start, stop, top, bottom in work[first:last]:
            flat = whole.for_rows(top, bottom)
            columns = flat.windows(x[start:stop]).reshape(stop - start, groups, matrix.shape[2], -1)
            product = scratch("product", (stop - start, groups, matrix.shape[1], flat.flat_out), x.dtype)
            np.matmul(matrix, columns, out=product)
            result = flat.crop(product.reshape(stop - start, -1, flat.flat_out))
            if bias is None:
                out[start:stop, :, top:bottom] = result
            else:
                np.add(result, bias[:, None, None], out=out[start:stop, :, top:bottom])

    parallel_for(run, len(work))


def input_grad(grad, weight, dx, stride, lead, dilation, groups):
    """``weight.T @ grad`` gives the gradient of the columns; each tap's is added to its slice of
    flat planes. For few input channels that is less work than a correlation of grad."""
    flat = FlatPlanes(dx.shape[2:], grad.shape[2:], weight.shape[2:], stride, lead, dilation)
    matrix = np.ascontiguousarray(weight).reshape(groups, weight.shape[0] // groups, -1).swapaxes(1, 2)
    work = _blocks(flat, dx, weight.shape, whole_images=True)

    def run(first, last):
        for start, stop, _, _ in work[first:last]:
            n = stop - start
            values = flat.spread(grad[start:stop]).reshape(n, groups, -1, flat.flat_out)
            columns = scratch("columns", (n, groups, matrix.shape[1], flat.flat_out), dx.dtype)
            np.matmul(matrix, values, out=columns)
            columns = columns.reshape(n, dx.shape[1], *weight.shape[2:], flat.flat_out)
            buffer = flat.empty((n, dx.shape[1]), dx.dtype)
            for kh, kw in np.ndindex(*weight.shape[2:]):
                tap = flat.tap(buffer, kh, kw)
                np.add(tap, columns[:, :, kh, kw], out=tap)
            part = dx[start:stop]
            if flat.leaves_gaps():
                part.fill(0)
            for place, index in flat.places(buffer):
                part[index] = place

    parallel_for(run, len(work))


def weight_grad(grad, x, dweight, stride, lead, dilation, groups):
    """``grad @ columns.T`` for each image and group, summed over a share of the blocks by each
    thread, then over the threads."""
    whole = FlatPlanes(x.shape[2:], grad.shape[2:], dweight.shape[2:], stride, lead, dilation)
    out_channels = dweight.shape[0] // groups
    taps = dweight[0].size
    work = _blocks(whole, x, dweight.shape)
    parts = min(get_num_threads(), len(work))
    partial = np.zeros((parts, groups, out_channels, taps), grad.dtype)

    def run(part, _):
        for start, stop, top, bottom in work[len(work) * part // parts:len(work) * (part + 1) // parts]:
            flat = whole.for_rows(top, bottom)
            columns = flat.windows(x[start:stop]).reshape(stop - start, groups, taps, -1)
            values = flat.spread(grad[start:stop, :, top:bottom])
            product = np.matmul(values.reshape(stop - start, groups, out_channels, -1), columns.swapaxes(2, 3))
            partial[part] += product.sum(axis=0)

    parallel_for(run, parts)
    np.sum(partial.reshape((parts,) + dweight.shape), axis=0, out=dweight)


def _blocks(flat, x, weight_shape, whole_images=False):
    """Blocks whose columns and product fit the cache."""
    numbers = x.shape[1] * weight_shape[2] * weight_shape[3] + weight_shape[0]
    row_bytes = numbers * flat.pitch * x.itemsize
    if whole_images:
        return blocks(len(x), 1, row_bytes * flat.out_size[0], _CACHE_BYTES)
    return blocks(len(x), flat.out_size[0], row_bytes, _CACHE_BYTES)
