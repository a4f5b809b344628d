"""Normalisation within each sample: over its features, its groups of channels, its planes, or neighbouring channels."""

import math

import numpy as np

from minitorch.autograd import Function, is_grad_enabled
from minitorch.kernels import backend
from minitorch.ops.arguments import arguments
from minitorch.ops.definition import through_definition
from minitorch.ops.normalization import batch_norm
from minitorch.ops.operands import is_number, labelled, require_float, require_same, require_tensor
from minitorch.ops.padding import pad
from minitorch.ops.pooling import avg_pool2d


class GroupNorm(Function):
    """Channels in groups, each of each sample with mean 0 and variance 1, then scaled and shifted per channel.

    The input is seen as `shape`, (N, C) or (N, C, ...). Layer norm is one group of (rows, features), instance norm a
    group for each channel; not centred, the mean stays and the mean square becomes 1, as in RMS norm. Gives
    (y, mean, var), the statistics of shape (N, groups) and without gradient.
    """

    label = "NativeGroupNormBackward0"

    @staticmethod
    def forward(ctx, x, weight, bias, shape, groups, eps, centred=True):
        y, mean, var = backend(x).group_norm(x.reshape(shape), _flat(weight), _flat(bias), groups, eps, centred)
        ctx.save_for_backward(x, weight, bias, mean, var)
        ctx.mark_non_differentiable(mean, var)
        ctx.settings = (shape, groups, eps, centred)
        return y.reshape(x.shape), mean, var

    @staticmethod
    def backward(ctx, grad, _mean, _var):
        x, weight, bias, mean, var = ctx.saved_tensors
        needs, (shape, *settings) = ctx.needs_input_grad, ctx.settings
        if is_grad_enabled():  # a graph of the backward is asked for
            inputs = (x, weight, bias)
            return through_definition(lambda *parts: group_norm_definition(*parts, *ctx.settings), inputs, needs, grad)
        arrays = (grad.array.reshape(shape), x.array.reshape(shape), None if weight is None else _flat(weight.array))
        results = backend(x.array).group_norm_grad(
            *arrays, mean.array, var.array, *settings, parameters=needs[1] or needs[2]
        )
        return tuple(
            grad._wrap(result.reshape(part.array.shape)) if needed else None
            for result, part, needed in zip(results, (x, weight, bias), needs)
        )


def _flat(array):
    return None if array is None else array.reshape(-1)


def group_norm_definition(input, weight, bias, shape, groups, eps=1e-5, centred=True):
    """The formula of layer, group, instance and RMS norm; `GroupNorm` says what the arguments are."""
    x = input.reshape(shape[0], groups, math.prod(shape[1:]) // groups)
    if centred:
        x = x - x.mean(2, keepdim=True)
    y = (x * ((x * x).mean(2, keepdim=True) + eps).rsqrt()).reshape(shape)
    by_channel = [-1] + [1] * (len(shape) - 2)
    y = y if weight is None else y * weight.reshape(by_channel)
    y = y if bias is None else y + bias.reshape(by_channel)
    return y.reshape(input.array.shape)


def _rows(name, input, normalized_shape, weight, bias):
    """The input's shape as (rows, features), after a check of the arguments."""
    require_tensor(name, input=input)
    if not isinstance(normalized_shape, (tuple, list)):
        fix = f"; write ({normalized_shape},)" if is_number(normalized_shape) else ""
        raise TypeError(f"{name}: normalized_shape must be a tuple, got {normalized_shape!r}{fix}")
    shape, given = tuple(normalized_shape), input.array.shape
    if not shape:
        raise RuntimeError(f"{name}: normalized_shape must have at least one dimension, got {normalized_shape!r}")
    for argument, part in (("weight", weight), ("bias", bias)):
        if part is not None:
            require_tensor(name, **{argument: part})
            if part.array.shape != shape:
                raise RuntimeError(f"{name}: {argument} must have shape {shape}, got {part.array.shape}")
    if given[len(given) - len(shape) :] != shape or len(shape) > len(given):
        raise RuntimeError(f"{name}: normalized_shape {shape} must be the last sizes of input {given}")
    require_float(name, input=input)
    require_same(name, input=input, weight=weight, bias=bias)
    return math.prod(given[: len(given) - len(shape)]), math.prod(shape)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Each sample's features with mean 0 and variance 1: (x - mean) / sqrt(var + eps) * weight + bias.

    Source: Ba et al. 2016, "Layer normalization".

    Args:
        input: (..., *normalized_shape), floating point.
        normalized_shape: the last sizes of the input, over which mean and (biased) variance are taken.
        weight, bias: of normalized_shape, or None.

    Raises:
        RuntimeError: shapes or dtypes that do not fit.
    """
    shape = _rows("layer_norm", input, normalized_shape, weight, bias)
    y, _, _ = GroupNorm.apply(input, weight, bias, shape=shape, groups=1, eps=eps)
    return labelled("NativeLayerNormBackward0", y)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Each sample's features divided by the root of their mean square: x / sqrt(mean(x^2) + eps) * weight.

    Source: Zhang and Sennrich 2019, "Root mean square layer normalization".

    Args:
        input, normalized_shape, weight: as for `layer_norm`.
        eps: None is the distance from 1 to the next number of the input's type.
    """
    shape = _rows("rms_norm", input, normalized_shape, weight, None)
    eps = float(np.finfo(input.array.dtype).eps) if eps is None else eps
    return GroupNorm.apply(input, weight, None, shape=shape, groups=1, eps=eps, centred=False)[0]


def _check_channels(name, input, **parts):
    require_tensor(name, input=input)
    if input.array.ndim < 2:
        raise RuntimeError(f"{name}: input must be (N, C, ...), got shape {input.array.shape}")
    require_float(name, input=input)
    require_same(name, input=input, **parts)
    channels = input.array.shape[1]
    for argument, part in parts.items():
        if part is not None and part.array.shape != (channels,):
            raise RuntimeError(
                f"{name}: {argument} must have shape ({channels},) for input {input.array.shape}, "
                f"got {part.array.shape}"
            )


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """Each sample's groups of channels with mean 0 and variance 1, then scaled and shifted per channel.

    Source: Wu and He 2018, "Group normalization".

    Args:
        input: (N, C, ...), floating point.
        num_groups: C falls into that many groups.
        weight, bias: (C,) or None.

    Raises:
        ValueError: a single value per group.
        RuntimeError: channels that do not divide into groups, shapes or dtypes that do not fit.
    """
    _check_channels("group_norm", input, weight=weight, bias=bias)
    shape = input.array.shape
    if isinstance(num_groups, bool) or not isinstance(num_groups, (int, np.integer)):
        raise TypeError(f"group_norm: num_groups must be an integer, got {num_groups!r}")
    if num_groups < 1 or shape[1] % num_groups:
        raise RuntimeError(f"group_norm: {shape[1]} channels of input {shape} do not divide into {num_groups} groups")
    size = shape[1] // num_groups * math.prod(shape[2:])
    if shape[0] * size == 1:
        raise ValueError(f"group_norm: needs more than 1 value per group, got input of shape {shape}")
    return GroupNorm.apply(input, weight, bias, shape=shape, groups=num_groups, eps=eps)[0]


@arguments()
def instance_norm(
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
):
    """Each plane of each sample with mean 0 and variance 1, then scaled and shifted per channel.

    Source: Ulyanov et al. 2016, "Instance normalization".

    Args:
        input: (N, C, ...), floating point.
        running_mean, running_var: (C,) or None; moved towards the mean over the batch of the planes' statistics, or,
            without use_input_stats, used in their place.
        weight, bias: (C,) or None.

    Raises:
        ValueError: planes of a single value.
        RuntimeError: shapes or dtypes that do not fit.
    """
    parts = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    _check_channels("instance_norm", input, **parts)
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError("instance_norm: without use_input_stats running_mean and running_var are needed")
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    shape, size = input.array.shape, math.prod(input.array.shape[2:])
    if size == 1:
        raise ValueError(f"instance_norm: needs more than 1 value per plane, got input of shape {shape}")
    y, mean, var = GroupNorm.apply(input, weight, bias, shape=shape, groups=shape[1], eps=eps)
    if input.array.size:
        for running, new in ((running_mean, mean.array), (running_var, var.array * (size / (size - 1)))):
            if running is not None:
                new = new.mean(0).astype(running.array.dtype, copy=False)
                running.array *= 1 - momentum
                running.array += running.array.dtype.type(momentum) * new
                running._counter[0] += 1
    return y


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """Each number divided by (k + alpha * mean of the squares of `size` neighbouring channels) ** beta.

    Source: Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural networks", section 3.3
    (there alpha stands before the sum: PyTorch's alpha is `size` times that).

    Args:
        input: (N, C, ...), at least 3 dimensions, floating point (int64 is taken, too, as PyTorch does).
        size: how many channels, the number's own in the middle; channels beyond the first and last count as 0.

    Raises:
        ValueError: fewer than 3 dimensions.
        RuntimeError: a size below 1.
    """
    require_tensor("local_response_norm", input=input)
    shape = input.array.shape
    if len(shape) < 3:
        raise ValueError(f"local_response_norm: input must be (N, C, ...) of at least 3 dimensions, got {shape}")
    if input.array.dtype.kind != "f" and input.array.dtype != "int64":
        raise RuntimeError(f"local_response_norm: input must be floating point, got {input.array.dtype}; use .float()")
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise RuntimeError(f"local_response_norm: size must be a positive integer, got {size!r}")
    if not input.array.size:
        return input
    squares = (input * input).reshape(shape[0], 1, shape[1], -1)
    squares = pad(squares, (0, 0, size // 2, (size - 1) // 2))
    mean = avg_pool2d(squares, (size, 1), stride=1).reshape(shape)
    return input / (mean * alpha + k) ** beta
