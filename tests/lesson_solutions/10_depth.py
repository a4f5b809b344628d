"""Reference solutions of the exercises of lesson 10."""

import math

import numpy as np

import minitorch.nn.functional as F
from minitorch import nn


def layers_with_weights(blocks_per_stage):
    """Exercise 10.1."""
    return 1 + 3 * blocks_per_stage * 2 + 1


def residual_backward(grad_output, x, weight1, weight2):
    """Exercise 10.2."""
    hidden = np.maximum(x @ weight1.T, 0)
    grad_hidden = grad_output @ weight2 * (hidden > 0)
    return grad_output + grad_hidden @ weight1, grad_hidden.T @ x, grad_output.T @ hidden


def padding_shortcut(x, out_channels, stride):
    """Exercise 10.3."""
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, out_channels - x.shape[1]))


def path_lengths(blocks):
    """Exercise 10.4."""
    return [math.comb(blocks, k) for k in range(blocks + 1)]


class ResidualBlock(nn.Module):
    """Exercise 10.5."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            convolution = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(convolution, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        """The block's output."""
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


def start_as_identity(model):
    """Exercise 10.6."""
    norms = [module.norm2 for module in model.modules() if hasattr(module, "norm2")]
    for norm in norms:
        nn.init.zeros_(norm.weight)
    return len(norms)
