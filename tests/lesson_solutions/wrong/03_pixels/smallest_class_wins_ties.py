"""test_3_2_tie: argmax of the votes, which takes the smallest class number.

Says: "the one with the nearest member"
"""

import numpy as np


def nearest_say(distances, labels, k):
    return np.array([np.bincount(labels[row]).argmax() for row in distances.argsort(axis=1)[:, :k]])
