"""Images read at places given by a grid (spatial transformers): a gather of the neighbours, weighted by distance.

Source: Jaderberg et al. 2015, "Spatial transformer networks".
"""

import itertools
import math

import numpy as np

from minitorch.autograd import Function
from minitorch.device import array_module
from minitorch.ops.linear_algebra import matmul
from minitorch.ops.operands import require_float, require_same, require_tensor
from minitorch.ops.places import ReadPlaces

MODES = ("bilinear", "nearest", "bicubic")
PADDING_MODES = ("zeros", "border", "reflection")


class Moved(Function):
    """Places moved to others whose derivative in the old ones is known: 1, -1 or 0."""

    @staticmethod
    def forward(ctx, x, value, slope):
        ctx.save_for_backward(slope)
        return value

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0]


def _into(x, n, padding_mode, align_corners):
    """(places, slopes): the array of places x brought into 0..n-1 as the padding mode has it."""
    xp, slope = array_module(x), 1
    if padding_mode == "zeros":
        return x, array_module(x).ones_like(x)
    if padding_mode == "reflection":
        low, span = (0, n - 1) if align_corners else (-0.5, n)  # mirrors stand at low and at low + span
        if span == 0:
            return xp.zeros_like(x), xp.zeros_like(x)
        distance = xp.abs(x - low)
        flips, rest = xp.floor(distance / span), xp.fmod(distance, span)
        odd = flips % 2 != 0
        slope = xp.where((x < low) != odd, -1, 1)
        x = xp.where(odd, span - rest, rest) + low
    inside = (x > 0) & (x < n - 1)
    moved = xp.where(x > 0, xp.minimum(x, n - 1), 0)  # NaN becomes 0
    return moved.astype(x.dtype), (inside * slope).astype(x.dtype)


def _moved(place, n, padding_mode, align_corners):
    """The tensor of places inside the image, differentiable."""
    if padding_mode == "zeros":
        return place
    value, slope = _into(place.array, n, padding_mode, align_corners)
    return Moved.apply(place, value=value, slope=slope)


def _read(planes, sizes, indices):
    """(N, C, P): planes (N, C, M) at whole-numbered floating-point indices, one array (N, P) a dimension; 0 outside.

    Gives also the array that says where they are inside.
    """
    xp = array_module(planes.array)
    places, inside = 0, True
    for index, n in zip(indices, sizes):
        within = (index >= 0) & (index < n)
        places = places * n + xp.where(within, index, 0).astype(np.int64)
        inside = inside & within
    return ReadPlaces.apply(planes, places=xp.where(inside, places, -1)[:, None]), inside


def _linear(planes, sizes, places):
    """The 2**D neighbours, each weighted by how near it is along every dimension."""
    xp, total = array_module(planes.array), 0
    lower = [xp.floor(place.array) for place in places]
    fractions = [place - place._wrap(low) for place, low in zip(places, lower)]
    for corner in itertools.product((0, 1), repeat=len(sizes)):
        values, inside = _read(planes, sizes, [low + bit for low, bit in zip(lower, corner)])
        weight = 1
        for bit, fraction in zip(corner, fractions):
            weight = weight * (fraction if bit else 1 - fraction)
        total = total + values * weight.masked_fill(weight._wrap(~inside), 0).unsqueeze(1)
    return total


def _nearest(planes, sizes, places):
    """The nearest neighbour; where it lies between two, the even one. Its derivative in the places is 0."""
    xp = array_module(planes.array)
    values, _ = _read(planes, sizes, [xp.rint(place.array) for place in places])
    for place in places:
        if place.requires_grad:
            one = Moved.apply(place, value=xp.ones_like(place.array), slope=xp.zeros_like(place.array))
            values = values * one.unsqueeze(1)
    return values


def _cubic_weights(t, a=-0.75):
    """The four weights of the cubic convolution filter (Keys 1981) at the fraction t behind the second."""
    far = [((a * (x - 5)) * x + 8 * a) * x - 4 * a for x in (1 + t, 2 - t)]
    near = [((a + 2) * x - (a + 3)) * x * x + 1 for x in (t, 1 - t)]
    return far[0], near[0], near[1], far[1]


def _cubic(planes, sizes, places, padding_mode, align_corners):
    """The 4 x 4 neighbours; the padding applies to each of them, not to the place."""
    xp, total = array_module(planes.array), 0
    lower = [xp.floor(place.array) for place in places]
    weights = [_cubic_weights(place - place._wrap(low)) for place, low in zip(places, lower)]
    for i, j in itertools.product(range(4), repeat=2):
        taps = [_into(low + k - 1, n, padding_mode, align_corners)[0] for low, k, n in zip(lower, (i, j), sizes)]
        values, _ = _read(planes, sizes, [xp.rint(tap) for tap in taps])
        total = total + values * (weights[0][i] * weights[1][j]).unsqueeze(1)
    return total


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """The input read at the places of a grid.

    Args:
        input: (N, C, H, W), or (N, C, D, H, W) for modes other than bicubic; floating point.
        grid: (N, OH, OW, 2) places (x, y), or (N, OD, OH, OW, 3) places (x, y, z), from -1 (left, top) to 1.
        mode: ``"bilinear"`` (for volumes trilinear), ``"nearest"`` or ``"bicubic"``.
        padding_mode: what lies outside: ``"zeros"``, ``"border"`` (the nearest edge) or ``"reflection"``.
        align_corners: whether -1 and 1 are the centres of the outermost pixels, or (False, None) their outer edges.

    Returns:
        (N, C, OH, OW) or (N, C, OD, OH, OW).

    Raises:
        ValueError: an unknown mode.
        RuntimeError: shapes, dtypes or devices that do not fit.
    """
    _check(input, grid, mode, padding_mode)
    sizes, (n, *output, _) = input.array.shape[2:], grid.array.shape
    planes = input.flatten(2)
    places = [part.reshape(n, math.prod(output)) for part in reversed(grid.unbind(-1))]  # x belongs to the last
    if align_corners:
        places = [(place + 1) * ((m - 1) / 2) for place, m in zip(places, sizes)]
    else:
        places = [((place + 1) * m - 1) / 2 for place, m in zip(places, sizes)]
    if mode == "bicubic":
        result = _cubic(planes, sizes, places, padding_mode, align_corners)
    else:
        places = [_moved(place, m, padding_mode, align_corners) for place, m in zip(places, sizes)]
        if mode == "bilinear":
            result = _linear(planes, sizes, places)
        else:
            result = _nearest(planes, sizes, places)
    return result.reshape(*input.array.shape[:2], *output)


def _check(input, grid, mode, padding_mode):
    if mode not in MODES:
        raise ValueError(f"grid_sample: mode must be one of {', '.join(MODES)}, got {mode!r}")
    if padding_mode not in PADDING_MODES:
        raise ValueError(f"grid_sample: padding_mode must be one of {', '.join(PADDING_MODES)}, got {padding_mode!r}")
    require_tensor("grid_sample", input=input, grid=grid)
    require_same("grid_sample", input=input, grid=grid)
    require_float("grid_sample", input=input)
    x, g = input.array.shape, grid.array.shape
    if len(x) not in (4, 5) or len(g) != len(x) or g[-1] != len(x) - 2 or g[0] != x[0]:
        raise RuntimeError(
            "grid_sample: input must be (N, C, H, W) with a grid (N, OH, OW, 2), or (N, C, D, H, W) with "
            f"(N, OD, OH, OW, 3), got {x} and {g}"
        )
    if 0 in x[2:]:
        raise RuntimeError(f"grid_sample: the planes of the input must not be empty, got shape {x}")
    if mode == "bicubic" and len(x) == 5:
        raise RuntimeError(f"grid_sample: mode 'bicubic' takes (N, C, H, W) input, got shape {x}")


def affine_grid(theta, size, align_corners=None):
    """The grid for `grid_sample` that an affine map makes of the output's places.

    Args:
        theta: (N, 2, 3) for images or (N, 3, 4) for volumes: input place = theta times (x, y, 1) of the output.
        size: (N, C, H, W) or (N, C, D, H, W) of the output.
        align_corners: as for `grid_sample`.

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3).

    Raises:
        RuntimeError, ValueError: shapes that do not fit, integers.
    """
    require_float("affine_grid", theta=theta)
    if not isinstance(size, (tuple, list)) or len(size) not in (4, 5):
        raise NotImplementedError(f"affine_grid: size must be (N, C, H, W) or (N, C, D, H, W), got {size!r}")
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in size):
        raise ValueError(f"affine_grid: size must hold positive integers, got {size!r}")
    dims = len(size) - 2
    if theta.array.shape != (size[0], dims, dims + 1):
        raise ValueError(
            f"affine_grid: theta must have shape {(size[0], dims, dims + 1)} for size {tuple(size)}, "
            f"got {theta.array.shape}"
        )
    lines = []
    for n in size[2:]:
        line = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
        lines.append(line if align_corners else line * ((n - 1) / n))
    places = np.meshgrid(*lines, indexing="ij")[::-1]
    points = np.stack([*places, np.ones(size[2:])], -1).reshape(-1, dims + 1).astype(theta.array.dtype)
    grid = matmul(theta._wrap(array_module(theta.array).asarray(points)), theta.transpose(1, 2))
    return grid.reshape(size[0], *size[2:], dims)
