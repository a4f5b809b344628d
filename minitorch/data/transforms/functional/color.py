"""Functions of a pixel's colour: brightness, contrast, saturation, hue, gamma, grey, inverted, equalized."""

import numbers

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from minitorch.data.transforms.functional.images import (
    check_image,
    get_dimensions,
    is_count,
    is_tensor_image,
    with_pillow,
)

COLORLESS = ("L", "1", "I", "F")


def adjust_brightness(img, brightness_factor):
    """Values times a factor: 0 is black, 1 the image as it is."""
    _check("adjust_brightness", img, brightness_factor=brightness_factor)
    if is_tensor_image(img):
        return blend(img, 0, brightness_factor)
    return with_pillow(img, lambda image, _: ImageEnhance.Brightness(image).enhance(brightness_factor))


def adjust_contrast(img, contrast_factor):
    """Differences from the mean grey times a factor: 0 is grey, 1 the image as it is."""
    _check("adjust_contrast", img, contrast_factor=contrast_factor)
    if is_tensor_image(img):
        return blend(img, rgb_to_grayscale(img).mean(axis=(-3, -2, -1), keepdims=True), contrast_factor)
    return with_pillow(img, lambda image, _: ImageEnhance.Contrast(image).enhance(contrast_factor))


def adjust_saturation(img, saturation_factor):
    """Differences from the pixel's grey times a factor: 0 is a grey image, 1 the image as it is."""
    _check("adjust_saturation", img, saturation_factor=saturation_factor)
    if is_tensor_image(img):
        return img.copy() if img.shape[-3] == 1 else blend(img, rgb_to_grayscale(img), saturation_factor)
    return with_pillow(img, lambda image, _: ImageEnhance.Color(image).enhance(saturation_factor))


def adjust_hue(img, hue_factor):
    """Turn the colour circle by a part of it, -0.5 to 0.5; a grey image stays as it is."""
    if not isinstance(hue_factor, numbers.Real) or not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"adjust_hue: hue_factor must lie in -0.5 to 0.5, got {hue_factor!r}")
    _check("adjust_hue", img)
    if is_tensor_image(img):
        return img.copy() if img.shape[-3] == 1 else _turn_hue(img, hue_factor)
    return with_pillow(img, lambda image, _: _turn_pillow_hue(image, hue_factor))


def _turn_pillow_hue(image, hue_factor):
    if image.mode in COLORLESS:
        return image
    hue, saturation, value = image.convert("HSV").split()
    turned = np.asarray(hue) + np.uint8(int(hue_factor * 255) % 256)  # goes round at 256, as the circle does
    return Image.merge("HSV", (Image.fromarray(turned), saturation, value)).convert(image.mode)


def _turn_hue(image, hue_factor):
    """The same of a tensor image (..., 3, H, W) with values in 0 to 1, by way of hue, saturation and value."""
    red, green, blue = (image[..., c, :, :] for c in range(3))
    value, least = image.max(axis=-3), image.min(axis=-3)
    chroma = value - least
    divisor = np.where(chroma == 0, 1, chroma)
    sixths = np.where(value == red, (green - blue) / divisor,
                      np.where(value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor))
    hue = (sixths / 6 + hue_factor) % 1
    # Each channel is the value less the chroma times a trapezoid of the hue, a third of the circle from the next.
    places = (hue[..., np.newaxis, :, :] * 6 + np.reshape([5, 3, 1], (3, 1, 1))) % 6
    trapezoid = np.clip(np.minimum(places, 4 - places), 0, 1)
    turned = value[..., np.newaxis, :, :] - chroma[..., np.newaxis, :, :] * trapezoid
    return np.clip(turned, 0, 1).astype(image.dtype)


def adjust_gamma(img, gamma, gain=1):
    """`gain * value ** gamma` of values in 0 to 1: a gamma below 1 makes shadows lighter, above 1 darker."""
    _check("adjust_gamma", img, gamma=gamma)
    if is_tensor_image(img):
        return np.clip(img.dtype.type(gain) * img ** img.dtype.type(gamma), 0, 1)
    table = [int(min(max(255.999 * gain * (value / 255) ** gamma, 0), 255)) for value in range(256)]
    return with_pillow(img, lambda image, _: image.convert("RGB").point(table * 3).convert(image.mode))


def rgb_to_grayscale(img, num_output_channels=1):
    """The luma `0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601) as one channel, or three times."""
    if num_output_channels not in (1, 3):
        raise ValueError(f"rgb_to_grayscale: num_output_channels must be 1 or 3, got {num_output_channels!r}")
    _check("rgb_to_grayscale", img)
    if is_tensor_image(img):
        grey = img
        if img.shape[-3] == 3:
            weight = np.reshape(np.array([0.2989, 0.587, 0.114], img.dtype), (3, 1, 1))
            grey = (img * weight).sum(axis=-3, keepdims=True)
        return np.repeat(grey, num_output_channels, axis=-3)
    if isinstance(img, np.ndarray) and img.shape[2:] == (1,):
        return np.repeat(img, num_output_channels, axis=2)
    grey = (img if isinstance(img, Image.Image) else Image.fromarray(img)).convert("L")
    if num_output_channels == 3:
        grey = Image.merge("RGB", [grey] * 3)
    return grey if isinstance(img, Image.Image) else np.array(grey)


to_grayscale = rgb_to_grayscale


def invert(img):
    """Values from the other end of their range: white becomes black."""
    _check("invert", img)
    return 1 - img if is_tensor_image(img) else with_pillow(img, lambda image, _: ImageOps.invert(image))


def posterize(img, bits):
    """Only the highest 1 to 8 bits of each value kept, the others zero; for pictures alone."""
    if not is_count(bits, 1) or bits > 8:
        raise ValueError(f"posterize: bits must be a whole number of 1 to 8, got {bits!r}")
    _check_picture("posterize", img)
    return with_pillow(img, lambda image, _: ImageOps.posterize(image, bits))


def solarize(img, threshold):
    """Values of at least the threshold inverted."""
    _check("solarize", img)
    if not isinstance(threshold, numbers.Real) or threshold < 0 or (is_tensor_image(img) and threshold > 1):
        raise ValueError(f"solarize: threshold must lie in 0 to {1 if is_tensor_image(img) else 255}, got "
                         f"{threshold!r}")
    if is_tensor_image(img):
        return np.where(img >= threshold, 1 - img, img)
    return with_pillow(img, lambda image, _: ImageOps.solarize(image, threshold))


def autocontrast(img):
    """Each channel stretched so that its least value becomes black and its greatest white."""
    _check("autocontrast", img)
    if not is_tensor_image(img):
        return with_pillow(img, lambda image, _: ImageOps.autocontrast(image))
    least, most = (extreme(axis=(-2, -1), keepdims=True) for extreme in (img.min, img.max))
    flat = most == least
    return np.clip((img - np.where(flat, 0, least)) / np.where(flat, 1, most - least), 0, 1)


def equalize(img):
    """Each channel's values spread so that all occur about equally often (histogram equalization); pictures alone."""
    _check_picture("equalize", img)
    return with_pillow(img, lambda image, _: ImageOps.equalize(image))


def blend(image, other, factor):
    """`factor * image + (1 - factor) * other` of tensor images, cut to 0..1."""
    factor = image.dtype.type(factor)
    return np.clip(factor * image + (1 - factor) * other, 0, 1)


def _check(name, img, **factors):
    """Raise unless the image is grey or RGB, and each factor a number of at least 0."""
    check_factors(name, **factors)
    check_image(name, img)
    if not isinstance(img, Image.Image) and get_dimensions(img)[0] not in (1, 3):
        raise TypeError(f"{name}: expected an image of 1 or 3 channels, got shape {img.shape}")


def check_factors(name, **factors):
    """Raise unless each is a finite number of at least 0."""
    for argument, value in factors.items():
        if not isinstance(value, numbers.Real) or not 0 <= value < np.inf:
            raise ValueError(f"{name}: {argument} must be a number of at least 0, got {value!r}")


def _check_picture(name, img):
    _check(name, img)
    if is_tensor_image(img):
        raise TypeError(f"{name}: expected a picture (a PIL image or a uint8 array), got {img.dtype}; put {name} "
                        "before ToTensor()")
