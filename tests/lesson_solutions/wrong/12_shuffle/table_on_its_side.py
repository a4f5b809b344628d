"""test_12_2_the_order_of_the_cards: has a column for each group.

Says: "a group is a row of the table"
"""


def channel_shuffle(x, groups):
    n, channels, height, width = x.shape
    return x.reshape(n, channels // groups, groups, height, width).swapaxes(1, 2).reshape(x.shape)
