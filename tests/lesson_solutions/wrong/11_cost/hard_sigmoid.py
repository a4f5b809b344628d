"""test_11_5_values: forgets the factor x.

Says: "x * (x + 3) / 6 in between"
"""

import numpy as np

correct = hard_swish


def hard_swish(x):
    return np.clip(x + 3, 0, 6) / 6, correct(x)[1]
