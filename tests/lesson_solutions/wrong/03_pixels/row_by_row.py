"""test_3_1_without_a_loop: goes through the rows one by one.

Says: "your function has a loop"
"""


def squared_distances(a, b):
    return np.array([((b - row) ** 2).sum(1) for row in a])
