"""Pooling: the largest or the mean number of each window."""

from minitorch.autograd import Function
from minitorch.kernels import backend
from minitorch.ops.adaptive_pooling import strided_windows, window_maximum
from minitorch.ops.arguments import arguments
from minitorch.ops.arithmetic import div
from minitorch.ops.joining import stack
from minitorch.ops.operands import require_tensor, several, two
from minitorch.ops.padding import pad


class MaxPool2d(Function):
    """`code` is the kernel's own compact note of the place that each maximum came from."""

    label = "MaxPool2DWithIndicesBackward0"

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
    label = "AvgPool2DBackward0"

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


def _windows(name, input, kernel_size, stride, padding, dilation, ceil_mode, dims=2):
    """The geometry of two dimensions, checked against the input; refuses windows that hold nothing."""
    require_tensor(name, input=input)
    shape = input.array.shape
    if len(shape) not in (dims + 1, dims + 2) or 0 in shape[-dims - 1 :]:
        wanted = "(N, C, H, W) or (C, H, W) with C, H, W > 0" if dims == 2 else "(N, C, L) or (C, L) with C, L > 0"
        raise RuntimeError(f"{name}: input must be {wanted}, got {shape}")
    kernel = several(name, "kernel_size", kernel_size, dims, 1)
    stride = kernel if stride is None or stride == () or stride == [] else several(name, "stride", stride, dims, 1)
    padding, dilation = several(name, "padding", padding, dims), several(name, "dilation", dilation, dims, 1)
    for n, k, st, p, d in zip(shape[-dims:], kernel, stride, padding, dilation):
        if p > k // 2:
            raise RuntimeError(f"{name}: padding {padding} is more than half of kernel_size {kernel}")
        if _output_length(n, k, st, p, d, ceil_mode) < 1:
            raise RuntimeError(
                f"{name}: windows of {kernel} (dilation {dilation}) do not fit into input {shape[-dims:]}"
            )
    fill = (1,) * (2 - dims)  # a sequence is a plane of one row
    geometry = {"kernel_size": fill + kernel, "stride": fill + stride, "padding": (0,) * len(fill) + padding}
    return {**geometry, "ceil_mode": bool(ceil_mode)}, fill + dilation


def _output_length(length, kernel, stride, padding, dilation, ceil_mode):
    """Number of windows along one axis; one that would start beyond the input is left out."""
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    windows = (-(-room // stride) if ceil_mode else room // stride) + 1
    return windows - 1 if ceil_mode and (windows - 1) * stride >= length + padding else windows


def _as_planes(input, dims):
    """The input as (N, C, H, W)."""
    shape = input.array.shape
    if len(shape) == 4 and dims == 2:
        return input
    batch, channels = shape[: -dims - 1], shape[-dims - 1]
    return input.reshape(batch[0] if batch else 1, channels, *(shape[-2:] if dims == 2 else (1, shape[-1])))


def _as_given(y, input, dims):
    """The planes (N, C, OH, OW) in the form that the input had."""
    return y if y.array.ndim == input.array.ndim else y.reshape(input.array.shape[:-dims] + y.array.shape[4 - dims :])


def _max_pool(name, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, dims):
    geometry, dilation = _windows(name, input, kernel_size, stride, padding, dilation, ceil_mode, dims)
    geometry["dilation"] = dilation
    if input.array.dtype.kind == "b":
        raise RuntimeError(f"{name}: not defined for booleans")
    x = _as_planes(input, dims)
    if input.array.dtype.kind == "f":
        y = MaxPool2d.apply(x, **geometry)
        if return_indices:
            code = backend(x.array).max_pool2d(x.array, **geometry)[1]
            indices = input._wrap(_indices(x.array, code, x.array.shape, geometry))
    else:
        y, indices = _max_pool_integers(x, **geometry)
    y = _as_given(y, input, dims)
    return (y, _as_given(indices, input, dims)) if return_indices else y


def _max_pool_integers(x, kernel_size, stride, padding, dilation, ceil_mode):
    rows, columns = (
        strided_windows(n, _output_length(n, k, s, p, d, ceil_mode), k, s, p, d)
        for n, k, s, p, d in zip(x.array.shape[2:], kernel_size, stride, padding, dilation)
    )
    return window_maximum(x, rows, columns)


@arguments()
def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest number of each window of (N, C, L) or (C, L); arguments as `max_pool2d`, integers."""
    return _max_pool("max_pool1d", input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 1)


@arguments()
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest number of each window; the first of equal ones gets the gradient, NaN wins over all.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, stride, padding, dilation: integers or (vertical, horizontal); stride is kernel_size unless
            given, padding is at most half of kernel_size and never chosen.
        ceil_mode: let the last window hang over the edge.
        return_indices: give also the places of the maxima in each flattened plane, int64.

    Returns:
        (N, C, OH, OW) with OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1, or (output, indices).

    Raises:
        RuntimeError: an input of another form or of booleans, too much padding, windows that do not fit.
    """
    return _max_pool("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 2)


def _avg_pool(name, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, dims):
    geometry, _ = _windows(name, input, kernel_size, stride, padding, 1, ceil_mode, dims)
    if divisor_override is not None and (isinstance(divisor_override, bool) or not isinstance(divisor_override, int)):
        raise TypeError(f"{name}: divisor_override must be an integer or None, got {divisor_override!r}")
    if divisor_override == 0:
        raise RuntimeError(f"{name}: divisor_override must not be zero")
    x = _as_planes(input, dims)
    geometry.update(count_include_pad=bool(count_include_pad), divisor_override=divisor_override)
    if input.array.dtype.kind == "f":
        y = AvgPool2d.apply(x, **geometry)
    elif input.array.dtype == "int64":
        y = _avg_pool_integers(x, **geometry)
    else:
        raise RuntimeError(f"{name}: input must be floating point or int64, got {input.array.dtype}; use .float()")
    return _as_given(y, input, dims)


def _avg_pool_integers(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """Sums and sizes of the windows, divided towards zero."""
    sizes, before = x.array.shape[2:], [p for p in padding[::-1] for _ in (0, 1)]
    counts = [
        _output_length(n, k, s, p, 1, ceil_mode) for n, k, s, p in zip(sizes, kernel_size, stride, padding)
    ]
    hang = [  # the windows may need more than the padding on the far sides
        max(0, (m - 1) * s + k - n - 2 * p) for m, n, k, s, p in zip(counts, sizes, kernel_size, stride, padding)
    ]
    after = (0, hang[1], 0, hang[0])
    ones = pad(x.new_ones(1, 1, *sizes), before, value=int(count_include_pad))
    total = sum(_stacked_windows(pad(pad(x, before), after), kernel_size, stride))
    size = sum(_stacked_windows(pad(ones, after), kernel_size, stride))
    return div(total, size if divisor_override is None else divisor_override, rounding_mode="trunc")


@arguments()
def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """The mean of each window of (N, C, L) or (C, L); arguments as `avg_pool2d`, integers."""
    return _avg_pool("avg_pool1d", input, kernel_size, stride, padding, ceil_mode, count_include_pad, None, 1)


@arguments()
def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """The mean of each window; of int64 it is rounded towards zero.

    Args:
        input: (N, C, H, W) or (C, H, W), floating point or int64.
        kernel_size, stride, padding: integers or (vertical, horizontal); stride is kernel_size unless given,
            padding is at most half of it.
        ceil_mode: let the last window hang over the edge.
        count_include_pad: whether padding counts as zeros in the mean.
        divisor_override: divide by this number in place of the window's size.

    Returns:
        (N, C, OH, OW) with OH = floor((H + 2 padding - KH) / stride) + 1.

    Raises:
        RuntimeError: an input of another form, too much padding, windows that do not fit, a divisor of zero.
    """
    settings = (stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _avg_pool("avg_pool2d", input, kernel_size, *settings, 2)


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
