"""Depthwise convolution of small planes: each channel is one matrix product with a Toeplitz matrix.

A convolution is linear, and for one channel it is a matrix from the H * W inputs to the OH * OW outputs of a plane,
whose diagonals hold the kernel: the number in row (h, w) and column (oh, ow) is the tap that output (oh, ow) reads
input (h, w) with, or zero. Padding, stride and dilation are all in the matrix, nothing is copied, and the images are
the rows of a product that BLAS does at full speed. For planes of up to 8 x 8 that takes a third to a tenth of the time
of shifting planes, although most of the products are with zeros; the share of zeros grows with the plane.

An infinity or a NaN would reach the whole plane through the zeros: it is detected, and the caller takes another way.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minitorch.kernels.cpu.convolution_geometry import check_finite, inside
from minitorch.kernels.cpu.normalization import as_planes
from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for, scratch

_LARGEST = 64 * 64  # numbers in a matrix
_WORTH_SPLITTING = 50_000_000  # multiply-adds; below it, threads cost more than they save


def suits(weight_shape, in_size, out_size, groups):
    """Whether this is the fastest way: one filter for each channel, small planes."""
    depthwise = groups > 1 and weight_shape[:2] == (groups, 1)
    return depthwise and 0 < in_size[0] * in_size[1] * out_size[0] * out_size[1] <= _LARGEST


def correlate(x, weight, bias, out, stride, lead, dilation):
    """``x @ matrix`` for x (N, C, H, W) and weight (C, 1, KH, KW), written into out (N, C, OH, OW), C-contiguous.

    Raises FloatingPointError if a result is not finite; so do the gradients.
    """
    data, target = as_planes(x), as_planes(out)

    def run(start, stop):
        matrices = _zeros((stop - start, *x.shape[2:], *out.shape[2:]), x.dtype)
        _fill(matrices, weight[start:stop], stride, lead, dilation)
        _multiply(data, matrices, target, start, stop)
        if bias is not None:
            target[:, start:stop] += bias[start:stop, None]

    _for_channels(run, data, target)
    check_finite(target)


def input_grad(grad, weight, dx, stride, lead, dilation):
    """``grad @ matrix.T``, written into dx (N, C, H, W), C-contiguous."""
    data, target = as_planes(grad), as_planes(dx)

    def run(start, stop):
        matrices = _zeros((stop - start, *grad.shape[2:], *dx.shape[2:]), grad.dtype)
        _fill(matrices.transpose(0, 3, 4, 1, 2), weight[start:stop], stride, lead, dilation)
        _multiply(data, matrices, target, start, stop)

    _for_channels(run, data, target)
    check_finite(target)


def weight_grad(grad, x, dweight, stride, lead, dilation):
    """The sums of ``x.T @ grad`` along the diagonals, written into dweight (C, 1, KH, KW)."""
    slopes, data = as_planes(grad), as_planes(x)

    def run(start, stop):
        matrices = scratch("toeplitz", (stop - start, *x.shape[2:], *grad.shape[2:]), grad.dtype)
        product = matrices.reshape(stop - start, data.shape[2], slopes.shape[2])
        np.matmul(data[:, start:stop].transpose(1, 2, 0), slopes[:, start:stop].swapaxes(0, 1), out=product)
        for tap, diagonal in _diagonals(matrices, dweight.shape[2:], stride, lead, dilation):
            dweight[start:stop, 0, tap[0], tap[1]] = diagonal.sum((1, 2))

    _for_channels(run, data, slopes)
    check_finite(dweight)


def _for_channels(run, data, target):
    images, channels, size = data.shape
    worth = images * channels * size * target.shape[2] >= _WORTH_SPLITTING
    parallel_for(run, channels, -(-channels // get_num_threads()) if worth else channels)


def _zeros(shape, dtype):
    matrices = scratch("toeplitz", shape, dtype)
    matrices.fill(0)
    return matrices


def _multiply(data, matrices, target, start, stop):
    """One product for each channel; the images are its rows."""
    matrices = matrices.reshape(stop - start, data.shape[2], target.shape[2])
    np.matmul(data[:, start:stop].swapaxes(0, 1), matrices, out=target[:, start:stop].swapaxes(0, 1))


def _fill(matrices, weight, stride, lead, dilation):
    """Write the kernels (channels, 1, KH, KW) into the diagonals of zeros (channels, H, W, OH, OW)."""
    for (kh, kw), diagonal in _diagonals(matrices, weight.shape[2:], stride, lead, dilation):
        diagonal[...] = weight[:, 0, kh, kw, None, None]


def _diagonals(matrices, kernel, stride, lead, dilation):
    """For each tap, (its place, the view (channels, rows, columns) of the outputs that read through it)."""
    channel, *places = matrices.strides
    for kh in range(kernel[0]):
        rows, source_rows = inside(matrices.shape[1], kh * dilation[0] - lead[0], matrices.shape[3], stride[0])
        for kw in range(kernel[1]):
            columns, source_columns = inside(
                matrices.shape[2], kw * dilation[1] - lead[1], matrices.shape[4], stride[1]
            )
            first = matrices[:, source_rows.start :, source_columns.start :, rows.start :, columns.start :]
            shape = (len(matrices), rows.stop - rows.start, columns.stop - columns.start)
            down, across = places[0] * stride[0] + places[2], places[1] * stride[1] + places[3]
            yield (kh, kw), as_strided(first, shape, (channel, down, across))
