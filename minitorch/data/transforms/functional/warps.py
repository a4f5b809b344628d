"""Functions that move pixels to places between pixels: rotation, affine and perspective maps."""

import math
import numbers

import numpy as np
from PIL import Image

from minitorch.data.transforms.functional.images import (
    check_fill,
    check_image,
    fill_values,
    get_dimensions,
    is_tensor_image,
    pillow_color,
    with_pillow,
)
from minitorch.data.transforms.functional.interpolation import (
    RESAMPLING,
    WARPS,
    InterpolationMode,
    interpolation_mode,
)
from minitorch.data.transforms.functional.sampling import affine_grid, perspective_grid, sample


def rotate(img, angle, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=None):
    """Turn an image.

    Args:
        angle: degrees, counter-clockwise.
        interpolation: "nearest", "bilinear" or, for pictures, "bicubic".
        expand: make the result large enough for the whole turned image; meant for a turn about the middle.
        center: `(x, y)` from the top left corner that stays where it is; the middle unless given.
        fill: the value of what comes from outside, one number or one for each channel.
    """
    mode = warp_mode("rotate", img, interpolation)
    _check_numbers("rotate", "angle", [angle], 1)
    check_fill("rotate", fill)
    if center is not None:
        _check_numbers("rotate", "center", center, 2)
    values = fill_values("rotate", fill, img)
    if not is_tensor_image(img):
        return with_pillow(img, lambda image, channels: image.rotate(
            angle, RESAMPLING[mode], expand, center, fillcolor=pillow_color(values[channels])))
    size = img.shape[-2:]
    middle = (0, 0) if center is None else (center[0] - size[1] * 0.5, center[1] - size[0] * 0.5)
    matrix = inverse_affine_matrix(middle, -angle, (0, 0), 1, (0, 0))
    grid = affine_grid(matrix, size, _turned_size(matrix, *size) if expand else size, img.dtype)
    return sample(img, *grid, mode, None if fill is None else values)


def _turned_size(matrix, height, width):
    """The height and width that hold all of a turned image."""
    corners = np.array([(x, y, 1) for x in (-width / 2, width / 2) for y in (-height / 2, height / 2)])
    turned = (corners @ np.reshape(matrix, (2, 3)).T + (width / 2, height / 2)).round(4)
    across, down = np.ceil(turned.max(axis=0)) - np.floor(turned.min(axis=0))
    return int(down), int(across)


def affine(img, angle, translate, scale, shear, interpolation=InterpolationMode.NEAREST, fill=None, center=None):
    """Turn, shear, scale and move an image; parallels stay parallel.

    Args:
        angle: degrees, clockwise.
        translate: `(x, y)` in pixels.
        scale: factor above 0.
        shear: degrees along x, or `(along x, along y)`.
        interpolation, fill, center: see `rotate`.
    """
    mode = warp_mode("affine", img, interpolation)
    shear = [shear, 0.0] if isinstance(shear, numbers.Real) else list(shear)
    shear = shear * 2 if len(shear) == 1 else shear
    for argument, value, length in (("angle", [angle], 1), ("translate", translate, 2), ("scale", [scale], 1),
                                    ("shear", shear, 2), ("center", (0, 0) if center is None else center, 2)):
        _check_numbers("affine", argument, value, length)
    if scale <= 0:
        raise ValueError(f"affine: scale must be above 0, got {scale}")
    check_fill("affine", fill)
    values = fill_values("affine", fill, img)
    _, height, width = get_dimensions(img)
    center = (width * 0.5, height * 0.5) if center is None else center
    if not is_tensor_image(img):
        matrix = inverse_affine_matrix(center, angle, translate, scale, shear)
        return _transform(img, Image.Transform.AFFINE, matrix, mode, values)
    middle = (center[0] - width * 0.5, center[1] - height * 0.5)
    matrix = inverse_affine_matrix(middle, angle, translate, scale, shear)
    grid = affine_grid(matrix, (height, width), (height, width), img.dtype)
    return sample(img, *grid, mode, None if fill is None else values)


def inverse_affine_matrix(center, angle, translate, scale, shear):
    """The six numbers `a b c d e f` that take a point of the result, `(ax + by + c, dx + ey + f)`, to the image.

    A point of the image goes, about the centre, through a shear along x, one along y, the scaling and the rotation, and
    is moved; this is the inverse.
    """
    turn, shear_x, shear_y = (math.radians(degrees) for degrees in (angle, *shear))
    x, y = center[0] + translate[0], center[1] + translate[1]
    # Rotation times shears; its determinant is 1. (Rounding decides where points between two pixels go, so the order
    # of operations is that of torchvision.)
    a = math.cos(turn - shear_y) / math.cos(shear_y)
    b = -math.cos(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) - math.sin(turn)
    c = math.sin(turn - shear_y) / math.cos(shear_y)
    d = -math.sin(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) + math.cos(turn)
    a, b, c, d = d / scale, -b / scale, -c / scale, a / scale
    return [a, b, (a * -x + b * -y) + center[0], c, d, (c * -x + d * -y) + center[1]]


def perspective(img, startpoints, endpoints, interpolation=InterpolationMode.BILINEAR, fill=None):
    """Distort an image as if it were seen from another side: four points go to four others, lines stay straight.

    Args:
        startpoints, endpoints: `[top left, top right, bottom right, bottom left]`, each `[x, y]`, in the image and in
            the result.
        interpolation, fill: see `rotate`.
    """
    mode = warp_mode("perspective", img, interpolation)
    check_fill("perspective", fill)
    coefficients = perspective_coefficients(startpoints, endpoints)
    if coefficients is None:
        raise ValueError(f"perspective: no such map takes the corners {startpoints} to {endpoints}; three may lie on a "
                         "line")
    return apply_perspective(img, coefficients, mode, fill)


def apply_perspective(img, coefficients, mode, fill):
    """The image with the map of `perspective_coefficients`."""
    values = fill_values("perspective", fill, img)
    if not is_tensor_image(img):
        return _transform(img, Image.Transform.PERSPECTIVE, coefficients, mode, values)
    grid = perspective_grid(coefficients, img.shape[-2:], img.dtype)
    return sample(img, *grid, mode, None if fill is None else values)


def perspective_coefficients(startpoints, endpoints):
    """The eight numbers `a ... h` of the map `((ax + by + c) / (gx + hy + 1), (dx + ey + f) / (gx + hy + 1))`.

    It takes the endpoints to the startpoints: a pixel of the result to where it comes from. None if there is no such
    map.
    """
    start, end = (np.asarray(points, np.float64) for points in (startpoints, endpoints))
    if start.shape != (4, 2) or end.shape != (4, 2):
        raise ValueError(f"perspective: expected four points [x, y] twice, got shapes {start.shape} and {end.shape}")
    one, zero = np.ones(4), np.zeros(4)
    (x, y), (u, v) = end.T, start.T
    equations = np.concatenate([np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=1),
                                np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=1)])
    if np.linalg.matrix_rank(equations) < 8:
        return None
    return np.linalg.solve(equations, np.concatenate([u, v])).astype(np.float32).tolist()


def warp_mode(name, img, interpolation):
    """The `InterpolationMode`, if it can warp an image of this kind."""
    check_image(name, img)
    return interpolation_mode(name, interpolation, WARPS[:2] if is_tensor_image(img) else WARPS)


def _transform(img, method, matrix, mode, values):
    return with_pillow(img, lambda image, channels: image.transform(
        image.size, method, matrix, RESAMPLING[mode], fillcolor=pillow_color(values[channels])))


def _check_numbers(name, argument, values, length):
    if not hasattr(values, "__len__") or not all(isinstance(value, numbers.Real) for value in values):
        raise TypeError(f"{name}: {argument} must be made of numbers, got {values!r}")
    if len(values) != length or not all(math.isfinite(value) for value in values):
        raise ValueError(f"{name}: {argument} must be {length} finite numbers, got {values!r}")
