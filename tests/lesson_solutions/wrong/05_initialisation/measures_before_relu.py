"""test_5_4_against_the_engine: measures the sums, not what ReLU leaves of them.

Says: "your list of mean squares of four layers"
"""

import numpy as np


def relu_mean_squares(weights, x):
    squares = []
    for weight in weights:
        x = x @ weight.T
        squares.append(float((x**2).mean()))
        x = np.maximum(x, 0)
    return squares
