"""test_12_4_against_the_engine[2]: takes every groups-th row of the weights as a group.

Says: "belong to the first group of inputs"
"""


def grouped_pointwise(x, weight, groups):
    n, channels, height, width = x.shape
    x = x.reshape(n, groups, channels // groups, height * width)
    weight = weight.reshape(-1, groups, channels // groups).swapaxes(0, 1)
    return (weight @ x).reshape(n, -1, height, width)
