"""Arrays joined along an axis."""

from minitorch.device import array_module


def concatenate(arrays, axis):
    """By CuPy, whose kernel needs no help."""
    return array_module(arrays[0]).concatenate(arrays, axis=axis)
