"""Functions of a pixel and those around it: blur and sharpness."""

import numbers

import numpy as np
from PIL import ImageEnhance

from minitorch.data.transforms.functional.color import blend, check_factors
from minitorch.data.transforms.functional.images import (
    channels_first,
    check_image,
    in_tuple,
    is_count,
    is_tensor_image,
    picture_array,
    picture_like,
    with_pillow,
)


def gaussian_blur(img, kernel_size, sigma=None):
    """Each pixel the mean of those around it, weighted by a Gaussian; the image is mirrored at its edges.

    Args:
        kernel_size: odd width of the window in pixels, or `(width, height)`.
        sigma: standard deviation in pixels, or `(along x, along y)`; `0.15 * kernel_size + 0.35` unless given.
    """
    sizes, sigmas = blur_arguments("gaussian_blur", kernel_size, sigma)
    check_image("gaussian_blur", img)
    if is_tensor_image(img):
        return _blur(img, sizes, sigmas)
    planes = channels_first(picture_array("gaussian_blur", img)).astype(np.float32)
    return picture_like(img, np.rint(_blur(planes, sizes, sigmas)).astype(np.uint8))


def blur_arguments(name, kernel_size, sigma):
    """`kernel_size` and `sigma` as pairs `(along x, along y)`; ValueError unless they are what a blur takes."""
    sizes = list(in_tuple(name, "kernel_size", kernel_size))
    sizes = sizes * 2 if len(sizes) == 1 else sizes
    if len(sizes) != 2 or not all(is_count(size, 1) and size % 2 for size in sizes):
        raise ValueError(f"{name}: kernel_size must be one or two odd numbers above 0, got {kernel_size!r}")
    if sigma is None:
        return sizes, [0.15 * size + 0.35 for size in sizes]
    sigmas = [sigma] if isinstance(sigma, numbers.Real) else list(sigma)
    sigmas = sigmas * 2 if len(sigmas) == 1 else sigmas
    if len(sigmas) != 2 or not all(isinstance(value, numbers.Real) and 0 < value < np.inf for value in sigmas):
        raise ValueError(f"{name}: sigma must be one or two numbers above 0, got {sigma!r}")
    return sizes, sigmas


def _blur(planes, sizes, sigmas):
    """Blur planes (..., H, W) along x and then along y, which is the same as in both directions at once."""
    for axis, size, sigma in zip((-1, -2), sizes, sigmas):
        length, half = planes.shape[axis], size // 2
        if half >= length:
            raise ValueError(f"gaussian_blur: kernel_size {size} is too wide for {length} pixels")
        weight = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
        weight = (weight / weight.sum()).astype(planes.dtype)
        border = [(0, 0)] * planes.ndim
        border[axis] = (half, half)
        padded = np.moveaxis(np.pad(planes, border, mode="reflect"), axis, 0)
        blurred = sum(weight[i] * padded[i:i + length] for i in range(size))
        planes = np.moveaxis(blurred, 0, axis)
    return np.ascontiguousarray(planes)


def adjust_sharpness(img, sharpness_factor):
    """Differences from a slightly smoothed image times a factor: 0 is smooth, 1 the image as it is, 2 sharper."""
    check_factors("adjust_sharpness", sharpness_factor=sharpness_factor)
    check_image("adjust_sharpness", img)
    if not is_tensor_image(img):
        return with_pillow(img, lambda image, _: ImageEnhance.Sharpness(image).enhance(sharpness_factor))
    if min(img.shape[-2:]) <= 2:
        return img.copy()
    # The mean of 3 x 3 pixels, the middle one five times; the outermost pixels stay as they are.
    height, width = img.shape[-2:]
    total = sum(img[..., i:height - 2 + i, j:width - 2 + j] for i in range(3) for j in range(3))
    smooth = img.copy()
    smooth[..., 1:-1, 1:-1] = (total + 4 * img[..., 1:-1, 1:-1]) / 13
    return blend(img, smooth, sharpness_factor)
