"""test_7_6_takes_the_strongest: compares sums, in which negative numbers are weak.

Says: "-2 is stronger than 0"
"""

import numpy as np


def polyphase_pool(x):
    ways = np.stack([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], axis=1)
    strongest = ways.sum(axis=(2, 3, 4)).argmax(axis=1)
    return ways[np.arange(len(x)), strongest]
