"""test_7_1_down_and_right: rolls and leaves it at that.

Says: "came in at the top"
"""

import numpy as np


def shift(x, rows, columns):
    return np.roll(x, (rows, columns), axis=(2, 3))
