"""test_12_5_with_a_shuffle[few_channels]: shuffles behind the last layer too.

Says: "none before the first or behind the last"
"""

import numpy as np


def connections(channels, groups, layers, shuffle):
    each = channels // groups
    layer = np.kron(np.eye(groups, dtype=int), np.ones((each, each), int))
    if shuffle:
        layer = layer[np.arange(channels).reshape(groups, each).T.ravel()]
    return np.linalg.matrix_power(layer, layers) > 0
