"""Reference solutions of the exercises of lesson 6."""

import numpy as np


def output_size(n, kernel, stride=1, padding=0, dilation=1):
    """Exercise 6.1."""
    return (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def correlate(x, kernel):
    """Exercise 6.2."""
    height, width = kernel.shape
    y = np.zeros((x.shape[0] - height + 1, x.shape[1] - width + 1))
    for i, j in np.ndindex(y.shape):
        y[i, j] = (x[i : i + height, j : j + width] * kernel).sum()
    return y


def places(shape, kernel_size, stride):
    """For each place p, q in the kernel: the slices of the padded image that all windows see there."""
    sizes = [(n - k) // stride + 1 for n, k in zip(shape[2:], kernel_size)]
    for p, q in np.ndindex(*kernel_size):
        yield (p, q), (..., *(slice(start, start + stride * n, stride) for start, n in zip((p, q), sizes)))


def pad(x, padding):
    """Zeros around the images."""
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def im2col(x, kernel_size, stride=1, padding=0):
    """Exercise 6.3."""
    x = pad(x, padding)
    patches = np.stack([x[seen] for _, seen in places(x.shape, kernel_size, stride)], axis=2)
    return patches.reshape(len(x), x.shape[1] * kernel_size[0] * kernel_size[1], -1)


def conv2d(x, weight, bias, stride=1, padding=0):
    """Exercise 6.4."""
    sizes = [output_size(n, k, stride, padding) for n, k in zip(x.shape[2:], weight.shape[2:])]
    rows = weight.reshape(len(weight), -1)
    y = rows @ im2col(x, weight.shape[2:], stride, padding) + bias[:, None]
    return y.reshape(len(x), len(weight), *sizes)


def receptive_field(layers):
    """Exercise 6.5."""
    size, step = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * step
        step *= stride
    return size, step


class Convolution:
    """Exercise 6.6."""

    def __init__(self, weight, bias, stride=1, padding=0):
        self.weight, self.bias, self.stride, self.padding = weight, bias, stride, padding
        self.grad_weight = self.grad_bias = None

    def forward(self, x):
        """(N, C, H, W) -> (N, O, OH, OW)."""
        self.shape = x.shape
        self.columns = im2col(x, self.weight.shape[2:], self.stride, self.padding)
        return conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def backward(self, grad_output):
        """grad_x; sets grad_weight and grad_bias."""
        images, filters = grad_output.shape[:2]
        grad_rows = grad_output.reshape(images, filters, -1)
        self.grad_bias = grad_rows.sum(axis=(0, 2))
        self.grad_weight = (grad_rows @ self.columns.transpose(0, 2, 1)).sum(axis=0).reshape(self.weight.shape)
        patches = self.weight.reshape(filters, -1).T @ grad_rows
        patches = patches.reshape(images, *self.weight.shape[1:], *grad_output.shape[2:])
        grad_x = pad(np.zeros(self.shape), self.padding)
        for (p, q), seen in places(grad_x.shape, self.weight.shape[2:], self.stride):
            grad_x[seen] += patches[:, :, p, q]
        inner = [slice(self.padding, self.padding + n) for n in self.shape[2:]]
        return grad_x[(..., *inner)]
