"""test_8_5_by_hand: sorts upwards.

Says: "the most confident mistake comes first"
"""

import numpy as np


def worst_mistakes(probabilities, labels, count):
    said, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(said != labels)
    return wrong[np.argsort(confidence[wrong])][:count]
