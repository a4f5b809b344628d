"""Losses of class numbers: what is the probability of the right class?"""

import warnings

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function, is_grad_enabled
from minitorch.device import array_module, is_cuda
from minitorch.kernels import backend
from minitorch.ops.activation import log_softmax
from minitorch.ops.definition import through_definition
from minitorch.ops.loss_common import reduction_name
from minitorch.ops.operands import (
    is_number,
    labelled,
    quiet,
    require_float,
    require_same,
    require_same_device,
    require_tensor,
)


class NLL(Function):
    """-log_probability[n, target[n], ...], times the class weight; 0 where the target is to be ignored."""

    @staticmethod
    @quiet
    def forward(ctx, log_probability, target, factor, ignored):
        ctx.shape, ctx.params = log_probability.shape, {"target": target, "factor": factor, "ignored": ignored}
        return _unless(ignored, -log_probability[_at(target)] * factor)

    @staticmethod
    def backward(ctx, grad):
        return NLLGrad.apply(grad, shape=ctx.shape, **ctx.params)


class NLLGrad(Function):
    @staticmethod
    @quiet
    def forward(ctx, grad, shape, target, factor, ignored):
        ctx.params = {"target": target, "factor": factor, "ignored": ignored}
        result = array_module(grad).zeros(shape, dtype=grad.dtype)
        result[_at(target)] = _unless(ignored, -grad * factor)
        return result

    @staticmethod
    def backward(ctx, grad):
        return NLL.apply(grad, **ctx.params)


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
    numbers = _class_numbers("nll_loss", input, target, weight, ignore_index)
    loss, factor = _nll(input, numbers, weight, ignore_index)
    return _labelled(_reduced(loss, factor, reduction), input)


def _labelled(loss, input):
    """Of images PyTorch's loss has a name of its own."""
    return labelled("NllLoss2DBackward0" if input.array.ndim > 2 else "NllLossBackward0", loss)


def _reduced(loss, factor, reduction):
    """The losses of all places, their sum, or their mean in which each counts by its factor, an array."""
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.sum() / loss._wrap(factor.sum(dtype=factor.dtype))


def _nll(log_probability, numbers, weight, ignore_index):
    """The loss of each place, and the array of their weights: that of the right class, 0 where it is ignored."""
    ignored = numbers == ignore_index
    kept = array_module(numbers).where(ignored, 0, numbers)
    ones = (~ignored).astype(log_probability.array.dtype)
    factor = ones if weight is None else ones * weight.array[kept]
    ignored = ignored if ignored.any() else None
    if log_probability.array.ndim > 1:
        return NLL.apply(log_probability, target=kept, factor=factor, ignored=ignored), factor
    parts = {"target": kept.reshape(1), "factor": factor.reshape(1), "ignored": ignored}
    return NLL.apply(log_probability.unsqueeze(0), **parts).squeeze(0), factor


def _class_numbers(name, input, target, weight, ignore_index):
    """The array of class numbers, checked together with the other arguments."""
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
    if not is_cuda(numbers) and numbers.size:  # on a GPU the check would wait for the device; there the loss is NaN
        wrong = numbers[(numbers != ignore_index) & ((numbers < 0) | (numbers >= classes))]
        if wrong.size:
            raise IndexError(f"{name}: target {int(wrong[0])} is out of range for {classes} classes (0..{classes - 1})")
    return numbers


class CrossEntropy(Function):
    """The loss of each place under softmax, and its factor in a mean, which has no gradient.

    The input is seen as (N, C, inner), the target as class numbers (N, inner) or probabilities (N, C, inner).
    """

    @staticmethod
    def forward(ctx, input, target, weight, ignore_index, label_smoothing):
        ctx.settings = (target, weight, ignore_index, label_smoothing)
        scores, right, places = _as_places(input, target)
        loss, log_sum, mass, factor = backend(input).cross_entropy(scores, right, weight, ignore_index, label_smoothing)
        ctx.save_for_backward(input, log_sum, mass)
        loss, factor = loss.reshape(places), factor.reshape(places)
        ctx.mark_non_differentiable(factor)
        return loss, factor

    @staticmethod
    def backward(ctx, grad, _factor):
        input, log_sum, mass = ctx.saved_tensors
        target, weight, ignore_index, label_smoothing = ctx.settings
        if is_grad_enabled():  # a graph of the backward is asked for
            weight = None if weight is None else grad._wrap(weight)
            settings = (grad._wrap(target), weight, ignore_index, label_smoothing)
            return through_definition(lambda x: cross_entropy_definition(x, *settings)[0], (input,), (True,), grad)
        scores, right, _ = _as_places(input.array, target)
        kept = (right, weight, ignore_index, label_smoothing, log_sum.array, mass.array)
        grads = grad.array.reshape(log_sum.array.shape).copy()
        if right.dtype.kind != "f":
            grads[right == ignore_index] = 0  # the mean of no losses has an infinite one
        result = backend(scores).cross_entropy_grad(grads, scores, *kept)
        return grad._wrap(result.reshape(input.array.shape))


def _as_places(input, target):
    """(scores (N, C, inner), target (N, inner) or (N, C, inner), shape of the losses) of arrays."""
    shape = input.shape
    places = (shape[0], *shape[2:]) if len(shape) > 1 else ()
    seen = (*(shape[:2] if len(shape) > 1 else (1, *shape)), -1)
    scores = input.reshape(seen)
    return scores, target.reshape(scores.shape if target.dtype.kind == "f" else (len(scores), -1)), places


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
    numbers = None
    if target.array.dtype.kind == "f":
        _check_probabilities(input, target, weight, ignore_index)
    else:
        numbers = _class_numbers(name, input, target, weight, ignore_index)
    if _has_kernel(input, target, weight):
        right, factors = (target.array if numbers is None else numbers), None if weight is None else weight.array
        settings = {"ignore_index": int(ignore_index), "label_smoothing": float(label_smoothing)}
        loss, factor = CrossEntropy.apply(input, target=right, weight=factors, **settings)
        loss = _reduced(loss, factor.array, reduction)
    else:
        loss = _reduced(*cross_entropy_definition(input, target, weight, ignore_index, label_smoothing), reduction)
    return loss if numbers is None else _labelled(loss, input)


def _has_kernel(input, target, weight):
    """Whether the kernel covers this call; what is left takes the definition."""
    if target.requires_grad or (weight is not None and weight.requires_grad):
        return False
    return input.array.dtype in (dtypes.float32, dtypes.float64) and input.array.size > 0


def cross_entropy_definition(input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
    """The loss of each place, and the array of their factors in a mean: `log_softmax`, then the right class's term.

    Arguments as for `cross_entropy`, checked.
    """
    shape = input.array.shape
    dim = min(1, len(shape) - 1)
    log_probability = log_softmax(input, dim)
    by_class = None if weight is None else weight.reshape([-1] + [1] * (len(shape) - dim - 1))
    if target.array.dtype.kind == "f":
        if label_smoothing:
            target = target * (1 - label_smoothing) + label_smoothing / shape[dim]
        terms = log_probability * target
        loss = -(terms if weight is None else terms * by_class).sum(dim)
        return loss, array_module(loss.array).ones_like(loss.array)
    loss, factor = _nll(log_probability, target.array, weight, ignore_index)
    if label_smoothing:
        spread = -(log_probability if weight is None else log_probability * by_class).sum(dim)
        spread = spread.masked_fill(target == ignore_index, 0)
        loss = loss * (1 - label_smoothing) + spread * (label_smoothing / shape[dim])
    return loss, factor


def _check_probabilities(input, target, weight, ignore_index):
    name, shape = "cross_entropy", input.array.shape
    dim = min(1, len(shape) - 1)
    if ignore_index >= 0:
        raise RuntimeError(f"{name}: ignore_index {ignore_index} has no meaning for a target of probabilities")
    if target.array.shape != shape:
        expected = (shape[0], *shape[2:]) if len(shape) > 1 else ()
        raise RuntimeError(
            f"{name}: target must hold class numbers 0..{shape[dim] - 1} (int64, shape {expected}) or probabilities "
            f"(floating point, shape {shape}), got {target.array.dtype} of shape {target.array.shape}"
        )
    require_same(name, input=input, target=target, weight=weight)
    if weight is not None and weight.array.shape != (shape[dim],):
        raise RuntimeError(f"{name}: weight must have shape ({shape[dim]},), got {weight.array.shape}")
    sums = None if is_cuda(target.array) else target.array.sum(dim)  # on a GPU the look would wait for the device
    if sums is not None and sums.size and not (abs(sums - 1) < 0.01).all():
        warnings.warn(
            f"{name}: the target's numbers are taken as probabilities, but they sum to {float(sums.min()):.3g} up to "
            f"{float(sums.max()):.3g} and not to 1; are they scores? softmax makes probabilities of them",
            UserWarning,
            stacklevel=3,
        )
