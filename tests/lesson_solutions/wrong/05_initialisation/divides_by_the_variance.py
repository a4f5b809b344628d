"""test_5_6_every_layer_has_variance_one: divides by the variance.

Says: "not the variance"
"""

import minitorch
from minitorch import nn


def unit_variance(model, x):
    found = []
    with minitorch.no_grad():
        for layer in model:
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                found.append(float(layer(x).numpy().var()))
                layer.weight.div_(found[-1])
                if layer.bias is not None:
                    layer.bias.div_(found[-1])
            x = layer(x)
    return found
