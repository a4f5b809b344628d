"""test_2_3_zeros: no case for two gradients of zeros.

Says: "do not divide 0 by 0"
"""

import numpy as np


def relative_error(a, b):
    return np.linalg.norm((a - b).ravel()) / (np.linalg.norm(a.ravel()) + np.linalg.norm(b.ravel()))
