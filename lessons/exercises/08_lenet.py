"""Exercises of lesson 8. Fill in the functions, then: pytest lessons/exercises/test_08_lenet.py"""

import numpy as np

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim
from minitorch.data import DataLoader, TensorDataset


def parameter_counts(layers):
    """Exercise 8.1 (10 minutes): how many parameters each layer of a network has, biases too.

    Args:
        layers: list of tuples: ("conv", in_channels, out_channels, kernel), ("linear", inputs, outputs),
            ("pool", size), ("relu",).

    Returns:
        A list of ints, one for each layer.
    """
    raise NotImplementedError("exercise 8.1: return the number of parameters of each layer")


def lenet(num_classes=10):
    """Exercise 8.2 (20 minutes): LeNet-5 as an `nn.Sequential`, for images (N, 1, 28, 28).

    Convolution to 6 channels, 5 x 5, padding 2; ReLU; max pooling 2; convolution to 16 channels, 5 x 5; ReLU; max
    pooling 2; flatten; linear to 120; ReLU; linear to 84; ReLU; linear to num_classes.

    Returns:
        The network. It gives scores (N, num_classes): no softmax, which is part of the loss.

    Hint: how many numbers has the last map? (28 -> 14 -> 10 -> 5)
    """
    raise NotImplementedError("exercise 8.2: return LeNet-5 as an nn.Sequential")


def confusion_counts(predictions, labels, classes):
    """Exercise 8.3 (10 minutes): how often each class was taken for each.

    Args:
        predictions, labels: integer arrays (N,).
        classes: number of classes.

    Returns:
        Integer array (classes, classes): [i, j] counts the images of class i that were taken for class j.

    Hint: counts[labels, predictions] += 1 counts a pair that comes twice only once; np.add.at does not.
    """
    raise NotImplementedError("exercise 8.3: return the confusion matrix")


def recall_and_precision(counts):
    """Exercise 8.4 (10 minutes): two questions to a confusion matrix.

    Args:
        counts: array (classes, classes), rows are the true classes.

    Returns:
        (recall, precision), two float arrays (classes,). Recall: of the images of this class, the share that was
        recognised. Precision: of the images that were taken for this class, the share that are of it. Where there are
        no such images the share is 0.
    """
    raise NotImplementedError("exercise 8.4: return recall and precision of each class")


def worst_mistakes(probabilities, labels, count):
    """Exercise 8.5 (15 minutes): which images the network got wrong with the most confidence.

    Args:
        probabilities: array (N, classes).
        labels: integer array (N,).
        count: at most how many.

    Returns:
        Integer array of at most `count` indices of images, the most confident mistake first. The confidence is the
        probability of the class that the network chose.
    """
    raise NotImplementedError("exercise 8.5: return the indices of the worst mistakes")


def train(model, images, labels, epochs, batch_size, lr):
    """Exercise 8.6 (an hour): train a network by plain SGD with cross-entropy.

    Args:
        model: an `nn.Module` from images to scores.
        images: float32 array (N, ...).
        labels: int64 array (N,).
        epochs: how many times each image is seen.
        batch_size: images in a step; the last batch of an epoch may be smaller, it counts too.
        lr: learning rate; no momentum.

    Returns:
        A list of floats: for each epoch the mean loss over all images, each measured in the step that used it.

    Hint: in each epoch the images come in a new random order: `DataLoader(..., shuffle=True)`. A step is: scores, loss,
    zero_grad, backward, step. The mean over images is not the mean over batches when the last batch is smaller.
    """
    raise NotImplementedError("exercise 8.6: train the model and return the mean loss of each epoch")


def calibration_error(probabilities, labels, bins=10):
    """Exercise 8.7 (25 minutes): how far confidence and truth are apart (expected calibration error).

    Sort the images into `bins` drawers by their confidence: (0, 1/bins], (1/bins, 2/bins], and so on. In each drawer
    take the difference of the mean confidence and the share right, without its sign. Source: Guo et al. 2017.

    Args:
        probabilities: array (N, classes).
        labels: integer array (N,).

    Returns:
        A float: the mean of the differences, each drawer weighted by its share of the images.
    """
    raise NotImplementedError("exercise 8.7: return the expected calibration error")
