"""test_9_5_does_not_look_at_the_batch: takes mean and variance over the batch too.

Says: "must not depend on the other images"
"""

import numpy as np


def group_norm(x, groups, weight, bias, eps=1e-5):
    parts = x.reshape(len(x), groups, -1)
    parts = (parts - parts.mean((0, 2), keepdims=True)) / np.sqrt(parts.var((0, 2), keepdims=True) + eps)
    return parts.reshape(x.shape) * along_channels(weight) + along_channels(bias)
