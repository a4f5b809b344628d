"""Normalisation by the statistics of a batch, with or without a ReLU behind it."""

import math

from minitorch.autograd import Function, is_grad_enabled
from minitorch.kernels import backend
from minitorch.ops.activation import relu as relu_of
from minitorch.ops.arguments import arguments
from minitorch.ops.definition import through_definition
from minitorch.ops.operands import require_float, require_same, require_tensor


class BatchNorm(Function):
    """(x - mean) / sqrt(var + eps) * weight + bias with the mean and biased variance of the batch itself, or its ReLU.

    Gives (y, mean, var); the statistics carry no gradient.
    """

    label = "NativeBatchNormBackward0"

    @staticmethod
    def forward(ctx, x, weight, bias, eps, relu=False):
        y, mean, var = backend(x).batch_norm(x, weight, bias, eps, relu)
        ctx.save_for_backward(x, weight, bias, mean, var)
        ctx.mark_non_differentiable(mean, var)
        ctx.eps, ctx.relu = eps, relu
        return y, mean, var

    @staticmethod
    def backward(ctx, grad, _mean, _var):
        x, weight, bias, mean, var = ctx.saved_tensors
        if is_grad_enabled():  # a graph of the backward is asked for
            definition = batch_norm_relu_definition if ctx.relu else batch_norm_definition
            inputs, needs = (x, weight, bias), ctx.needs_input_grad
            return through_definition(lambda *parts: definition(*parts, ctx.eps), inputs, needs, grad)
        arrays = [None if part is None else part.array for part in (weight, mean, var, bias)]
        results = backend(x.array).batch_norm_grad(grad.array, x.array, *arrays[:3], ctx.eps, arrays[3], ctx.relu)
        return tuple(grad._wrap(a) if needed else None for a, needed in zip(results, ctx.needs_input_grad))


def batch_norm_definition(input, weight, bias, eps=1e-5):
    """Batch normalisation as in Ioffe and Szegedy 2015, Algorithm 1, per channel over all other dimensions."""
    dims = [i for i in range(input.array.ndim) if i != 1]
    shape = [1, -1] + [1] * (input.array.ndim - 2)
    mean = input.mean(dims, keepdim=True)
    variance = ((input - mean) ** 2).mean(dims, keepdim=True)
    y = (input - mean) / (variance + eps).sqrt()
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


def batch_norm_relu_definition(input, weight, bias, eps=1e-5):
    """Batch normalisation and then the ReLU."""
    return relu_of(batch_norm_definition(input, weight, bias, eps))


class ChannelAffine(Function):
    """x * scale + shift, one number of each per channel, or the ReLU of that: batch norm in evaluation."""

    label = "NativeBatchNormBackward0"

    @staticmethod
    def forward(ctx, x, scale, shift, relu=False):
        ctx.save_for_backward(x, scale, shift)
        ctx.relu = relu
        return backend(x).channel_affine(x, scale, shift, relu)

    @staticmethod
    def backward(ctx, grad):
        inputs, needs = ctx.saved_tensors, ctx.needs_input_grad
        if is_grad_enabled():
            return through_definition(lambda *parts: channel_affine_definition(*parts, ctx.relu), inputs, needs, grad)
        x, scale, shift = (part.array for part in inputs)
        results = backend(x).channel_affine_grad(grad.array, x, scale, shift, ctx.relu, sums=needs[1] or needs[2])
        return tuple(grad._wrap(a) if needed else None for a, needed in zip(results, needs))


def channel_affine_definition(input, scale, shift, relu=False):
    """input * scale + shift, per channel, or the ReLU of that."""
    shape = [1, -1] + [1] * (input.array.ndim - 2)
    y = input * scale.reshape(shape) + shift.reshape(shape)
    return relu_of(y) if relu else y


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
    return _batch_norm("batch_norm", input, *parameters, training, momentum, eps, relu=False)


@arguments()
def batch_norm_relu(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """relu(batch_norm(...)) in one pass over the numbers, forward and backward; arguments and errors as `batch_norm`.

    PyTorch has no such function: there a compiler joins the two. What lies between them is never in memory.
    """
    parameters = (running_mean, running_var, weight, bias)
    return _batch_norm("batch_norm_relu", input, *parameters, training, momentum, eps, relu=True)


def _batch_norm(name, input, running_mean, running_var, weight, bias, training, momentum, eps, relu):
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
        return ChannelAffine.apply(input, scale, shift if bias is None else shift + bias, relu=relu)
    n = math.prod((x.shape[0], *x.shape[2:]))
    if n == 1:
        raise ValueError(f"{name}: training needs more than 1 value per channel, got input of shape {x.shape}")
    y, mean, var = BatchNorm.apply(input, weight, bias, eps=eps, relu=relu)
    if n:
        _move(running_mean, mean.array, momentum)
        _move(running_var, var.array * (n / (n - 1)), momentum)
    return y


def _move(running, new, momentum):
    if running is not None:
        running.array *= 1 - momentum
        running.array += (momentum * new).astype(running.array.dtype, copy=False)
        running._counter[0] += 1
