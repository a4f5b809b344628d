"""Convolution with a 1 x 1 kernel on large planes: a product per image, without any columns.

An image (C, H, W) already is its matrix of columns (C, H * W), and the product with the weight
already is the output (O, H * W).
"""
import numpy as np

from minitorch.kernels.cpu.convolution_geometry import blocks
from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for, scratch
from minitorch.memory import empty

_CACHE_BYTES = 2 * 1024 * 1024
_PIXELS_PER_SUM = 1024


def correlate(x, weight, bias, out, groups):
    """x (N, C, H, W) may be some of the channels of a larger array, out (N, O, H, W) must be C-contiguous."""
    n, pixels = len(x), x.shape[2] * x.shape[3]
    matrix = np.ascontiguousarray(weight).reshape(groups, weight.shape[0] // groups, -1)
    source, target = x.reshape(n, groups, -1, pixels), out.reshape(n, groups, -1, pixels)
    work = blocks(n, pixels, (x.shape[1] + out.shape[1]) * x.itemsize, _CACHE_BYTES)

    def run(first, last):
        for start, stop, left, right in work[first:last]:
            part = target[start:stop, ..., left:right]
            np.matmul(matrix, source[start:stop, ..., left:right], out=part)
            if bias is not None:
                np.add(part, bias.reshape(groups, -1, 1), out=part)

    parallel_for(run, len(work))


def weight_grad(grad, x, dweight, groups):
    """Sum of ``grad @ x.T`` over the images; each thread sums a share.

    Small planes of several images are put one behind the other first: a product over 64 pixels alone is slow, and
    adding it to the others takes a tenth of its time.
    """
    n, pixels = len(x), x.shape[2] * x.shape[3]
    values, source = grad.reshape(n, groups, -1, pixels), x.reshape(n, groups, -1, pixels)
    parts = min(get_num_threads(), n)
    together = max(1, min(_PIXELS_PER_SUM // pixels, -(-n // parts)))
    partial = empty((parts, groups, dweight.shape[0] // groups, dweight.shape[1]), grad.dtype)

    def run(part, _):
        first, last = n * part // parts, n * (part + 1) // parts
        for start in range(first, last, together):
            stop = min(start + together, last)
            left, right = _side_by_side(values[start:stop], "grad"), _side_by_side(source[start:stop], "x")
            if start == first:
                np.matmul(left, right.swapaxes(1, 2), out=partial[part])
                continue
            term = scratch("pointwise_term", partial.shape[1:], grad.dtype)
            np.add(partial[part], np.matmul(left, right.swapaxes(1, 2), out=term), out=partial[part])

    parallel_for(run, parts)
    np.sum(partial.reshape((parts,) + dweight.shape), axis=0, out=dweight)


def _side_by_side(planes, name):
    """(n, groups, C, pixels) as (groups, C, n * pixels), in scratch if there are several."""
    if len(planes) == 1:
        return planes[0]
    joined = scratch(f"pointwise_{name}", planes.shape[1:3] + (len(planes), planes.shape[3]), planes.dtype)
    np.copyto(joined, planes.transpose(1, 2, 0, 3))
    return joined.reshape(*joined.shape[:2], -1)
