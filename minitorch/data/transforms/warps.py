"""Transforms that move pixels to places between pixels: random rotation, affine and perspective maps."""

import numbers
from typing import ClassVar

from minitorch.data.randomness import current_generator
from minitorch.data.transforms.base import (
    RandomTransform,
    Transform,
    check_range,
    draw_index,
    symmetric_range,
)
from minitorch.data.transforms.functional import warps as F
from minitorch.data.transforms.functional.images import check_fill, get_dimensions
from minitorch.data.transforms.functional.interpolation import WARPS, InterpolationMode, interpolation_mode


class RandomRotation(Transform):
    """Turn an image by a random angle.

    Args:
        degrees: `(least, greatest)` angle, counter-clockwise; one number `d` is `(-d, d)`.
        interpolation: "nearest", "bilinear" or, for pictures, "bicubic".
        expand: make the result large enough for the whole turned image.
        center: `(x, y)` from the top left corner that stays where it is; the middle unless given.
        fill: the value of what comes from outside, one number or one for each channel.
    """

    shown: ClassVar = ("degrees", "interpolation", "expand", "center", "fill")

    def __init__(self, degrees, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=0):
        self.degrees = symmetric_range("RandomRotation", "degrees", degrees)
        self.interpolation = interpolation_mode("RandomRotation", interpolation, WARPS)
        self.expand, self.center, self.fill = expand, _check_center("RandomRotation", center), fill
        check_fill("RandomRotation", fill)

    @staticmethod
    def get_params(degrees):
        """Draw the angle."""
        return current_generator().uniform(degrees[0], degrees[1])

    def apply(self, image):
        fill = 0 if self.fill is None else self.fill
        return F.rotate(image, self.get_params(self.degrees), self.interpolation, self.expand, self.center, fill)


class RandomAffine(Transform):
    """Turn, move, scale and shear an image at random; its middle stays in place but for the move.

    Args:
        degrees: `(least, greatest)` angle, clockwise; one number `d` is `(-d, d)`.
        translate: the farthest move as a share of the width and of the height, 0 to 1; none unless given.
        scale: `(least, greatest)` factor; 1 unless given.
        shear: `(least, greatest)` degrees along x, or four numbers for x and y; one number `s` is `(-s, s)` along x.
        interpolation, fill, center: see `RandomRotation`.
    """

    shown: ClassVar = ("degrees", "translate", "scale", "shear", "interpolation", "fill", "center")

    def __init__(self, degrees, translate=None, scale=None, shear=None, interpolation=InterpolationMode.NEAREST,
                 fill=0, center=None):
        self.degrees = symmetric_range("RandomAffine", "degrees", degrees)
        if translate is not None:
            for share in _two("RandomAffine", "translate", translate):
                if not 0 <= share <= 1:
                    raise ValueError(f"RandomAffine: translate must be shares of 0 to 1, got {translate!r}")
        if scale is not None and check_range("RandomAffine", "scale", scale, 0)[0] == 0:
            raise ValueError(f"RandomAffine: scale must be above 0, got {scale!r}")
        self.translate, self.scale = translate, scale
        self.shear = None if shear is None else symmetric_range("RandomAffine", "shear", shear, (2, 4))
        self.interpolation = interpolation_mode("RandomAffine", interpolation, WARPS)
        self.fill, self.center = fill, _check_center("RandomAffine", center)
        check_fill("RandomAffine", fill)

    @staticmethod
    def get_params(degrees, translate, scale_ranges, shears, img_size):
        """Draw `(angle, (x, y), scale, (shear along x, along y))`; `img_size` is `(width, height)`."""
        uniform = current_generator().uniform
        angle = uniform(degrees[0], degrees[1])
        moves = (0, 0)
        if translate is not None:
            moves = tuple(round(uniform(-share * length, share * length)) for share, length in zip(translate, img_size))
        scale = 1.0 if scale_ranges is None else uniform(scale_ranges[0], scale_ranges[1])
        shears = () if shears is None else shears
        shear = [uniform(shears[low], shears[low + 1]) if low < len(shears) else 0.0 for low in (0, 2)]
        return angle, moves, scale, tuple(shear)

    def apply(self, image):
        _, height, width = get_dimensions(image)
        params = self.get_params(self.degrees, self.translate, self.scale, self.shear, (width, height))
        fill = 0 if self.fill is None else self.fill
        return F.affine(image, *params, interpolation=self.interpolation, fill=fill, center=self.center)


class RandomPerspective(RandomTransform):
    """Distort an image with probability `p` as if it were seen from another side.

    Args:
        distortion_scale: how far the corners may move inwards, 0 to 1; at 1 as far as the middle.
        p: the probability.
        interpolation, fill: see `RandomRotation`.
    """

    shown: ClassVar = ("distortion_scale", "p", "interpolation", "fill")

    def __init__(self, distortion_scale=0.5, p=0.5, interpolation=InterpolationMode.BILINEAR, fill=0):
        super().__init__(p)
        if not isinstance(distortion_scale, numbers.Real) or not 0 <= distortion_scale <= 1:
            raise ValueError("RandomPerspective: distortion_scale must be a number of 0 to 1, got "
                             f"{distortion_scale!r}")
        self.distortion_scale = distortion_scale
        self.interpolation = interpolation_mode("RandomPerspective", interpolation, WARPS)
        self.fill = fill
        check_fill("RandomPerspective", fill)

    @staticmethod
    def get_params(width, height, distortion_scale):
        """Draw `(startpoints, endpoints)` for `perspective`."""
        across, down = (int(distortion_scale * (length // 2)) for length in (width, height))
        startpoints = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        endpoints = []
        for x, y in startpoints:
            # Towards the middle from either side.
            x = draw_index(across + 1) if x == 0 else width - 1 - draw_index(across + 1)
            y = draw_index(down + 1) if y == 0 else height - 1 - draw_index(down + 1)
            endpoints.append([x, y])
        return startpoints, endpoints

    def apply(self, image):
        _, height, width = get_dimensions(image)
        coefficients = F.perspective_coefficients(*self.get_params(width, height, self.distortion_scale))
        if coefficients is None:  # the corners fell on a line, and nothing would be left to see
            return image
        mode = F.warp_mode("RandomPerspective", image, self.interpolation)
        return F.apply_perspective(image, coefficients, mode, 0 if self.fill is None else self.fill)


def _two(name, argument, value):
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise TypeError(f"{name}: {argument} must be two numbers, got {value!r}")
    return value


def _check_center(name, center):
    return None if center is None else _two(name, "center", center)
