"""Losses as modules."""

from minitorch.nn.functional import cross_entropy, mse_loss, nll_loss
from minitorch.nn.module import Module


class _Loss(Module):
    def __init__(self, size_average, reduce, reduction):
        super().__init__()
        name = type(self).__name__
        if size_average is not None or reduce is not None:
            raise ValueError(f"{name}: size_average and reduce are obsolete; pass reduction='mean', 'sum' or 'none'")
        if reduction not in ("none", "mean", "sum"):
            raise ValueError(f"{name}: reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
        self.reduction = reduction


class _WeightedLoss(_Loss):
    def __init__(self, weight, size_average, reduce, reduction):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """The mean of the squared differences of two tensors of one shape.

    Args:
        size_average, reduce: obsolete, must be None.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)

    def forward(self, input, target):
        return mse_loss(input, target, self.reduction)


class NLLLoss(_WeightedLoss):
    """The negative log likelihood of the right classes, of log probabilities (N, C, ...) and class numbers (N, ...).

    Args:
        weight: (C,), a factor for each class, or None.
        size_average, reduce: obsolete, must be None.
        ignore_index: targets of this number do not count.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        return nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class CrossEntropyLoss(_WeightedLoss):
    """The negative log likelihood of the right classes under softmax.

    Takes scores (logits) (N, C, ...), not probabilities, and class numbers (N, ...) or probabilities (N, C, ...).

    Args:
        weight: (C,), a factor for each class, or None.
        size_average, reduce: obsolete, must be None.
        ignore_index: class number that does not count.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: share of every target, 0 to 1, that is spread over all classes.
    """

    def __init__(
        self,
        weight=None,
        size_average=None,
        ignore_index=-100,
        reduce=None,
        reduction="mean",
        label_smoothing=0.0,
    ):
        super().__init__(weight, size_average, reduce, reduction)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"CrossEntropyLoss: label_smoothing must be between 0 and 1, got {label_smoothing}")
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input, target):
        return cross_entropy(input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)
