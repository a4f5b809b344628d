"""test_11_4_separable_stays: both halves carry the singular value.

Says: "to one half, and to one only"
"""

import numpy as np

correct = separate


def separate(weight):
    depthwise, pointwise = correct(weight)
    return depthwise * np.linalg.norm(pointwise, axis=0)[:, None, None], pointwise
