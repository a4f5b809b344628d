"""test_3_1_none_is_negative: leaves what rounding makes negative.

Says: "cut negative ones off at 0"
"""


def squared_distances(a, b):
    return (a * a).sum(1)[:, None] - 2 * a @ b.T + (b * b).sum(1)
