"""test_5_5_by_hand: calls a unit dead that is 0 for some inputs.

Says: "for all inputs, not for some"
"""


def dead_units(weight, bias, x):
    return (x @ weight.T + bias <= 0).any(axis=0)
