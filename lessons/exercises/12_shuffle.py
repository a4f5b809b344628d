"""Exercises of lesson 12. Fill in the functions, then: pytest lessons/exercises/test_12_shuffle.py"""

import numpy as np

import minitorch
from minitorch import nn


def grouped_cost(in_channels, out_channels, kernel, groups, height, width):
    """Exercise 12.1 (5 minutes): weights and MACs of a grouped convolution without bias.

    Args:
        in_channels, out_channels: both divide by groups.
        kernel: side of the square kernel.
        groups: g.
        height, width: of the output.

    Returns:
        (weights, macs), two ints.

    Hint: each output channel sees in_channels / groups channels.
    """
    raise NotImplementedError("exercise 12.1: count the weights and MACs of a grouped convolution")


def channel_shuffle(x, groups):
    """Exercise 12.2 (10 minutes): deal the channels out in turn, in NumPy.

    Write the channels into a table, a group a row, and read it by columns: channel g * K + k goes to k * groups + g,
    where K is the number of channels of a group.

    Args:
        x: array (N, C, H, W), where C divides by groups.
        groups: number of groups.

    Returns:
        Array (N, C, H, W).

    Hint: reshape, swapaxes, reshape.
    """
    raise NotImplementedError("exercise 12.2: shuffle the channels")


def unshuffle(x, groups):
    """Exercise 12.3 (10 minutes): undo a shuffle of `groups` groups; this is also the backward of a shuffle.

    Args:
        x: array (N, C, H, W) that has been shuffled with `groups` groups.
        groups: those of the shuffle that is to be undone.

    Returns:
        Array (N, C, H, W), as it was before the shuffle.

    Hint: the table again, written by columns and read by rows. Do not call your `channel_shuffle`.
    """
    raise NotImplementedError("exercise 12.3: undo the shuffle")


def grouped_pointwise(x, weight, groups):
    """Exercise 12.4 (20 minutes): a grouped convolution of 1 x 1 without a loop over channels, in NumPy.

    Args:
        x: array (N, C, H, W).
        weight: array (O, C / groups): row o is for output channel o.
        groups: number of groups; outputs 0 to O / groups - 1 see the first group of inputs, and so on.

    Returns:
        Array (N, O, H, W).

    Hint: cut the channels of both into (groups, channels of a group); then matmul or einsum.
    """
    raise NotImplementedError("exercise 12.4: return the outputs of a grouped convolution of 1 x 1")


def connections(channels, groups, layers, shuffle):
    """Exercise 12.5 (30 minutes): which outputs of a stack of grouped layers depend on which inputs.

    Each layer has as many outputs as inputs, and an output sees all inputs of its own group. With `shuffle`, the
    channels are shuffled between one layer and the next, not before the first and not behind the last.

    Args:
        channels, groups, layers: ints; channels divides by groups, layers is at least 1.
        shuffle: whether there is a shuffle.

    Returns:
        Array of bool (channels, channels): entry [o, i] tells whether output o depends on input i.

    Hint: one layer is a matrix of blocks of ones, a shuffle a matrix that changes the order of rows; multiply them.
    """
    raise NotImplementedError("exercise 12.5: return the matrix of what depends on what")


def numbers_carried(in_channels, out_channels, groups, pixels):
    """Exercise 12.6 (5 minutes): the memory traffic of a convolution of 1 x 1 with stride 1 and without bias.

    Args:
        in_channels, out_channels, groups: as in exercise 12.1.
        pixels: height times width.

    Returns:
        How many numbers are read (input, weights) and written (output), an int.
    """
    raise NotImplementedError("exercise 12.6: count the numbers read and written")


class ShuffleUnit(nn.Module):
    """Exercise 12.7 (an hour): the unit of ShuffleNetV2 with stride 1.

    The first half of the channels stays as it is. The second half goes through the branch: a convolution of 1 x 1,
    normalisation, ReLU; a depthwise convolution of 3 x 3 with padding 1, normalisation; a convolution of 1 x 1,
    normalisation, ReLU. All have half of the channels and no bias. Then first half and branch are joined, in this
    order, and shuffled with 2 groups.
    """

    def __init__(self, channels):
        """Attribute branch, an nn.Sequential; channels is even."""
        super().__init__()
        raise NotImplementedError("exercise 12.7: build the branch of the unit")

    def forward(self, x):
        """(N, channels, H, W) to the same shape."""
        raise NotImplementedError("exercise 12.7: return the unit's output")
