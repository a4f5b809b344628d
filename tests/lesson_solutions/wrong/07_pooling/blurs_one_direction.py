"""test_7_5_single_pixel: blurs along the rows alone.

Says: "blur in both directions"
"""

import numpy as np


def blur_pool(x):
    x = (np.roll(x, 1, 3) + 2 * x + np.roll(x, -1, 3)) / 4
    return x[:, :, ::2, ::2]
