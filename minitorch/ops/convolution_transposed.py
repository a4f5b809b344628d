"""Transposed convolution: the gradient of a convolution to its input, used as a forward operation."""

from minitorch.ops.convolution import Conv2dInputGrad, check_operands
from minitorch.ops.linear_algebra import matmul
from minitorch.ops.operands import several
from minitorch.ops.padding import pad
from minitorch.ops.patches import Fold


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Transposed convolution of (N, C, L) or (C, L) with weight (C, O / groups, K); see `conv_transpose2d`."""
    settings = (stride, padding, output_padding, dilation)
    geometry = _geometry("conv_transpose1d", input, weight, bias, *settings, groups, 1)
    return _convolve(input.unsqueeze(-2), weight.unsqueeze(2), bias, groups, *geometry).squeeze(-2)


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Every input number spreads a copy of the kernel, scaled by it, over the output, `stride` apart.

    Source: Zeiler et al. 2010, "Deconvolutional networks"; Dumoulin and Visin 2016, section 4.

    Args:
        input: (N, C, H, W) or (C, H, W), floating point or int64.
        weight: (C, O / groups, KH, KW).
        bias: (O,) or None.
        stride, dilation: integers of at least 1, or (vertical, horizontal).
        padding: rows and columns cut off on each side of the output.
        output_padding: rows and columns more at the bottom and right; less than stride or dilation.
        groups: channels and filters fall into that many independent groups.

    Returns:
        (N, O, OH, OW) with OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1; OW likewise.

    Raises:
        RuntimeError: shapes, dtypes or devices that do not fit; an output that would be empty.
    """
    settings = (stride, padding, output_padding, dilation)
    geometry = _geometry("conv_transpose2d", input, weight, bias, *settings, groups, 2)
    return _convolve(input, weight, bias, groups, *geometry)


def _geometry(name, input, weight, bias, stride, padding, output_padding, dilation, groups, dims):
    """(output size, stride, padding, dilation, output padding) of two dimensions, checked."""
    check_operands(name, input, weight, bias, groups, dims, transposed=True)
    stride, dilation = several(name, "stride", stride, dims, 1), several(name, "dilation", dilation, dims, 1)
    padding, extra = several(name, "padding", padding, dims), several(name, "output_padding", output_padding, dims)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation)):
        raise RuntimeError(
            f"{name}: output_padding {extra} must be smaller than stride {stride} or dilation {dilation}"
        )
    plane, kernel = input.array.shape[-dims:], weight.array.shape[2:]
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(plane, stride, padding, dilation, kernel, extra)
    )
    if min(size) < 1 or 0 in plane:
        raise RuntimeError(f"{name}: input of shape {input.array.shape} would give an empty output of size {size}")
    one, zero = (1,) * (2 - dims), (0,) * (2 - dims)
    return one + size, one + stride, zero + padding, one + dilation, zero + extra


def _convolve(input, weight, bias, groups, size, stride, padding, dilation, extra):
    x = input if input.array.ndim == 4 else input.unsqueeze(0)
    # What output_padding adds is what padding would cut off; beyond that the kernels do not reach: zeros.
    kept = [(p, max(p - e, 0)) for p, e in zip(padding, extra)]
    beyond = [max(e - p, 0) for p, e in zip(padding, extra)]
    shape = (x.array.shape[0], weight.array.shape[1] * groups, *(n - b for n, b in zip(size, beyond)))
    if x.array.dtype.kind == "f":
        geometry = {"stride": stride, "padding": tuple(kept), "dilation": dilation, "groups": groups}
        y = Conv2dInputGrad.apply(x, weight, input_shape=shape, **geometry)
    else:
        y = conv_transpose2d_definition(x, weight, stride, dilation, groups)
        y = pad(y, [-width for edges in kept[::-1] for width in edges])
    y = pad(y, (0, beyond[1], 0, beyond[0])) if any(beyond) else y
    y = y if bias is None else y + bias.reshape(-1, 1, 1)
    return y if input.array.ndim == 4 else y.squeeze(0)


def conv_transpose2d_definition(input, weight, stride=1, dilation=1, groups=1):
    """`conv_transpose2d` without padding as its formula: one kernel-sized patch per number, added where they lie."""
    stride, dilation = several("conv", "stride", stride, 2, 1), several("conv", "dilation", dilation, 2, 1)
    n, c, height, width = input.array.shape
    outputs, *kernel = weight.array.shape[1:]
    x = input.reshape(n, groups, c // groups, height * width)
    patches = matmul(weight.reshape(groups, c // groups, -1).transpose(1, 2), x)
    size = [(m - 1) * s + d * (k - 1) + 1 for m, s, d, k in zip((height, width), stride, dilation, kernel)]
    return Fold.apply(
        patches.reshape(n, groups * outputs, *kernel, height, width),
        shape=(n, groups * outputs, *size), kernel_size=tuple(kernel), stride=stride, padding=(0, 0), dilation=dilation,
    )  # fmt: skip
