"""test_6_2_by_hand: convolves as mathematics does.

Says: "your kernel is turned around"
"""

import numpy as np


def correlate(x, kernel):
    kernel = kernel[::-1, ::-1]
    height, width = kernel.shape
    y = np.zeros((x.shape[0] - height + 1, x.shape[1] - width + 1))
    for i, j in np.ndindex(y.shape):
        y[i, j] = (x[i : i + height, j : j + width] * kernel).sum()
    return y
