"""Pooling: the largest or the mean number of each window."""

from minitorch.autograd import Function
from minitorch.kernels import backend
from minitorch.ops.operands import require_float, require_tensor, two
from minitorch.ops.joining import stack


class MaxPool2d(Function):
    """`code` is the kernel's own compact note of the place that each maximum came from."""

    @staticmethod
    def forward(ctx, x, **geometry):
        y, code = backend(x).max_pool2d(x, **geometry)
        ctx.code, ctx.shape, ctx.geometry = code, x.shape, geometry
        return y

    @staticmethod
    def backward(ctx, grad):
        return MaxPool2dGrad.apply(grad, code=ctx.code, shape=ctx.shape, geometry=ctx.geometry)


class MaxPool2dGrad(Function):
    """Each gradient goes to the place that its maximum came from; the transpose of reading there."""

    @staticmethod
    def forward(ctx, grad, code, shape, geometry):
        ctx.code, ctx.shape, ctx.geometry = code, shape, geometry
        kernel, stride, padding, dilation = (geometry[k] for k in ("kernel_size", "stride", "padding", "dilation"))
        return backend(grad).max_pool2d_grad(grad, code, shape, kernel, stride, padding, dilation)

    @staticmethod
    def backward(ctx, grad):
        indices = _indices(grad.array, ctx.code, ctx.shape, ctx.geometry)
        return grad.flatten(2).gather(2, grad._wrap(indices).flatten(2)).reshape(indices.shape)


class AvgPool2d(Function):
    @staticmethod
    def forward(ctx, x, **geometry):
        ctx.geometry, ctx.shape = geometry, x.shape
        return backend(x).avg_pool2d(x, **geometry)

    @staticmethod
    def backward(ctx, grad):
        return AvgPool2dGrad.apply(grad, shape=ctx.shape, **ctx.geometry)


class AvgPool2dGrad(Function):
    @staticmethod
    def forward(ctx, grad, shape, **geometry):
        ctx.geometry = geometry
        return backend(grad).avg_pool2d_grad(grad, shape, **geometry)

    @staticmethod
    def backward(ctx, grad):
        return AvgPool2d.apply(grad, **ctx.geometry)


def _indices(array, code, shape, geometry):
    kernel, stride, padding, dilation = (geometry[k] for k in ("kernel_size", "stride", "padding", "dilation"))
    return backend(array).window_indices(code, shape, kernel, stride, padding, dilation)


def _windows(name, input, kernel_size, stride, padding, dilation, ceil_mode):
    """The geometry, checked against the input; refuses windows that hold nothing."""
    require_tensor(name, input=input)
    require_float(name, input=input)
    shape = input.array.shape
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(f"{name}: input must be (N, C, H, W) or (C, H, W) with C, H, W > 0, got {shape}")
    kernel = two(name, "kernel_size", kernel_size, 1)
    stride = kernel if stride is None or stride == () or stride == [] else two(name, "stride", stride, 1)
    padding, dilation = two(name, "padding", padding), two(name, "dilation", dilation, 1)
    for n, k, st, p, d in zip(shape[-2:], kernel, stride, padding, dilation):
        if 2 * p > k:
            raise RuntimeError(f"{name}: padding {padding} is more than half of kernel_size {kernel}")
        if _output_length(n, k, st, p, d, ceil_mode) < 1:
            raise RuntimeError(f"{name}: windows of {kernel} (dilation {dilation}) do not fit into input {shape[-2:]}")
    return {"kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": bool(ceil_mode)}, dilation


def _output_length(length, kernel, stride, padding, dilation, ceil_mode):
    """Number of windows along one axis; one that would start beyond the input is left out."""
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    windows = (-(-room // stride) if ceil_mode else room // stride) + 1
    return windows - 1 if ceil_mode and (windows - 1) * stride >= length + padding else windows


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest number of each window; the first of equal ones gets the gradient, NaN wins over all.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, stride, padding, dilation: integers or (vertical, horizontal); stride is kernel_size unless
            given, padding is at most half of it and never chosen.
        ceil_mode: let the last window hang over the edge.
        return_indices: give also the places of the maxima in each flattened plane, int64.

    Returns:
        (N, C, OH, OW) with OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1, or (output, indices).
    """
    geometry, dilation = _windows("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode)
    geometry["dilation"] = dilation
    batched = input.array.ndim == 4
    y = MaxPool2d.apply(input if batched else input.unsqueeze(0), **geometry)
    result = y if batched else y.squeeze(0)
    if not return_indices:
        return result
    x = input.array if batched else input.array[None]
    code = backend(x).max_pool2d(x, **geometry)[1]
    indices = input._wrap(_indices(x, code, x.shape, geometry))
    return result, (indices if batched else indices.squeeze(0))


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """The mean of each window.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, stride, padding: integers or (vertical, horizontal); stride is kernel_size unless given.
        ceil_mode: let the last window hang over the edge.
        count_include_pad: whether padding counts as zeros in the mean.
        divisor_override: divide by this number in place of the window's size.

    Returns:
        (N, C, OH, OW) with OH = floor((H + 2 padding - KH) / stride) + 1.
    """
    geometry, _ = _windows("avg_pool2d", input, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise RuntimeError("avg_pool2d: divisor_override must not be zero")
    geometry.update(count_include_pad=bool(count_include_pad), divisor_override=divisor_override)
    if input.array.ndim == 3:
        return AvgPool2d.apply(input.unsqueeze(0), **geometry).squeeze(0)
    return AvgPool2d.apply(input, **geometry)


def _stacked_windows(input, kernel_size, stride):
    """(kernel places, N, C, OH, OW): each place of all windows as a strided slice."""
    (kh, kw), (sh, sw) = two("pool", "kernel_size", kernel_size, 1), two("pool", "stride", stride, 1)
    height, width = (input.shape[2] - kh) // sh + 1, (input.shape[3] - kw) // sw + 1
    return [
        input[:, :, p : p + (height - 1) * sh + 1 : sh, q : q + (width - 1) * sw + 1 : sw]
        for p in range(kh)
        for q in range(kw)
    ]


def max_pool2d_definition(input, kernel_size, stride):
    """`max_pool2d` without padding as its formula: the maximum over the places of the window."""
    places = _stacked_windows(input, kernel_size, stride)
    return stack(places).max(0).values


def avg_pool2d_definition(input, kernel_size, stride):
    """`avg_pool2d` without padding as its formula: the mean over the places of the window."""
    places = _stacked_windows(input, kernel_size, stride)
    return sum(places[1:], places[0]) / len(places)
