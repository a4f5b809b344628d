"""test_4_3_limit: takes the smallest curvature.

Says: "the steepest decides"
"""

import numpy as np


def largest_rate(hessian):
    return 2 / np.linalg.eigvalsh(hessian).min()
