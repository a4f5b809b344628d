"""Losses as modules."""

from minitorch.nn.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cross_entropy,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
    triplet_margin_loss,
)
from minitorch.nn.module import Module
from minitorch.ops.loss_common import REDUCTIONS, reduction_name


class _Loss(Module):
    """A loss of `nn.functional`, its options kept as attributes of the same names.

    Args:
        size_average, reduce: obsolete names for the reduction.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Attributes:
        function: the function.
        options: the attributes that it takes by name beside `reduction`.
    """

    function, options, reductions = None, (), REDUCTIONS

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__()
        self.reduction = reduction_name(type(self).__name__, size_average, reduce, reduction, self.reductions)

    def forward(self, input, target):
        return self._loss(input, target)

    def _loss(self, *tensors):
        options = {name: getattr(self, name) for name in self.options}
        return type(self).function(*tensors, reduction=self.reduction, **options)


class _WeightedLoss(_Loss):
    """A loss with a factor for each class or number, kept as the buffer `weight`."""

    options = ("weight",)

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(_Loss):
    """The mean of the absolute differences of two tensors of one shape. Arguments as `MSELoss`."""

    function = staticmethod(l1_loss)


class MSELoss(_Loss):
    """The mean of the squared differences of two tensors of one shape.

    Args:
        size_average, reduce: obsolete.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """

    function = staticmethod(mse_loss)


class SmoothL1Loss(_Loss):
    """The absolute difference less beta / 2, rounded off to d^2 / (2 beta) below beta.

    Args:
        size_average, reduce, reduction: as `MSELoss`.
        beta: at least 0.
    """

    function, options = staticmethod(smooth_l1_loss), ("beta",)

    def __init__(self, size_average=None, reduce=None, reduction="mean", beta=1.0):
        super().__init__(size_average, reduce, reduction)
        self.beta = beta


class HuberLoss(_Loss):
    """Half the squared difference, going on as a straight line beyond `delta`.

    Args:
        reduction: as `MSELoss`.
        delta: more than 0.
    """

    function, options = staticmethod(huber_loss), ("delta",)

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction=reduction)
        self.delta = delta


class NLLLoss(_WeightedLoss):
    """The negative log likelihood of the right classes, of log probabilities (N, C, ...) and class numbers (N, ...).

    Args:
        weight: (C,), a factor for each class, or None.
        size_average, reduce, reduction: as `MSELoss`.
        ignore_index: targets of this number do not count.
    """

    function, options = staticmethod(nll_loss), ("weight", "ignore_index")

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index


class CrossEntropyLoss(_WeightedLoss):
    """The negative log likelihood of the right classes under softmax.

    Takes scores (logits) (N, C, ...), not probabilities, and class numbers (N, ...) or probabilities (N, C, ...).

    Args:
        weight: (C,), a factor for each class, or None.
        size_average, reduce, reduction: as `MSELoss`.
        ignore_index: class number that does not count.
        label_smoothing: share of every target, 0 to 1, that is spread over all classes.
    """

    function, options = staticmethod(cross_entropy), ("weight", "ignore_index", "label_smoothing")

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


class BCELoss(_WeightedLoss):
    """-(t log(x) + (1 - t) log(1 - x)) of probabilities x and targets t of one shape.

    Args:
        weight: a factor that broadcasts to the shape, or None.
        size_average, reduce, reduction: as `MSELoss`.
    """

    function = staticmethod(binary_cross_entropy)


class BCEWithLogitsLoss(_WeightedLoss):
    """`BCELoss` of sigmoid(x), without overflow: takes scores (logits).

    Args:
        weight, size_average, reduce, reduction: as `BCELoss`.
        pos_weight: a factor for the terms of the right answers, which broadcasts to the shape, or None.
    """

    function, options = staticmethod(binary_cross_entropy_with_logits), ("weight", "pos_weight")

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)


class KLDivLoss(_Loss):
    """The Kullback-Leibler divergence of log probabilities from target probabilities.

    Args:
        size_average, reduce: obsolete.
        reduction: ``"batchmean"`` (the divergence of the definition), ``"mean"``, ``"sum"`` or ``"none"``.
        log_target: the target holds log probabilities too.
    """

    function, options, reductions = staticmethod(kl_div), ("log_target",), (*REDUCTIONS, "batchmean")

    def __init__(self, size_average=None, reduce=None, reduction="mean", log_target=False):
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target


class _MarginLoss(_Loss):
    """A loss with a margin.

    Args:
        margin: a number.
        size_average, reduce, reduction: as `MSELoss`.
    """

    options = ("margin",)

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class CosineEmbeddingLoss(_MarginLoss):
    """1 - cosine for pairs (N, D) with target 1, max(0, cosine - margin) for pairs with target -1.

    Args:
        margin: the cosine below which unlike pairs cost nothing, -1 to 1.
        size_average, reduce, reduction: as `MSELoss`.
    """

    function = staticmethod(cosine_embedding_loss)

    def forward(self, input1, input2, target):
        return self._loss(input1, input2, target)


class MarginRankingLoss(_MarginLoss):
    """max(0, margin - target (input1 - input2)): target 1 wants input1 to be larger, -1 wants input2.

    Args:
        margin: by how much.
        size_average, reduce, reduction: as `MSELoss`.
    """

    function = staticmethod(margin_ranking_loss)

    def forward(self, input1, input2, target):
        return self._loss(input1, input2, target)


class HingeEmbeddingLoss(_MarginLoss):
    """The input where the target is 1, max(0, margin - input) where it is -1.

    Args:
        margin: a number.
        size_average, reduce, reduction: as `MSELoss`.
    """

    function = staticmethod(hinge_embedding_loss)

    def __init__(self, margin=1.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(margin, size_average, reduce, reduction)


class TripletMarginLoss(_MarginLoss):
    """max(0, margin + distance(anchor, positive) - distance(anchor, negative)).

    Args:
        margin: more than 0.
        p, eps: of the distance, see `PairwiseDistance`.
        swap: take the positive as the anchor where it is closer to the negative.
        size_average, reduce, reduction: as `MSELoss`.

    Raises:
        ValueError: a margin that is not positive.
    """

    function, options = staticmethod(triplet_margin_loss), ("margin", "p", "eps", "swap")

    def __init__(
        self, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"
    ):
        super().__init__(margin, size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: margin must be greater than 0, got {margin}")
        self.p, self.eps, self.swap = p, eps, swap

    def forward(self, anchor, positive, negative):
        return self._loss(anchor, positive, negative)
