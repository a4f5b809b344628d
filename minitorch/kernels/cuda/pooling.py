"""Maximum and average pooling of (N, C, H, W) arrays."""

import math

import numpy as np

from minitorch.device import array_module
from minitorch.kernels.cpu.pooling import output_length
from minitorch.kernels.cuda.grids import planes_by_places
from minitorch.kernels.cuda.half import in_float32
from minitorch.kernels.cuda.launcher import contiguous, empty, launch

LARGEST_CODE = 255  # that fits into a byte


def _output_shape(shape, kernel_size, stride, padding, dilation, ceil_mode):
    return shape[:2] + tuple(
        output_length(shape[2 + a], kernel_size[a], stride[a], padding[a], dilation[a], ceil_mode) for a in (0, 1)
    )


def _codes(code):
    """The two arguments for codes: as bytes, and as int32; one of them is None."""
    return (code, None) if code.dtype == np.uint8 else (None, code)


@in_float32
def max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode):
    """Return (y, code): the maximum of each window and the number p * KW + q of its place."""
    shape = _output_shape(x.shape, kernel_size, stride, padding, dilation, ceil_mode)
    planes, places = math.prod(shape[:2]), math.prod(shape[2:])
    y = empty(shape, x.dtype, x)
    code = empty(shape, np.uint8 if math.prod(kernel_size) <= LARGEST_CODE + 1 else np.int32, x)
    launch(
        "pooling", "max_pool2d", *planes_by_places(planes, places, x), contiguous(x), y, *_codes(code),
        planes, *x.shape[2:], *shape[2:], *kernel_size, *stride, *padding, *dilation,
    )  # fmt: skip
    return y, code


def window_indices(code, input_shape, kernel_size, stride, padding, dilation):
    """The codes of `max_pool2d` as int64 indices into the flat H * W plane of the input."""
    xp = array_module(code)
    p, q = xp.divmod(code.astype(xp.int64), kernel_size[1])
    rows = xp.arange(code.shape[2])[:, None] * stride[0] - padding[0] + p * dilation[0]
    columns = xp.arange(code.shape[3]) * stride[1] - padding[1] + q * dilation[1]
    return rows * input_shape[3] + columns


@in_float32
def max_pool2d_grad(grad, code, input_shape, kernel_size, stride, padding, dilation):
    """Each window's gradient goes to the place that it chose; places chosen twice collect both."""
    planes, places = math.prod(input_shape[:2]), math.prod(input_shape[2:])
    dx = empty(input_shape, grad.dtype, grad)
    launch(
        "pooling", "max_pool2d_grad", *planes_by_places(planes, places, grad), contiguous(grad), *_codes(code), dx,
        planes, *input_shape[2:], *grad.shape[2:], *kernel_size, *stride, *padding, *dilation,
    )  # fmt: skip
    return dx


@in_float32
def avg_pool2d(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """The mean of each window."""
    shape = _output_shape(x.shape, kernel_size, stride, padding, (1, 1), ceil_mode)
    planes, places = math.prod(shape[:2]), math.prod(shape[2:])
    y = empty(shape, x.dtype, x)
    launch(
        "pooling", "avg_pool2d", *planes_by_places(planes, places, x), contiguous(x), y,
        planes, *x.shape[2:], *shape[2:], *kernel_size, *stride, *padding, count_include_pad, divisor_override or 0,
    )  # fmt: skip
    return y


@in_float32
def avg_pool2d_grad(grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """Each window's gradient, divided as the mean was, goes to all its places."""
    planes, places = math.prod(input_shape[:2]), math.prod(input_shape[2:])
    dx = empty(input_shape, grad.dtype, grad)
    launch(
        "pooling", "avg_pool2d_grad", *planes_by_places(planes, places, grad), contiguous(grad), dx, planes,
        *input_shape[2:], *grad.shape[2:], *kernel_size, *stride, *padding, count_include_pad, divisor_override or 0,
    )  # fmt: skip
    return dx
