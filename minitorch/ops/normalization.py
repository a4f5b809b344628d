"""Normalisation by the statistics of a batch."""

import math

from minitorch.autograd import Function, is_grad_enabled
from minitorch.autograd import grad as gradients
from minitorch.kernels import backend
from minitorch.ops.arguments import arguments
from minitorch.ops.operands import require_float, require_same, require_tensor


class BatchNorm(Function):
    """(x - mean) / sqrt(var + eps) * weight + bias with the mean and biased variance of the batch itself.

    Gives (y, mean, var); the statistics carry no gradient.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, eps):
        y, mean, var = backend(x).batch_norm(x, weight, bias, eps)
        ctx.save_for_backward(x, weight, mean, var)
        ctx.mark_non_differentiable(mean, var)
        ctx.eps = eps
        return y, mean, var

    @staticmethod
    def backward(ctx, grad, _mean, _var):
        x, weight, mean, var = ctx.saved_tensors
        if is_grad_enabled():  # a graph of the backward is asked for
            return _through_definition(grad, x, weight, ctx.needs_input_grad, ctx.eps)
        scale = None if weight is None else weight.array
        arrays = backend(x.array).batch_norm_grad(grad.array, x.array, scale, mean.array, var.array, ctx.eps)
        return tuple(grad._wrap(a) if needed else None for a, needed in zip(arrays, ctx.needs_input_grad))


def _through_definition(grad, x, weight, needs, eps):
    """The gradients of `batch_norm_definition`, with a graph; by way of copies, for x and weight may depend on
    each other."""
    x, weight = x.clone(), None if weight is None else weight.clone()
    wanted = [i for i in (0, 1) if needs[i]]
    y = batch_norm_definition(x, weight, None, eps)
    found = dict(zip(wanted, gradients([y], [(x, weight)[i] for i in wanted], grad, create_graph=True)))
    dims = [i for i in range(grad.array.ndim) if i != 1]
    return found.get(0), found.get(1), (grad.sum(dims) if needs[2] else None)


def batch_norm_definition(input, weight, bias, eps=1e-5):
    """Batch normalisation as in Ioffe and Szegedy 2015, Algorithm 1, per channel over all other dimensions."""
    dims = [i for i in range(input.array.ndim) if i != 1]
    shape = [1, -1] + [1] * (input.array.ndim - 2)
    mean = input.mean(dims, keepdim=True)
    variance = ((input - mean) ** 2).mean(dims, keepdim=True)
    y = (input - mean) / (variance + eps).sqrt()
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


class Affine(Function):
    """x * scale + shift, one number of each per channel."""

    @staticmethod
    def forward(ctx, x, scale, shift):
        ctx.save_for_backward(x, scale)
        return backend(x).channel_affine(x, scale, shift)

    @staticmethod
    def backward(ctx, grad):
        x, scale = ctx.saved_tensors
        to_x, to_scale, to_shift = ctx.needs_input_grad
        dims = [i for i in range(grad.array.ndim) if i != 1]
        shape = [1, -1] + [1] * (grad.array.ndim - 2)
        return (
            grad * scale.reshape(shape) if to_x else None,
            (grad * x).sum(dims) if to_scale else None,
            grad.sum(dims) if to_shift else None,
        )


@arguments()
def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """Normalise each channel: in training by the batch's own mean and variance, else by the running ones.

    In training the running statistics, if given, become (1 - momentum) * old + momentum * new in place; the new
    variance is the unbiased one, while the normalisation uses the biased one, as in PyTorch.

    Source: Ioffe and Szegedy 2015, "Batch normalization".

    Args:
        input: (N, C) or (N, C, ...), floating point.
        running_mean, running_var: (C,) or None; needed in evaluation.
        weight, bias: (C,) or None.

    Raises:
        ValueError: training with a single value per channel, an eps that is not positive.
        RuntimeError: shapes or dtypes that do not fit.
    """
    require_tensor("batch_norm", input=input)
    require_float("batch_norm", input=input)
    x = input.array
    if eps < 0 or (training and eps == 0):
        raise ValueError(f"batch_norm: eps must be positive (in evaluation at least 0), got {eps}")
    if x.shape == (0,):
        return input.clone()  # no channels and no numbers: PyTorch takes it
    if x.ndim < 2:
        raise RuntimeError(f"batch_norm: input must be (N, C) or (N, C, ...), got shape {x.shape}")
    parts = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    require_same("batch_norm", input=input, **parts)
    for argument, part in parts.items():
        if part is not None and part.array.shape != (x.shape[1],):
            raise RuntimeError(
                f"batch_norm: {argument} must have shape ({x.shape[1]},) for input {x.shape}, got {part.array.shape}"
            )
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("batch_norm: evaluation needs running_mean and running_var")
        scale = (running_var + eps).rsqrt()
        scale = scale if weight is None else scale * weight
        shift = -running_mean * scale
        return Affine.apply(input, scale, shift if bias is None else shift + bias)
    n = math.prod((x.shape[0], *x.shape[2:]))
    if n == 1:
        raise ValueError(f"batch_norm: training needs more than 1 value per channel, got input of shape {x.shape}")
    y, mean, var = BatchNorm.apply(input, weight, bias, eps=eps)
    if n:
        _move(running_mean, mean.array, momentum)
        _move(running_var, var.array * (n / (n - 1)), momentum)
    return y


def _move(running, new, momentum):
    if running is not None:
        running.array *= 1 - momentum
        running.array += (momentum * new).astype(running.array.dtype, copy=False)
        running._counter[0] += 1
