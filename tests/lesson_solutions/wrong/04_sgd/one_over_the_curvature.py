"""test_4_3_limit: the rate that reaches the lowest point in one step, not the limit.

Says: "a step that jumps over the lowest point may still come nearer"
"""

import numpy as np


def largest_rate(hessian):
    return 1 / np.linalg.eigvalsh(hessian).max()
