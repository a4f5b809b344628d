"""test_13_6_differences: adds the variances of both lists, though the seeds belong together.

Says: "seed by seed"
"""

import numpy as np


def gain(without, with_block):
    variance = np.var(without, ddof=1) + np.var(with_block, ddof=1)
    return np.mean(with_block) - np.mean(without), np.sqrt(variance / len(without))
