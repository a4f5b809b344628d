"""Maximum and average pooling of (N, C, H, W) arrays.

Nothing here builds windows. Position (kh, kw) of all windows at once is a strided slice of the
plane, a tap; a pooling is a few element-wise operations per tap, on a block of planes that
stays in cache. Padding is not materialised either: a tap is cut to the windows for which it lies
inside the plane.

``max_pool2d`` does not return indices but a code, the number kh * KW + kw of the chosen tap. It is
one byte per window where an int64 index is eight, and the gradient can be built from it tap by
tap, without scattering. ``window_indices`` turns codes into PyTorch's indices for those who ask.
(Taking the maximum along the rows first and then over the rows needs fewer taps, but was slower
for 2 x 2 windows: its second half works on short rows.)
"""
import numpy as np

from minitorch.kernels.cpu.parallel import block_size, parallel_for, scratch
from minitorch.memory import empty

_CACHE_BYTES = 2 * 1024 * 1024
_WORTH_SPLITTING = 600_000  # numbers in the input


def output_length(length, kernel, stride, padding, dilation, ceil_mode):
    """Windows along one axis. With ``ceil_mode`` the last one may pass the end of the right
    padding, but must start inside the input or the left padding."""
    span = length + 2 * padding - dilation * (kernel - 1) - 1
    count = (span + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= length + padding:
        count -= 1
    return count


def _output_shape(x, kernel_size, stride, padding, dilation, ceil_mode):
    return x.shape[:2] + tuple(
        output_length(x.shape[2 + axis], kernel_size[axis], stride[axis], padding[axis], dilation[axis], ceil_mode)
        for axis in (0, 1))


def _axis_slices(offset, length, stride, windows):
    """Where ``window * stride + offset`` lies inside ``range(length)``: the slice of windows and
    the slice of positions; None if nowhere."""
    first = max(0, -(offset // stride))
    last = min(windows - 1, (length - 1 - offset) // stride)
    if first > last:
        return None
    position = first * stride + offset
    return slice(first, last + 1), slice(position, last * stride + offset + 1, stride)


def _taps(plane_shape, window_shape, kernel_size, stride, padding, dilation):
    """List of (code, index into windows, index into planes), in row-major order of the kernel."""
    rows, columns = (
        [_axis_slices(k * dilation[axis] - padding[axis], plane_shape[axis], stride[axis], window_shape[axis])
         for k in range(kernel_size[axis])]
        for axis in (0, 1))
    taps = []
    for kh, row in enumerate(rows):
        for kw, column in enumerate(columns):
            if row is not None and column is not None:
                taps.append((kh * kernel_size[1] + kw, (slice(None), row[0], column[0]),
                             (slice(None), row[1], column[1])))
    return taps


def _code_dtype(kernel_size):
    return np.uint8 if kernel_size[0] * kernel_size[1] <= 256 else np.uint32


def _planes(x):
    """(N, C, H, W) as (N * C, H, W), copied only if its strides demand it."""
    return np.ascontiguousarray(x).reshape((x.shape[0] * x.shape[1],) + x.shape[2:])


def _planes_per_block(planes, windows):
    """Planes per block. Small work stays on one thread, and blocks stay large: each costs some
    30 calls, and two threads with short calls wait for each other's interpreter lock."""
    count = len(planes)
    if planes.size < _WORTH_SPLITTING:
        return max(1, count)
    item = planes[0].nbytes + 4 * windows[0].nbytes
    return block_size(count, item, _CACHE_BYTES)


def max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode):
    """Return (y, code): the maximum of each window and the number kh * KW + kw of its place.

    Padding is never chosen. The first of equal maxima is; a NaN goes before every number (the
    last NaN of a window before the others).
    """
    shape = _output_shape(x, kernel_size, stride, padding, dilation, ceil_mode)
    y = empty(shape, x.dtype)
    code = empty(shape, _code_dtype(kernel_size))
    planes, best, chosen = _planes(x), _planes(y), _planes(code)
    taps = _taps(planes.shape[1:], shape[2:], kernel_size, stride, padding, dilation)
    first_code = _first_code(taps, shape[2:], code.dtype)

    def pool(start, stop):
        _max_block(planes[start:stop], best[start:stop], chosen[start:stop], taps, first_code)

    parallel_for(pool, len(planes), _planes_per_block(planes, best))
    return y, code


def _first_code(taps, window_shape, dtype):
    """The first tap of each window that is no padding: chosen when the whole window is -inf."""
    first = np.zeros(window_shape, dtype)
    for code, windows, _ in reversed(taps):
        first[windows[1:]] = code
    return first


def _max_block(planes, best, chosen, taps, first_code):
    """Running maximum over the taps. A later tap has a larger code, so the code of the last
    improvement is the largest code of any improvement: a maximum too, and no branch."""
    all_taps = taps
    chosen[...] = first_code
    if taps and best[taps[0][1]].shape == best.shape:  # as without padding: it lies inside for every window
        np.copyto(best, planes[taps[0][2]])
        taps = taps[1:]
    else:
        best.fill(-np.inf)
    for code, windows, positions in taps:
        running, number = best[windows], chosen[windows]
        # Every comparison runs several times as fast on contiguous numbers as on strided ones.
        value = scratch("pool_value", running.shape, best.dtype)
        np.copyto(value, planes[positions])
        better = scratch("pool_better", running.shape, bool)
        np.greater(value, running, out=better)
        step = scratch("pool_step", running.shape, chosen.dtype)
        np.multiply(better.view(np.uint8), chosen.dtype.type(code), out=step)
        np.maximum(number, step, out=number)
        np.maximum(running, value, out=running)
    if np.isnan(best).any():
        _choose_nan(planes, chosen, all_taps)


def _choose_nan(planes, chosen, taps):
    for code, windows, positions in taps:
        np.copyto(chosen[windows], chosen.dtype.type(code), where=np.isnan(planes[positions]))


def window_indices(code, input_shape, kernel_size, stride, padding, dilation):
    """Turn the codes of ``max_pool2d`` into int64 indices into the flat H * W plane of the input."""
    kh, kw = np.divmod(code.astype(np.int64), kernel_size[1])
    rows = np.arange(code.shape[2])[:, None] * stride[0] - padding[0] + kh * dilation[0]
    columns = np.arange(code.shape[3]) * stride[1] - padding[1] + kw * dilation[1]
    return rows * input_shape[3] + columns


def max_pool2d_grad(grad, code, input_shape, kernel_size, stride, padding, dilation):
    """Gradient for the input of ``max_pool2d``: each window's goes to the place it chose, and
    places chosen by several windows collect all of them."""
    dx = empty(input_shape, grad.dtype)
    planes, values, chosen = _planes(dx), _planes(grad), _planes(code)
    taps = _taps(input_shape[2:], code.shape[2:], kernel_size, stride, padding, dilation)
    disjoint = dilation == (1, 1) and stride[0] >= kernel_size[0] and stride[1] >= kernel_size[1]
    tiled = padding == (0, 0) and dilation == (1, 1) and stride == tuple(kernel_size) and all(
        windows * length == size for windows, length, size in zip(code.shape[2:], kernel_size, input_shape[2:])
    )

    def spread(start, stop):
        part, value, number = planes[start:stop], values[start:stop], chosen[start:stop]
        if not tiled:
            part.fill(0)
        for code, windows, positions in taps:
            target = part[positions]
            if disjoint:
                select(value[windows], number[windows], code, target)
            else:
                share = scratch("pool_share", target.shape, grad.dtype)
                select(value[windows], number[windows], code, share)
                np.add(target, share, out=target)

    parallel_for(spread, len(planes), _planes_per_block(planes, values))
    return dx


def select(value, chosen, code, out):
    """Write ``value`` where ``chosen == code``, else 0, to ``out``; all of them broadcast to its shape.

    By masking bits: a product would turn an infinite gradient into NaN elsewhere, and
    ``np.where`` or ``where=`` branch on each number, which is several times as slow.
    """
    equal = scratch("pool_equal", out.shape, np.int8)
    np.equal(chosen, np.asarray(code, chosen.dtype), out=equal.view(bool))
    np.negative(equal, out=equal)
    integer = np.dtype(f"i{value.itemsize}")
    mask = scratch("pool_mask", out.shape, integer)
    np.copyto(mask, equal)
    np.bitwise_and(value.view(integer), mask, out=out.view(integer))


def gather_windows(x, indices):
    """``x.reshape(N, C, -1)`` at flat plane indices (N, C, OH, OW): what ``max_pool2d_grad``
    transposes, for second derivatives."""
    flat = x.reshape(x.shape[:2] + (x.shape[2] * x.shape[3],))
    places = indices.reshape(indices.shape[:2] + (indices.shape[2] * indices.shape[3],))
    return np.take_along_axis(flat, places, axis=2).reshape(indices.shape)


def avg_pool2d(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """Mean of each window: its sum (first over rows, then over columns) over its divisor."""
    shape = _output_shape(x, kernel_size, stride, padding, (1, 1), ceil_mode)
    y = empty(shape, x.dtype)
    planes, out = _planes(x), _planes(y)
    rows, columns = _window_slices(x.shape, shape, kernel_size, stride, padding)
    divisor = _divisor(x.shape, shape, kernel_size, stride, padding, count_include_pad, divisor_override, x.dtype)

    def pool(start, stop):
        source, target = planes[start:stop], out[start:stop]
        sums = scratch("pool_sums", (stop - start, shape[2], x.shape[3]), x.dtype)
        sums.fill(0)
        target.fill(0)
        for windows, positions in rows:
            sums[:, windows] += source[:, positions]
        for windows, positions in columns:
            target[:, :, windows] += sums[:, :, positions]
        np.divide(target, divisor, out=target)

    parallel_for(pool, len(planes), _planes_per_block(planes, out))
    return y


def avg_pool2d_grad(grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """Gradient for the input of ``avg_pool2d``: the same steps in reverse order."""
    shape = grad.shape
    dx = empty(input_shape, grad.dtype)
    planes, values = _planes(dx), _planes(grad)
    rows, columns = _window_slices(input_shape, shape, kernel_size, stride, padding)
    divisor = _divisor(input_shape, shape, kernel_size, stride, padding, count_include_pad, divisor_override,
                       grad.dtype)

    def spread(start, stop):
        target = planes[start:stop]
        shares = scratch("pool_shares", (stop - start,) + shape[2:], grad.dtype)
        sums = scratch("pool_sums", (stop - start, shape[2], input_shape[3]), grad.dtype)
        np.divide(values[start:stop], divisor, out=shares)
        sums.fill(0)
        target.fill(0)
        for windows, positions in columns:
            sums[:, :, positions] += shares[:, :, windows]
        for windows, positions in rows:
            target[:, positions] += sums[:, windows]

    parallel_for(spread, len(planes), _planes_per_block(planes, values))
    return dx


def _window_slices(input_shape, output_shape, kernel_size, stride, padding):
    """For each axis, (windows, positions) of every place in the kernel that meets the plane."""
    return [
        [pair for k in range(kernel_size[axis])
         if (pair := _axis_slices(k - padding[axis], input_shape[2 + axis], stride[axis], output_shape[2 + axis]))]
        for axis in (0, 1)]


def _divisor(input_shape, output_shape, kernel_size, stride, padding, count_include_pad, divisor_override, dtype):
    """What each window's sum is divided by: an (OH, OW) array, or one number if it is given.

    A window that passes the right padding (``ceil_mode``) counts only what lies within it.
    """
    if divisor_override:
        return dtype.type(divisor_override)
    counts = []
    for axis in (0, 1):
        start = np.arange(output_shape[2 + axis]) * stride[axis] - padding[axis]
        stop = np.minimum(start + kernel_size[axis], input_shape[2 + axis] + padding[axis])
        if not count_include_pad:
            start, stop = np.maximum(start, 0), np.minimum(stop, input_shape[2 + axis])
        counts.append(np.maximum(stop - start, 1))
    return np.outer(*counts).astype(dtype)
