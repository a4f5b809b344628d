"""test_6_5_fields: multiplies the step before it adds the kernel.

Says: "own stride does not widen"
"""


def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride, dilation in layers:
        step *= stride
        size += (kernel - 1) * dilation * step
    return size, step
