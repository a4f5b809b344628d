"""Exercises of lesson 7. Fill in the functions, then: pytest lessons/exercises/test_07_pooling.py

All of them are NumPy: arrays in, arrays out.
"""

import numpy as np


def shift(x, rows, columns):
    """Exercise 7.1 (10 minutes): move images and fill with zeros what is left free.

    Args:
        x: array (N, C, H, W).
        rows, columns: how far to move down and to the right; negative numbers move up and to the left.

    Returns:
        A new array of the same shape; what leaves the image is lost.

    Hint: np.roll brings what leaves on one side in on the other; then set those rows and columns to 0. Mind 0 and
    negative numbers: x[-0:] is everything.
    """
    raise NotImplementedError("exercise 7.1: return the shifted images")


def max_pool(x, size):
    """Exercise 7.2 (10 minutes): the largest number of each window of size x size, windows side by side.

    Args:
        x: array (N, C, H, W); H and W are multiples of size.
        size: of the windows, and of the steps between them.

    Returns:
        Array (N, C, H / size, W / size).

    Hint: no loop: reshape H to (H / size, size), W likewise, and take the maximum over two axes.
    """
    raise NotImplementedError("exercise 7.2: return the maximum of each window")


def max_pool_backward(grad_output, x, size):
    """Exercise 7.3 (30 minutes): the gradient of max pooling.

    Args:
        grad_output: array (N, C, H / size, W / size).
        x: array (N, C, H, W), what was pooled.
        size: as in 7.2.

    Returns:
        Array (N, C, H, W): each number of grad_output goes to the place of its window's maximum, all else is 0. If
        several are equal, to the first one, row by row.

    Hint: bring each window into one row of size * size numbers; argmax finds the first maximum; np.put_along_axis
    writes there. Then bring the rows back.
    """
    raise NotImplementedError("exercise 7.3: return the gradient of max pooling")


def equivariance_error(function, x, step):
    """Exercise 7.4 (15 minutes): by how much a function breaks the promise f(shift x) = shift f(x).

    Args:
        function: from an array (N, C, H, W) to one of the same N, with H / step and W / step.
        x: array (N, C, H, W).
        step: the function's stride: moving the image by `step` columns should move the result by 1.

    Returns:
        A float, ||f(Sx) - S'f(x)|| / ||f(x)||: S moves the image to the right by `step` columns, S' the result by 1,
        both circularly (np.roll); ||.|| is the root of the sum of the squares of all numbers.
    """
    raise NotImplementedError("exercise 7.4: return the relative error of equivariance")


def blur_pool(x):
    """Exercise 7.5 (25 minutes): blur with (1, 2, 1) / 4 in both directions, then keep every second pixel.

    Args:
        x: array (N, C, H, W), H and W even. Beyond the border the image begins again (circular).

    Returns:
        Array (N, C, H / 2, W / 2); its pixel (0, 0) is centred on pixel (0, 0) of x.

    Hint: the kernel is separable: blur along one axis, then along the other; np.roll gives the neighbours.
    """
    raise NotImplementedError("exercise 7.5: return the blurred image, every second pixel")


def polyphase_pool(x):
    """Exercise 7.6 (an hour): keep every second pixel so that no shift changes anything but places.

    Every second row and every second column: that can be done in four ways, beginning at row 0 or 1 and at column 0 or
    1. Plain pooling always takes the first way. Instead take, for each image by itself, the way whose pixels have the
    largest sum of squares (over all channels). A shifted image offers the same four ways in another order, so that the
    same one wins. Source: Chaman and Dokmanic 2021, "Truly shift-invariant convolutional neural networks".

    Args:
        x: array (N, C, H, W), H and W even.

    Returns:
        Array (N, C, H / 2, W / 2).
    """
    raise NotImplementedError("exercise 7.6: return the strongest of the four ways, for each image")
