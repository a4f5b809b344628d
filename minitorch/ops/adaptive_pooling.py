"""Pooling to a given output size, and the maximum over windows that are given as lists of positions.

Source of the windows: window i of n over a length L goes from floor(i L / n) to ceil((i + 1) L / n), as in PyTorch.
"""

import numpy as np

from minitorch.autograd import Function
from minitorch.device import array_module
from minitorch.kernels import backend
from minitorch.ops.operands import labelled, require_float
from minitorch.ops.places import ReadPlaces


class AdaptiveAvgPool2d(Function):
    label = "AdaptiveAvgPool2DBackward0"

    @staticmethod
    def forward(ctx, x, output_size):
        ctx.shape = x.shape
        return backend(x).adaptive_avg_pool2d(x, output_size)

    @staticmethod
    def backward(ctx, grad):
        return AdaptiveAvgPool2dGrad.apply(grad, shape=ctx.shape)


class AdaptiveAvgPool2dGrad(Function):
    """The transpose of the means, and that of this is the means again."""

    @staticmethod
    def forward(ctx, grad, shape):
        ctx.output_size = grad.shape[2:]
        return backend(grad).adaptive_avg_pool2d_grad(grad, shape)

    @staticmethod
    def backward(ctx, grad):
        return AdaptiveAvgPool2d.apply(grad, output_size=ctx.output_size)


class AdaptiveMaxPool2d(Function):
    """Gives the maxima and where they stand in the flattened planes, int32."""

    label = "AdaptiveMaxPool2DBackward0"

    @staticmethod
    def forward(ctx, x, output_size):
        y, indices = backend(x).adaptive_max_pool2d(x, output_size)
        ctx.shape, ctx.indices = x.shape, indices
        return y, indices

    @staticmethod
    def backward(ctx, grad, _indices):
        return AdaptiveMaxPool2dGrad.apply(grad, indices=ctx.indices, shape=ctx.shape)


class AdaptiveMaxPool2dGrad(Function):
    """Each gradient goes to the place that its maximum came from; the transpose of reading there."""

    @staticmethod
    def forward(ctx, grad, indices, shape):
        ctx.indices = indices
        return backend(grad).adaptive_max_pool2d_grad(grad, indices, shape)

    @staticmethod
    def backward(ctx, grad):
        n, c, height, width = ctx.indices.shape
        places = ctx.indices.reshape(n, c, height * width)
        return ReadPlaces.apply(grad.flatten(2), places=places).reshape(n, c, height, width)


def adaptive_windows(length, count):
    """Positions (count, K) of each window, short ones filled up with their last position, and their lengths."""
    start = np.arange(count) * length // max(count, 1)
    stop = -(-(np.arange(count) + 1) * length // max(count, 1))
    positions = start[:, None] + np.arange((stop - start).max(initial=1))
    return np.minimum(positions, stop[:, None] - 1), stop - start


def strided_windows(length, count, kernel, stride, padding, dilation):
    """Positions (count, kernel) of each window; what lies in the padding is moved to the window's nearest position
    inside, which changes no maximum."""
    first = np.arange(count)[:, None] * stride - padding
    places = np.arange(kernel) * dilation
    lowest = np.maximum(0, -(first // dilation)) * dilation  # of the places, the first that is not before the input
    highest = (length - 1 - first) // dilation * dilation  # and the last that is not behind it
    return np.clip(first + np.minimum(np.maximum(places, lowest), highest), 0, length - 1)


def window_maximum(input, rows, columns):
    """(values, indices in the flat plane) of the largest numbers of (N, C, H, W) over windows rows x columns.

    The first of equal numbers counts; of several NaN the last, as in PyTorch.

    Args:
        rows, columns: positions (OH, KH) and (OW, KW), NumPy arrays.
    """
    x = input.array
    xp = array_module(x)
    (height, kernel_h), (width, kernel_w) = rows.shape, columns.shape
    places = rows[:, None, :, None] * x.shape[3] + columns[None, :, None, :]
    places = xp.asarray(places.reshape(height * width, kernel_h * kernel_w))
    planes = input.flatten(2)
    seen = planes.array[:, :, places]
    best = seen.argmax(-1)
    if x.dtype.kind == "f" and xp.isnan(seen).any():
        nan = xp.isnan(seen)
        best = xp.where(nan.any(-1), kernel_h * kernel_w - 1 - nan[..., ::-1].argmax(-1), best)
    indices = places[xp.arange(height * width), best]
    shape = (*x.shape[:2], height, width)
    return ReadPlaces.apply(planes, places=indices).reshape(shape), input._wrap(indices.reshape(shape))


def _output_size(name, input, output_size, dims):
    """The output size, checked; None stands for the input's own."""
    require_float(name, input=input)
    shape = input.array.shape
    if len(shape) not in (dims + 1, dims + 2) or 0 in shape[-dims - 1 :]:
        wanted = "(N, C, H, W) or (C, H, W) with C, H, W > 0" if dims == 2 else "(N, C, L) or (C, L) with C, L > 0"
        raise (ValueError if len(shape) <= dims else RuntimeError)(f"{name}: input must be {wanted}, got {shape}")
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * dims
    if len(given) != dims:
        raise RuntimeError(f"{name}: output_size must be an integer or {dims} integers, got {output_size!r}")
    size = tuple(n if given_size is None else given_size for n, given_size in zip(shape[-dims:], given))
    for n in size:
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
            raise TypeError(f"{name}: output_size must hold integers or None, got {output_size!r}")
        if n < 0:
            raise RuntimeError(f"{name}: output_size must not be negative, got {output_size!r}")
    return tuple(int(n) for n in size)


def _as_planes(input, size, dims):
    """The input as (N, C, H, W) and the output size as (OH, OW); a sequence is a plane of one row."""
    shape = input.array.shape
    if len(shape) == 4 and dims == 2:
        return input, size
    plane = (1, *shape[-1:]) if dims == 1 else shape[-2:]
    return input.reshape(*(shape[: -dims - 1] or (1,)), shape[-dims - 1], *plane), (1, *size)[-2:]


def _as_given(y, input, size, dims):
    """The planes (N, C, OH, OW) in the form that the input had."""
    return y if y.array.ndim == input.array.ndim else y.reshape(input.array.shape[:-dims] + size)


def _adaptive_average(name, input, output_size, dims):
    size = _output_size(name, input, output_size, dims)
    x, planes_size = _as_planes(input, size, dims)
    y = _as_given(AdaptiveAvgPool2d.apply(x, output_size=planes_size), input, size, dims)
    return labelled("MeanBackward1", y) if planes_size == (1, 1) else y


def _adaptive_maximum(name, input, output_size, return_indices, dims):
    size = _output_size(name, input, output_size, dims)
    x, planes_size = _as_planes(input, size, dims)
    pooled = AdaptiveMaxPool2d.apply(x, output_size=planes_size)
    values, indices = (_as_given(y, input, size, dims) for y in pooled)
    return (values, indices.long()) if return_indices else values


def adaptive_avg_pool1d(input, output_size):
    """The means of `output_size` windows that cover (N, C, L) or (C, L); arguments as `adaptive_avg_pool2d`."""
    if output_size is None or output_size == (None,):
        raise TypeError("adaptive_avg_pool1d: output_size must be an integer, got None")
    return _adaptive_average("adaptive_avg_pool1d", input, output_size, 1)


def adaptive_avg_pool2d(input, output_size):
    """The means of OH x OW windows that cover the plane, whatever its size.

    Args:
        input: (N, C, H, W) or (C, H, W), floating point.
        output_size: an integer or (OH, OW); None keeps the input's size. Window i of OH covers the rows from
            floor(i H / OH) to ceil((i + 1) H / OH).

    Raises:
        RuntimeError, ValueError: an input or an output size of the wrong form, integers.
    """
    return _adaptive_average("adaptive_avg_pool2d", input, output_size, 2)


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """The maxima of `output_size` windows that cover (N, C, L) or (C, L); see `adaptive_max_pool2d`."""
    if output_size is None or output_size == (None,):
        raise TypeError("adaptive_max_pool1d: output_size must be an integer, got None")
    return _adaptive_maximum("adaptive_max_pool1d", input, output_size, return_indices, 1)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """The maxima of OH x OW windows that cover the plane; windows as in `adaptive_avg_pool2d`.

    Args:
        input: (N, C, H, W) or (C, H, W), floating point.
        output_size: an integer or (OH, OW); None keeps the input's size.
        return_indices: give also the places of the maxima in each flattened plane, int64.
    """
    return _adaptive_maximum("adaptive_max_pool2d", input, output_size, return_indices, 2)
