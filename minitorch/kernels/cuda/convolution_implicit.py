"""Convolution as an implicit matrix product: launches `source/convolution.cu`."""

import math

from minitorch.device import is_emulated
from minitorch.kernels.cuda.convolution_geometry import output_size, scalars, split
from minitorch.kernels.cuda.launcher import contiguous, empty, grid_for, launch

LARGE_BLOCK, SMALL_BLOCK = 256, 64  # threads of a block that computes 64 x 64 or 16 x 64 sums
MANY_ROWS = 32  # from here on tiles of 64 rows waste less than they save
TILE_COLUMNS = 64
DEPTH = 16
WANTED_BLOCKS = 1024  # several for each multiprocessor of a large GPU
EMULATED_BLOCKS = 4


def conv2d(x, weight, bias, stride, padding, dilation, groups):
    """(N, O, OH, OW) from x (N, C, H, W), weight (O, C/groups, KH, KW) and bias (O,) or None."""
    x, weight, bias = contiguous(x), contiguous(weight), contiguous(bias)
    (images, _, *plane), (filters, group_channels, *kernel) = x.shape, weight.shape
    out = output_size(plane, kernel, stride, padding, dilation)
    y = empty((images, filters, *out), x.dtype, like=x)
    rows = filters // groups
    grid, block = _tiles(rows, images * math.prod(out), groups)
    sizes = images, groups, group_channels, rows
    geometry = scalars(plane, out, kernel, stride, padding, dilation)
    launch("convolution", "conv2d", grid, block, x, weight, bias, y, *sizes, *geometry)
    return y


def conv2d_input_grad(grad, weight, input_shape, stride, padding, dilation, groups):
    """Gradient of `conv2d` for x, from grad (N, O, OH, OW); returns ``input_shape``."""
    grad, weight = contiguous(grad), contiguous(weight)
    (images, _, *plane), (filters, rows, *kernel) = input_shape, weight.shape
    dx = empty(input_shape, grad.dtype, like=grad)
    # The first residue modulo the stride has the most positions.
    positions = images * math.prod(-(-length // s) for length, s in zip(plane, stride))
    grid, block = _tiles(rows, positions, groups * math.prod(stride))
    sizes = images, groups, rows, filters // groups
    geometry = scalars(plane, grad.shape[2:], kernel, stride, padding, dilation)
    tap_steps = [s // math.gcd(s, d) for s, d in zip(stride, dilation)]
    launch("convolution", "conv2d_input_grad", grid, block, grad, weight, dx, *sizes, *geometry, *tap_steps)
    return dx


def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
    """Gradient of `conv2d` for the weight, from grad (N, O, OH, OW); returns ``weight_shape``."""
    grad, x = contiguous(grad), contiguous(x)
    (images, _, *plane), (filters, group_channels, *kernel) = x.shape, weight_shape
    rows, out = filters // groups, grad.shape[2:]
    (across, down, _), block = _tiles(rows, math.prod(weight_shape[1:]), groups)
    steps = -(-images * math.prod(out) // DEPTH)
    wanted = EMULATED_BLOCKS if is_emulated(grad) else WANTED_BLOCKS
    slice_steps = -(-steps // split(steps, across * down * groups, wanted))
    slices = -(-steps // slice_steps)
    dweight = empty((slices, *weight_shape), grad.dtype, like=grad)
    sizes = images, groups, group_channels, rows
    geometry = scalars(plane, out, kernel, stride, padding, dilation)
    grid = across, down, groups * slices
    launch("convolution", "conv2d_weight_grad", grid, block, grad, x, dweight, *sizes, *geometry, slice_steps)
    return sum_slices(dweight)


def sum_slices(slices):
    """The sum over the first axis, always in the same order."""
    if slices.shape[0] == 1:
        return slices[0]
    total = empty(slices.shape[1:], slices.dtype, like=slices)
    launch("sum_slices", "sum_slices", grid_for(total.size, like=total), 256, slices, total, len(slices), total.size)
    return total


def _tiles(rows, columns, products):
    """Grid and block for so many products of rows x columns sums."""
    block = LARGE_BLOCK if rows > MANY_ROWS else SMALL_BLOCK
    tile_rows = block // TILE_COLUMNS * 16
    return (-(-columns // TILE_COLUMNS), -(-rows // tile_rows), products), block
