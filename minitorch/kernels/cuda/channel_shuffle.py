"""Channel shuffle of (N, C, ...) arrays."""

import math

from minitorch.kernels.cuda.grids import images_by_columns
from minitorch.kernels.cuda.launcher import BLOCK, contiguous, empty, launch

MOVED_AS = {4: "float32", 8: "float64"}  # by bytes of a number; the kernel moves them and does not look at them


def channel_shuffle(x, groups):
    """The channels of `groups` groups dealt out in turn; `channel_shuffle(y, C // groups)` is the inverse."""
    images, channels, *plane = x.shape
    each = channels // groups
    if x.dtype.itemsize not in MOVED_AS:
        return contiguous(x.reshape(images, groups, each, *plane).swapaxes(1, 2)).reshape(x.shape)
    moved, columns = MOVED_AS[x.dtype.itemsize], channels * math.prod(plane)
    y = empty(x.shape, x.dtype, x)
    launch(
        "channel_shuffle", "channel_shuffle", images_by_columns(images, columns, x), BLOCK,
        contiguous(x).view(moved), y.view(moved), images, groups, each, math.prod(plane),
    )  # fmt: skip
    return y
