"""test_2_2_leaves_x_alone: adds and subtracts the step, which does not give back the same number.

Says: "your function changed x"
"""

import numpy as np


def numerical_gradient(f, x, h=1e-6):
    result = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        x[place] += h
        above = f(x)
        x[place] -= 2 * h
        result[place] = (above - f(x)) / (2 * h)
        x[place] += h
    return result
