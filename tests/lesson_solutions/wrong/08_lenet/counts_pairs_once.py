"""test_8_3_by_hand: += with an index counts a pair that comes twice once.

Says: "np.add.at"
"""

import numpy as np


def confusion_counts(predictions, labels, classes):
    counts = np.zeros((classes, classes), dtype=int)
    counts[labels, predictions] += 1
    return counts
