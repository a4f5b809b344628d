"""test_11_1_costs: takes the parameters times the places for the MACs, the bias included.

Says: "each of the 8 is used at 120 places"
"""

import math


def conv_cost(in_channels, out_channels, kernel_size, out_size, groups=1, bias=True):
    parameters = out_channels * (in_channels // groups * math.prod(kernel_size) + bias)
    return parameters, parameters * math.prod(out_size)
