"""test_12_2_the_order_of_the_cards: reshapes where axes must be exchanged, which changes nothing.

Says: "read by columns"
"""


def channel_shuffle(x, groups):
    n, channels, height, width = x.shape
    table = x.reshape(n, groups, channels // groups, height, width)
    return table.reshape(n, channels // groups, groups, height, width).reshape(x.shape)
