"""test_2_7_can_be_differentiated_again: keeps the length from forward, where it is an array without a graph.

Says: "compute r there from x anew"
"""

import numpy as np

from minitorch import autograd


class UnitLength(autograd.Function):
    @staticmethod
    def forward(ctx, x):
        length = np.sqrt((x * x).sum(axis=1, keepdims=True))
        ctx.save_for_backward(x, length)
        return x / length

    @staticmethod
    def backward(ctx, grad):
        x, length = ctx.saved_tensors
        unit = x / length
        return (grad - unit * (grad * unit).sum(1, keepdim=True)) / length
