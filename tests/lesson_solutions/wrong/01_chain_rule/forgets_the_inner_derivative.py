"""test_1_1_slope: differentiates tanh, but not what is inside.

Says: "multiply 1 - tanh(u)^2 by the derivative of u"
"""

import numpy as np


def slope(x):
    return 1 - np.tanh(3 * x**2 + x) ** 2
