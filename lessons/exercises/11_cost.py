"""Exercises of lesson 11. Fill in the functions, then: pytest lessons/exercises/test_11_cost.py"""

import numpy as np

import minitorch.nn.functional as F
from minitorch import nn


def conv_cost(in_channels, out_channels, kernel_size, out_size, groups=1, bias=True):
    """Exercise 11.1 (10 minutes): what a convolution costs, with groups.

    Args:
        in_channels, out_channels: C and N, both divisible by groups.
        kernel_size: (KH, KW).
        out_size: (OH, OW).
        groups: each output sees C / groups of the input's channels.
        bias: whether there is one; its additions do not count as MACs.

    Returns:
        (parameters, macs), two ints, for one image.

    Hint: how many numbers has one filter? It is used at each place of its output.
    """
    raise NotImplementedError("exercise 11.1: return the parameters and MACs of a convolution")


def macs_per_byte(batch, in_shape, weight_shape, out_shape):
    """Exercise 11.2 (15 minutes): the arithmetic intensity of a convolution without bias, in float32.

    Input and weight are read once, the output is written once; the weight is read once for the whole batch.

    Args:
        batch: number of images.
        in_shape: (C, H, W) of one image.
        weight_shape: (N, C / groups, KH, KW).
        out_shape: (N, OH, OW) of one image.

    Returns:
        A float, MACs of the batch divided by bytes of the batch.
    """
    raise NotImplementedError("exercise 11.2: return the MACs for each byte moved")


def depthwise_separable(x, depthwise, pointwise):
    """Exercise 11.3 (30 minutes): both halves in NumPy, stride 1, with as much zero padding as keeps the size.

    Args:
        x: array (N, C, H, W).
        depthwise: array (C, K, K), K odd: one kernel for each channel.
        pointwise: array (O, C): the 1 x 1 convolution behind it.

    Returns:
        Array (N, O, H, W).

    Hint: two loops, over the places p, q in the kernel, are enough: depthwise[:, p, q] has one number for each channel.
    The second half is a product of matrices, or np.einsum("oc,nchw->nohw", ...).
    """
    raise NotImplementedError("exercise 11.3: return the depthwise separable convolution of x")


def separate(weight):
    """Exercise 11.4 (an hour): the depthwise separable convolution that is nearest to a full one.

    Args:
        weight: array (O, C, K, K).

    Returns:
        (depthwise, pointwise), arrays (C, K, K) and (O, C), with the least sum of squared differences between
        pointwise[:, :, None, None] * depthwise and weight.

    Hint: the input channels do not concern each other. For channel c, weight[:, c] is a matrix (O, K * K), and its best
    approximation of rank 1 stands in np.linalg.svd. Where the singular value goes is up to you, but only once.
    """
    raise NotImplementedError("exercise 11.4: return the nearest depthwise and pointwise weights")


def hard_swish(x):
    """Exercise 11.5 (15 minutes): x * min(max(x + 3, 0), 6) / 6 and its slope.

    Args:
        x: array of any shape; it stays as it is.

    Returns:
        (y, slope), two arrays of x's shape. At -3 and 3 the slope may be that of either side.

    Hint: three pieces. The slope of the middle one is not 1 / 6.
    """
    raise NotImplementedError("exercise 11.5: return hard-swish and its slope")


class InvertedResidual(nn.Module):
    """Exercise 11.6 (an hour): the block of MobileNetV2.

    Widen: 1 x 1 convolution to in_channels * expansion channels, batch normalisation, ReLU6. Filter: depthwise 3 x 3
    convolution with the stride and padding 1, batch normalisation, ReLU6. Narrow: 1 x 1 convolution to out_channels,
    batch normalisation, no activation. No convolution has a bias. With expansion 1 there is nothing to widen, and that
    part is left out. Where the stride is 1 and the channels stay as many, the input is added at the end, and nothing
    follows.
    """

    def __init__(self, in_channels, out_channels, stride=1, expansion=6):
        """Attributes: branch, an nn.Sequential of all layers in this order, and whatever else you need."""
        super().__init__()
        raise NotImplementedError("exercise 11.6: build the layers of the block")

    def forward(self, x):
        """(N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride), rounded up."""
        raise NotImplementedError("exercise 11.6: return the block's output")
