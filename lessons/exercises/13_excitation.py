"""Exercises of lesson 13. Fill in the functions, then: pytest lessons/exercises/test_13_excitation.py"""

import numpy as np

import minitorch
from minitorch import nn


def extra_parameters(channels, reduction):
    """Exercise 13.1 (5 minutes): what squeeze-and-excitation adds to a network.

    Each block has two linear layers with bias, from C to C // reduction and back.

    Args:
        channels: list with C of each block.
        reduction: how many times the inner layer is narrower.

    Returns:
        The number of parameters of all blocks, an int.
    """
    raise NotImplementedError("exercise 13.1: count the parameters of all blocks")


def squeeze_excitation(x, weight1, bias1, weight2, bias2):
    """Exercise 13.2 (15 minutes): the output of a block, in NumPy.

    s = sigmoid(W2 relu(W1 z + b1) + b2), where z are the means of the channels; then each channel times its s.

    Args:
        x: array (N, C, H, W).
        weight1: array (R, C); bias1: array (R,).
        weight2: array (C, R); bias2: array (C,).

    Returns:
        Array (N, C, H, W).

    Hint: sigmoid(a) = 1 / (1 + exp(-a)); give the gates two axes of length 1.
    """
    raise NotImplementedError("exercise 13.2: return the channels times their gates")


def scale_backward(grad_output, x, gates):
    """Exercise 13.3 (15 minutes): the gradients of the product alone, y[n, c, i, j] = gates[n, c] * x[n, c, i, j].

    Args:
        grad_output: array (N, C, H, W), the gradient of y.
        x: array (N, C, H, W).
        gates: array (N, C).

    Returns:
        (grad_x, grad_gates), shaped as x and gates.

    Hint: a gate acts on all places of its channel.
    """
    raise NotImplementedError("exercise 13.3: return the gradients to x and to the gates")


def class_means(gates, labels, classes):
    """Exercise 13.4 (10 minutes): the mean gate of each channel for each class.

    Args:
        gates: array (N, C).
        labels: array (N,) of ints, 0 to classes - 1.
        classes: number of classes.

    Returns:
        Array (classes, C); a class without images has NaN.
    """
    raise NotImplementedError("exercise 13.4: return the mean gates of each class")


def share_between_classes(gates, labels, classes):
    """Exercise 13.5 (20 minutes): which part of each channel's variance the class explains.

    Replace each image's gate by the mean of its class. The variance (over the images) of what you get, divided by the
    variance of the gates themselves, is the share.

    Args:
        gates, labels, classes: as in exercise 13.4; every class has images.

    Returns:
        Array (C,), from 0 (the class tells nothing) to 1 (all images of a class have the same gate); 0 for a channel
        whose gate is the same for all images.
    """
    raise NotImplementedError("exercise 13.5: return the share of the variance between classes, for each channel")


def gain(without, with_block):
    """Exercise 13.6 (10 minutes): a gain over several seeds, and its standard error.

    Args:
        without, with_block: lists with the shares right of as many seeds, entry by entry of the same seed.

    Returns:
        (mean gain, standard error), two floats. The standard error is the standard deviation of the differences (with
        n - 1 in the denominator), divided by the root of n.
    """
    raise NotImplementedError("exercise 13.6: return the mean of the differences and its standard error")


class SqueezeExcitation(nn.Module):
    """Exercise 13.7 (30 minutes): a block as a module, with the gate of MobileNetV3 if wanted."""

    def __init__(self, channels, reduction=4, hard=False):
        """Attributes reduce and expand, two nn.Linear with bias, to channels // reduction and back.

        With `hard` the gate is relu6(a + 3) / 6 in place of the sigmoid.
        """
        super().__init__()
        raise NotImplementedError("exercise 13.7: build the two linear layers")

    def forward(self, x):
        """(N, C, H, W) to the same shape."""
        raise NotImplementedError("exercise 13.7: return the channels times their gates")
