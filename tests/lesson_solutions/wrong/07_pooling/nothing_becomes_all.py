"""test_7_1_up_left_and_nothing: sets x[-0:], which is everything, to 0.

Says: "x[-0:] is everything"
"""

import numpy as np


def shift(x, rows, columns):
    y = np.roll(x, (rows, columns), axis=(2, 3))
    if rows > 0:
        y[:, :, :rows] = 0
    else:
        y[:, :, rows:] = 0
    if columns > 0:
        y[:, :, :, :columns] = 0
    else:
        y[:, :, :, columns:] = 0
    return y
