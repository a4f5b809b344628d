"""Pooling: place (p, q) of all windows at once is a strided slice of the padded input."""

from minitorch.device import array_module


def _axis(length, kernel, stride, padding, dilation, ceil_mode):
    """Number of windows along an axis, and the padded length that they reach."""
    span = length + 2 * padding - dilation * (kernel - 1) - 1
    count = (span + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= length + padding:
        count -= 1
    return count, max((count - 1) * stride + dilation * (kernel - 1) + 1, length + 2 * padding)


def _places(shape, kernel, stride, padding, dilation, ceil_mode):
    """The padded plane's size, the windows' shape and for each place in the kernel its slice of the padded planes."""
    (height, rows), (width, columns) = (
        _axis(shape[2 + a], kernel[a], stride[a], padding[a], dilation[a], ceil_mode) for a in (0, 1)
    )
    slices = [
        (
            slice(None),
            slice(None),
            slice(p * dilation[0], p * dilation[0] + (height - 1) * stride[0] + 1, stride[0]),
            slice(q * dilation[1], q * dilation[1] + (width - 1) * stride[1] + 1, stride[1]),
        )
        for p in range(kernel[0])
        for q in range(kernel[1])
    ]
    return (rows, columns), shape[:2] + (height, width), slices


def _padded(x, size, padding, value):
    result = array_module(x).full(x.shape[:2] + size, value, dtype=x.dtype)
    result[:, :, padding[0] : padding[0] + x.shape[2], padding[1] : padding[1] + x.shape[3]] = x
    return result


def max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode):
    """Return (y, code): the maximum of each window and the number p * KW + q of its place."""
    xp = array_module(x)
    size, shape, slices = _places(x.shape, kernel_size, stride, padding, dilation, ceil_mode)
    values = _padded(x, size, padding, -float("inf"))
    inside = _padded(xp.ones_like(x, dtype=bool), size, padding, False)
    y, code = xp.full(shape, -float("inf"), dtype=x.dtype), xp.full(shape, -1, dtype=xp.int32)
    for number, place in enumerate(slices):
        value = values[place]
        better = inside[place] & ((value > y) | (value != value) | (code < 0))
        y, code = xp.where(better, value, y), xp.where(better, xp.int32(number), code)
    return y, code


def window_indices(code, input_shape, kernel_size, stride, padding, dilation):
    """The codes of `max_pool2d` as int64 indices into the flat H * W plane of the input."""
    xp = array_module(code)
    p, q = xp.divmod(code.astype(xp.int64), kernel_size[1])
    rows = xp.arange(code.shape[2])[:, None] * stride[0] - padding[0] + p * dilation[0]
    columns = xp.arange(code.shape[3]) * stride[1] - padding[1] + q * dilation[1]
    return rows * input_shape[3] + columns


def max_pool2d_grad(grad, code, input_shape, kernel_size, stride, padding, dilation):
    """Each window's gradient goes to the place that it chose; places chosen twice collect both."""
    xp = array_module(grad)
    flat = (*code.shape[:2], code.shape[2] * code.shape[3])
    indices = window_indices(code, input_shape, kernel_size, stride, padding, dilation).reshape(flat)
    dx = xp.zeros((input_shape[0], input_shape[1], input_shape[2] * input_shape[3]), dtype=grad.dtype)
    batch, channel = xp.arange(input_shape[0])[:, None, None], xp.arange(input_shape[1])[:, None]
    xp.add.at(dx, (batch, channel, indices), grad.reshape(flat))
    return dx.reshape(input_shape)


def _divisor(xp, shape, input_shape, kernel, stride, padding, count_include_pad, divisor_override, dtype):
    """What each window's sum is divided by."""
    if divisor_override:
        return xp.full(shape[2:], divisor_override, dtype=dtype)
    lengths = []
    for a in (0, 1):
        start = xp.arange(shape[2 + a]) * stride[a] - padding[a]
        stop = xp.minimum(start + kernel[a], input_shape[2 + a] + padding[a])
        if not count_include_pad:
            start, stop = xp.maximum(start, 0), xp.minimum(stop, input_shape[2 + a])
        lengths.append(stop - start)
    return (lengths[0][:, None] * lengths[1]).astype(dtype)


def avg_pool2d(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """The mean of each window."""
    xp = array_module(x)
    size, shape, slices = _places(x.shape, kernel_size, stride, padding, (1, 1), ceil_mode)
    values = _padded(x, size, padding, 0)
    total = xp.zeros(shape, dtype=x.dtype)
    for place in slices:
        total += values[place]
    return total / _divisor(
        xp, shape, x.shape, kernel_size, stride, padding, count_include_pad, divisor_override, x.dtype
    )


def avg_pool2d_grad(grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """Each window's gradient, divided as the mean was, goes to all its places."""
    xp = array_module(grad)
    size, shape, slices = _places(input_shape, kernel_size, stride, padding, (1, 1), ceil_mode)
    share = grad / _divisor(
        xp, shape, input_shape, kernel_size, stride, padding, count_include_pad, divisor_override, grad.dtype
    )
    padded = xp.zeros(shape[:2] + size, dtype=grad.dtype)
    for place in slices:
        padded[place] += share
    top, left = padding
    return xp.ascontiguousarray(padded[:, :, top : top + input_shape[2], left : left + input_shape[3]])
