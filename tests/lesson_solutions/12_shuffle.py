"""Reference solutions of the exercises of lesson 12."""

import numpy as np

import minitorch
import minitorch.nn.functional as F
from minitorch import nn


def grouped_cost(in_channels, out_channels, kernel, groups, height, width):
    """Exercise 12.1."""
    weights = out_channels * (in_channels // groups) * kernel**2
    return weights, weights * height * width


def channel_shuffle(x, groups):
    """Exercise 12.2."""
    n, channels, height, width = x.shape
    return x.reshape(n, groups, channels // groups, height, width).swapaxes(1, 2).reshape(x.shape)


def unshuffle(x, groups):
    """Exercise 12.3."""
    n, channels, height, width = x.shape
    return x.reshape(n, channels // groups, groups, height, width).swapaxes(1, 2).reshape(x.shape)


def grouped_pointwise(x, weight, groups):
    """Exercise 12.4."""
    n, channels, height, width = x.shape
    x = x.reshape(n, groups, channels // groups, height * width)
    weight = weight.reshape(groups, -1, channels // groups)
    return (weight @ x).reshape(n, -1, height, width)


def connections(channels, groups, layers, shuffle):
    """Exercise 12.5."""
    each = channels // groups
    layer = np.kron(np.eye(groups, dtype=int), np.ones((each, each), int))
    order = np.arange(channels).reshape(groups, each).T.ravel()
    paths = layer
    for _ in range(layers - 1):
        if shuffle:
            paths = paths[order]
        paths = (layer @ paths > 0).astype(int)
    return paths > 0


def numbers_carried(in_channels, out_channels, groups, pixels):
    """Exercise 12.6."""
    return pixels * (in_channels + out_channels) + in_channels * out_channels // groups


class ShuffleUnit(nn.Module):
    """Exercise 12.7."""

    def __init__(self, channels):
        super().__init__()
        half = channels // 2
        self.branch = nn.Sequential(
            nn.Conv2d(half, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(),
            nn.Conv2d(half, half, 3, padding=1, groups=half, bias=False), nn.BatchNorm2d(half),
            nn.Conv2d(half, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x):
        """The unit's output."""
        untouched, second = x.chunk(2, 1)
        return F.channel_shuffle(minitorch.cat([untouched, self.branch(second)], 1), 2)
