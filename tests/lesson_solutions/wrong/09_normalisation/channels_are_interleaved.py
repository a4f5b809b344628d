"""test_9_5_against_the_engine: every groups-th channel together.

Says: "neighbouring channels together"
"""

import numpy as np


def group_norm(x, groups, weight, bias, eps=1e-5):
    n, c, h, w = x.shape
    parts = x.reshape(n, c // groups, groups, h, w)
    parts = (parts - parts.mean((1, 3, 4), keepdims=True)) / np.sqrt(parts.var((1, 3, 4), keepdims=True) + eps)
    return parts.reshape(x.shape) * along_channels(weight) + along_channels(bias)
