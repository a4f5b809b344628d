"""test_8_2_shape_of_the_scores: a softmax behind the scores.

Says: "is there a softmax at the end?"
"""

from minitorch import nn

lenet_without = lenet


def lenet(num_classes=10):
    return nn.Sequential(*lenet_without(num_classes), nn.Softmax(dim=1))
