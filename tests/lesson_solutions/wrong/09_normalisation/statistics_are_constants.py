"""test_9_3_blind_directions: treats mean and variance as constants.

Says: "subtract mean(g)"
"""

import numpy as np


def batch_norm_backward(grad_output, x, weight, eps=1e-5):
    return grad_output * along_channels(weight) / np.sqrt(x.var(AXES, keepdims=True) + eps)
