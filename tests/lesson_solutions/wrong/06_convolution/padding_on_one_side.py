"""test_6_1_sizes: adds the padding once.

Says: "n + 2 * padding"
"""


def output_size(n, kernel, stride=1, padding=0, dilation=1):
    return (n + padding - dilation * (kernel - 1) - 1) // stride + 1
