"""How values between pixels are found: the names of the filters."""

import enum

from PIL import Image


class InterpolationMode(enum.Enum):
    """The filters of Pillow, under torchvision's names. Those that resize smooth when they shrink an image."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


RESAMPLING = {mode: Image.Resampling[mode.name.removesuffix("_EXACT")] for mode in InterpolationMode}
WARPS = (InterpolationMode.NEAREST, InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)


def interpolation_mode(name, interpolation, allowed=tuple(InterpolationMode)):
    """The `InterpolationMode` of one, of its value (`"bilinear"`), or of Pillow's number for it."""
    if isinstance(interpolation, InterpolationMode):
        mode = interpolation
    elif isinstance(interpolation, str):
        mode = next((mode for mode in InterpolationMode if mode.value == interpolation), None)
    else:
        mode = next((mode for mode, number in RESAMPLING.items() if number == interpolation), None)
    if mode not in allowed:
        raise ValueError(f"{name}: interpolation must be one of {', '.join(mode.value for mode in allowed)}, got "
                         f"{interpolation!r}")
    return mode
