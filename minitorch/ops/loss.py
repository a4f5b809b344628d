"""Losses of class numbers: what is the probability of the right class?"""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function
from minitorch.device import array_module, is_cuda
from minitorch.ops.activation import log_softmax
from minitorch.ops.loss_common import reduce_loss, reduction_name
from minitorch.ops.operands import is_number, quiet, require_float, require_same, require_same_device, require_tensor


class NllLoss(Function):
    """-log_probability[n, target[n], ...], times the class weight; 0 where the target is to be ignored.

    With a divisor the sum of all over it: their number or weight for the mean, 1 for the sum.
    """

    @staticmethod
    @quiet
    def forward(ctx, log_probability, target, factor, ignored, divisor):
        ctx.shape = log_probability.shape
        ctx.params = {"target": target, "factor": factor, "ignored": ignored, "divisor": divisor}
        terms = _unless(ignored, -log_probability[_at(target)] * factor)
        return terms if divisor is None else terms.sum(dtype=terms.dtype) / divisor

    @staticmethod
    def backward(ctx, grad):
        return NllLossGrad.apply(grad, shape=ctx.shape, **ctx.params)


class NllLossGrad(Function):
    """The transpose of `NllLoss`: the gradient of each place at its class, zeros elsewhere."""

    @staticmethod
    @quiet
    def forward(ctx, grad, shape, target, factor, ignored, divisor):
        ctx.params = {"target": target, "factor": factor, "ignored": ignored, "divisor": divisor}
        result = array_module(grad).zeros(shape, dtype=grad.dtype)
        result[_at(target)] = _unless(ignored, -(grad if divisor is None else grad / divisor) * factor)
        return result

    @staticmethod
    def backward(ctx, grad):
        return NllLoss.apply(grad, **ctx.params)


def _unless(ignored, values):
    """0 where ignored: there even an infinite loss does not count."""
    return values if ignored is None else array_module(values).where(ignored, values.dtype.type(0), values)


def _at(target):
    """The index that picks from (N, C, ...) the class number of each place of (N, ...)."""
    xp = array_module(target)
    grid = [xp.arange(n).reshape([-1 if i == k else 1 for i in range(target.ndim)]) for k, n in enumerate(target.shape)]
    return (grid[0], target, *grid[1:])


def nll_loss(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"
):
    """The negative log likelihood of the right classes.

    Args:
        input: log probabilities, (N, C), (C,) or (N, C, d1, ...), from `log_softmax`.
        target: class numbers int64, (N,), () or (N, d1, ...).
        weight: (C,), a factor for each class, or None.
        size_average, reduce: obsolete.
        ignore_index: targets of this number do not count.
        reduction: ``"mean"`` (over the weights of the targets), ``"sum"`` or ``"none"``.

    Raises:
        IndexError: a class number out of range.
        RuntimeError, ValueError: shapes or dtypes that do not fit.
    """
    reduction = reduction_name("nll_loss", size_average, reduce, reduction)
    target, factor, ignored = _class_numbers("nll_loss", input, target, weight, ignore_index)
    return _nll(input, target, factor, ignored, reduction)


def _nll(log_probability, target, factor, ignored, reduction):
    single = log_probability.array.ndim == 1
    if single:
        log_probability, target, factor = log_probability.unsqueeze(0), target.reshape(1), factor.reshape(1)
    divisor = None
    if reduction != "none":
        divisor = factor.sum(dtype=factor.dtype) if reduction == "mean" else factor.dtype.type(1)
    ignored = ignored if ignored.any() else None
    loss = NllLoss.apply(log_probability, target=target, factor=factor, ignored=ignored, divisor=divisor)
    return loss.squeeze(0) if single and divisor is None else loss


def _class_numbers(name, input, target, weight, ignore_index):
    """The checked target with ignored places set to class 0, each place's weight (0 where ignored), the ignored."""
    require_float(name, input=input)
    require_tensor(name, target=target)
    require_same_device(name, input, target)
    shape, numbers = input.array.shape, target.array
    if not shape:
        raise ValueError(f"{name}: input must be (N, C) or (C,), got a 0-dimensional tensor")
    classes = shape[1] if len(shape) > 1 else shape[0]
    expected = (shape[0], *shape[2:]) if len(shape) > 1 else ()
    if numbers.dtype not in (dtypes.int64, dtypes.uint8):
        raise RuntimeError(
            f"{name}: target must hold class numbers 0..{classes - 1} (int64, shape {expected}), got {numbers.dtype} "
            f"of shape {numbers.shape}; convert with .long()"
        )
    if numbers.shape != expected:
        batch_differs = numbers.shape[:1] != expected[:1]
        raise (ValueError if batch_differs else RuntimeError)(
            f"{name}: target must have shape {expected} for input {shape}, got {numbers.shape}"
        )
    if weight is not None:
        require_same(name, input=input, weight=weight)
        if weight.requires_grad:
            raise RuntimeError(f"{name}: weight must not require a gradient where the target holds class numbers")
        if weight.array.shape != (classes,):
            raise RuntimeError(f"{name}: weight must have shape ({classes},), got {weight.array.shape}")
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, (int, np.integer)):
        raise TypeError(f"{name}: ignore_index must be an integer, got {ignore_index!r}")
    ignored = numbers == ignore_index
    kept = array_module(numbers).where(ignored, 0, numbers)
    if not is_cuda(numbers) and kept.size and (kept.min() < 0 or kept.max() >= classes):
        wrong = int(kept.min() if kept.min() < 0 else kept.max())
        raise IndexError(f"{name}: target {wrong} is out of range for {classes} classes (0..{classes - 1})")
    ones = (~ignored).astype(input.array.dtype)
    return kept, (ones if weight is None else ones * weight.array[kept]), ignored


def cross_entropy(
    input,
    target,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
):
    """The negative log likelihood of the right classes under softmax: `log_softmax`, then `nll_loss`.

    Args:
        input: scores (logits), (N, C), (C,) or (N, C, d1, ...); not probabilities.
        target: class numbers int64, (N,), () or (N, d1, ...); or probabilities, floating point, shaped as the input.
        weight: (C,), a factor for each class, or None.
        size_average, reduce: obsolete.
        ignore_index: class number that does not count; not for probabilities.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: share of every target, 0 to 1, that is spread over all classes (Szegedy et al. 2016,
            "Rethinking the Inception architecture", section 7).

    Raises:
        IndexError: a class number out of range.
        RuntimeError, ValueError: shapes or dtypes that do not fit.
    """
    name = "cross_entropy"
    require_float(name, input=input)
    require_tensor(name, target=target)
    reduction = reduction_name(name, size_average, reduce, reduction)
    if not is_number(label_smoothing):
        raise TypeError(f"{name}: label_smoothing must be a number, got {type(label_smoothing).__name__}")
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"{name}: label_smoothing must be between 0 and 1, got {label_smoothing}")
    if input.array.ndim == 0:
        raise ValueError(f"{name}: input must be (N, C) or (C,), got a 0-dimensional tensor")
    dim = min(1, input.array.ndim - 1)
    if target.array.dtype.kind == "f":
        if ignore_index >= 0:
            raise RuntimeError(f"{name}: ignore_index {ignore_index} has no meaning for a target of probabilities")
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing, dim)
    numbers, factor, ignored = _class_numbers(name, input, target, weight, ignore_index)
    log_probability = log_softmax(input, dim)
    loss = _nll(log_probability, numbers, factor, ignored, reduction)
    if label_smoothing == 0:
        return loss
    spread = _spread(log_probability, weight, dim)
    spread = spread.masked_fill(spread._wrap(ignored), 0)
    if reduction == "mean":
        spread = spread.sum() / spread._wrap(factor.sum(dtype=factor.dtype))
    elif reduction == "sum":
        spread = spread.sum()
    return loss * (1 - label_smoothing) + spread * (label_smoothing / input.array.shape[dim])


def _spread(log_probability, weight, dim):
    """The loss of a target that is spread evenly, times the number of classes."""
    if weight is not None:
        log_probability = log_probability * weight.reshape([-1] + [1] * (log_probability.array.ndim - dim - 1))
    return -log_probability.sum(dim)


def _soft_cross_entropy(input, target, weight, reduction, label_smoothing, dim):
    name, shape = "cross_entropy", input.array.shape
    if target.array.shape != shape:
        expected = (shape[0], *shape[2:]) if len(shape) > 1 else ()
        raise RuntimeError(
            f"{name}: target must hold class numbers 0..{shape[dim] - 1} (int64, shape {expected}) or probabilities "
            f"(floating point, shape {shape}), got {target.array.dtype} of shape {target.array.shape}"
        )
    require_same(name, input=input, target=target, weight=weight)
    if weight is not None and weight.array.shape != (shape[dim],):
        raise RuntimeError(f"{name}: weight must have shape ({shape[dim]},), got {weight.array.shape}")
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / shape[dim]
    terms = log_softmax(input, dim) * target
    if weight is not None:
        terms = terms * weight.reshape([-1] + [1] * (len(shape) - dim - 1))
    loss = -terms.sum(dim)
    if reduction == "mean":
        return loss.sum() / loss.array.size
    return reduce_loss(loss, reduction)
