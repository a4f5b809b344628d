"""test_7_4_known_errors: moves the result by `step` too.

Says: "the result by 1"
"""

import numpy as np


def equivariance_error(function, x, step):
    before, after = function(x), function(np.roll(x, step, axis=3))
    return float(np.linalg.norm(after - np.roll(before, step, axis=3)) / np.linalg.norm(before))
