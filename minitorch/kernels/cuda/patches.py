"""Patches of images as columns, and columns added up to images: the kernels in `source/convolution_columns.cu`.

Integers and booleans, for which these kernels are not compiled, go through the slices of `kernels.cpu`.
"""

from minitorch.kernels.cpu import patches as slices
from minitorch.kernels.cuda.convolution_columns import col2im, im2col
from minitorch.kernels.cuda.convolution_geometry import output_size
from minitorch.kernels.cuda.half import in_float32


@in_float32
def unfold(x, kernel_size, stride, padding, dilation):
    """(N, C, H, W) to (N, C, KH, KW, OH, OW): every place of the kernel in every window; padding reads 0."""
    if x.dtype.kind != "f":
        return slices.unfold(x, kernel_size, stride, padding, dilation)
    size = output_size(x.shape[2:], kernel_size, stride, _both_sides(padding), dilation)
    columns = im2col(x, kernel_size, stride, _both_sides(padding), dilation)
    return columns.reshape(*x.shape[:2], *kernel_size, *size)


@in_float32
def fold(patches, shape, kernel_size, stride, padding, dilation):
    """The transpose of `unfold`: every number of the patches is added where it was read; returns ``shape``."""
    if patches.dtype.kind != "f":
        return slices.fold(patches, shape, kernel_size, stride, padding, dilation)
    return col2im(patches, shape, kernel_size, stride, _both_sides(padding), dilation)


def _both_sides(padding):
    """((top, bottom), (left, right)) of (vertical, horizontal)."""
    return tuple((width, width) for width in padding)
