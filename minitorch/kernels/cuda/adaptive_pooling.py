"""Average and maximum pooling of (N, C, H, W) arrays to a given output size."""

import math

import numpy as np

from minitorch.kernels.cuda.grids import WARP, ceil_div, planes_by_places, teams
from minitorch.kernels.cuda.half import in_float32
from minitorch.kernels.cuda.launcher import contiguous, empty, launch, zeros

LARGEST_PRODUCT = 2**31


def _windows(x, output_size):
    """(shape of the result, (grid, block), (planes, H, W, OH, OW)); a warp for each window of its size or more."""
    shape, planes = (*x.shape[:2], *output_size), math.prod(x.shape[:2])
    _check_sizes(x.shape, output_size)
    area = math.prod(ceil_div(n, m) for n, m in zip(x.shape[2:], output_size) if m)
    size = teams(WARP if area >= WARP else 1, planes * math.prod(output_size))
    return shape, size, (planes, *x.shape[2:], *output_size)


def _check_sizes(input_shape, output_size):
    """The kernels count in 32 bits."""
    for length, windows in zip(input_shape[2:], output_size):
        if (length + 1) * windows >= LARGEST_PRODUCT:
            raise ValueError(
                f"adaptive pooling: input length times output length must be below 2^31 on this device, got {length} "
                f"and {windows}"
            )


@in_float32
def adaptive_avg_pool2d(x, output_size):
    """The mean of each window."""
    shape, size, lengths = _windows(x, output_size)
    y = empty(shape, x.dtype, x)
    launch("adaptive_pooling", "adaptive_avg_pool2d", *size, contiguous(x), y, *lengths)
    return y


@in_float32
def adaptive_max_pool2d(x, output_size):
    """Return (y, indices): the maximum of each window and its int32 index in the flat H * W plane."""
    shape, size, lengths = _windows(x, output_size)
    y, indices = empty(shape, x.dtype, x), empty(shape, np.int32, x)
    launch("adaptive_pooling", "adaptive_max_pool2d", *size, contiguous(x), y, indices, *lengths)
    return y, indices


@in_float32
def adaptive_avg_pool2d_grad(grad, input_shape):
    """Each window's gradient, divided by its size, goes to all its places."""
    return _gather("adaptive_avg_pool2d_grad", input_shape, grad)


@in_float32
def adaptive_max_pool2d_grad(grad, indices, input_shape):
    """Each window's gradient goes to the place that it chose."""
    return _gather("adaptive_max_pool2d_grad", input_shape, grad, indices)


def _gather(kernel, input_shape, grad, *indices):
    if not grad.size:
        return zeros(input_shape, grad.dtype, grad)
    planes, places = math.prod(input_shape[:2]), math.prod(input_shape[2:])
    dx = empty(input_shape, grad.dtype, grad)
    launch(
        "adaptive_pooling", kernel, *planes_by_places(planes, places, grad), contiguous(grad), *indices, dx,
        planes, *input_shape[2:], *grad.shape[2:],
    )  # fmt: skip
    return dx
