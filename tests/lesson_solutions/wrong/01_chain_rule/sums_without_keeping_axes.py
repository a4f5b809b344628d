"""test_1_3_axes_of_length_one: undoes the added axes only.

Says: "sum with keepdims=True"
"""


def sum_to(gradient, shape):
    return gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
