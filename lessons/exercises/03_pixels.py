"""Exercises of lesson 3. Fill in the functions, then: pytest lessons/exercises/test_03_pixels.py"""

import numpy as np


def squared_distances(a, b):
    """Exercise 3.1 (15 minutes): the squared distance of each row of a from each row of b, without a loop.

    Args:
        a: (M, D).
        b: (N, D).

    Returns:
        (M, N): |a_m - b_n|^2, none of them negative.

    Hint: |a - b|^2 = |a|^2 - 2 a.b + |b|^2. Do not make an array (M, N, D): for 2,000 and 10,000 pictures of 784
    pixels it would fill 60 GB. Rounding can give -0.0000001 where it should be 0.
    """
    raise NotImplementedError("exercise 3.1: all squared distances from one product of matrices")


def nearest_say(distances, labels, k):
    """Exercise 3.2 (20 minutes): the vote of the k nearest neighbours.

    Args:
        distances: (M, N), from M test pictures to N training pictures.
        labels: (N,) class numbers of the training pictures.
        k: how many neighbours vote.

    Returns:
        (M,) class numbers: the class with the most votes among the k nearest. Where classes have equally many votes,
        the one among them whose nearest member is nearest.

    Hint: np.argsort along the rows; np.bincount counts votes.
    """
    raise NotImplementedError("exercise 3.2: let the k nearest vote")


def cross_entropy(scores, targets):
    """Exercise 3.3 (30 minutes): the softmax loss and its gradient.

    p_nc = exp(s_nc) / sum over k of exp(s_nk), and the loss is the mean over n of -log p_nt with t = targets[n].

    Args:
        scores: (N, C), any size: also 1000 and -1000.
        targets: (N,) class numbers.

    Returns:
        (loss, a number; its gradient with respect to the scores, (N, C))

    Hint: softmax does not change when the same number is subtracted from all scores of a row; subtract the largest,
    so that no exp overflows. Take the logarithm of the quotient on paper, not of a number that may have become 0. The
    gradient is "what was said minus what is true", divided by N because the loss is a mean.
    """
    raise NotImplementedError("exercise 3.3: the softmax loss and its gradient")


def gray_histogram(images, bins):
    """Exercise 3.4 (15 minutes): the share of the pixels in each of equally wide bins of brightness.

    Args:
        images: (N, H, W), values from 0 to 1, both included.
        bins: how many; bin b holds values from b / bins up to, not including, (b + 1) / bins; the last one
            holds 1.0, too.

    Returns:
        (N, bins), each row sums to 1.
    """
    raise NotImplementedError("exercise 3.4: count pixels by brightness")


def train_linear(x, targets, classes, steps, lr):
    """Exercise 3.5 (45 minutes): a linear classifier, trained by gradient descent in plain NumPy.

    Start with weight and bias of zeros, and at each step take the gradient over all examples: with G, the gradient of
    the loss by the scores as in exercise 3.3, weight -= lr * (G^T x) and bias -= lr * (sum over n of G).

    Args:
        x: (N, D).
        targets: (N,) class numbers.
        classes: how many.
        steps: how many steps.
        lr: the learning rate.

    Returns:
        (weight (classes, D), bias (classes,)); the scores are x @ weight.T + bias.

    Hint: do not call your function of exercise 3.3 if it is not right yet; the gradient alone is one line.
    """
    raise NotImplementedError("exercise 3.5: train a linear classifier")


def hog(image, cell, directions):
    """Exercise 3.6 (an afternoon): histograms of oriented gradients of one picture.

    1. Slopes: right = (next pixel to the right - next to the left) / 2, down = (next below - next above) / 2. At the
       border, where one of the two is missing, the pixel itself stands in for it, and there is no division by 2.
    2. Strength: sqrt(right^2 + down^2). Angle: of the vector (right, down), in degrees from 0 up to, not including,
       180; an angle of 180 and more, or less than 0, is turned by 180, because an edge has no front and back.
    3. Bin d holds angles from d * 180 / directions up to, not including, (d + 1) * 180 / directions.
    4. Cells of cell x cell pixels: in each, add up the strength of the pixels of each bin.

    Args:
        image: (H, W); cell divides H and W.
        cell: pixels along one side of a cell.
        directions: number of bins.

    Returns:
        (H / cell, W / cell, directions), not normalised.

    Hint: np.gradient does step 1. np.arctan2(down, right) gives the angle in radians. Rounding may turn a tiny negative
    angle into exactly pi; such a pixel belongs to the last bin.
    """
    raise NotImplementedError("exercise 3.6: histograms of oriented gradients")
