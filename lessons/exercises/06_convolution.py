"""Exercises of lesson 6. Fill in the functions, then: pytest lessons/exercises/test_06_convolution.py

All of them are NumPy: arrays in, arrays out. Do not call the engine's own convolution; the checks do.
"""

import numpy as np


def output_size(n, kernel, stride=1, padding=0, dilation=1):
    """Exercise 6.1 (5 minutes): how many windows a convolution has along one side.

    Args:
        n: pixels of the side.
        kernel, stride, padding, dilation: integers; padding is added on both ends.

    Returns:
        An int, floor((n + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.

    Hint: // rounds down, int(a / b) is not needed.
    """
    raise NotImplementedError("exercise 6.1: return the number of windows along one side")


def correlate(x, kernel):
    """Exercise 6.2 (15 minutes): slide a kernel over one grey image, with stride 1 and without padding.

    Args:
        x: array (H, W).
        kernel: array (KH, KW), not larger than x. Do not turn it around.

    Returns:
        Array (H - KH + 1, W - KW + 1): y[i, j] = sum over p, q of kernel[p, q] * x[i + p, j + q].
    """
    raise NotImplementedError("exercise 6.2: return the response of the kernel at each place")


def im2col(x, kernel_size, stride=1, padding=0):
    """Exercise 6.3 (30 minutes): the windows of a batch of images as columns.

    Args:
        x: array (N, C, H, W).
        kernel_size: (KH, KW).
        stride, padding: integers.

    Returns:
        Array (N, C * KH * KW, OH * OW). A column is one window: first all of channel 0, row by row, then channel 1, and
        so on. The columns stand in the order of the windows, row by row.

    Hint: np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))). Then two loops over the places p, q *in
    the kernel* are enough: x[:, :, p : p + stride * OH : stride, q : q + stride * OW : stride] is what all windows see
    at that place.
    """
    raise NotImplementedError("exercise 6.3: return the windows as columns")


def conv2d(x, weight, bias, stride=1, padding=0):
    """Exercise 6.4 (20 minutes, with 6.3 as a tool): the convolution of a batch, as one matrix product.

    Args:
        x: array (N, C, H, W).
        weight: array (O, C, KH, KW).
        bias: array (O,).
        stride, padding: integers.

    Returns:
        Array (N, O, OH, OW).
    """
    raise NotImplementedError("exercise 6.4: return the convolution of a batch")


def receptive_field(layers):
    """Exercise 6.5 (15 minutes): how far a stack of convolutions sees.

    Args:
        layers: list of (kernel, stride, dilation), the first layer first.

    Returns:
        (size, step): how many pixels one output depends on along one side, and how many pixels that window moves from
        one output to the next.

    Hint: begin with size 1 and step 1. A layer first adds (kernel - 1) * dilation steps of its *input*, and only then
    makes the step `stride` times as large.
    """
    raise NotImplementedError("exercise 6.5: return the receptive field's size and step")


class Convolution:
    """Exercise 6.6 (an afternoon): a convolution layer with forward and backward, good enough for `gradcheck`.

    Use your functions from above. What forward has computed and backward needs, keep in attributes.
    """

    def __init__(self, weight, bias, stride=1, padding=0):
        """Keep weight (O, C, KH, KW), bias (O,), stride and padding; make grad_weight and grad_bias None."""
        raise NotImplementedError("exercise 6.6: keep the arguments in attributes")

    def forward(self, x):
        """(N, C, H, W) -> (N, O, OH, OW)."""
        raise NotImplementedError("exercise 6.6: return the convolution of x")

    def backward(self, grad_output):
        """From the gradient of the output to all others.

        Args:
            grad_output: array (N, O, OH, OW).

        Returns:
            grad_x, array (N, C, H, W). Besides, sets self.grad_weight, of weight's shape, and self.grad_bias (O,).

        Hint: for each image, with the columns X: grad_weight adds up G @ X.T, the columns of grad_x are W.T @ G. To
        bring these to an image, add each number to the pixel that it was read from; cut off the padding at the end.
        """
        raise NotImplementedError("exercise 6.6: return grad_x, set grad_weight and grad_bias")
