"""test_6_5_fields: adds k in place of k - 1.

Says: "one layer sees its kernel"
"""


def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride, dilation in layers:
        size += kernel * dilation * step
        step *= stride
    return size, step
