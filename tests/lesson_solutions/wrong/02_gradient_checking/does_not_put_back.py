"""test_2_2_one_number_at_a_time: leaves each number at x - h.

Says: "put each number back"
"""

import numpy as np


def numerical_gradient(f, x, h=0.1):
    x = x.copy()
    result = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        x[place] += h
        above = f(x)
        x[place] -= 2 * h
        result[place] = (above - f(x)) / (2 * h)
    return result
