"""test_6_4_against_the_engine: forgets the bias.

Says: "has no bias"
"""


def conv2d(x, weight, bias, stride=1, padding=0):
    sizes = [output_size(n, k, stride, padding) for n, k in zip(x.shape[2:], weight.shape[2:])]
    y = weight.reshape(len(weight), -1) @ im2col(x, weight.shape[2:], stride, padding)
    return y.reshape(len(x), len(weight), *sizes)
