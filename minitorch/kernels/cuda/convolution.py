"""Convolution by columns: all windows side by side, then one matrix product a group."""

from minitorch.device import array_module


def _pad(x, padding):
    (top, bottom), (left, right) = padding
    n, c, h, w = x.shape
    padded = array_module(x).zeros((n, c, h + top + bottom, w + left + right), dtype=x.dtype)
    padded[:, :, top : top + h, left : left + w] = x
    return padded


def _windows(padded, kernel, out, stride, dilation):
    """A view (N, C, KH, KW, OH, OW) of a padded array: every window's numbers, none copied."""
    sn, sc, sh, sw = padded.strides
    shape = padded.shape[:2] + tuple(kernel) + tuple(out)
    strides = (sn, sc, sh * dilation[0], sw * dilation[1], sh * stride[0], sw * stride[1])
    return array_module(padded).lib.stride_tricks.as_strided(padded, shape, strides)


def _output_size(shape, kernel, stride, padding, dilation):
    return tuple(
        (n + a + b - d * (k - 1) - 1) // s + 1
        for n, k, s, (a, b), d in zip(shape[2:], kernel, stride, padding, dilation)
    )


def _columns(x, kernel, out, stride, padding, dilation, groups):
    """(groups, C/groups * KH * KW, N * OH * OW)."""
    n, c = x.shape[:2]
    windows = _windows(_pad(x, padding), kernel, out, stride, dilation)
    by_group = windows.reshape(n, groups, c // groups, *windows.shape[2:])
    rows = c // groups * kernel[0] * kernel[1]
    return by_group.transpose(1, 2, 3, 4, 0, 5, 6).reshape(groups, rows, n * out[0] * out[1])


def _by_group(y, groups):
    """(N, O, OH, OW) as (groups, O/groups, N * OH * OW)."""
    n, o, h, w = y.shape
    return y.reshape(n, groups, o // groups, h, w).transpose(1, 2, 0, 3, 4).reshape(groups, o // groups, n * h * w)


def conv2d(x, weight, bias, stride, padding, dilation, groups):
    """(N, O, OH, OW) from x (N, C, H, W), weight (O, C/groups, KH, KW) and bias (O,) or None."""
    n, o, kernel = x.shape[0], weight.shape[0], weight.shape[2:]
    out = _output_size(x.shape, kernel, stride, padding, dilation)
    columns = _columns(x, kernel, out, stride, padding, dilation, groups)
    y = array_module(x).matmul(weight.reshape(groups, o // groups, -1), columns)
    y = y.reshape(o, n, *out).transpose(1, 0, 2, 3)
    y = y if bias is None else y + bias.reshape(-1, 1, 1)
    return array_module(x).ascontiguousarray(y)


def conv2d_input_grad(grad, weight, input_shape, stride, padding, dilation, groups):
    """The gradient to the input: columns of gradients, added back to where each window lay."""
    xp = array_module(grad)
    (n, c, h, w), (o, _, kh, kw), out = input_shape, weight.shape, grad.shape[2:]
    columns = xp.matmul(weight.reshape(groups, o // groups, -1).swapaxes(1, 2), _by_group(grad, groups))
    columns = columns.reshape(c, kh, kw, n, *out).transpose(3, 0, 1, 2, 4, 5)
    (top, bottom), (left, right) = padding
    padded = xp.zeros((n, c, h + top + bottom, w + left + right), dtype=grad.dtype)
    for p in range(kh):
        for q in range(kw):
            rows = slice(p * dilation[0], p * dilation[0] + (out[0] - 1) * stride[0] + 1, stride[0])
            places = slice(q * dilation[1], q * dilation[1] + (out[1] - 1) * stride[1] + 1, stride[1])
            padded[:, :, rows, places] += columns[:, :, p, q]
    return xp.ascontiguousarray(padded[:, :, top : top + h, left : left + w])


def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
    """The gradient to the weight: gradients times columns, summed over all windows."""
    columns = _columns(x, weight_shape[2:], grad.shape[2:], stride, padding, dilation, groups)
    return array_module(x).matmul(_by_group(grad, groups), columns.swapaxes(1, 2)).reshape(weight_shape)
