"""Normalisation by the statistics of a batch, with or without a ReLU or ReLU6 behind it."""

import math

from minitorch.autograd import Function, is_grad_enabled
from minitorch.kernels import backend
from minitorch.ops.activation import relu
from minitorch.ops.activation_table import hardtanh
from minitorch.ops.arguments import arguments
from minitorch.ops.definition import through_definition
from minitorch.ops.operands import require_float, require_same, require_tensor


class BatchNorm(Function):
    """(x - mean) / sqrt(var + eps) * weight + bias with the mean and biased variance of the batch itself, or its ReLU.

    Gives (y, mean, var); the statistics carry no gradient.
    """

    label = "NativeBatchNormBackward0"

    @staticmethod
    def forward(ctx, x, weight, bias, eps, limit=None):
        y, mean, var = backend(x).batch_norm(x, weight, bias, eps, limit)
        ctx.save_for_backward(x, weight, bias, mean, var)
        ctx.mark_non_differentiable(mean, var)
        ctx.eps, ctx.limit = eps, limit
        return y, mean, var

    @staticmethod
    def backward(ctx, grad, _mean, _var):
        x, weight, bias, mean, var = ctx.saved_tensors
        if is_grad_enabled():  # a graph of the backward is asked for
            inputs, needs = (x, weight, bias), ctx.needs_input_grad
            return through_definition(lambda *p: batch_norm_definition(*p, ctx.eps, ctx.limit), inputs, needs, grad)
        arrays = [None if part is None else part.array for part in (weight, mean, var, bias)]
        results = backend(x.array).batch_norm_grad(grad.array, x.array, *arrays[:3], ctx.eps, arrays[3], ctx.limit)
        return tuple(grad._wrap(a) if needed else None for a, needed in zip(results, ctx.needs_input_grad))


def batch_norm_definition(input, weight, bias, eps=1e-5, limit=None):
    """Batch normalisation as in Ioffe and Szegedy 2015, Algorithm 1, per channel over all other dimensions; with a
    limit the ReLU of that, cut off there."""
    dims = [i for i in range(input.array.ndim) if i != 1]
    shape = [1, -1] + [1] * (input.array.ndim - 2)
    mean = input.mean(dims, keepdim=True)
    variance = ((input - mean) ** 2).mean(dims, keepdim=True)
    y = (input - mean) / (variance + eps).sqrt()
    y = y if weight is None else y * weight.reshape(shape)
    return _rectified(y if bias is None else y + bias.reshape(shape), limit)


def _rectified(y, limit):
    return y if limit is None else relu(y) if limit == math.inf else hardtanh(y, 0.0, limit)


class ChannelAffine(Function):
    """x * scale + shift, one number of each per channel, or the ReLU of that: batch norm in evaluation."""

    label = "NativeBatchNormBackward0"

    @staticmethod
    def forward(ctx, x, scale, shift, limit=None):
        ctx.save_for_backward(x, scale, shift)
        ctx.limit = limit
        return backend(x).channel_affine(x, scale, shift, limit)

    @staticmethod
    def backward(ctx, grad):
        inputs, needs = ctx.saved_tensors, ctx.needs_input_grad
        if is_grad_enabled():
            return through_definition(lambda *parts: channel_affine_definition(*parts, ctx.limit), inputs, needs, grad)
        x, scale, shift = (part.array for part in inputs)
        results = backend(x).channel_affine_grad(grad.array, x, scale, shift, ctx.limit, sums=needs[1] or needs[2])
        return tuple(grad._wrap(a) if needed else None for a, needed in zip(results, needs))


def channel_affine_definition(input, scale, shift, limit=None):
    """input * scale + shift, per channel, or the ReLU of that."""
    shape = [1, -1] + [1] * (input.array.ndim - 2)
    return _rectified(input * scale.reshape(shape) + shift.reshape(shape), limit)


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
    parameters = (running_mean, running_var, weight, bias)
    return _batch_norm("batch_norm", input, *parameters, training, momentum, eps, limit=None)


@arguments()
def batch_norm_relu(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """relu(batch_norm(...)) in one pass over the numbers, forward and backward; arguments and errors as `batch_norm`.

    PyTorch has no such function: there a compiler joins the two. What lies between them is never in memory.
    """
    parameters = (running_mean, running_var, weight, bias)
    return _batch_norm("batch_norm_relu", input, *parameters, training, momentum, eps, limit=math.inf)


@arguments()
def batch_norm_relu6(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """relu6(batch_norm(...)) in one pass over the numbers; see `batch_norm_relu`."""
    parameters = (running_mean, running_var, weight, bias)
    return _batch_norm("batch_norm_relu6", input, *parameters, training, momentum, eps, limit=6.0)


def _batch_norm(name, input, running_mean, running_var, weight, bias, training, momentum, eps, limit):
    require_tensor(name, input=input)
    require_float(name, input=input)
    x = input.array
    if eps < 0 or (training and eps == 0):
        raise ValueError(f"{name}: eps must be positive (in evaluation at least 0), got {eps}")
    if x.shape == (0,):
        return input.clone()  # no channels and no numbers: PyTorch takes it
    if x.ndim < 2:
        raise RuntimeError(f"{name}: input must be (N, C) or (N, C, ...), got shape {x.shape}")
    parts = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    require_same(name, input=input, **parts)
    for argument, part in parts.items():
        if part is not None and part.array.shape != (x.shape[1],):
            raise RuntimeError(
                f"{name}: {argument} must have shape ({x.shape[1]},) for input {x.shape}, got {part.array.shape}"
            )
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError(f"{name}: evaluation needs running_mean and running_var")
        scale = (running_var + eps).rsqrt()
        scale = scale if weight is None else scale * weight
        shift = -running_mean * scale
        return ChannelAffine.apply(input, scale, shift if bias is None else shift + bias, limit=limit)
    n = math.prod((x.shape[0], *x.shape[2:]))
    if n == 1:
        raise ValueError(f"{name}: training needs more than 1 value per channel, got input of shape {x.shape}")
    y, mean, var = BatchNorm.apply(input, weight, bias, eps=eps, limit=limit)
    if n:
        _move(running_mean, mean.array, momentum)
        _move(running_var, var.array * (n / (n - 1)), momentum)
    return y


def _move(running, new, momentum):
    if running is not None:
        running.array *= 1 - momentum
        running.array += (momentum * new).astype(running.array.dtype, copy=False)
        running._counter[0] += 1
