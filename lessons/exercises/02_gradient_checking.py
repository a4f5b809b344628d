"""Exercises of lesson 2. Fill in the functions, then: pytest lessons/exercises/test_02_gradient_checking.py"""

import numpy as np

import minitorch
from minitorch import autograd


def central_difference(f, x, h):
    """Exercise 2.1 (5 minutes): the slope of a function of one number.

    Args:
        f: takes and returns a float (or an array, number by number).
        x: where; a float or an array.
        h: the step.

    Returns:
        (f(x + h) - f(x - h)) / 2h
    """
    raise NotImplementedError("exercise 2.1: the central difference")


def numerical_gradient(f, x, h=1e-6):
    """Exercise 2.2 (20 minutes): the gradient of a function of many numbers, by central differences.

    Args:
        f: takes an array like x, returns one number.
        x: float64 array of any shape. It belongs to the caller and must be unchanged when you return.
        h: the step.

    Returns:
        array of the shape of x: the slope of f by each number of x, all others held fixed.

    Hint: `np.ndindex(x.shape)` gives each place in turn. Change one number, run f, and put the number back.
    """
    raise NotImplementedError("exercise 2.2: a central difference for each number")


def relative_error(a, b):
    """Exercise 2.3 (10 minutes): how far two gradients are apart, as a part of their size.

    Args:
        a, b: arrays of one shape.

    Returns:
        |a - b| / (|a| + |b|), a float, where |a| is the Euclidean length over all numbers of a: 0 for equal arrays, 1
        for opposite ones. It is 0 where both are zero everywhere.

    Hint: a gradient of zeros is common (a dead unit); do not divide 0 by 0.
    """
    raise NotImplementedError("exercise 2.3: the distance of two gradients as a part of their size")


def best_step(epsilon, value, third_derivative):
    """Exercise 2.4 (15 minutes, pen and paper): the step at which the error of a central difference is least.

    The error is E(h) = h^2 / 6 * third_derivative + epsilon * value / h.

    Args:
        epsilon: relative rounding error of one number, as 2.0**-53.
        value, third_derivative: |f(x)| and |f'''(x)|, both positive.

    Returns:
        the h > 0 at which E is least.

    Hint: set the derivative of E by h to zero and solve for h.
    """
    raise NotImplementedError("exercise 2.4: the step with the least error")


def check_along_directions(f, gradient, x, directions, h=1e-6, tolerance=1e-6):
    """Exercise 2.5 (20 minutes): check a gradient of many numbers with few runs of the function.

    Args:
        f: takes an array like x, returns one number.
        gradient: array of the shape of x, claimed to be the gradient of f at x.
        x: float64 array.
        directions: a list of arrays of the shape of x.
        h: the step.
        tolerance: how far the slopes may be apart, relative to 1 + |measured slope|.

    Returns:
        True if the slope of f along each direction v, measured by a central difference with x + h v and x - h v, is
        what the gradient says, the sum over all numbers of gradient * v. Run f twice for each direction, not more.
    """
    raise NotImplementedError("exercise 2.5: compare slopes along directions")


def suspects(layers):
    """Exercise 2.6 (30 minutes): which of these layers have a wrong backward?

    Args:
        layers: name -> (function, inputs). The function takes minitorch tensors and returns a tensor; inputs is a list
            of float64 tensors with requires_grad=True.

    Returns:
        the set of the names whose gradients are wrong.

    Hint: let `autograd.gradcheck` work; it raises GradcheckError, or returns False if you ask it not to raise.
    """
    raise NotImplementedError("exercise 2.6: find the layers with wrong gradients")


class UnitLength(autograd.Function):
    """Exercise 2.7 (an afternoon): scale each row of x to length 1, with its backward.

    y_ij = x_ij / r_i with r_i = sqrt(sum over j of x_ij^2). No row is zero.

    forward(ctx, x): x is a NumPy array (N, D); returns an array (N, D).
    backward(ctx, grad): grad is a tensor (N, D), the gradient of the loss with respect to y; returns a tensor (N, D).

    Hint: every y_ij depends on all x_ik of its row, through r_i. Work out dy_ij / dx_ik for one row first: it is
    (1 if j == k else 0) / r - x_j x_k / r^3. Then sum over j against the gradient. `ctx.save_for_backward(...)` keeps
    arrays, `ctx.saved_tensors` gives them back as tensors. Write backward in tensor operations.
    """

    @staticmethod
    def forward(ctx, x):
        raise NotImplementedError("exercise 2.7: rows of length 1")

    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError("exercise 2.7: rows of length 1")
