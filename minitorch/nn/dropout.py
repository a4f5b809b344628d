"""Dropout as modules."""

from minitorch.nn.functional import dropout, dropout1d, dropout2d
from minitorch.nn.module import Module


class _Dropout(Module):
    """In training parts of the input become 0 with probability p, the others are scaled by 1 / (1 - p).

    Args:
        p: probability of 0.
        inplace: write the result into the input.

    Raises:
        ValueError: p outside [0, 1].
    """

    function = None

    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p must be between 0 and 1, got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input):
        return type(self).function(input, self.p, self.training, self.inplace)

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training each number becomes 0 with probability p, the others are scaled by 1 / (1 - p).

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Args:
        p: probability of 0.
        inplace: write the result into the input.
    """

    function = staticmethod(dropout)


class Dropout1d(_Dropout):
    """In training whole channels of (N, C, L) or (C, L) become 0. Arguments as `Dropout`."""

    function = staticmethod(dropout1d)


class Dropout2d(_Dropout):
    """In training whole channels of (N, C, H, W) become 0. Arguments as `Dropout`.

    Source: Tompson et al. 2015, "Efficient object localization using convolutional networks", section 3.3.
    """

    function = staticmethod(dropout2d)
