"""test_3_2_nearest: sorts the wrong way.

Says: "the smallest distance is the nearest"
"""

import numpy as np


def nearest_say(distances, labels, k):
    return np.array([np.bincount(labels[row]).argmax() for row in (-distances).argsort(axis=1)[:, :k]])
