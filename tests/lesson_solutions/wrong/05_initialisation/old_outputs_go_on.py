"""test_5_6_every_layer_has_variance_one: the next layer is measured on the outputs from before scaling.

Says: "as they are after scaling"
"""

import minitorch
from minitorch import nn


def unit_variance(model, x):
    found = []
    with minitorch.no_grad():
        for layer in model:
            y = layer(x)
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                found.append(float(y.numpy().std()))
                layer.weight.div_(found[-1])
                if layer.bias is not None:
                    layer.bias.div_(found[-1])
            x = y
    return found
