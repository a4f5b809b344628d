"""test_12_3_comes_back[2]: shuffles a second time in the same way.

Says: "is not the way back"
"""


def unshuffle(x, groups):
    return channel_shuffle(x, groups)
