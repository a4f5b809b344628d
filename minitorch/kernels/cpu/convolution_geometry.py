"""What the ways of the convolution share: cutting the work into blocks, padding, a check."""

from math import gcd

import numpy as np

from minitorch.kernels.cpu.parallel import get_num_threads


def blocks(images, rows, row_bytes, cache_bytes):
    """Cut a batch into blocks of whole images, or of rows of one image, of about ``cache_bytes``.

    ``row_bytes`` is what one output row needs. Returns a list of (first image, last image + 1,
    first output row, last output row + 1) with at least one block per thread where possible.
    """
    threads = get_num_threads()
    fitting_rows = max(1, cache_bytes // max(1, row_bytes))
    if images < threads:
        fitting_rows = min(fitting_rows, -(-rows * images // threads))
    if fitting_rows < rows:
        count = -(-rows // fitting_rows)
        edges = [rows * part // count for part in range(count + 1)]
        return [(image, image + 1, start, stop) for image in range(images)
                for start, stop in zip(edges, edges[1:])]
    together = max(1, min(fitting_rows // rows, -(-images // threads)))
    return [(start, min(start + together, images), 0, rows) for start in range(0, images, together)]


def rows_worth_a_thread(rows, row_size):
    """Rows per block when working on a weight: all of them unless it is large."""
    return rows if rows * row_size < 200_000 else -(-rows // get_num_threads())


def inside(length, first, count, stride=1):
    """Which of the positions first, first + stride, ... (``count`` of them) lie in range(length).

    Returns the slice among the positions and the slice of range(length); both may be empty.
    """
    start = min(count, max(0, -(first // stride)))
    stop = max(start, min(count, -((first - length) // stride)))
    position = first + start * stride
    if start == stop:
        return slice(0, 0), slice(0, 0)
    return slice(start, stop), slice(position, first + (stop - 1) * stride + 1, stride)


def check_finite(y):
    """Raise FloatingPointError if a number is not finite (or the sum of all squares is not, which only costs time)."""
    flat = y.reshape(-1)
    if not np.isfinite(np.dot(flat, flat)):
        raise FloatingPointError("a number that is not finite reaches outputs that do not depend on it")


def input_phase(residue, kernel, stride, padding, dilation):
    """Which outputs reach the inputs at ``residue`` modulo ``stride``, along one axis.

    Input h meets output oh through tap k when oh * stride = h + padding - k * dilation. For one
    residue of h only every ``step``-th tap can fulfil this. Returns those taps in falling order
    as a slice, and the lead and dilation of the correlation over oh; None if no tap can.
    """
    common = gcd(stride, dilation)
    step, spacing = stride // common, dilation // common
    first = next((k for k in range(min(kernel, step)) if (residue + padding - k * dilation) % stride == 0), None)
    if first is None:
        return None
    last = first + (kernel - 1 - first) // step * step
    stop = first - step
    taps = slice(last, stop if stop >= 0 else None, -step)
    lead = -(residue + padding - last * dilation) // stride
    return taps, lead, spacing
