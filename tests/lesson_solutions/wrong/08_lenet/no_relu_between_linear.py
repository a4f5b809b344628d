"""test_8_2_same_network: forgets the ReLUs between the linear layers.

Says: "is there a ReLU behind each layer but the last"
"""

from minitorch import nn

lenet_with = lenet


def lenet(num_classes=10):
    layers = list(lenet_with(num_classes))
    return nn.Sequential(*layers[:8], layers[9], layers[11])
