"""test_5_2_without_activation: returns the variance.

Says: "root of the variance"
"""


def standard_deviation(fan_in, slope=None):
    return (1 if slope is None else 2 / (1 + slope**2)) / fan_in
