"""Tools for the gradients and the values of many parameters at once, and for the choice among them (`selection`)."""

import math
import types
import warnings

import numpy as np

from minitorch import ops
from minitorch.autograd import no_grad
from minitorch.creation import tensor
from minitorch.device import array_module
from minitorch.nn.selection import freeze, freeze_batch_norm, parameter_groups, unfreeze, unfreeze_batch_norm
from minitorch.tensor import Tensor

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "freeze",
    "freeze_batch_norm",
    "get_total_norm",
    "parameter_groups",
    "parameters_to_vector",
    "unfreeze",
    "unfreeze_batch_norm",
    "vector_to_parameters",
]


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Scale all gradients in place by one factor, so that their total norm is at most max_norm.

    All gradients count as one long vector. The factor is ``min(1, max_norm / (total norm + 1e-6))``.

    Args:
        parameters: tensors, or one tensor; those without a gradient are left out.
        max_norm: the largest norm, not negative.
        norm_type: p of the norm; ``math.inf`` or ``"inf"`` for the largest absolute value.
        error_if_nonfinite: raise if the norm is infinite or NaN.
        foreach: without effect here.

    Returns:
        The total norm before the scaling, a 0-dimensional tensor.

    Raises:
        RuntimeError: the norm is not finite, and error_if_nonfinite is set; nothing is changed then.
        TypeError, ValueError: an argument that does not fit.

    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", algorithm 1.
    """
    parameters = _tensors("clip_grad_norm_", parameters)
    _limit("clip_grad_norm_", "max_norm", max_norm)
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = _total_norm("clip_grad_norm_", gradients, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total)
    return total


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """Scale all gradients in place by ``min(1, max_norm / (total_norm + 1e-6))``.

    Args:
        parameters: tensors, or one tensor; those without a gradient are left out.
        max_norm: the largest norm, not negative.
        total_norm: the norm that they have, a tensor as `get_total_norm` gives.
        foreach: without effect here.

    Raises:
        TypeError, ValueError: an argument that does not fit.
    """
    parameters = _tensors("clip_grads_with_norm_", parameters)
    max_norm = _limit("clip_grads_with_norm_", "max_norm", max_norm)
    if not isinstance(total_norm, Tensor):
        raise TypeError(f"clip_grads_with_norm_: total_norm must be a tensor, got {type(total_norm).__name__}")
    with no_grad(), np.errstate(all="ignore"):  # an infinite gradient times 0 is NaN
        factor = (max_norm / (total_norm + 1e-6)).clamp(max=1.0)
        if not factor.is_cuda and factor.item() == 1:  # on a GPU, looking would cost more than multiplying
            return
        for p in parameters:
            if p.grad is not None:
                p.grad.mul_(factor.to(p.grad.device, p.grad.dtype))


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Bring every element of the gradients into [-clip_value, clip_value], in place.

    Args:
        parameters: tensors, or one tensor; those without a gradient are left out.
        clip_value: the largest absolute value, not negative.
        foreach: without effect here.

    Raises:
        TypeError, ValueError: an argument that does not fit.
    """
    parameters = _tensors("clip_grad_value_", parameters)
    clip_value = _limit("clip_grad_value_", "clip_value", clip_value)
    with no_grad():
        for p in parameters:
            if p.grad is not None:
                p.grad.clamp_(-clip_value, clip_value)


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of all tensors as one long vector: the norm of their norms.

    Args:
        tensors: tensors, or one tensor; for gradients ``[p.grad for p in parameters if p.grad is not None]``.
        norm_type: p of the norm; ``math.inf`` or ``"inf"`` for the largest absolute value.
        error_if_nonfinite: raise if the norm is infinite or NaN.
        foreach: without effect here.

    Returns:
        A 0-dimensional tensor, 0 where there are none.

    Raises:
        RuntimeError: the norm is not finite, and error_if_nonfinite is set.
        TypeError, ValueError: an argument that does not fit.
    """
    return _total_norm("get_total_norm", _tensors("get_total_norm", tensors), norm_type, error_if_nonfinite)


def parameters_to_vector(parameters):
    """All parameters in one vector of shape (numel,), in order; differentiable.

    Raises:
        TypeError, ValueError, RuntimeError: no tensors, none at all, or on several devices.
    """
    parameters = _tensors("parameters_to_vector", parameters)
    if not parameters:
        raise ValueError("parameters_to_vector: there are no parameters; an iterator can be used only once")
    _check_devices("parameters_to_vector", parameters)
    return ops.cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec, parameters):
    """Copy the elements of a vector into the parameters, in order.

    Args:
        vec: a tensor of shape (numel,), as `parameters_to_vector` gives.
        parameters: tensors with numel elements in all.

    Raises:
        TypeError: no tensors. ValueError: the sizes do not fit; nothing is changed then.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters: vec must be a tensor, got {type(vec).__name__}")
    parameters = _tensors("vector_to_parameters", parameters)
    _check_devices("vector_to_parameters", parameters)
    sizes = [p.numel() for p in parameters]
    if vec.shape != (sum(sizes),):
        raise ValueError(
            f"vector_to_parameters: vec must have shape ({sum(sizes)},) for these parameters, got {vec.array.shape}"
        )
    with no_grad():
        for p, part in zip(parameters, ops.split(vec.detach(), sizes)):
            p.copy_(part.reshape(p.shape))


def _tensors(name, parameters):
    """A list of the tensors; warns of a generator with nothing left in it."""
    if isinstance(parameters, Tensor):
        return [parameters]
    if not hasattr(parameters, "__iter__"):
        kind = type(parameters).__name__
        raise TypeError(f"{name}: expected tensors, got {kind}; for a network pass its parameters()")
    result = list(parameters)
    for i, p in enumerate(result):
        if not isinstance(p, Tensor):
            hint = "; pass parameters(), not named_parameters()" if isinstance(p, tuple) else ""
            raise TypeError(f"{name}: expected tensors, got {type(p).__name__} at place {i}{hint}")
    if not result and isinstance(parameters, types.GeneratorType):
        warnings.warn(
            f"{name}: the generator has no parameters left; call parameters() anew", UserWarning, stacklevel=3
        )
    return result


def _limit(name, argument, value):
    """A limit as a float that is not negative."""
    try:
        limit = float(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise type(error)(f"{name}: {argument} must be a number, got {value!r}") from error
    if not limit >= 0:
        raise ValueError(f"{name}: {argument} must not be negative, got {limit}")
    return limit


def _total_norm(name, tensors, norm_type, error_if_nonfinite):
    try:
        order = float(norm_type)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: norm_type must be a number or 'inf', got {norm_type!r}") from error
    if math.isnan(order):
        raise ValueError(f"{name}: norm_type must be a number or 'inf', got nan")
    for i, x in enumerate(tensors):
        if not x.is_floating_point():
            raise TypeError(f"{name}: norms need floating-point tensors, got {x.dtype} at place {i}")
    if not tensors:
        return tensor(0.0)
    with no_grad(), np.errstate(all="ignore"):  # a norm that is too large is inf
        norms = [Tensor._wrap(_norm(x.array, order)).to(tensors[0].device) for x in tensors]
        total = Tensor._wrap(_norm(ops.stack(norms).array, order))
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"{name}: the norm of order {order} is {total.item()}, so that nothing can be scaled to it; look for the "
            "first inf or nan, lower the learning rate, or leave error_if_nonfinite out"
        )
    return total


def _norm(array, order):
    """The p-norm of an array as a vector, a 0-dimensional array."""
    xp = array_module(array)
    vector = array.reshape(-1)
    if not vector.size:
        result = array.dtype.type(0 if order >= 0 else math.inf)
    elif order == 2:
        result = xp.sqrt(xp.vdot(vector, vector))
    elif math.isinf(order):
        result = xp.abs(vector).max() if order > 0 else xp.abs(vector).min()
    elif order == 0:
        result = (vector != 0).sum().astype(array.dtype)
    else:
        result = (xp.abs(vector) ** order).sum() ** array.dtype.type(1 / order)
    return xp.asarray(result)


def _check_devices(name, parameters):
    devices = {str(p.device) for p in parameters}
    if len(devices) > 1:
        raise TypeError(f"{name}: the parameters are on {', '.join(sorted(devices))}; move them to one device")
