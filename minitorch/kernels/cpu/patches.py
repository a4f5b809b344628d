"""Patches of images as columns, and columns added up to images: copies of strided slices, for any array module."""

from minitorch.device import array_module
from minitorch.kernels.cpu.convolution import output_length


def unfold(x, kernel_size, stride, padding, dilation):
    """(N, C, H, W) to (N, C, KH, KW, OH, OW): every place of the kernel in every window; padding reads 0."""
    size, places = _places(x.shape[2:], kernel_size, stride, padding, dilation)
    patches = array_module(x).zeros((*x.shape[:2], *kernel_size, *size), dtype=x.dtype)
    for kernel, windows, positions in places:
        patches[(..., *kernel, *windows)] = x[(..., *positions)]
    return patches


def fold(patches, shape, kernel_size, stride, padding, dilation):
    """The transpose of `unfold`: every number of the patches is added where it was read; returns ``shape``."""
    image = array_module(patches).zeros(shape, dtype=patches.dtype)
    for kernel, windows, positions in _places(shape[2:], kernel_size, stride, padding, dilation)[1]:
        image[(..., *positions)] += patches[(..., *kernel, *windows)]
    return image


def _places(plane, kernel_size, stride, padding, dilation):
    """(output size, [(place in the kernel, windows for which it lies in the plane, their positions there)])."""
    size, axes = [], []
    for n, k, s, p, d in zip(plane, kernel_size, stride, padding, dilation):
        count = output_length(n, k, s, (p, p), d)
        size.append(count)
        axes.append([])
        for place in range(k):
            offset = place * d - p
            first, last = max(0, -(offset // s)), min(count - 1, (n - 1 - offset) // s)
            if first <= last:
                positions = slice(first * s + offset, last * s + offset + 1, s)
                axes[-1].append((place, slice(first, last + 1), positions))
    return size, [tuple(zip(row, column)) for row in axes[0] for column in axes[1]]
