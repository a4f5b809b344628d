"""test_5_4_by_hand: takes the variance, which takes off the mean.

Says: "without taking off the mean"
"""

import numpy as np


def relu_mean_squares(weights, x):
    squares = []
    for weight in weights:
        x = np.maximum(x @ weight.T, 0)
        squares.append(float(x.var()))
    return squares
