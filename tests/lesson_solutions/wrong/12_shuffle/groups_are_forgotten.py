"""test_12_1_against_a_layer[2]: lets each output see all inputs.

Says: "sees 12 / 2 channels"
"""


def grouped_cost(in_channels, out_channels, kernel, groups, height, width):
    weights = out_channels * in_channels * kernel**2
    return weights, weights * height * width
