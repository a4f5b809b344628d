"""test_7_6_channels_stay_together: each channel chooses its own way.

Says: "wins for both channels"
"""

import numpy as np


def polyphase_pool(x):
    ways = np.stack([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], axis=2)
    strongest = (ways**2).sum(axis=(3, 4)).argmax(axis=2)
    return np.take_along_axis(ways, strongest[:, :, None, None, None], axis=2)[:, :, 0]
