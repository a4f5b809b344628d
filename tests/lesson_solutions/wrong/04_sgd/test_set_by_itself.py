"""test_4_4_test_set: standardises the test set by its own mean and deviation.

Says: "use the mean and the standard deviation of the training set"
"""

import numpy as np


def standardise(train, test):
    def scale(x):
        std = x.std(axis=0)
        return (x - x.mean(axis=0)) / np.where(std > 0, std, 1)

    return scale(train), scale(test)
