"""test_9_4_same_output: does not scale the bias that was there.

Says: "is scaled too"
"""

import numpy as np


def fold(weight, bias, gamma, beta, mean, variance, eps=1e-5):
    scale = gamma / np.sqrt(variance + eps)
    return weight * scale.reshape(-1, 1, 1, 1), (0 if bias is None else bias) - mean * scale + beta
