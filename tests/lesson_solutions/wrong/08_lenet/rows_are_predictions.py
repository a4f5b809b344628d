"""test_8_3_by_hand: the rows are the predicted classes.

Says: "the row is the true class"
"""

import numpy as np


def confusion_counts(predictions, labels, classes):
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (predictions, labels), 1)
    return counts
