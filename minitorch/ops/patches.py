"""Patches of images as columns (im2col), and columns added up to images again (col2im): each other's transpose."""

import math

from minitorch.autograd import Function
from minitorch.kernels import backend
from minitorch.ops.operands import labelled, require_tensor, two


class Unfold(Function):
    """(N, C, H, W) to (N, C, KH, KW, OH, OW): every place of the kernel in every window; padding reads 0."""

    @staticmethod
    def forward(ctx, x, kernel_size, **geometry):
        ctx.shape, ctx.kernel_size, ctx.geometry = x.shape, kernel_size, geometry
        return backend(x).unfold(x, kernel_size, **geometry)

    @staticmethod
    def backward(ctx, grad):
        return Fold.apply(grad, shape=ctx.shape, kernel_size=ctx.kernel_size, **ctx.geometry)


class Fold(Function):
    """The transpose of `Unfold`: every number of the patches is added where it was read from."""

    label = "Col2ImBackward0"

    @staticmethod
    def forward(ctx, patches, shape, kernel_size, **geometry):
        ctx.kernel_size, ctx.geometry = kernel_size, geometry
        return backend(patches).fold(patches, shape, kernel_size, **geometry)

    @staticmethod
    def backward(ctx, grad):
        return Unfold.apply(grad, kernel_size=ctx.kernel_size, **ctx.geometry)


def _windows(plane, kernel_size, stride, padding, dilation):
    """Number of windows along each axis; not positive where none fits."""
    axes = zip(plane, kernel_size, stride, padding, dilation)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in axes)


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """The windows of a convolution as columns.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, dilation, padding, stride: integers or (vertical, horizontal).

    Returns:
        (N, C * KH * KW, L), L the number of windows, row by row.

    Raises:
        RuntimeError: an input of another form, windows that do not fit.
    """
    require_tensor("unfold", input=input)
    shape = input.array.shape
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(f"unfold: input must be (N, C, H, W) or (C, H, W) with C, H, W > 0, got {shape}")
    _check_type("unfold", input)
    kernel, geometry = _geometry("unfold", kernel_size, dilation, padding, stride)
    size = _windows(shape[-2:], kernel, **geometry)
    if min(size) < 1:
        raise RuntimeError(f"unfold: windows of {kernel} (dilation {geometry['dilation']}) do not fit into {shape}")
    patches = Unfold.apply(input if len(shape) == 4 else input.unsqueeze(0), kernel_size=kernel, **geometry)
    columns = patches.reshape(patches.array.shape[0], shape[-3] * kernel[0] * kernel[1], size[0] * size[1])
    return labelled("Im2ColBackward0", columns) if len(shape) == 4 else columns.squeeze(0)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Columns added up to an image: the transpose of `unfold`; overlapping windows add.

    Args:
        input: (N, C * KH * KW, L) or (C * KH * KW, L), as `unfold` gives them.
        output_size: (H, W) of the result, or one integer.
        kernel_size, dilation, padding, stride: integers or (vertical, horizontal).

    Returns:
        (N, C, H, W) or (C, H, W).

    Raises:
        RuntimeError: rows that are no multiple of KH * KW, or L that is not the number of windows.
    """
    require_tensor("fold", input=input)
    shape, output = input.array.shape, two("fold", "output_size", output_size, 1)
    _check_type("fold", input)
    kernel, geometry = _geometry("fold", kernel_size, dilation, padding, stride)
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(f"fold: input must be (N, C*KH*KW, L) or (C*KH*KW, L), not empty, got {shape}")
    if shape[-2] % math.prod(kernel):
        raise RuntimeError(f"fold: {shape[-2]} rows of input {shape} do not divide into kernels of {kernel}")
    size = _windows(output, kernel, **geometry)
    if min(size) < 1 or shape[-1] != size[0] * size[1]:
        raise RuntimeError(
            f"fold: output_size {output} has {max(size[0], 0)} x {max(size[1], 0)} windows of {kernel}, "
            f"input {shape} holds {shape[-1]}"
        )
    channels = shape[-2] // math.prod(kernel)
    batch = shape[0] if len(shape) == 3 else 1
    patches = input.reshape(batch, channels, *kernel, *size)
    image = Fold.apply(patches, shape=(batch, channels, *output), kernel_size=kernel, **geometry)
    return image if len(shape) == 3 else image.squeeze(0)


def _check_type(name, input):
    if input.array.dtype.kind not in "fb":
        raise RuntimeError(f"{name}: input must be floating point or boolean, got {input.array.dtype}; use .float()")


def _geometry(name, kernel_size, dilation, padding, stride):
    kernel = two(name, "kernel_size", kernel_size, 1)
    return kernel, {
        "stride": two(name, "stride", stride, 1),
        "padding": two(name, "padding", padding),
        "dilation": two(name, "dilation", dilation, 1),
    }
