"""test_5_3_uniform_and_from_the_generator: draws from NumPy's global generator.

Says: "do not come from the generator"
"""

import math

import numpy as np


def xavier_uniform(shape, generator):
    bound = math.sqrt(6 / ((shape[0] + shape[1]) * math.prod(shape[2:])))
    return np.random.uniform(-bound, bound, shape)
