"""test_3_3_large_scores: the definition as it stands, which overflows.

Says: "subtract the largest score"
"""

import numpy as np


def cross_entropy(scores, targets):
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    rows = np.arange(len(targets))
    return -np.log(p[rows, targets]).mean(), (p - np.eye(scores.shape[1])[targets]) / len(targets)
