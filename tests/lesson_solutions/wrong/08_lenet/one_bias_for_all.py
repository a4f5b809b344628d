"""test_8_1_each_layer: one bias for the whole convolution.

Says: "has one bias"
"""


def parameter_counts(layers):
    counts = []
    for kind, *sizes in layers:
        if kind == "conv":
            counts.append(sizes[0] * sizes[1] * sizes[2] ** 2 + 1)
        elif kind == "linear":
            counts.append(sizes[1] * (sizes[0] + 1))
        else:
            counts.append(0)
    return counts
