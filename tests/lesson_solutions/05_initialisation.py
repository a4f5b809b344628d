"""Reference solutions of the exercises of lesson 5."""

import math

import numpy as np

import minitorch
from minitorch import nn


def fan_in_and_out(shape):
    """Exercise 5.1."""
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


def standard_deviation(fan_in, slope=None):
    """Exercise 5.2."""
    left = 1 if slope is None else (1 + slope**2) / 2
    return math.sqrt(1 / (fan_in * left))


def xavier_uniform(shape, generator):
    """Exercise 5.3."""
    bound = math.sqrt(3 * 2 / sum(fan_in_and_out(shape)))
    return generator.uniform(-bound, bound, shape)


def relu_mean_squares(weights, x):
    """Exercise 5.4."""
    squares = []
    for weight in weights:
        x = np.maximum(x @ weight.T, 0)
        squares.append(float((x**2).mean()))
    return squares


def dead_units(weight, bias, x):
    """Exercise 5.5."""
    return (x @ weight.T + bias <= 0).all(axis=0)


def unit_variance(model, x):
    """Exercise 5.6."""
    found = []
    with minitorch.no_grad():
        for layer in model:
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                found.append(float(layer(x).numpy().std()))
                layer.weight.div_(found[-1])
                if layer.bias is not None:
                    layer.bias.div_(found[-1])
            x = layer(x)
    return found
