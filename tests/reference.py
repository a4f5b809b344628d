"""Expected values by plain loops: slow, and simple enough to be read as a definition."""
import math

import numpy as np


def conv2d(x, weight, bias, stride, padding, dilation, groups):
    """Cross-correlation of x (N, C, H, W) with weight (O, C/groups, KH, KW), summed in float64."""
    n_images, _, height, width = x.shape
    out_channels, group_channels, kernel_height, kernel_width = weight.shape
    (top, bottom), (left, right) = padding
    out_height = (height + top + bottom - dilation[0] * (kernel_height - 1) - 1) // stride[0] + 1
    out_width = (width + left + right - dilation[1] * (kernel_width - 1) - 1) // stride[1] + 1
    y = np.zeros((n_images, out_channels, out_height, out_width))
    for n, o, oh, ow in np.ndindex(*y.shape):
        first_channel = o // (out_channels // groups) * group_channels
        total = 0.0 if bias is None else float(bias[o])
        for c, kh, kw in np.ndindex(group_channels, kernel_height, kernel_width):
            h = oh * stride[0] + kh * dilation[0] - top
            w = ow * stride[1] + kw * dilation[1] - left
            if 0 <= h < height and 0 <= w < width:
                total += float(x[n, first_channel + c, h, w]) * float(weight[o, c, kh, kw])
        y[n, o, oh, ow] = total
    return y.astype(x.dtype)


def conv2d_gradients(grad, x, weight, stride, padding, dilation, groups):
    """Gradients of ``(conv2d(x, weight) * grad).sum()`` for x and for weight, in float64."""
    out_channels, group_channels, kernel_height, kernel_width = weight.shape
    _, _, height, width = x.shape
    (top, _), (left, _) = padding
    dx, dweight = np.zeros(x.shape), np.zeros(weight.shape)
    for n, o, oh, ow in np.ndindex(*grad.shape):
        first_channel = o // (out_channels // groups) * group_channels
        for c, kh, kw in np.ndindex(group_channels, kernel_height, kernel_width):
            h = oh * stride[0] + kh * dilation[0] - top
            w = ow * stride[1] + kw * dilation[1] - left
            if 0 <= h < height and 0 <= w < width:
                dx[n, first_channel + c, h, w] += float(grad[n, o, oh, ow]) * float(weight[o, c, kh, kw])
                dweight[o, c, kh, kw] += float(grad[n, o, oh, ow]) * float(x[n, first_channel + c, h, w])
    return dx, dweight


def pool_output_length(length, kernel, stride, padding, dilation, ceil_mode):
    """Number of windows along one axis; with ceil_mode the last must start before the right padding."""
    span = length + 2 * padding - dilation * (kernel - 1) - 1
    count = (math.ceil(span / stride) if ceil_mode else span // stride) + 1
    if ceil_mode and (count - 1) * stride >= length + padding:
        count -= 1
    return count


def max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode):
    """Maximum of each window and its flat index in the plane: the first of equals, a NaN before all."""
    n_images, channels, height, width = x.shape
    out_height, out_width = (
        pool_output_length(x.shape[2 + axis], kernel_size[axis], stride[axis], padding[axis], dilation[axis], ceil_mode)
        for axis in (0, 1))
    y = np.empty((n_images, channels, out_height, out_width), x.dtype)
    indices = np.empty(y.shape, np.int64)
    for n, c, oh, ow in np.ndindex(*y.shape):
        best, best_index = None, None
        for kh, kw in np.ndindex(*kernel_size):
            h = oh * stride[0] - padding[0] + kh * dilation[0]
            w = ow * stride[1] - padding[1] + kw * dilation[1]
            if not (0 <= h < height and 0 <= w < width):
                continue
            value = x[n, c, h, w]
            if best is None or value > best or math.isnan(value):
                best, best_index = value, h * width + w
        y[n, c, oh, ow], indices[n, c, oh, ow] = best, best_index
    return y, indices


def max_pool2d_gradient(grad, indices, input_shape):
    """Each output's gradient goes to the input that was chosen."""
    dx = np.zeros(input_shape)
    width = input_shape[3]
    for n, c, oh, ow in np.ndindex(*grad.shape):
        index = int(indices[n, c, oh, ow])
        dx[n, c, index // width, index % width] += float(grad[n, c, oh, ow])
    return dx


def avg_pool2d(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """Mean of each window; returns y and, for the gradient, a list of (output, inputs, divisor)."""
    n_images, channels, height, width = x.shape
    out_height, out_width = (
        pool_output_length(x.shape[2 + axis], kernel_size[axis], stride[axis], padding[axis], 1, ceil_mode)
        for axis in (0, 1))
    y = np.zeros((n_images, channels, out_height, out_width))
    windows = []
    for oh, ow in np.ndindex(out_height, out_width):
        h0, w0 = oh * stride[0] - padding[0], ow * stride[1] - padding[1]
        h1 = min(h0 + kernel_size[0], height + padding[0])
        w1 = min(w0 + kernel_size[1], width + padding[1])
        inside = [(h, w) for h in range(h0, h1) for w in range(w0, w1) if 0 <= h < height and 0 <= w < width]
        divisor = (h1 - h0) * (w1 - w0) if count_include_pad else len(inside)
        if divisor_override:
            divisor = divisor_override
        windows.append(((oh, ow), inside, divisor))
        for n, c in np.ndindex(n_images, channels):
            y[n, c, oh, ow] = sum(float(x[n, c, h, w]) for h, w in inside) / divisor
    return y.astype(x.dtype), windows


def avg_pool2d_gradient(grad, input_shape, windows):
    """Each output's gradient, divided, goes to every input of its window."""
    dx = np.zeros(input_shape)
    for (oh, ow), inside, divisor in windows:
        for h, w in inside:
            dx[:, :, h, w] += grad[:, :, oh, ow].astype(np.float64) / divisor
    return dx
