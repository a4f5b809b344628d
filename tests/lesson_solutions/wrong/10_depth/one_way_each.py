"""test_10_4_ways: one way for each length.

Says: "three go through one branch"
"""


def path_lengths(blocks):
    return [1] * (blocks + 1)
