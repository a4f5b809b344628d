"""Reference solutions of the exercises of lesson 11."""

import math

import numpy as np

from minitorch import nn


def conv_cost(in_channels, out_channels, kernel_size, out_size, groups=1, bias=True):
    """Exercise 11.1."""
    weights = out_channels * (in_channels // groups) * math.prod(kernel_size)
    return weights + (out_channels if bias else 0), weights * math.prod(out_size)


def macs_per_byte(batch, in_shape, weight_shape, out_shape):
    """Exercise 11.2."""
    macs = batch * math.prod(out_shape) * math.prod(weight_shape[1:])
    return macs / (4 * (batch * (math.prod(in_shape) + math.prod(out_shape)) + math.prod(weight_shape)))


def depthwise_separable(x, depthwise, pointwise):
    """Exercise 11.3."""
    height, width = x.shape[2:]
    kernel = depthwise.shape[1]
    margin = kernel // 2
    padded = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    filtered = np.zeros_like(x)
    for p in range(kernel):
        for q in range(kernel):
            filtered += depthwise[:, p, q, None, None] * padded[:, :, p : p + height, q : q + width]
    return np.einsum("oc,nchw->nohw", pointwise, filtered)


def separate(weight):
    """Exercise 11.4."""
    outputs, channels, height, width = weight.shape
    u, s, v = np.linalg.svd(weight.transpose(1, 0, 2, 3).reshape(channels, outputs, -1), full_matrices=False)
    return v[:, 0].reshape(channels, height, width), (u[:, :, 0] * s[:, :1]).T


def hard_swish(x):
    """Exercise 11.5."""
    slope = np.where(x <= -3, 0, np.where(x >= 3, 1, (2 * x + 3) / 6))
    return x * np.clip(x + 3, 0, 6) / 6, slope


class InvertedResidual(nn.Module):
    """Exercise 11.6."""

    def __init__(self, in_channels, out_channels, stride=1, expansion=6):
        super().__init__()
        wide = in_channels * expansion
        layers = []
        if expansion != 1:
            layers += [nn.Conv2d(in_channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6()]
        layers += [
            nn.Conv2d(wide, wide, 3, stride, padding=1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.ReLU6(),
            nn.Conv2d(wide, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels),
        ]  # fmt: skip
        self.branch = nn.Sequential(*layers)
        self.adds_input = stride == 1 and in_channels == out_channels

    def forward(self, x):
        """The block's output."""
        y = self.branch(x)
        return y + x if self.adds_input else y
