"""Convolution by columns (`source/convolution_columns.cu`) and cuBLAS's matrix product.

The columns of one image have KH * KW times its size, so a large batch is taken a few images at a time.
"""

import math

from minitorch.device import array_module
from minitorch.kernels.cuda.convolution_geometry import output_size, scalars
from minitorch.kernels.cuda.launcher import contiguous, empty, grid_for, launch

COLUMN_BYTES = 256 * 2**20  # of columns at a time


def im2col(x, kernel, stride, padding, dilation, images_last=False):
    """The windows of x (N, C, H, W) as columns: (N, C * KH * KW, OH * OW), or (C * KH * KW, N, OH * OW)."""
    x = contiguous(x)
    images, channels, *plane = x.shape
    out = output_size(plane, kernel, stride, padding, dilation)
    rows, windows = channels * math.prod(kernel), math.prod(out)
    shape, strides = _layout(images, rows, windows, images_last)
    columns = empty(shape, x.dtype, like=x)
    grid, block = _planes(images * channels, windows, x)
    geometry = scalars(plane, out, kernel, stride, padding, dilation)
    launch("convolution_columns", "im2col", grid, block, x, columns, *strides, images * channels, channels, *geometry)
    return columns


def col2im(columns, input_shape, kernel, stride, padding, dilation, images_last=False):
    """The transpose of `im2col`: every number of the columns is added where it was read; returns ``input_shape``."""
    columns = contiguous(columns)
    images, channels, *plane = input_shape
    out = output_size(plane, kernel, stride, padding, dilation)
    _, strides = _layout(images, channels * math.prod(kernel), math.prod(out), images_last)
    x = empty(input_shape, columns.dtype, like=columns)
    grid, block = _planes(images * channels, math.prod(plane), x)
    geometry = scalars(plane, out, kernel, stride, padding, dilation)
    launch("convolution_columns", "col2im", grid, block, columns, x, *strides, images * channels, channels, *geometry)
    return x


def conv2d(x, weight, bias, stride, padding, dilation, groups):
    """(N, O, OH, OW) from x (N, C, H, W), weight (O, C/groups, KH, KW) and bias (O,) or None."""
    geometry = weight.shape[2:], stride, padding, dilation
    out = output_size(x.shape[2:], *geometry)
    y = empty((x.shape[0], weight.shape[0], *out), x.dtype, like=x)
    filters = contiguous(weight).reshape(groups, weight.shape[0] // groups, -1)
    for part in _parts(x.shape, out, weight.shape, x.itemsize):
        columns = _columns(x[part], *geometry, out)
        columns = columns.reshape(len(columns), groups, filters.shape[2], -1)
        by_group = y[part].reshape(len(columns), groups, filters.shape[1], -1)
        array_module(x).matmul(filters, columns, out=by_group)
    if bias is not None:
        y += bias.reshape(-1, 1, 1)
    return y


def conv2d_input_grad(grad, weight, input_shape, stride, padding, dilation, groups):
    """Gradient of `conv2d` for x, from grad (N, O, OH, OW); returns ``input_shape``."""
    geometry, out = (weight.shape[2:], stride, padding, dilation), grad.shape[2:]
    grad = contiguous(grad)
    dx = empty(input_shape, grad.dtype, like=grad)
    filters = contiguous(weight).reshape(groups, weight.shape[0] // groups, -1).swapaxes(1, 2)
    for part in _parts(input_shape, out, weight.shape, grad.itemsize):
        by_group = grad[part].reshape(-1, groups, filters.shape[2], math.prod(out))
        columns = array_module(grad).matmul(filters, by_group)
        if not _is_copy(*geometry):
            columns = col2im(columns, (len(columns), *input_shape[1:]), *geometry)
        dx[part] = columns.reshape(-1, *input_shape[1:])
    return dx


def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
    """Gradient of `conv2d` for the weight, from grad (N, O, OH, OW); returns ``weight_shape``."""
    geometry, out = (weight_shape[2:], stride, padding, dilation), grad.shape[2:]
    rows, taps = weight_shape[0] // groups, math.prod(weight_shape[1:])
    dweight = 0
    for part in _parts(x.shape, out, weight_shape, grad.itemsize):
        columns = _columns(x[part], *geometry, out, images_last=True).reshape(groups, taps, -1)
        by_group = contiguous(grad[part].swapaxes(0, 1)).reshape(groups, rows, -1)
        dweight = dweight + array_module(grad).matmul(by_group, columns.swapaxes(1, 2))
    return dweight.reshape(weight_shape)


def _columns(x, kernel, stride, padding, dilation, out, images_last=False):
    """`im2col`, without a copy where the numbers of x are the columns already."""
    if not _is_copy(kernel, stride, padding, dilation):
        return im2col(x, kernel, stride, padding, dilation, images_last)
    columns = contiguous(x).reshape(*x.shape[:2], math.prod(out))
    return contiguous(columns.swapaxes(0, 1)) if images_last else columns


def _is_copy(kernel, stride, padding, dilation):
    """Whether every window is one number of x: a kernel of 1 x 1 at every place."""
    return tuple(kernel) == (1, 1) and tuple(stride) == (1, 1) and padding == ((0, 0), (0, 0))


def _parts(input_shape, out, weight_shape, itemsize):
    """Slices of the batch whose columns have a bearable size."""
    image_bytes = itemsize * input_shape[1] * math.prod(weight_shape[2:]) * math.prod(out)
    step = max(1, COLUMN_BYTES // max(1, image_bytes))
    return [slice(start, start + step) for start in range(0, input_shape[0], step)]


def _layout(images, rows, windows, images_last):
    """Shape of the columns, and how far one image and one row are from the next."""
    if images_last:
        return (rows, images, windows), (windows, images * windows)
    return (images, rows, windows), (rows * windows, windows)


def _planes(planes, numbers, like):
    """Grid and block for planes of so many numbers: a block has 256 threads, for a small plane several planes."""
    across = min(256, max(32, 1 << (numbers - 1).bit_length()))
    down = 256 // across
    return (-(-planes // down), grid_for(numbers, across, like=like)), (across, down)
