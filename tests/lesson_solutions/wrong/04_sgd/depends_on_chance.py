"""test_4_6_repeatable: draws the first weights from a generator without the seed.

Says: "draw everything from default_rng(seed)"
"""

import numpy as np


def train_mlp(x, targets, seed):
    random = np.random.default_rng()
    weight = random.normal(size=(10, 64))
    return lambda x: (x @ weight.T).argmax(axis=1)
