"""test_2_1_central_not_forward: takes the forward difference.

Says: "for a parabola the central difference is exact"
"""


def central_difference(f, x, h):
    return (f(x + h) - f(x)) / h
