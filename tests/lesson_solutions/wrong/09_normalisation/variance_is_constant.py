"""test_9_3_against_the_engine: forgets the way through the variance.

Says: "all three terms"
"""

import numpy as np


def batch_norm_backward(grad_output, x, weight, eps=1e-5):
    centred = grad_output - grad_output.mean(AXES, keepdims=True)
    return centred * along_channels(weight) / np.sqrt(x.var(AXES, keepdims=True) + eps)
