"""test_13_2_images_do_not_mix: squeezes over the batch as well.

Says: "no mean over the batch"
"""

import numpy as np


def squeeze_excitation(x, weight1, bias1, weight2, bias2):
    hidden = np.maximum(x.mean(axis=(0, 2, 3)) @ weight1.T + bias1, 0)
    return x / (1 + np.exp(-(hidden @ weight2.T + bias2)))[:, None, None]
