"""test_11_5_slope: takes the first factor for a constant.

Says: "both factors change"
"""

import numpy as np

correct = hard_swish


def hard_swish(x):
    return correct(x)[0], np.clip(x + 3, 0, 6) / 6
