"""Exercises of lesson 1. Fill in the functions, then: pytest lessons/exercises/test_01_chain_rule.py"""

import numpy as np


def slope(x):
    """Exercise 1.1 (5 minutes): the derivative of f(x) = tanh(3 x^2 + x), by the chain rule.

    Args:
        x: array of any shape.

    Returns:
        f'(x), of the same shape.

    Hint: the derivative of tanh(u) is 1 - tanh(u)^2; multiply it by the derivative of u = 3 x^2 + x.
    """
    raise NotImplementedError("exercise 1.1: the derivative of tanh(3 x^2 + x)")


def backward_order(result):
    """Exercise 1.2 (30 minutes): the nodes of a graph in an order in which backward may visit them.

    A node may be visited when everything that was computed from it has been visited, so that its gradient is complete.

    Args:
        result: a node. Each node has a tuple `parents` with the nodes from which it was computed.

    Returns:
        a list with every node from which the result was computed, and the result itself as its first element. Each
        node stands in it once, before all of its parents.

    Hint: go through the graph depth first and note a node when you leave it, that is when all of its parents have
    been noted; then turn the list round. Keep a stack of your own in place of recursion, because Python gives up on
    chains of more than about a thousand calls. Remember which nodes you have seen: a graph of thirty additions of a
    number to itself has a billion paths.
    """
    raise NotImplementedError("exercise 1.2: list the nodes of the graph in the order of backward")


def sum_to(gradient, shape):
    """Exercise 1.3 (20 minutes): undo broadcasting.

    An operand of shape `shape` was broadcast to the shape of `gradient`. Each of its numbers was used several times,
    so its gradient is the sum over all the places where it was used.

    Args:
        gradient: array, the gradient of the broadcast operand.
        shape: the shape of the operand before broadcasting, as a tuple.

    Returns:
        array of that shape.

    Hint: broadcasting first adds axes of length 1 on the left until both have as many axes, then repeats along axes
    of length 1. Undo the two in turn: sum over the axes on the left that the operand lacks, then with keepdims=True
    over those in which it has length 1.
    """
    raise NotImplementedError("exercise 1.3: sum the gradient over the axes that broadcasting repeated")


def linear_backward(grad_output, x, weight):
    """Exercise 1.4 (30 minutes): the gradients of a linear layer y = x weight^T + bias.

    Args:
        grad_output: (N, out), the gradient of the loss with respect to y.
        x: (N, in).
        weight: (out, in).

    Returns:
        (gradient of x (N, in), gradient of weight (out, in), gradient of bias (out,))

    Hint: write y_no = sum over i of x_ni w_oi + b_o and differentiate by each letter; the shapes leave little choice.
    """
    raise NotImplementedError("exercise 1.4: the three gradients of a linear layer")


class Value:
    """Exercise 1.5 (an afternoon): an engine of your own. A number that remembers from what it was computed.

    Attributes:
        data: the number.
        grad: d result / d this number, 0.0 until some result's `backward` has added to it.

    `a + b`, `a * b`, `a ** n` (n an int or float, not a Value), `-a`, `a - b`, `a / b`, `a.exp()` and `a.tanh()` give
    new Values; where two operands are allowed, either may also be a plain number: `2 * a`, `1 - a`, `1 / a`.

    Hint: build the class of the lesson again, without looking. Only `+`, `*`, `**`, `exp` and `tanh` need derivatives
    of their own: a - b is a + (-1) * b, and a / b is a * b ** -1. A number that is used twice gets two contributions.
    """

    def __init__(self, data):
        raise NotImplementedError("exercise 1.5: an engine for numbers")

    def backward(self):
        """Add d self / d v to v.grad, for every Value v from which self was computed, and 1 to self.grad.

        It is called once for each result; what several results were computed from gets the contributions of all.
        """
        raise NotImplementedError("exercise 1.5: an engine for numbers")


def hessian_diagonal(function, x):
    """Exercise 1.6 (30 minutes): second derivatives, from a gradient of a gradient.

    Args:
        function: takes a tensor of shape (n,) and returns a tensor with one number; it treats each x_i by itself, as in
            sum_i g(x_i), so that only second derivatives by the same x_i twice differ from zero.
        x: array (n,).

    Returns:
        array (n,): the second derivative by each x_i.

    Hint: `minitorch.autograd.grad(y, x, create_graph=True)` returns a tuple of gradients that have a graph
    themselves. Take the sum of the gradient and differentiate again. Make the tensor with requires_grad=True.
    """
    raise NotImplementedError("exercise 1.6: differentiate the gradient")
