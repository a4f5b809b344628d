"""test_3_5_one_step: never moves the bias.

Says: "-lr * the sum of G over n"
"""

import numpy as np


def train_linear(x, targets, classes, steps, lr):
    weight = np.zeros((classes, x.shape[1]))
    for _ in range(steps):
        grad = cross_entropy(x @ weight.T, targets)[1]  # noqa: F821  (of the solution that this is appended to)
        weight -= lr * grad.T @ x
    return weight, np.ones(classes)
