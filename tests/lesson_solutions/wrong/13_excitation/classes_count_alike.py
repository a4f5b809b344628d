"""test_13_5_classes_count_by_their_size: takes the variance of the class means, each counted once.

Says: "a class of four counts four times"
"""

import numpy as np


def share_between_classes(gates, labels, classes):
    between, total = class_means(gates, labels, classes).var(axis=0), gates.var(axis=0)
    return np.divide(between, total, out=np.zeros_like(total), where=total > 0)
