"""Convolution. It is linear in the input and in the weight, so its two gradients are three operations that are
each other's derivatives: forward, gradient to the input (transposed convolution), gradient to the weight."""

from minitorch.autograd import Function
from minitorch.kernels import backend
from minitorch.ops.operands import require_float, require_same, two
from minitorch.ops.padding import pad


class Conv2d(Function):
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


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Two-dimensional convolution (as in all deep learning: cross-correlation, the kernel is not flipped).

    ``out[n, o, i, j] = bias[o] + sum over c, p, q of weight[o, c, p, q] * input[n, c, i*stride + p*dilation, ...]``

    Args:
        input: (N, C, H, W) or (C, H, W), floating point.
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
    geometry = _geometry(input, weight, bias, stride, padding, dilation, groups)
    if input.array.ndim == 3:
        return Conv2d.apply(input.unsqueeze(0), weight, bias, **geometry).squeeze(0)
    return Conv2d.apply(input, weight, bias, **geometry)


def _geometry(input, weight, bias, stride, padding, dilation, groups):
    require_same("conv2d", input=input, weight=weight, bias=bias)
    require_float("conv2d", input=input)
    x, w = input.array.shape, weight.array.shape
    if len(x) not in (3, 4) or len(w) != 4:
        raise RuntimeError(
            f"conv2d: input must be (N, C, H, W) or (C, H, W) and weight (O, C/groups, KH, KW), got {x} and {w}"
        )
    if 0 in w[1:]:
        raise RuntimeError(f"conv2d: weight of shape {w} has an empty kernel")
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1:
        raise RuntimeError(f"conv2d: groups must be a positive integer, got {groups!r}")
    if x[-3] != w[1] * groups:
        raise RuntimeError(
            f"conv2d: input of shape {x} has {x[-3]} channels, weight of shape {w} with groups={groups} "
            f"takes {w[1] * groups}"
        )
    if w[0] % groups:
        raise RuntimeError(f"conv2d: {w[0]} filters do not divide into groups={groups}")
    if bias is not None and bias.array.shape != (w[0],):
        raise RuntimeError(f"conv2d: bias must have shape ({w[0]},), got {bias.array.shape}")
    stride, dilation = two("conv2d", "stride", stride, 1), two("conv2d", "dilation", dilation, 1)
    padding = _padding(padding, w, stride, dilation)
    for n, k, d, (a, b) in zip(x[-2:], w[2:], dilation, padding):
        if n + a + b < d * (k - 1) + 1:
            raise RuntimeError(
                f"conv2d: the kernel of shape {w[2:]} (dilation {dilation}) is larger than the padded input {x[-2:]}"
            )
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


def _padding(padding, weight_shape, stride, dilation):
    """((top, bottom), (left, right)) of zeros."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if stride != (1, 1):
            raise RuntimeError(f"conv2d: padding='same' needs stride 1, got {stride}")
        totals = [d * (k - 1) for k, d in zip(weight_shape[2:], dilation)]
        return tuple((n // 2, n - n // 2) for n in totals)
    if isinstance(padding, str):
        raise RuntimeError(f"conv2d: padding must be numbers, 'valid' or 'same', got {padding!r}")
    vertical, horizontal = two("conv2d", "padding", padding)
    return (vertical, vertical), (horizontal, horizontal)


def conv2d_definition(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """`conv2d` as its formula: for each place in the kernel, the shifted input times that slice of the weight."""
    geometry = _geometry(input, weight, bias, stride, padding, dilation, groups)
    (sh, sw), (dh, dw), ((top, bottom), (left, right)) = (geometry[k] for k in ("stride", "dilation", "padding"))
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
