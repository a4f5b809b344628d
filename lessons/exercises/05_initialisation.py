"""Exercises of lesson 5. Fill in the functions, then: pytest lessons/exercises/test_05_initialisation.py"""

import math

import numpy as np

import minitorch
from minitorch import nn


def fan_in_and_out(shape):
    """Exercise 5.1 (5 minutes): how many numbers feed one output of a layer, and how many outputs one number feeds.

    Args:
        shape: of the weight: (out, in) of a linear layer, or (out_channels, in_channels, height, width).

    Returns:
        (fan_in, fan_out), two ints.

    Hint: each output of a convolution sees in_channels * height * width numbers.
    """
    raise NotImplementedError("exercise 5.1: return (fan_in, fan_out) of a weight's shape")


def standard_deviation(fan_in, slope=None):
    """Exercise 5.2 (10 minutes): the standard deviation of weights that keeps the mean square of the outputs.

    Args:
        fan_in: n, how many inputs one output has.
        slope: None where no activation follows. Else the activation is x for x > 0 and slope * x for x < 0: 0 is ReLU.

    Returns:
        The standard deviation, a float.

    Hint: a layer multiplies the mean square by n * Var(w); of that, ReLU leaves 1/2, and a leaky ReLU
    (1 + slope**2) / 2. The product must be 1. The standard deviation is the root of the variance.
    """
    raise NotImplementedError("exercise 5.2: return the standard deviation that keeps the mean square")


def xavier_uniform(shape, generator):
    """Exercise 5.3 (15 minutes): a weight by Xavier's rule, Var(w) = 2 / (fan_in + fan_out), with uniform numbers.

    Args:
        shape: as in exercise 5.1.
        generator: a NumPy generator, as `np.random.default_rng(0)`; draw with generator.uniform(low, high, shape).

    Returns:
        An array of this shape, uniform in [-a, a] with the right a.

    Hint: the variance of numbers uniform in [-a, a] is a**2 / 3. You may write the fans anew, so that this exercise
    does not depend on 5.1.
    """
    raise NotImplementedError("exercise 5.3: return uniform weights by Xavier's rule")


def relu_mean_squares(weights, x):
    """Exercise 5.4 (15 minutes): the mean square of the outputs after each layer of a ReLU network without biases.

    Args:
        weights: list of arrays (out, in).
        x: inputs (N, in of the first weight).

    Returns:
        A list of floats, one for each layer: the mean of the squares of the layer's outputs, behind its ReLU.

    Hint: mean square, not variance: behind a ReLU the mean is not 0.
    """
    raise NotImplementedError("exercise 5.4: return the mean square behind each layer's ReLU")


def dead_units(weight, bias, x):
    """Exercise 5.5 (10 minutes): which units of a ReLU layer are dead on these inputs.

    Args:
        weight: array (out, in).
        bias: array (out,).
        x: inputs (N, in).

    Returns:
        A boolean array (out,): True where the unit's output relu(x @ weight.T + bias) is 0 for all N inputs.
    """
    raise NotImplementedError("exercise 5.5: return a boolean for each unit: True where it is dead")


def unit_variance(model, x):
    """Exercise 5.6 (an afternoon): scale a network to a given batch, layer after layer (LSUV, without its rotations).

    The formulas of the lesson assume random weights and no biases. A rule that assumes nothing: measure. Go through the
    layers in their order; for each Linear and Conv2d divide its weight and its bias by the standard deviation of its
    outputs on this batch, so that they have variance 1; then give its outputs, the new ones, to the next layer.

    Args:
        model: an `nn.Sequential` of Linear, Conv2d and layers without parameters; changed in place.
        x: a tensor, the batch.

    Returns:
        The list of the standard deviations found, one for each Linear and Conv2d, floats.

    Hint: work inside `with minitorch.no_grad():`; `layer.weight.div_(s)` divides in place; `isinstance(layer,
    (nn.Linear, nn.Conv2d))` finds the layers. A layer may have no bias: `layer.bias` is then None. Source: Mishkin and
    Matas 2015, "All you need is a good init".
    """
    raise NotImplementedError("exercise 5.6: scale each layer so that its outputs on x have variance 1")
