"""Activations as modules."""

from minitorch.nn.functional import log_softmax, relu, sigmoid, softmax, tanh
from minitorch.nn.module import Module


class ReLU(Module):
    """max(x, 0), element by element.

    Args:
        inplace: write the result into the input.
    """

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input):
        return relu(input, self.inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class Tanh(Module):
    """The hyperbolic tangent, element by element."""

    def forward(self, input):
        return tanh(input)


class Sigmoid(Module):
    """1 / (1 + exp(-x)), element by element."""

    def forward(self, input):
        return sigmoid(input)


class Softmax(Module):
    """exp(x) / sum(exp(x)) along a dimension, 1 for class scores of shape (N, classes)."""

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return softmax(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """The logarithm of softmax along a dimension, without overflow."""

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return log_softmax(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"
