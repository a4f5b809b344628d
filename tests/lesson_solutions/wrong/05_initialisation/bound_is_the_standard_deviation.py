"""test_5_3_shape_and_bound: takes the standard deviation for the bound.

Says: "a**2 / 3"
"""

import math


def xavier_uniform(shape, generator):
    bound = math.sqrt(2 / ((shape[0] + shape[1]) * math.prod(shape[2:])))
    return generator.uniform(-bound, bound, shape)
