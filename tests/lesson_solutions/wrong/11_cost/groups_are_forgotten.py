"""test_11_1_costs: counts all input channels in each filter.

Says: "each filter sees in_channels / groups channels"
"""

import math


def conv_cost(in_channels, out_channels, kernel_size, out_size, groups=1, bias=True):
    weights = out_channels * in_channels * math.prod(kernel_size)
    return weights + (out_channels if bias else 0), weights * math.prod(out_size)
