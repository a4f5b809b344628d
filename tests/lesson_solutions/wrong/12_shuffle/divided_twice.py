"""test_12_1_against_a_layer[2]: divides both the inputs and the outputs by the groups.

Says: "each of 18 channels"
"""


def grouped_cost(in_channels, out_channels, kernel, groups, height, width):
    weights = out_channels // groups * (in_channels // groups) * kernel**2
    return weights, weights * height * width
