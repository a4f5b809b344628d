"""Dropout as modules."""

from minitorch.nn.functional import dropout, dropout1d, dropout2d, stochastic_depth
from minitorch.nn.module import Module
from minitorch.ops.operands import is_number


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
        if not is_number(p) or not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p must be between 0 and 1, got {p!r}")
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


class StochasticDepth(Module):
    """In training the input, a residual branch, becomes 0 with probability p, else it is scaled by 1 / (1 - p).

    Args:
        p: probability of 0; 0 at the first branch of a network and rising in a straight line is usual.
        mode: ``"row"`` draws for each image of the batch, ``"batch"`` once for all.

    Raises:
        ValueError: p outside [0, 1], or another mode.

    Source: Huang et al. 2016, "Deep networks with stochastic depth" (arXiv:1603.09382).
    """

    def __init__(self, p, mode="row"):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"StochasticDepth: p must be between 0 and 1, got {p}")
        if mode not in ("batch", "row"):
            raise ValueError(f"StochasticDepth: mode must be 'batch' or 'row', got {mode!r}")
        self.p, self.mode = p, mode

    def forward(self, input):
        """(N, ...) to (N, ...)."""
        return stochastic_depth(input, self.p, self.mode, self.training)

    def extra_repr(self):
        return f"p={self.p}, mode={self.mode}"
