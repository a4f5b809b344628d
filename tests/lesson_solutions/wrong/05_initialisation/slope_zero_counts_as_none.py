"""test_5_2_relu: `if slope` takes the slope 0 of ReLU for no activation.

Says: "ReLU leaves half"
"""

import math


def standard_deviation(fan_in, slope=None):
    return math.sqrt((2 / (1 + slope**2) if slope else 1) / fan_in)
