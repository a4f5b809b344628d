"""test_5_1_fans_of_a_linear_layer: takes the weight for (in, out).

Says: "the second number is the fan-in"
"""

import math


def fan_in_and_out(shape):
    area = math.prod(shape[2:])
    return shape[0] * area, shape[1] * area
