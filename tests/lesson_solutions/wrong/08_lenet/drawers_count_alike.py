"""test_8_7_weights: the plain mean over the drawers.

Says: "by its share of the images"
"""

import numpy as np


def calibration_error(probabilities, labels, bins=10):
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    drawer = np.ceil(confidence * bins).astype(int)
    used = [drawer == number for number in np.unique(drawer)]
    return float(np.mean([abs(confidence[chosen].mean() - right[chosen].mean()) for chosen in used]))
