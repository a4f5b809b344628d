"""Borders around images as modules."""

import numpy as np

from minitorch.nn.functional import pad
from minitorch.nn.module import Module


class _Pad2d(Module):
    """A border around the last two dimensions.

    Args:
        padding: the width on every side, or (left, right, top, bottom); negative widths cut off.

    Raises:
        ValueError: not one or four integers.
    """

    mode, value = "constant", None

    def __init__(self, padding):
        super().__init__()
        widths = (padding,) * 4 if isinstance(padding, (int, np.integer)) else padding
        four = isinstance(widths, (tuple, list)) and len(widths) == 4
        if not four or any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) for n in widths):
            raise ValueError(f"{type(self).__name__}: padding must be an integer or four integers, got {padding!r}")
        self.padding = tuple(widths)

    def forward(self, input):
        return pad(input, self.padding, self.mode, self.value)

    def extra_repr(self):
        return str(self.padding)


class ConstantPad2d(_Pad2d):
    """A border of one value around (..., H, W).

    Args:
        padding: the width on every side, or (left, right, top, bottom); negative widths cut off.
        value: a number.
    """

    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class ZeroPad2d(ConstantPad2d):
    """A border of zeros around (..., H, W). Argument as `ConstantPad2d`."""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return str(self.padding)


class ReflectionPad2d(_Pad2d):
    """(N, C, H, W) or (C, H, W) mirrored at its outermost numbers, which are not repeated.

    Args:
        padding: the width on every side, less than the image, or (left, right, top, bottom).
    """

    mode = "reflect"


class ReplicationPad2d(_Pad2d):
    """(N, C, H, W) or (C, H, W) with its outermost numbers repeated. Argument as `ConstantPad2d`."""

    mode = "replicate"


class CircularPad2d(_Pad2d):
    """(N, C, H, W) or (C, H, W) continued from its other side.

    Args:
        padding: the width on every side, at most that of the image, or (left, right, top, bottom).
    """

    mode = "circular"
