"""test_5_1_fans_of_a_convolution: counts channels and forgets the kernel's area.

Says: "in_channels * height * width"
"""


def fan_in_and_out(shape):
    return shape[1], shape[0]
