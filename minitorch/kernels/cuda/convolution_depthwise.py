"""Depthwise convolution, one input channel for each filter: launches `source/convolution_depthwise.cu`."""

import math

from minitorch.device import is_emulated
from minitorch.kernels.cuda.convolution_geometry import output_size, scalars, split
from minitorch.kernels.cuda.convolution_implicit import sum_slices
from minitorch.kernels.cuda.launcher import contiguous, empty, launch

STRIP = 4  # rows of one thread
TAPS = 9  # taps that a block of the gradient to the weight sums
THREADS, WARP = 256, 32
WARPS = (32, 1, 1), (16, 2, 1), (16, 1, 2), (8, 4, 1), (8, 2, 2), (8, 1, 4)
SHARED_BYTES = 47 * 1024  # for the tiles, of the 48 KB that every GPU has
WANTED_BLOCKS = 2048  # several for each multiprocessor of a large GPU
EMULATED_BLOCKS = 12


def fits(itemsize, kernel, stride, dilation):
    """Whether the tiles of a block of one warp, whatever its form, have room in shared memory."""
    return all(_tile_bytes(block, itemsize, kernel, stride, dilation) <= SHARED_BYTES for block in WARPS)


def conv2d(x, weight, bias, stride, padding, dilation, groups):
    """(N, O, OH, OW) from x (N, C, H, W), weight (O, 1, KH, KW) and bias (O,) or None; groups is C."""
    x, weight, bias = contiguous(x), contiguous(weight), contiguous(bias)
    (images, channels, *plane), (filters, _, *kernel) = x.shape, weight.shape
    out = output_size(plane, kernel, stride, padding, dilation)
    y = empty((images, filters, *out), x.dtype, like=x)
    planes = images * filters
    grid, block, shared = _tiles(out, planes, x.itemsize, kernel, stride, dilation)
    sizes = planes, channels, filters // channels
    geometry = scalars(plane, out, kernel, stride, padding, dilation)
    launch("convolution_depthwise", "depthwise_conv2d", grid, block, x, weight, bias, y, *sizes, *geometry,
           shared_bytes=shared)  # fmt: skip
    return y


def conv2d_input_grad(grad, weight, input_shape, stride, padding, dilation, groups):
    """Gradient of `conv2d` for x, from grad (N, O, OH, OW); returns ``input_shape``."""
    grad, weight = contiguous(grad), contiguous(weight)
    (images, channels, *plane), (filters, _, *kernel) = input_shape, weight.shape
    dx = empty(input_shape, grad.dtype, like=grad)
    planes = images * channels
    grid, block, shared = _tiles(plane, planes, grad.itemsize, kernel, (1, 1), dilation, stride)
    sizes = planes, channels, filters // channels
    geometry = scalars(plane, grad.shape[2:], kernel, stride, padding, dilation)
    launch("convolution_depthwise", "depthwise_conv2d_input_grad", grid, block, grad, weight, dx, *sizes, *geometry,
           shared_bytes=shared)  # fmt: skip
    return dx


def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
    """Gradient of `conv2d` for the weight, from grad (N, O, OH, OW); returns ``weight_shape``."""
    grad, x = contiguous(grad), contiguous(x)
    (images, channels, *plane), (filters, _, *kernel) = x.shape, weight_shape
    out = grad.shape[2:]
    grid, block, shared = _tiles(out, images, grad.itemsize, kernel, stride, dilation)
    parts = filters * -(-math.prod(kernel) // TAPS)
    slices = split(math.prod(grid), parts, EMULATED_BLOCKS if is_emulated(grad) else WANTED_BLOCKS)
    dweight = empty((slices, *weight_shape), grad.dtype, like=grad)
    sizes = images, channels, filters // channels
    geometry = scalars(plane, out, kernel, stride, padding, dilation)
    launch("convolution_depthwise", "depthwise_conv2d_weight_grad", (parts, slices), block, grad, x, dweight,
           *sizes, *geometry, shared_bytes=shared)  # fmt: skip
    return sum_slices(dweight)


def _tiles(plane, planes, itemsize, kernel, stride, dilation, divisor=(1, 1)):
    """(grid, block, bytes of shared memory) for so many planes of results.

    A block has up to 256 threads: as wide as the plane, from 8 to 32 columns, then as high as the plane, then as many
    planes as there is room for. It is made smaller until its tiles fit into shared memory.
    """
    height, width = plane
    across = min(32, max(8, _power_of_two(width)))
    down = min(THREADS // across, _power_of_two(-(-height // STRIP)))
    deep = min(THREADS // (across * down), _power_of_two(planes))
    if across * down * deep < WARP:
        deep = WARP // (across * down)
    block = [across, down, deep]
    while _tile_bytes(block, itemsize, kernel, stride, dilation, divisor) > SHARED_BYTES and math.prod(block) > WARP:
        axis = next(axis for axis in (2, 1, 0) if block[axis] > 1)
        block[axis] //= 2
    across, down, deep = block
    grid = -(-planes // deep), -(-height // (down * STRIP)), -(-width // across)
    return grid, tuple(block), _tile_bytes(block, itemsize, kernel, stride, dilation, divisor)


def _tile_bytes(block, itemsize, kernel, stride, dilation, divisor=(1, 1)):
    """Shared memory for the tiles of a block: what its results read along both axes, as the kernels work it out.

    The forward pass reads positions ``stride`` apart; the gradient to the input reads windows, of which there is one
    for ``divisor`` positions.
    """
    across, down, deep = block
    spans = [d * (k - 1) for k, d in zip(kernel, dilation)]
    axes = zip((down * STRIP, across), stride, spans, divisor)
    return deep * itemsize * math.prod(((n - 1) * s + span + v - 1) // v + 1 for n, s, span, v in axes)


def _power_of_two(n):
    """The next power of two from n on."""
    return 1 << max(0, n - 1).bit_length()
