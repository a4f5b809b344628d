"""Two-dimensional convolution of (N, C, H, W) arrays and its two gradients.

All three reduce to one correlation: output (oh, ow) of tap (kh, kw) reads the input at
(oh * stride + kh * dilation - lead), where ``lead`` is the padding before the first row or column,
and zero outside. The gradient for the input is such a correlation too, of the output's gradient
with the flipped weight: one for each residue of the position modulo the stride (``input_phase``).
So nothing is ever scattered, and a strided gradient multiplies no zeros. (With few channels and
stride 1, ``planes.input_grad`` takes half the time of that, but for depthwise ones. With many
channels and a stride, ``channels_last.input_grad`` takes two thirds of it.)

The work is a matrix product of the weight with columns, copies of the windows. What differs is
how the columns are made, which decides the speed:

* ``planes``, few channels per group: every window position is one contiguous slice of the flat
  padded plane. Depthwise convolutions too: their products have one row, but as long as all images
  of a block together, which takes half the time of multiplying and adding shifted planes.
* ``channels_last``, from 32 channels per group: windows are rows of KW * C contiguous numbers.
  Below, those rows are too short to copy fast; above, the product works for small planes too,
  because the pixels of several images go into one product.
* ``pointwise``, 1 x 1 kernels on large planes: the input is its own columns.

Four ways go by other products: ``banded`` for few channels, ``winograd`` for 3 x 3 kernels from 32 channels, and for
depthwise convolutions ``toeplitz`` where planes are small and ``rows_of`` where they are of medium width.
"""
from contextlib import suppress

import numpy as np

from minitorch.kernels.cpu import convolution_banded as banded
from minitorch.kernels.cpu import convolution_channels_last as channels_last
from minitorch.kernels.cpu import convolution_planes as planes
from minitorch.kernels.cpu import convolution_pointwise as pointwise
from minitorch.kernels.cpu import convolution_rows as rows_of
from minitorch.kernels.cpu import convolution_toeplitz as toeplitz
from minitorch.kernels.cpu import convolution_winograd as winograd
from minitorch.kernels.cpu.convolution_geometry import input_phase
from minitorch.memory import empty

_MANY_CHANNELS = 32
_MANY_STRIDED_CHANNELS = 16  # for the gradient to the input
_LARGE_PLANE = 64  # pixels: enough columns for one product per image


def output_length(length, kernel, stride, padding, dilation):
    """Windows along one axis; ``padding`` is (before, after)."""
    return (length + padding[0] + padding[1] - dilation * (kernel - 1) - 1) // stride + 1


def output_size(input_shape, weight_shape, stride, padding, dilation):
    """(OH, OW) of ``conv2d``."""
    return tuple(
        output_length(input_shape[2 + axis], weight_shape[2 + axis], stride[axis], padding[axis], dilation[axis])
        for axis in (0, 1))


def conv2d(x, weight, bias, stride, padding, dilation, groups):
    """Cross-correlate x (N, C, H, W) with weight (O, C / groups, KH, KW); returns (N, O, OH, OW).

    ``stride`` and ``dilation`` are (vertical, horizontal), ``padding`` is ((top, bottom),
    (left, right)), ``bias`` is (O,) or None.
    """
    size, lead = output_size(x.shape, weight.shape, stride, padding, dilation), (padding[0][0], padding[1][0])
    y = empty((x.shape[0], weight.shape[0]) + size, x.dtype)
    if y.size == 0:
        return y
    for way in _special_ways(weight.shape, x.shape[2:], size, stride, dilation, groups):
        with suppress(FloatingPointError):
            way.correlate(x, weight, bias, y, stride, lead, dilation)
            return y
    _correlate(x, weight, bias, y, stride, lead, dilation, groups)
    return y


def conv2d_input_grad(grad, weight, input_shape, stride, padding, dilation, groups):
    """Gradient of ``conv2d`` for x, from grad (N, O, OH, OW); returns ``input_shape``.

    This is the forward pass of a transposed convolution as well.
    """
    dx, lead = empty(input_shape, grad.dtype), (padding[0][0], padding[1][0])
    if grad.size == 0 or dx.size == 0:
        dx.fill(0)
        return dx
    for way in _special_ways(weight.shape, grad.shape[2:], input_shape[2:], stride, dilation, groups):
        with suppress(FloatingPointError):
            way.input_grad(grad, weight, dx, stride, lead, dilation)
            return dx
    if stride == (1, 1) and 1 < weight.shape[1] < _MANY_CHANNELS and weight.shape[2:] != (1, 1):
        planes.input_grad(grad, weight, dx, lead, dilation, groups)
        return dx
    if stride != (1, 1) and weight.shape[1] >= _MANY_STRIDED_CHANNELS and grad[0, 0].size >= _LARGE_PLANE:
        for inputs, outputs in _group_slices(weight.shape, groups):
            channels_last.input_grad(grad[:, outputs], weight[outputs], dx[:, inputs], stride, lead, dilation)
        return dx
    transposed = _transpose_groups(weight, groups)
    row_phases, column_phases = (
        [input_phase(residue, weight.shape[2 + axis], stride[axis], padding[axis][0], dilation[axis])
         for residue in range(stride[axis])]
        for axis in (0, 1))
    for row_residue, rows in enumerate(row_phases):
        for column_residue, columns in enumerate(column_phases):
            part = dx[:, :, row_residue::stride[0], column_residue::stride[1]]
            if rows is None or columns is None:
                part[...] = 0
                continue
            (row_taps, row_lead, row_step), (column_taps, column_lead, column_step) = rows, columns
            taps = transposed[:, :, row_taps, column_taps]
            _correlate(grad, taps, None, part, (1, 1), (row_lead, column_lead), (row_step, column_step), groups)
    return dx


def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
    """Gradient of ``conv2d`` for the weight, from grad (N, O, OH, OW); returns ``weight_shape``."""
    if grad.size == 0 or x.size == 0:
        return np.zeros(weight_shape, grad.dtype)
    kernel, lead = weight_shape[2:], (padding[0][0], padding[1][0])
    dweight = empty(weight_shape, grad.dtype)
    for way in _special_ways(weight_shape, x.shape[2:], grad.shape[2:], stride, dilation, groups):
        with suppress(FloatingPointError):
            way.weight_grad(grad, x, dweight, stride, lead, dilation)
            return dweight
    x, stride = _drop_unread(x, grad.shape[2:], kernel, stride, lead)
    route = _route(weight_shape, grad, x, lead)
    if route is pointwise:
        pointwise.weight_grad(grad, x, dweight, groups)
    elif route is channels_last:
        for inputs, outputs in _group_slices(weight_shape, groups):
            route.weight_grad(grad[:, outputs], x[:, inputs], dweight[outputs], stride, lead, dilation)
    else:
        route.weight_grad(grad, x, dweight, stride, lead, dilation, groups)
    return dweight


def _special_ways(weight_shape, read, written, stride, dilation, groups):
    """The modules that go by other products than of columns and suit planes of the sizes read and written (for the
    weight's gradient: of the output), the one to try first before the others. Each raises FloatingPointError where
    numbers are not finite."""
    if few_channels(weight_shape, groups):
        yield banded
    if toeplitz.suits(weight_shape, read, written, groups):
        yield toeplitz
    elif rows_of.suits(weight_shape, read, written, stride, groups):
        yield rows_of
    if winograd.suits(weight_shape, written, stride, dilation, groups):
        yield winograd


def few_channels(weight_shape, groups):
    """Whether `convolution_banded` is the fastest way."""
    return groups == 1 and weight_shape[1] < 16 and weight_shape[0] <= 16 and weight_shape[2:] != (1, 1)


def _correlate(x, weight, bias, out, stride, lead, dilation, groups):
    """The correlation above, written into ``out`` (N, O, OH, OW), which may be a strided view."""
    if out.size == 0:
        return
    x, stride = _drop_unread(x, out.shape[2:], weight.shape[2:], stride, lead)
    route = _route(weight.shape, out, x, lead)
    if route is pointwise and out.flags.c_contiguous:
        pointwise.correlate(x, weight, bias, out, groups)
    elif route is pointwise:
        y = empty(out.shape, out.dtype)
        pointwise.correlate(x, weight, bias, y, groups)
        out[...] = y
    elif route is channels_last:
        for inputs, outputs in _group_slices(weight.shape, groups):
            part_bias = None if bias is None else bias[outputs]
            route.correlate(x[:, inputs], weight[outputs], part_bias, out[:, outputs], stride, lead, dilation)
    else:
        route.correlate(x, weight, bias, out, stride, lead, dilation, groups)


def _route(weight_shape, out, x, lead):
    """The module whose way of making columns is fastest here."""
    group_channels, *kernel = weight_shape[1:]
    if kernel == [1, 1] and lead == (0, 0) and out.shape[2:] == x.shape[2:] and out[0, 0].size >= _LARGE_PLANE:
        return pointwise
    return channels_last if group_channels >= _MANY_CHANNELS else planes


def _drop_unread(x, out_size, kernel, stride, lead):
    """A 1 x 1 kernel with a stride reads a subset of x: take it, and the stride is 1."""
    if kernel != (1, 1) or lead != (0, 0):
        return x, stride
    x = x[:, :, ::stride[0], ::stride[1]]
    return x[:, :, :out_size[0], :out_size[1]], (1, 1)


def _group_slices(weight_shape, groups):
    """For each group: its slice of the input's channels, and of the output's (and the weight's rows)."""
    out_channels, group_channels = weight_shape[0] // groups, weight_shape[1]
    for group in range(groups):
        yield (slice(group * group_channels, (group + 1) * group_channels),
               slice(group * out_channels, (group + 1) * out_channels))


def _transpose_groups(weight, groups):
    """Swap input and output channels inside each group: (O, C / groups, ...) to (C, O / groups, ...)."""
    out_channels, group_channels = weight.shape[0] // groups, weight.shape[1]
    split = weight.reshape((groups, out_channels) + weight.shape[1:]).swapaxes(1, 2)
    return split.reshape((groups * group_channels, out_channels) + weight.shape[2:])
