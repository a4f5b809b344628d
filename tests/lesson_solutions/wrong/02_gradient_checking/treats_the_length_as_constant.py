"""test_2_7_gradient: forgets that the length depends on x.

Says: "the length r depends on x, too"
"""

import numpy as np

from minitorch import autograd


class UnitLength(autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x / np.sqrt((x * x).sum(axis=1, keepdims=True))

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad / (x * x).sum(1, keepdim=True).sqrt()
