"""test_5_5_by_hand: forgets the bias.

Says: "does your sum have the bias?"
"""


def dead_units(weight, bias, x):
    return (x @ weight.T <= 0).all(axis=0)
