"""test_12_6_counts[sizes1]: counts input and output alone.

Says: "weights 24"
"""


def numbers_carried(in_channels, out_channels, groups, pixels):
    return pixels * (in_channels + out_channels)
