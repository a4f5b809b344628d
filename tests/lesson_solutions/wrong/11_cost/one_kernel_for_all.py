"""test_11_3_channels_stay_apart: lays the first channel's kernel on all channels.

Says: "each channel has a kernel of its own"
"""

import numpy as np

correct = depthwise_separable


def depthwise_separable(x, depthwise, pointwise):
    return correct(x, np.broadcast_to(depthwise[:1], depthwise.shape), pointwise)
