"""Exercises of lesson 9. Fill in the functions, then: pytest lessons/exercises/test_09_normalisation.py

All of them are NumPy: arrays in, arrays out.
"""

import numpy as np


def batch_norm(x, weight, bias, eps=1e-5):
    """Exercise 9.1 (10 minutes): batch normalisation in training, by its formula.

    Args:
        x: array (N, C, H, W).
        weight, bias: arrays (C,), gamma and beta.
        eps: added to the variance, inside the root.

    Returns:
        Array (N, C, H, W): per channel (x - mean) / sqrt(variance + eps) * weight + bias, mean and variance (the one
        divided by the count) over the batch and all places.

    Hint: keepdims=True; weight.reshape(1, -1, 1, 1) stands along the channels.
    """
    raise NotImplementedError("exercise 9.1: return the normalised batch")


def update_running(running_mean, running_var, x, momentum=0.1):
    """Exercise 9.2 (10 minutes): what the running estimates become after a batch.

    Args:
        running_mean, running_var: arrays (C,), the estimates before; not to be changed.
        x: array (N, C, H, W).
        momentum: the share of the new batch.

    Returns:
        (running_mean, running_var), new arrays (C,). The variance of the batch that goes into the running one is that
        divided by the count minus 1.
    """
    raise NotImplementedError("exercise 9.2: return the new running mean and variance")


def batch_norm_backward(grad_output, x, weight, eps=1e-5):
    """Exercise 9.3 (45 minutes): the gradient of batch normalisation in training to x, in one expression.

    Args:
        grad_output: array (N, C, H, W), g.
        x: array (N, C, H, W).
        weight: array (C,).

    Returns:
        Array (N, C, H, W). With x-hat, the normalised x: weight / sqrt(variance + eps) * (g - mean(g) - x-hat *
        mean(g * x-hat)), all means over the batch and all places.

    Hint: derive it before you type it: x acts through the numerator, the mean and the variance. The expression above is
    what is left.
    """
    raise NotImplementedError("exercise 9.3: return the gradient to x")


def fold(weight, bias, gamma, beta, mean, variance, eps=1e-5):
    """Exercise 9.4 (15 minutes): one convolution in place of a convolution and a batch normalisation in evaluation.

    Args:
        weight: array (O, C, KH, KW).
        bias: array (O,), or None if the convolution has none.
        gamma, beta, mean, variance: arrays (O,), weight, bias and running estimates of the normalisation.

    Returns:
        (weight, bias) of the one convolution.
    """
    raise NotImplementedError("exercise 9.4: return weight and bias of the folded convolution")


def group_norm(x, groups, weight, bias, eps=1e-5):
    """Exercise 9.5 (15 minutes): normalise groups of channels of each image by itself.

    Args:
        x: array (N, C, H, W).
        groups: how many; it divides C. Group 0 are the first C / groups channels, and so on.
        weight, bias: arrays (C,), applied per channel, not per group.

    Returns:
        Array (N, C, H, W).

    Hint: reshape to (N, groups, everything else).
    """
    raise NotImplementedError("exercise 9.5: return the images normalised by groups")


class BatchNorm:
    """Exercise 9.6 (an afternoon): the whole layer, with two modes and a backward for each.

    Use your functions from above.
    """

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        """Attributes weight (ones), bias, running_mean (zeros), running_var (ones), training (True)."""
        raise NotImplementedError("exercise 9.6: set the attributes")

    def forward(self, x):
        """(N, C, H, W) to the same: by the batch, updating the estimates, in training; by the estimates otherwise."""
        raise NotImplementedError("exercise 9.6: return the normalised batch")

    def backward(self, grad_output):
        """The gradient to x, of the mode that the last forward was in. Sets grad_weight and grad_bias, (C,) each.

        Hint: in evaluation mean and variance do not depend on x, which makes it simple.
        """
        raise NotImplementedError("exercise 9.6: return the gradient to x, set grad_weight and grad_bias")
