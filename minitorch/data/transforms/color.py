"""Transforms of colour and sharpness, with random strength or with a probability."""

import numbers
from typing import ClassVar

from minitorch.data.randomness import current_generator
from minitorch.data.transforms.base import RandomTransform, Transform, check_range
from minitorch.data.transforms.functional import color as F
from minitorch.data.transforms.functional import filters
from minitorch.data.transforms.functional.images import get_dimensions, is_count


class ColorJitter(Transform):
    """Change brightness, contrast, saturation and hue at random, in a random order.

    Args:
        brightness, contrast, saturation: the factor lies in `1 - value` (but at least 0) to `1 + value`, or in the two
            numbers that are given.
        hue: the turn of the colour circle lies in `-value` to `value`, at most 0.5, or in the two numbers.
    """

    shown: ClassVar = ("brightness", "contrast", "saturation", "hue")

    def __init__(self, brightness=0, contrast=0, saturation=0, hue=0):
        self.brightness = _factors("brightness", brightness)
        self.contrast = _factors("contrast", contrast)
        self.saturation = _factors("saturation", saturation)
        if isinstance(hue, numbers.Real):
            hue = (-hue, hue)
        self.hue = check_range("ColorJitter", "hue", hue, -0.5, 0.5)
        self.hue = None if self.hue == (0, 0) else self.hue

    @staticmethod
    def get_params(brightness, contrast, saturation, hue):
        """Draw `(order, brightness, contrast, saturation, hue)` from ranges; None for what is to stay."""
        generator = current_generator()
        order = generator.permutation(4)
        drawn = (None if limits is None else generator.uniform(limits[0], limits[1])
                 for limits in (brightness, contrast, saturation, hue))
        return order, *drawn

    def apply(self, image):
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        functions = F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue
        for place in order:
            if factors[place] is not None:
                image = functions[place](image, factors[place])
        return image


def _factors(argument, value):
    """The range of a factor; None where it can only be 1."""
    if isinstance(value, numbers.Real):
        if not value >= 0:
            raise ValueError(f"ColorJitter: {argument} must be at least 0, got {value!r}")
        value = (max(1.0 - value, 0.0), 1.0 + value)
    limits = check_range("ColorJitter", argument, value, 0)
    return None if limits == (1, 1) else limits


class Grayscale(Transform):
    """Luma as one channel, or three times with `num_output_channels=3`."""

    shown: ClassVar = ("num_output_channels",)

    def __init__(self, num_output_channels=1):
        if num_output_channels not in (1, 3):
            raise ValueError(f"Grayscale: num_output_channels must be 1 or 3, got {num_output_channels!r}")
        self.num_output_channels = num_output_channels

    def apply(self, image):
        return F.rgb_to_grayscale(image, self.num_output_channels)


class RandomGrayscale(RandomTransform):
    """Make an image grey with probability `p`; it keeps its number of channels."""

    def __init__(self, p=0.1):
        super().__init__(p)

    def apply(self, image):
        return F.rgb_to_grayscale(image, get_dimensions(image)[0])


class GaussianBlur(Transform):
    """Blur with a Gaussian of random width.

    Args:
        kernel_size: odd width of the window in pixels, or `(width, height)`.
        sigma: `(least, greatest)` standard deviation in pixels, or one number for both.
    """

    shown: ClassVar = ("kernel_size", "sigma")

    def __init__(self, kernel_size, sigma=(0.1, 2.0)):
        self.kernel_size, _ = filters.blur_arguments("GaussianBlur", kernel_size, None)
        self.sigma = check_range("GaussianBlur", "sigma", (sigma, sigma) if isinstance(sigma, numbers.Real) else sigma)
        if self.sigma[0] <= 0:
            raise ValueError(f"GaussianBlur: sigma must be above 0, got {sigma!r}")

    @staticmethod
    def get_params(sigma_min, sigma_max):
        """Draw the standard deviation."""
        return current_generator().uniform(sigma_min, sigma_max)

    def apply(self, image):
        return filters.gaussian_blur(image, self.kernel_size, self.get_params(*self.sigma))


class RandomInvert(RandomTransform):
    """Invert all values with probability `p`: white becomes black."""

    def apply(self, image):
        return F.invert(image)


class RandomPosterize(RandomTransform):
    """Keep only the highest `bits` of each value with probability `p`; for pictures alone."""

    shown: ClassVar = ("bits", "p")

    def __init__(self, bits, p=0.5):
        super().__init__(p)
        if not is_count(bits, 1) or bits > 8:
            raise ValueError(f"RandomPosterize: bits must be a whole number of 1 to 8, got {bits!r}")
        self.bits = bits

    def apply(self, image):
        return F.posterize(image, self.bits)


class RandomSolarize(RandomTransform):
    """Invert the values of at least `threshold` (0 to 255, or 0 to 1 of a tensor image) with probability `p`."""

    shown: ClassVar = ("threshold", "p")

    def __init__(self, threshold, p=0.5):
        super().__init__(p)
        if not isinstance(threshold, numbers.Real) or not threshold >= 0:
            raise ValueError(f"RandomSolarize: threshold must be a number of at least 0, got {threshold!r}")
        self.threshold = threshold

    def apply(self, image):
        return F.solarize(image, self.threshold)


class RandomAdjustSharpness(RandomTransform):
    """Change sharpness with probability `p`: factor 0 is smooth, 1 the image as it is, 2 sharper."""

    shown: ClassVar = ("sharpness_factor", "p")

    def __init__(self, sharpness_factor, p=0.5):
        super().__init__(p)
        F.check_factors("RandomAdjustSharpness", sharpness_factor=sharpness_factor)
        self.sharpness_factor = sharpness_factor

    def apply(self, image):
        return filters.adjust_sharpness(image, self.sharpness_factor)


class RandomAutocontrast(RandomTransform):
    """Stretch each channel to the whole range with probability `p`."""

    def apply(self, image):
        return F.autocontrast(image)


class RandomEqualize(RandomTransform):
    """Spread each channel's values evenly with probability `p`; for pictures alone."""

    def apply(self, image):
        return F.equalize(image)
