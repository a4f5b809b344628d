"""Exercises of lesson 4. Fill in the functions, then: pytest lessons/exercises/test_04_sgd.py"""

import numpy as np


def momentum_step(parameters, gradients, velocities, lr, momentum):
    """Exercise 4.1 (10 minutes): one step of SGD with momentum, in place.

    velocity = momentum * velocity + gradient, then parameter = parameter - lr * velocity.

    Args:
        parameters, gradients, velocities: lists of arrays; array i of each list belongs to parameter i. The arrays in
            `parameters` and `velocities` must hold the new values when you return; the gradients stay as they are.
        lr, momentum: numbers. With momentum 0 this is plain gradient descent.

    Hint: `array *= 0.9` changes an array; `array = 0.9 * array` makes a new one, and the caller keeps the old.
    """
    raise NotImplementedError("exercise 4.1: a step with momentum, in place")


def batches(count, batch_size, random):
    """Exercise 4.2 (10 minutes): the numbers 0 to count - 1 in random order, cut into batches.

    Args:
        count: how many examples there are.
        batch_size: how many go into a batch; the last batch may have fewer.
        random: a NumPy generator, np.random.default_rng(...).

    Returns:
        a list of arrays of whole numbers; each number from 0 to count - 1 occurs once in all of them together.
    """
    raise NotImplementedError("exercise 4.2: shuffle and cut into batches")


def largest_rate(hessian):
    """Exercise 4.3 (10 minutes): the learning rate above which gradient descent explodes.

    Args:
        hessian: (D, D), the second derivatives of a quadratic loss, symmetric, with positive eigenvalues.

    Returns:
        the bound: for any smaller positive rate descent converges, for a larger one it explodes.

    Hint: np.linalg.eigvalsh gives the curvatures. Which of them explodes first?
    """
    raise NotImplementedError("exercise 4.3: the limit of the learning rate")


def standardise(train, test):
    """Exercise 4.4 (15 minutes): inputs with mean 0 and standard deviation 1.

    Args:
        train: (N, D).
        test: (M, D).

    Returns:
        (new train, new test): each column of the new train has mean 0 and standard deviation 1; a column that is
        constant in train becomes 0 there. The test set is shifted and scaled by the numbers of the training set.

    Hint: the test set must not tell us anything before the test, not even its mean.
    """
    raise NotImplementedError("exercise 4.4: standardise by the training set")


def mlp_gradients(parameters, x, targets):
    """Exercise 4.5 (60 minutes): loss and gradients of a multilayer perceptron, by hand.

    h = relu(x w1^T + b1), scores = h w2^T + b2, loss = mean over n of -log softmax(scores_n)[targets_n].

    Args:
        parameters: [w1 (H, D), b1 (H,), w2 (C, H), b2 (C,)].
        x: (N, D).
        targets: (N,) class numbers.

    Returns:
        (loss, [gradient of w1, of b1, of w2, of b2]), each of the shape of its parameter.

    Hint: go backward in three stages, as in exercise 1.4: scores, h, the sum before relu. relu lets a gradient through
    where the sum was positive. Check yourself with exercise 2.2.
    """
    raise NotImplementedError("exercise 4.5: the gradients of an MLP")


def train_mlp(x, targets, seed):
    """Exercise 4.6 (an afternoon): train an MLP that reads handwritten digits, with NumPy alone.

    Args:
        x: (N, 64) pixels from 0 to 1.
        targets: (N,) class numbers 0 to 9.
        seed: whoever calls twice with the same seed gets the same network.

    Returns:
        a function that takes x (M, 64) and returns the class numbers (M,).

    The check trains on 1,437 digits, within some seconds, and wants 95% of 360 others right.

    Hint: you have all the parts: batches, gradients, steps. Draw the first weights from a normal distribution with
    standard deviation sqrt(2 / inputs). Try the learning rate first, then the number of epochs.
    """
    raise NotImplementedError("exercise 4.6: train an MLP on digits")
