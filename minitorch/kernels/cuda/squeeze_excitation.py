"""Squeeze-and-excitation scaling of (N, C, ...) arrays: each plane times its gate."""

import math

from minitorch.kernels.cuda.grids import AT_ONCE, ceil_div, teams
from minitorch.kernels.cuda.half import in_float32
from minitorch.kernels.cuda.launcher import contiguous, empty, grid_for, launch, zeros


def _sizes(x):
    """(planes, numbers of a plane)."""
    return math.prod(x.shape[:2]), math.prod(x.shape[2:])


@in_float32
def channel_scale(x, gate):
    """x times gate (N, C)."""
    planes, size = _sizes(x)
    y = empty(x.shape, x.dtype, x)
    across, block = teams(size, planes)
    across = grid_for(across, 1, x)
    along = grid_for(across * ceil_div(size, AT_ONCE * block[0]), 1, x) // max(across, 1)
    launch(
        "squeeze_excitation", "channel_scale", (across, along), block, contiguous(x), contiguous(gate), y, planes, size
    )
    return y


@in_float32
def channel_scale_grad(grad, x, gate):
    """Return (dx, dgate) for `channel_scale`."""
    planes, size = _sizes(x)
    if not x.size:
        return x.copy(), zeros(gate.shape, x.dtype, x)
    dx, dgate = empty(x.shape, x.dtype, x), empty(gate.shape, x.dtype, x)
    launch(
        "squeeze_excitation", "channel_scale_grad", *teams(size, planes),
        contiguous(grad), contiguous(x), contiguous(gate), dx, dgate, planes, size,
    )  # fmt: skip
    return dx, dgate
