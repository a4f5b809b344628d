"""Losses that compare number by number: differences (regression) and probabilities."""

import warnings

import numpy as np

from minitorch.autograd import Function
from minitorch.device import is_cuda
from minitorch.ops.activation_table import logsigmoid
from minitorch.ops.arguments import arguments
from minitorch.ops.comparison import clamp, clamp_min, where
from minitorch.ops.loss_common import REDUCTIONS, reduce_loss, reduction_name, warn_if_broadcast
from minitorch.ops.operands import (
    labelled,
    pair,
    quiet,
    require_float,
    require_numbers,
    require_same,
    require_tensor,
)
from minitorch.ops.unary import abs, exp, log, log1p


def _of_difference(name, formula, input, target, reduction, weight=None):
    """A loss that is a formula of input - target; `weight` makes the mean a weighted one."""
    warn_if_broadcast(name, input, target)
    if weight is not None:
        require_tensor(name, weight=weight)
        if weight.array.shape != input.array.shape:
            raise ValueError(f"{name}: weight must have shape {input.array.shape}, got {weight.array.shape}")
    input, target = pair(name, input, target)
    loss = formula(input - target)
    if weight is None:
        return reduce_loss(loss, reduction)
    loss = loss * weight
    return loss.sum() / weight.sum() if reduction == "mean" else reduce_loss(loss, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The absolute difference, averaged, summed or element by element.

    Args:
        input, target: tensors of one shape; others broadcast, with a warning.
        size_average, reduce: obsolete.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: a factor for each number, of the input's shape; the mean is then the weighted mean.
    """
    reduction = reduction_name("l1_loss", size_average, reduce, reduction)
    return _of_difference("l1_loss", abs, input, target, reduction, weight)


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The squared difference. Arguments as `l1_loss`. Raises RuntimeError for two integer tensors."""
    reduction = reduction_name("mse_loss", size_average, reduce, reduction)
    _require_one_float("mse_loss", input, target)
    loss = _of_difference("mse_loss", lambda d: d * d, input, target, reduction, weight)
    return labelled("MseLossBackward0", loss)


def _huber(delta):
    """d^2 / 2 for |d| <= delta, beyond it the tangent: with c, the difference cut to +-delta, c (d - c / 2)."""

    def formula(d):
        cut = where(abs(d) < delta, d, clamp(d.detach(), -delta, delta))  # at delta the second derivative is 0
        return cut * (d - 0.5 * cut)

    return formula


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Half the squared difference, going on as a straight line beyond `delta`: outliers pull less.

    Source: Huber 1964, "Robust estimation of a location parameter". Arguments as `l1_loss`, but the mean is the plain
    mean of the weighted terms.

    Raises:
        RuntimeError: delta is not positive.
    """
    reduction = reduction_name("huber_loss", None, None, reduction)
    require_numbers("huber_loss", delta=delta)
    if not delta > 0:
        raise RuntimeError(f"huber_loss: delta must be positive, got {delta}")
    require_float("huber_loss", input=input)
    loss = _of_difference("huber_loss", _huber(delta), input, target, "none", weight)
    return labelled("HuberLossBackward0", reduce_loss(loss, reduction))


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """The absolute difference less beta / 2, rounded off to d^2 / (2 beta) below beta; beta 0 gives `l1_loss`.

    Source: Girshick 2015, "Fast R-CNN", section 2.3. Arguments as `l1_loss`.

    Raises:
        RuntimeError: beta is negative.
    """
    name = "smooth_l1_loss"
    reduction = reduction_name(name, size_average, reduce, reduction)
    require_numbers(name, beta=beta)
    if not beta >= 0:
        raise RuntimeError(f"{name}: beta must not be negative, got {beta}")
    _require_one_float(name, input, target)
    formula = (lambda d: _huber(beta)(d) / beta) if beta else abs
    loss = _of_difference(name, formula, input, target, reduction)
    return labelled("SmoothL1LossBackward0", loss) if beta else loss


def _require_one_float(name, input, target):
    require_tensor(name, input=input, target=target)
    if input.array.dtype.kind != "f" and target.array.dtype.kind != "f":
        raise RuntimeError(f"{name}: not defined for {input.array.dtype} and {target.array.dtype}; use .float()")


class BinaryCrossEntropy(Function):
    """-(t log(x) + (1 - t) log(1 - x)), both logarithms at least -100; its derivative is (x - t) / (x (1 - x))."""

    @staticmethod
    @quiet
    def forward(ctx, x, t):
        ctx.save_for_backward(x, t)
        lowest = x.dtype.type(-100)
        loss = (t - 1) * np.maximum(np.log1p(-x), lowest) - t * np.maximum(np.log(x), lowest)
        return loss.astype(x.dtype, copy=False)  # NumPy 1 widens 0-dimensional arrays

    @staticmethod
    def backward(ctx, grad):
        x, t = ctx.saved_tensors
        to_x, to_t = ctx.needs_input_grad
        return (
            grad * (x - t) / clamp_min(x * (1 - x), 1e-12) if to_x else None,
            grad * (log1p(-x) - log(x)) if to_t else None,
        )


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-(target log(input) + (1 - target) log(1 - input)); logarithms below -100 count as -100.

    Args:
        input: probabilities, any shape; of scores (logits) use `binary_cross_entropy_with_logits`.
        target: 0 to 1, floating point, of the same shape.
        weight: a factor that broadcasts to the shape, or None.
        size_average, reduce: obsolete.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        ValueError: shapes that differ.
        RuntimeError: an input outside [0, 1], dtypes that differ.
    """
    name = "binary_cross_entropy"
    reduction = reduction_name(name, size_average, reduce, reduction)
    require_float(name, input=input)
    require_tensor(name, target=target)
    require_same(name, input=input, target=target)
    _require_one_shape(name, input, target)
    _require_weight(name, "weight", weight, input)
    x = input.array
    if not is_cuda(x) and not ((x >= 0) & (x <= 1)).all():
        raise RuntimeError(
            f"{name}: input must hold probabilities from 0 to 1, got {x.min()} to {x.max()}; of scores use "
            "binary_cross_entropy_with_logits"
        )
    loss = BinaryCrossEntropy.apply(input, target)
    return labelled("BinaryCrossEntropyBackward0", reduce_loss(loss if weight is None else loss * weight, reduction))


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """`binary_cross_entropy` of sigmoid(input), without overflow: (1 - t) x - t' log sigmoid(x).

    Args:
        input: scores (logits), any shape.
        target, weight, size_average, reduce, reduction: as `binary_cross_entropy`.
        pos_weight: a factor for the terms of the right answers, t' = 1 + (pos_weight - 1) t; it broadcasts.

    Raises:
        ValueError: shapes that differ.
        RuntimeError: integers, factors that do not broadcast.
    """
    name = "binary_cross_entropy_with_logits"
    reduction = reduction_name(name, size_average, reduce, reduction)
    require_float(name, input=input)
    require_tensor(name, target=target)
    _require_one_shape(name, input, target)
    _require_weight(name, "weight", weight, input)
    _require_weight(name, "pos_weight", pos_weight, input)
    share = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    loss = (1 - target) * input - share * logsigmoid(input)
    loss = reduce_loss(loss if weight is None else loss * weight, reduction)
    return labelled("BinaryCrossEntropyWithLogitsBackward0", loss)


def _require_one_shape(name, input, target):
    if input.array.shape != target.array.shape:
        raise ValueError(f"{name}: target must have the input's shape {input.array.shape}, got {target.array.shape}")


def _require_weight(name, argument, weight, input):
    """A factor must broadcast to the input's shape."""
    if weight is None:
        return
    require_tensor(name, **{argument: weight})
    try:
        fits = np.broadcast_shapes(weight.array.shape, input.array.shape) == input.array.shape
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"{name}: {argument} of shape {weight.array.shape} does not broadcast to shape {input.array.shape}"
        )


@arguments()
def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """The Kullback-Leibler divergence of distributions, term by term: target (log(target) - input).

    Args:
        input: log probabilities, any shape.
        target: probabilities, or with `log_target` their logarithms; they broadcast with the input.
        size_average, reduce: obsolete.
        reduction: ``"batchmean"`` (the sum over the size of dimension 0: the divergence of the definition),
            ``"sum"``, ``"none"`` or ``"mean"`` (over all numbers, which is not the divergence and warns).
    """
    name = "kl_div"
    reduction = reduction_name(name, size_average, reduce, reduction, (*REDUCTIONS, "batchmean"))
    require_float(name, input=input, target=target)
    warn_if_broadcast(name, input, target)
    if reduction == "mean":
        warnings.warn(
            "kl_div: reduction 'mean' divides by the number of all terms; the divergence is reduction='batchmean'",
            UserWarning,
            stacklevel=3,
        )
    if log_target:
        loss = exp(target) * (target - input)
    else:
        loss = target * (log(where(target == 0, 1.0, target)) - input)  # 0 log 0 is 0
    if reduction == "batchmean":
        return loss.sum() / (input.array.shape[0] if input.array.ndim else 1)
    return reduce_loss(loss, reduction)
