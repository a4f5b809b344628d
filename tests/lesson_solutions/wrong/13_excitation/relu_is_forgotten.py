"""test_13_2_against_loops: no relu between the layers, which are one then.

Says: "W1, relu, W2"
"""

import numpy as np


def squeeze_excitation(x, weight1, bias1, weight2, bias2):
    hidden = x.mean(axis=(2, 3)) @ weight1.T + bias1
    return x / (1 + np.exp(-(hidden @ weight2.T + bias2)))[:, :, None, None]
