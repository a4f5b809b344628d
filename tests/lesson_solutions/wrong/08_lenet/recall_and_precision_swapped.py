"""test_8_4_by_hand: divides by the wrong sums.

Says: "sums of the rows"
"""

import numpy as np


def recall_and_precision(counts):
    return tuple(counts.diagonal() / np.maximum(counts.sum(axis=axis), 1) for axis in (0, 1))
