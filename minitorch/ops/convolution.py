"""Convolution. It is linear in the input and in the weight, so its two gradients are three operations that are
each other's derivatives: forward, gradient to the input (transposed convolution), gradient to the weight."""

from minitorch.autograd import Function
from minitorch.kernels import backend
from minitorch.ops.arguments import arguments
from minitorch.ops.operands import cast, require_same, require_tensor, several
from minitorch.ops.padding import pad


class Conv2d(Function):
    label = "ConvolutionBackward0"

    @staticmethod
    def forward(ctx, x, weight, bias, **geometry):
        ctx.save_for_backward(x, weight)
        ctx.geometry = geometry
        return backend(x).conv2d(x, weight, bias, **geometry)

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        to_x, to_weight, to_bias = ctx.needs_input_grad
        return (
            Conv2dInputGrad.apply(grad, weight, input_shape=x.array.shape, **ctx.geometry) if to_x else None,
            Conv2dWeightGrad.apply(grad, x, weight_shape=weight.array.shape, **ctx.geometry) if to_weight else None,
            grad.sum((0, 2, 3)) if to_bias else None,
        )


class Conv2dInputGrad(Function):
    label = "ConvolutionBackward0"  # of the transposed one

    @staticmethod
    def forward(ctx, grad, weight, input_shape, **geometry):
        ctx.save_for_backward(grad, weight)
        ctx.geometry = geometry
        return backend(grad).conv2d_input_grad(grad, weight, input_shape, **geometry)

    @staticmethod
    def backward(ctx, grad_x):
        grad, weight = ctx.saved_tensors
        to_grad, to_weight = ctx.needs_input_grad
        return (
            Conv2d.apply(grad_x, weight, None, **ctx.geometry) if to_grad else None,
            Conv2dWeightGrad.apply(grad, grad_x, weight_shape=weight.array.shape, **ctx.geometry)
            if to_weight
            else None,
        )


class Conv2dWeightGrad(Function):
    @staticmethod
    def forward(ctx, grad, x, weight_shape, **geometry):
        ctx.save_for_backward(grad, x)
        ctx.geometry = geometry
        return backend(grad).conv2d_weight_grad(grad, x, weight_shape, **geometry)

    @staticmethod
    def backward(ctx, grad_weight):
        grad, x = ctx.saved_tensors
        to_grad, to_x = ctx.needs_input_grad
        return (
            Conv2d.apply(x, grad_weight, None, **ctx.geometry) if to_grad else None,
            Conv2dInputGrad.apply(grad, grad_weight, input_shape=x.array.shape, **ctx.geometry) if to_x else None,
        )


@arguments()
def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """One-dimensional convolution (cross-correlation) of (N, C, L) or (C, L) with weight (O, C / groups, K).

    Arguments and errors as `conv2d`, with one number in place of two.

    Returns:
        (N, O, OL) with OL = floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1.
    """
    geometry = geometry_of("conv1d", input, weight, bias, stride, padding, dilation, groups, 1)
    return convolve(input.unsqueeze(-2), weight.unsqueeze(2), bias, geometry).squeeze(-2)


@arguments()
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Two-dimensional convolution (as in all deep learning: cross-correlation, the kernel is not flipped).

    ``out[n, o, i, j] = bias[o] + sum over c, p, q of weight[o, c, p, q] * input[n, c, i*stride + p*dilation, ...]``

    Args:
        input: (N, C, H, W) or (C, H, W), floating point or integers.
        weight: (O, C / groups, KH, KW).
        bias: (O,) or None.
        stride, dilation: integers of at least 1, or (vertical, horizontal).
        padding: zeros on each side, an integer, (vertical, horizontal), ``"valid"`` or ``"same"`` (stride 1 only).
        groups: channels and filters fall into that many independent groups.

    Returns:
        (N, O, OH, OW) with OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1; OW likewise.

    Raises:
        RuntimeError: shapes, dtypes or devices that do not fit; a kernel larger than the padded input.
    """
    geometry = geometry_of("conv2d", input, weight, bias, stride, padding, dilation, groups, 2)
    return convolve(input, weight, bias, geometry)


def convolve(input, weight, bias, geometry):
    """`conv2d` with a checked geometry."""
    x = input if input.array.ndim == 4 else input.unsqueeze(0)
    convolve = Conv2d.apply if x.array.dtype.kind == "f" else _definition
    y = cast(convolve(x, weight, bias, **geometry), x.array.dtype)
    return y if input.array.ndim == 4 else y.squeeze(0)


def check_operands(name, input, weight, bias, groups, dims, transposed=False):
    """What holds for all convolutions: types, numbers of dimensions, channels that fit together."""
    require_tensor(name, input=input, weight=weight)
    require_same(name, input=input, weight=weight, bias=bias)
    x, w = input.array.shape, weight.array.shape
    dtype = input.array.dtype
    if dtype.kind != "f" and (dtype != "int64" if transposed else dtype.kind not in "iu"):
        wanted = "int64" if transposed else "integers"
        raise RuntimeError(f"{name}: input must be floating point or {wanted}, got {dtype}; use .float()")
    plane, kernel = ("H, W", "KH, KW") if dims == 2 else ("L", "K")
    filters = f"(C, O/groups, {kernel})" if transposed else f"(O, C/groups, {kernel})"
    if len(x) not in (dims + 1, dims + 2) or len(w) != dims + 2:
        raise RuntimeError(
            f"{name}: input must be (N, C, {plane}) or (C, {plane}) and weight {filters}, got {x} and {w}"
        )
    if 0 in w[1:]:
        raise RuntimeError(f"{name}: weight of shape {w} has an empty kernel")
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1:
        raise RuntimeError(f"{name}: groups must be a positive integer, got {groups!r}")
    channels, outputs = (w[0], w[1] * groups) if transposed else (w[1] * groups, w[0])
    if x[-dims - 1] != channels:
        raise RuntimeError(
            f"{name}: input of shape {x} has {x[-dims - 1]} channels, weight of shape {w} with groups={groups} "
            f"takes {channels}"
        )
    if w[0] % groups or w[0] < groups:
        raise RuntimeError(f"{name}: the first {w[0]} of weight {w} does not divide into groups={groups}")
    if bias is not None and bias.array.shape != (outputs,):
        raise RuntimeError(f"{name}: bias must have shape ({outputs},), got {bias.array.shape}")


def geometry_of(name, input, weight, bias, stride, padding, dilation, groups, dims):
    """The geometry of two dimensions, checked; a sequence counts as a plane of one row."""
    check_operands(name, input, weight, bias, groups, dims)
    x, w = input.array.shape, weight.array.shape
    stride, dilation = several(name, "stride", stride, dims, 1), several(name, "dilation", dilation, dims, 1)
    padding = _padding(name, padding, w[2:], stride, dilation)
    for n, k, d, (a, b) in zip(x[-dims:], w[2:], dilation, padding):
        if n + a + b < d * (k - 1) + 1:
            raise RuntimeError(
                f"{name}: the kernel of shape {w[2:]} (dilation {dilation}) is larger than the padded input {x[-dims:]}"
            )
    fill = (1,) * (2 - dims)
    padding = ((0, 0),) * (2 - dims) + padding
    return {"stride": fill + stride, "padding": padding, "dilation": fill + dilation, "groups": groups}


def _padding(name, padding, kernel, stride, dilation):
    """(before, after) of zeros for each dimension."""
    if isinstance(padding, str):
        if padding not in ("valid", "same"):
            raise RuntimeError(f"{name}: padding must be numbers, 'valid' or 'same', got {padding!r}")
        if padding == "valid":
            return ((0, 0),) * len(kernel)
        if any(s != 1 for s in stride):
            raise RuntimeError(f"{name}: padding='same' needs stride 1, got {stride}")
        totals = [d * (k - 1) for k, d in zip(kernel, dilation)]
        return tuple((n // 2, n - n // 2) for n in totals)
    return tuple((n, n) for n in several(name, "padding", padding, len(kernel)))


def conv2d_definition(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """`conv2d` as its formula: for each place in the kernel, the shifted input times that slice of the weight."""
    return _definition(
        input, weight, bias, **geometry_of("conv2d", input, weight, bias, stride, padding, dilation, groups, 2)
    )


def _definition(input, weight, bias, stride, padding, dilation, groups):
    (sh, sw), (dh, dw), ((top, bottom), (left, right)) = stride, dilation, padding
    x = pad(input, (left, right, top, bottom))
    filters, channels, kernel_h, kernel_w = weight.shape
    height, width = (x.shape[2] - dh * (kernel_h - 1) - 1) // sh + 1, (x.shape[3] - dw * (kernel_w - 1) - 1) // sw + 1
    x = x.reshape(x.shape[0], groups, 1, channels, *x.shape[2:])
    weight = weight.reshape(groups, filters // groups, channels, kernel_h, kernel_w)
    total = 0
    for p in range(kernel_h):
        for q in range(kernel_w):
            rows = slice(p * dh, p * dh + (height - 1) * sh + 1, sh)
            columns = slice(q * dw, q * dw + (width - 1) * sw + 1, sw)
            seen = x[:, :, :, :, rows, columns]
            total = total + (seen * weight[:, :, :, p, q, None, None]).sum(3)
    total = total.reshape(total.shape[0], filters, height, width)
    return total if bias is None else total + bias.reshape(-1, 1, 1)
