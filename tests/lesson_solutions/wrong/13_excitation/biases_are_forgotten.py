"""test_13_1_counts[one_block]: counts the weights alone.

Says: "biases of C // reduction and of C"
"""


def extra_parameters(channels, reduction):
    return sum(2 * c * (c // reduction) for c in channels)
