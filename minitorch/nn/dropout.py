"""Dropout as a module."""

from minitorch.nn.functional import dropout
from minitorch.nn.module import Module


class Dropout(Module):
    """In training each number becomes 0 with probability p, the others are scaled by 1 / (1 - p).

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Args:
        p: probability of 0.
        inplace: write the result into the input.

    Raises:
        ValueError: p outside [0, 1].
    """

    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p must be between 0 and 1, got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input):
        return dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"
