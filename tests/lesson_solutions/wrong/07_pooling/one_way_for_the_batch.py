"""test_7_6_takes_the_strongest: one choice for the whole batch.

Says: "each image chooses for itself"
"""


def polyphase_pool(x):
    ways = [x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return max(ways, key=lambda way: (way**2).sum())
