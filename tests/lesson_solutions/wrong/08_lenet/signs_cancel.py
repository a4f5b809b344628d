"""test_8_7_by_hand: takes the differences with their signs.

Says: "the signs must not cancel"
"""


def calibration_error(probabilities, labels, bins=10):
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    return abs(confidence.mean() - right.mean())
