"""test_3_1_memory: makes the array (M, N, D) of all differences.

Says: "do not make an array (M, N, D)"
"""


def squared_distances(a, b):
    return ((a[:, None] - b) ** 2).sum(-1)
