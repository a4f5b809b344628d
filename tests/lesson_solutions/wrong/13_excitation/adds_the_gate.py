"""test_13_2_no_weights_no_difference: adds x again, as a shortcut does.

Says: "sigmoid(0) is 1/2"
"""

import numpy as np


def squeeze_excitation(x, weight1, bias1, weight2, bias2):
    hidden = np.maximum(x.mean(axis=(2, 3)) @ weight1.T + bias1, 0)
    return x + x / (1 + np.exp(-(hidden @ weight2.T + bias2)))[:, :, None, None]
