"""Images, sequences and volumes in another size.

Every method is one weighted sum after the other, a dimension at a time: output entry i lies at some place of the
input, and takes the entries around it with weights that depend on their distance.
"""

import math

import numpy as np

from minitorch import dtype as dtypes
from minitorch.ops.adaptive_pooling import adaptive_windows
from minitorch.ops.arguments import arguments
from minitorch.ops.operands import as_integer, is_number, require_tensor
from minitorch.ops.resampling_bytes import resample_bytes
from minitorch.ops.weighted_sum import weighted_sum

MODES = {  # how many spatial dimensions each takes
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
ALIGNABLE = ("linear", "bilinear", "bicubic", "trilinear")


def triangle(x):
    """The linear filter: 1 at 0, falling to 0 at distance 1."""
    return np.maximum(1 - np.abs(x), 0)


def cubic(x, a):
    """The cubic convolution filter, 0 from distance 2 on. Source: Keys 1981, equation 15, with a free parameter a."""
    x = np.abs(x)
    near, far = ((a + 2) * x - (a + 3)) * x * x + 1, (((x - 5) * x + 8) * x - 4) * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _scale(length, count, align_corners, factor, dtype):
    """Input entries per output entry."""
    if align_corners:
        return dtype.type((length - 1) / (count - 1) if count > 1 else 0)
    return dtype.type(1 / factor if factor else length / count)


def nearest_tables(length, count, exact, factor, dtype):
    """One position an output entry: where its start (or, exact, its middle) lies."""
    scale, places = _scale(length, count, False, factor, dtype), np.arange(count).astype(dtype)
    places = np.floor((places + dtype.type(0.5)) * scale) if exact else np.floor(places * scale)
    return np.minimum(places.astype(np.int64), length - 1)[:, None], np.ones((count, 1))


def filter_tables(length, count, mode, align_corners, factor, dtype):
    """Two (linear) or four (cubic) positions an output entry, and their weights; outside counts the edge."""
    scale, places = _scale(length, count, align_corners, factor, dtype), np.arange(count).astype(dtype)
    half = dtype.type(0.5)
    places = places * scale if align_corners else (places + half) * scale - half
    if mode == "cubic":
        first, taps = np.floor(places) - 1, np.arange(4)
    else:
        places = np.clip(places, 0, length - 1)
        first, taps = np.floor(places), np.arange(2)
    distances = (places - first)[:, None].astype(np.float64) - taps
    weights = cubic(distances, -0.75) if mode == "cubic" else triangle(distances)
    return np.clip(first[:, None].astype(np.int64) + taps, 0, length - 1), weights


def antialias_tables(length, count, mode, align_corners, factor, dtype):
    """The filter stretched over all input entries that an output entry stands for, as Pillow does."""
    scale = float(_scale(length, count, align_corners, factor, dtype))
    reach = (2 if mode == "cubic" else 1) * max(scale, 1.0)
    centers = scale * (np.arange(count) + 0.5)
    first = np.maximum((centers - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((centers + reach + 0.5).astype(np.int64), length)
    taps = first[:, None] + np.arange(int((last - first).max()))
    distances = (taps + 0.5 - centers[:, None]) / max(scale, 1.0)
    weights = cubic(distances, -0.5) if mode == "cubic" else triangle(distances)
    weights = np.where(taps < last[:, None], weights, 0.0)
    return np.minimum(taps, length - 1), weights / weights.sum(1, keepdims=True)


def area_tables(length, count):
    """All positions of an output entry's window, with the same weight."""
    positions, lengths = adaptive_windows(length, count)
    return positions, (np.arange(positions.shape[1]) < lengths[:, None]) / lengths[:, None]


@arguments()
def interpolate(
    input,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    """A sequence, image or volume in another size.

    Args:
        input: (N, C, L), (N, C, H, W) or (N, C, D, H, W); floating point, or uint8 for the nearest modes and
            bilinear and bicubic.
        size: an integer or one for each spatial dimension.
        scale_factor: in place of size: the output has floor(scale_factor * length) entries; likewise.
        mode: ``"nearest"``, ``"nearest-exact"`` (pixel centres, as Pillow), ``"area"`` (means), ``"linear"`` (L),
            ``"bilinear"``, ``"bicubic"`` (H, W; Keys 1981 with a = -0.75) or ``"trilinear"`` (D, H, W).
        align_corners: for the linear and cubic modes: the centres of the outermost entries fall on each other, in
            place of the outer edges.
        recompute_scale_factor: compute the places from the sizes in place of the given factor.
        antialias: for bilinear and bicubic: stretch the filter when the image becomes smaller.

    Raises:
        ValueError, TypeError: sizes or settings that do not fit together.
        NotImplementedError: a mode that is unknown or not for that number of dimensions.
        RuntimeError: an empty input or output, a type that the mode does not take.
    """
    require_tensor("interpolate", input=input)
    if not isinstance(mode, str):
        raise TypeError(f"interpolate: mode must be a string, got {mode!r}")
    size, factors = _output_size(input, size, scale_factor, recompute_scale_factor)
    _check_mode(input, mode, align_corners, antialias)
    spatial = input.array.shape[2:]
    if min(spatial) < 1 or min(size) < 1 or not input.array.shape[1]:
        raise RuntimeError(f"interpolate: sizes must be positive, got input {input.array.shape} and output {size}")
    whole = input.array.dtype == dtypes.uint8 and not mode.startswith("nearest")
    dtype = dtypes.float64 if whole or input.array.dtype == dtypes.float64 else dtypes.float32  # as PyTorch computes
    if mode == "nearest" and len(size) == 2:  # PyTorch looks at the sizes alone there, but for lines and volumes
        factors = [None if b in (a, 2 * a) else factor for a, b, factor in zip(spatial, size, factors)]
    tables = [_tables(*args, mode, align_corners, antialias, dtype) for args in zip(spatial, size, factors)]
    if whole:
        return input._wrap(resample_bytes(input.array, tables))
    for dim in reversed(range(len(size))):
        input = weighted_sum(input, dim + 2, *tables[dim])
    return input.clone() if all(a == b for a, b in zip(spatial, size)) else input


def _tables(length, count, factor, mode, align_corners, antialias, dtype):
    if mode == "area":
        return area_tables(length, count)
    if mode.startswith("nearest"):
        return nearest_tables(length, count, mode == "nearest-exact", factor, dtype)
    make = antialias_tables if antialias else filter_tables
    return make(length, count, "cubic" if mode == "bicubic" else "linear", bool(align_corners), factor, dtype)


def _check_mode(input, mode, align_corners, antialias):
    dims, dtype = input.array.ndim - 2, input.array.dtype
    if mode not in MODES or dims not in MODES[mode]:
        takes = f" takes {' or '.join(f'{n + 2}D' for n in MODES[mode])} input" if mode in MODES else " is unknown"
        raise NotImplementedError(f"interpolate: mode {mode!r}{takes}, got shape {input.array.shape}")
    if align_corners is not None and mode not in ALIGNABLE:
        raise ValueError(f"interpolate: align_corners is only for {', '.join(ALIGNABLE)}, got mode {mode!r}")
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError(f"interpolate: antialias is only for bilinear and bicubic, got mode {mode!r}")
    bytes_too = mode in ("nearest", "nearest-exact", "bilinear", "bicubic")
    if dtype.kind != "f" and not (dtype == dtypes.uint8 and bytes_too):
        raise RuntimeError(f"interpolate: mode {mode!r} is not defined for {dtype}; use .float()")


def _output_size(input, size, scale_factor, recompute):
    """(output sizes, for each the factor that gives the places or None)."""
    spatial = input.array.shape[2:]
    if not 1 <= len(spatial) <= 3:
        raise NotImplementedError(f"interpolate: input must have 3, 4 or 5 dimensions, got shape {input.array.shape}")
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give either size or scale_factor, and not both")
    if size is not None:
        if recompute:
            raise ValueError("interpolate: recompute_scale_factor has no meaning with a size")
        sizes = _each("size", size, spatial)
        numbers = tuple(map(as_integer, sizes))
        if None in numbers:
            raise TypeError(f"interpolate: size must hold integers, got {size!r}")
        return numbers, (None,) * len(spatial)
    factors = _each("scale_factor", scale_factor, spatial)
    for factor in factors:
        if isinstance(factor, bool) or not is_number(factor):
            raise TypeError(f"interpolate: scale_factor must hold numbers, got {scale_factor!r}")
        if not 0 < factor < math.inf:
            raise ValueError(f"interpolate: scale_factor must be positive, got {scale_factor!r}")
    sizes = tuple(math.floor(n * float(factor)) for n, factor in zip(spatial, factors))
    return sizes, ((None,) * len(spatial) if recompute else tuple(float(factor) for factor in factors))


def _each(name, value, spatial):
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * len(spatial)
    if len(values) != len(spatial):
        raise ValueError(
            f"interpolate: {name} must be a number or one for each of the {len(spatial)} spatial dimensions, "
            f"got {value!r}"
        )
    return values


@arguments()
def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """The older name of `interpolate`."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """`interpolate` with mode ``"nearest"``."""
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """`interpolate` with mode ``"bilinear"`` and align_corners=True."""
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)
