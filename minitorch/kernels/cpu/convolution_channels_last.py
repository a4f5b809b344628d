"""Convolution for many channels: columns from planes with the channels last.

A block of the input is copied to (n, H, W, C) with its padding. A window then is KH runs of
KW * C contiguous numbers, which copy at memory speed into a row of the columns, whatever the
stride; and since a row is one pixel, the pixels of several images go into one product. That
matters where planes are small: 16 pixels of a 4 x 4 plane alone would leave BLAS at half its
speed. Copying the columns costs 10 to 15 percent of the product for 64 channels, less for more.
"""
import numpy as np
from numpy.lib.stride_tricks import as_strided

from minitorch.kernels.cpu.convolution_geometry import blocks, inside, rows_worth_a_thread
from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for, scratch

_COLUMN_BYTES = 2 * 1024 * 1024
_PIXELS_PER_SUM = 1024  # of a weight gradient: fewer, and adding the products costs as much as they do
_CHANNELS_PER_COPY = 16


def correlate(x, weight, bias, out, stride, lead, dilation):
    """``weight @ columns.T`` for blocks of images, or of rows of one image, written into ``out``."""
    out_channels, channels, *kernel = weight.shape
    matrix = np.empty((out_channels, *kernel, channels), x.dtype)
    reorder = weight.transpose(0, 2, 3, 1)
    parallel_for(lambda start, stop: np.copyto(matrix[start:stop], reorder[start:stop]),
                 out_channels, rows_worth_a_thread(out_channels, reorder[0].size))
    matrix = matrix.reshape(out_channels, -1)
    width = out.shape[3]
    work = blocks(len(x), out.shape[2], matrix.shape[1] * width * x.itemsize, _COLUMN_BYTES)

    def run(first, last):
        for start, stop, top, bottom in work[first:last]:
            size = (bottom - top, width)
            columns = _columns(x[start:stop], size, kernel, stride, (lead[0] - top * stride[0], lead[1]), dilation)
            product = scratch("product", (out_channels, stop - start) + size, x.dtype)
            np.matmul(matrix, columns.T, out=product.reshape(out_channels, -1))
            target = out[start:stop, :, top:bottom].swapaxes(0, 1)
            if bias is None:
                target[...] = product
            else:
                np.add(product, bias[:, None, None, None], out=target)

    parallel_for(run, len(work))


def weight_grad(grad, x, dweight, stride, lead, dilation):
    """``grad @ columns``, summed over blocks of images.

    Threads share the channels where there are enough, so that none has to add up another's
    result; else they share the images.
    """
    channels, threads = dweight.shape[1], get_num_threads()
    if channels >= threads * _CHANNELS_PER_COPY or len(x) < threads:
        def run(start, stop):
            _sum_products(grad, x[:, start:stop], dweight[:, start:stop], stride, lead, dilation)
        parallel_for(run, channels, -(-channels // threads))
        return
    partial = np.empty((threads,) + dweight.shape, dweight.dtype)

    def run_images(part, _):
        mine = slice(len(x) * part // threads, len(x) * (part + 1) // threads)
        _sum_products(grad[mine], x[mine], partial[part], stride, lead, dilation)

    parallel_for(run_images, threads)
    np.sum(partial, axis=0, out=dweight)


def input_grad(grad, weight, dx, stride, lead, dilation):
    """Each pixel of the gradient times the weight, added where its window lay: for strides, and large planes.

    The sums are kept apart by the position of a pixel modulo the stride, so that neighbours lie side by side. As one
    correlation per position the gradient would be copied into four sets of columns: 64 to 128 channels, 32 x 32, stride
    2, 32 images took 17 ms, and take 11.
    """
    out_channels, channels, *kernel = weight.shape
    size = grad.shape[2:]
    taps = np.ascontiguousarray(weight.transpose(2, 3, 0, 1)).reshape(-1, out_channels, channels)
    lengths = [(size[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1 for axis in (0, 1)]
    counts = [-(-lengths[axis] // stride[axis]) for axis in (0, 1)]
    unread = any(counts[axis] * stride[axis] - lead[axis] < dx.shape[2 + axis] for axis in (0, 1))
    work = blocks(len(grad), 1, len(taps) * size[0] * size[1] * channels * grad.itemsize, _COLUMN_BYTES)

    def run(first, last):
        for start, stop, _, _ in work[first:last]:
            pixels = scratch("channels_last", (stop - start, *size, out_channels), grad.dtype)
            _copy_channels_last(grad[start:stop], pixels, (0, 0))
            shares = scratch("columns", (*kernel, stop - start, *size, channels), grad.dtype)
            np.matmul(pixels.reshape(-1, out_channels), taps, out=shares.reshape(len(taps), -1, channels))
            sums = scratch("input_sums", (*stride, stop - start, *counts, channels), grad.dtype)
            sums.fill(0)
            for row, column in np.ndindex(*kernel):
                (down, row_part), (across, column_part) = (
                    divmod(position * step, length)
                    for position, step, length in zip((row, column), dilation, stride)
                )
                target = sums[row_part, column_part, :, down : down + size[0], across : across + size[1]]
                np.add(target, shares[row, column], out=target)
            if unread:
                dx[start:stop] = 0
            for part in np.ndindex(*stride):
                rows, target_rows = inside(dx.shape[2], part[0] - lead[0], counts[0], stride[0])
                columns, target_columns = inside(dx.shape[3], part[1] - lead[1], counts[1], stride[1])
                target = dx[start:stop, :, target_rows, target_columns].transpose(0, 2, 3, 1)
                _copy_by_channels(sums[part][:, rows, columns], target, dx.shape[2:])

    parallel_for(run, len(work))


def _sum_products(grad, x, dweight, stride, lead, dilation):
    """The weight gradient of these images and channels, on one thread."""
    out_channels, channels, *kernel = dweight.shape
    out_size = grad.shape[2:]
    pixels = out_size[0] * out_size[1]
    together = max(1, _PIXELS_PER_SUM // pixels)
    total = scratch("weight_total", (out_channels, dweight[0].size), grad.dtype)
    term = scratch("weight_term", total.shape, grad.dtype)
    for start in range(0, len(x), together):
        part = grad[start:start + together]
        values = scratch("grad_rows", (out_channels, len(part)) + out_size, grad.dtype)
        np.copyto(values, part.swapaxes(0, 1))
        columns = _columns(x[start:start + together], out_size, kernel, stride, lead, dilation)
        np.matmul(values.reshape(out_channels, -1), columns, out=term if start else total)
        if start:
            np.add(total, term, out=total)
    np.copyto(dweight, total.reshape(out_channels, *kernel, channels).transpose(0, 3, 1, 2))


def _columns(x, out_size, kernel, stride, lead, dilation):
    """Windows of x (n, C, H, W) as rows, (n * OH * OW, KH * KW * C), in scratch."""
    n, channels = x.shape[:2]
    size = [(out_size[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1 for axis in (0, 1)]
    padded = scratch("channels_last", (n, *size, channels), x.dtype)
    _copy_channels_last(x, padded, lead)
    if kernel == [1, 1] and stride == (1, 1):
        return padded.reshape(-1, channels)
    image, row, column, number = padded.strides
    if dilation[1] == 1:
        run, run_strides = (kernel[1] * channels,), (number,)
    else:
        run, run_strides = (kernel[1], channels), (column * dilation[1], number)
    windows = as_strided(padded, (n, *out_size, kernel[0], *run),
                         (image, row * stride[0], column * stride[1], row * dilation[0], *run_strides))
    columns = scratch("columns", windows.shape, x.dtype)
    np.copyto(columns, windows)
    return columns.reshape(n * out_size[0] * out_size[1], -1)


def _copy_channels_last(x, padded, lead):
    """Copy x (n, C, H, W) into padded (n, H', W', C), ``lead`` rows and columns in, zeros around."""
    rows, source_rows = inside(x.shape[2], -lead[0], padded.shape[1])
    columns, source_columns = inside(x.shape[3], -lead[1], padded.shape[2])
    if (rows.stop - rows.start, columns.stop - columns.start) != padded.shape[1:3]:
        padded.fill(0)
    source = x[:, :, source_rows, source_columns].transpose(0, 2, 3, 1)
    _copy_by_channels(source, padded[:, rows, columns], x.shape[2:])


def _copy_by_channels(source, target, plane):
    """Copy between two views with the channels last, of which one has planes of that size in memory.

    A few channels at a time: the planes of 32 x 32 float32 images lie 4 KiB apart, so that all
    channels of one pixel fall on the same few cache lines.
    """
    channels = source.shape[3]
    step = _CHANNELS_PER_COPY if plane[0] * plane[1] >= 256 else channels
    for start in range(0, channels, step):
        np.copyto(target[..., start:start + step], source[..., start:start + step])
