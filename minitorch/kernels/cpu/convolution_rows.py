"""Depthwise convolution of planes of medium width: rows of the output are products of rows of the input with a matrix.

Of a window of KH input rows one row of outputs is a linear function, whose matrix (KH * W, OW) holds the kernel in its
diagonals: a Toeplitz matrix for each channel, with horizontal padding, stride and dilation in it. Rows lie one behind
the other in memory, so a window is one run of numbers and nothing is copied but the planes, once, for the rows of zeros
above and below. Windows overlap, which BLAS does not take; those of every third output row (for a kernel of 3 rows and
stride 1) do not, so there are three products.

KH * W multiply-adds an output are many more than KH * KW, but they run at BLAS' full speed: for planes of 16 x 16 they
take 60 % of the time of shifting planes, and with a stride, where shifted planes have short runs, a third to a half.

The matrices too come from a product, of the kernels and a pattern of ones; its transpose sums the diagonals for the
gradient to the kernels.

An infinity or a NaN would reach its whole row through the zeros: it is detected, and the caller takes another way.
"""

import functools

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minitorch.kernels.cpu.convolution_geometry import check_finite, input_phase, inside
from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for, scratch

_LARGEST = 20 * 20  # numbers of a matrix that belong to one row of the window
_LARGEST_STRIDED = 40 * 20
_LEAST = 32
_BLOCK_BYTES = 2 * 1024 * 1024  # smaller blocks make more calls, which fight for the interpreter lock


def suits(weight_shape, in_size, out_size, stride, groups):
    """Whether this is the fastest way: one filter for each channel, rows that are not too long."""
    depthwise = groups > 1 and weight_shape[:2] == (groups, 1)
    largest = _LARGEST if stride == (1, 1) else _LARGEST_STRIDED
    return depthwise and max(weight_shape[2:]) <= 7 and _LEAST <= in_size[1] * out_size[1] <= largest


def correlate(x, weight, bias, out, stride, lead, dilation):
    """The convolution of x (N, C, H, W) with weight (C, 1, KH, KW), written into out (N, C, OH, OW).

    Raises FloatingPointError if a result is not finite; so do the gradients.
    """
    pattern = _pattern(*weight.shape[2:], x.shape[3], out.shape[3], stride[1], lead[1], dilation, x.dtype)

    def run(start, stop):
        target = out[:, start:stop]
        _multiply(x[:, start:stop], _matrices(weight[start:stop], pattern), lead[0], stride[0], target)
        if bias is not None:
            target += bias[start:stop, None, None]

    _for_channels(run, x, out)


def input_grad(grad, weight, dx, stride, lead, dilation):
    """The gradient to the input, from grad (N, C, OH, OW), written into dx (N, C, H, W): such products too, for the
    rows of dx at each remainder modulo the stride."""
    width, phases = (grad.shape[3], dx.shape[3]), []
    for remainder in range(stride[0]):
        phase = input_phase(remainder, weight.shape[2], stride[0], lead[0], dilation[0])
        if phase is not None:
            taps, above, spacing = phase
            count = len(range(weight.shape[2])[taps])
            geometry = (stride[1], lead[1], (spacing, dilation[1]))
            phase = taps, above, _pattern(count, weight.shape[3], *width, *geometry, grad.dtype, backward=True)
        phases.append(phase)

    def run(start, stop):
        for remainder, phase in enumerate(phases):
            target = dx[:, start:stop, remainder :: stride[0]]
            if phase is None:
                target[...] = 0
            else:
                taps, above, pattern = phase
                _multiply(grad[:, start:stop], _matrices(weight[start:stop, :, taps], pattern), above, 1, target)

    _for_channels(run, grad, dx)


def weight_grad(grad, x, dweight, stride, lead, dilation):
    """The gradient to the weight, written into dweight (C, 1, KH, KW): the products of windows and gradients, summed
    along the diagonals."""
    width, out_rows, out_width = x.shape[3], *grad.shape[2:]
    pattern = _pattern(*dweight.shape[2:], width, out_width, stride[1], lead[1], dilation, x.dtype)
    span = len(pattern[0]) // (width * out_width)

    def run(start, stop):
        count = stop - start
        windows = _Windows(x[:, start:stop], lead[0], span, stride[0], out_rows)
        slopes = scratch("rows_slopes", (count, len(x), windows.rows, out_width), grad.dtype)
        slopes[:, :, :out_rows] = grad[:, start:stop].swapaxes(0, 1)
        slopes[:, :, out_rows:] = 0
        slopes = slopes.reshape(count, -1, windows.phases, out_width)
        total, term = scratch("rows_total", (2, count, span * width, out_width), grad.dtype)
        for phase in range(windows.phases):
            np.matmul(windows.of(phase).swapaxes(1, 2), slopes[:, :, phase], out=term if phase else total)
            if phase:
                np.add(total, term, out=total)
        check_finite(total)
        np.matmul(total.reshape(count, -1), pattern.T, out=dweight[start:stop].reshape(count, -1))

    _for_channels(run, x, grad)


def _for_channels(run, source, target):
    channels = source.shape[1]
    fitting = _BLOCK_BYTES // max(1, (source[:, 0].size + target[:, 0].size) * source.itemsize)
    parallel_for(run, channels, max(1, min(fitting, -(-channels // get_num_threads()))))


@functools.lru_cache(maxsize=256)
def _pattern(rows, columns, width, out_width, stride, lead, dilation, dtype, backward=False):
    """Where each of the rows * columns taps stands in a matrix (span * width, out_width): 1 there, else 0.

    Output o reads input o * stride + column * dilation - lead; with `backward` it is the other way round.
    """
    span = (rows - 1) * dilation[0] + 1
    pattern = np.zeros((rows, columns, span, width, out_width), dtype)
    for column in range(columns):
        read, written = (out_width, width) if backward else (width, out_width)
        places, inputs = inside(read, column * dilation[1] - lead, written, stride)
        outputs, inputs = np.arange(written)[places], np.arange(read)[inputs]
        for row in range(rows):
            matrix = pattern[row, column, row * dilation[0]]
            (matrix.T if backward else matrix)[inputs, outputs] = 1
    pattern = pattern.reshape(rows * columns, -1)
    pattern.flags.writeable = False
    return pattern


def _matrices(weight, pattern):
    """The matrices of kernels (C, 1, KH, KW): (C, span * W * OW), in scratch."""
    kernels = np.ascontiguousarray(weight).reshape(len(weight), -1)
    return np.matmul(kernels, pattern, out=scratch("rows_matrices", (len(weight), pattern.shape[1]), weight.dtype))


def _multiply(x, matrices, lead, stride, out):
    """Products of the windows of x (N, C, H, W) with matrices (C, span * W * OW), written into out (N, C, OH, OW)."""
    width, out_rows, out_width = x.shape[3], *out.shape[2:]
    matrices = matrices.reshape(len(matrices), -1, out_width)
    windows = _Windows(x, lead, matrices.shape[1] // width, stride, out_rows)
    products = scratch("rows_products", (len(matrices), windows.count, windows.phases, out_width), x.dtype)
    for phase in range(windows.phases):
        np.matmul(windows.of(phase), matrices, out=products[:, :, phase])
    check_finite(products)
    out[...] = products.reshape(len(matrices), len(x), windows.rows, out_width)[:, :, :out_rows].swapaxes(0, 1)


class _Windows:
    """Planes (C, N, rows, W) with zeros above and below, in scratch, and their windows of `span` rows.

    Attributes:
        phases: so many windows further on is the next that does not overlap.
        count: windows of each phase.
        rows: windows of each image; the last ones may reach beyond it, and are of no use.
    """

    def __init__(self, x, lead, span, stride, out_rows):
        images, channels, height, width = x.shape
        self.phases = -(-span // stride)
        step = self.phases * stride
        padded = -(-max((out_rows - 1) * stride + span, out_rows * stride) // step) * step
        self.rows, self.count = padded // stride, images * padded // step
        self._run, self._step, self._offset = span * width, step * width, stride * width
        size = images * padded * width
        self._flat = scratch("rows_planes", (channels, size + self._run), x.dtype)
        self._flat[:, size:] = 0
        planes = self._flat[:, :size].reshape(channels, images, padded, width)
        rows, source = inside(height, -lead, padded)
        planes[:, :, : rows.start] = 0
        planes[:, :, rows.stop :] = 0
        planes[:, :, rows] = x[:, :, source].swapaxes(0, 1)

    def of(self, phase):
        """The windows of one phase as rows: (C, count, span * W)."""
        first = self._flat[:, phase * self._offset :]
        channel, number = first.strides
        return as_strided(first, (len(first), self.count, self._run), (channel, self._step * number, number))
