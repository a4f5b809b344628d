"""test_8_1_each_layer: leaves out layers without parameters.

Says: "count 0"
"""


def parameter_counts(layers):
    sizes = {"conv": lambda i, o, k: o * (i * k * k + 1), "linear": lambda i, o: o * (i + 1)}
    return [sizes[kind](*rest) for kind, *rest in layers if kind in sizes]
