"""Automatic augmentation: `AutoAugment`, `RandAugment`, `TrivialAugmentWide`. They take pictures, not tensor images."""

import enum
import math
from typing import ClassVar

import numpy as np

from minitorch.data.randomness import current_generator
from minitorch.data.transforms import policies
from minitorch.data.transforms.base import Transform, draw_index
from minitorch.data.transforms.functional import color, filters, warps
from minitorch.data.transforms.functional.images import check_fill, get_dimensions, is_count, is_tensor_image
from minitorch.data.transforms.functional.interpolation import WARPS, InterpolationMode, interpolation_mode


def _affine(image, options, translate=(0, 0), shear=(0.0, 0.0), center=None):
    return warps.affine(image, 0.0, translate, 1.0, shear, center=center, **options)


def _shear_degrees(slope):
    return math.degrees(math.atan(slope))


# Each takes the image, the magnitude, and the interpolation and fill for what is warped.
OPERATIONS = {
    "Identity": lambda image, magnitude, options: image,
    "ShearX": lambda image, slope, options: _affine(image, options, shear=(_shear_degrees(slope), 0.0), center=(0, 0)),
    "ShearY": lambda image, slope, options: _affine(image, options, shear=(0.0, _shear_degrees(slope)), center=(0, 0)),
    "TranslateX": lambda image, pixels, options: _affine(image, options, translate=(int(pixels), 0)),
    "TranslateY": lambda image, pixels, options: _affine(image, options, translate=(0, int(pixels))),
    "Rotate": lambda image, degrees, options: warps.rotate(image, degrees, **options),
    "Brightness": lambda image, change, options: color.adjust_brightness(image, 1 + change),
    "Color": lambda image, change, options: color.adjust_saturation(image, 1 + change),
    "Contrast": lambda image, change, options: color.adjust_contrast(image, 1 + change),
    "Sharpness": lambda image, change, options: filters.adjust_sharpness(image, 1 + change),
    "Posterize": lambda image, bits, options: color.posterize(image, int(bits)),
    "Solarize": lambda image, threshold, options: color.solarize(image, threshold),
    "AutoContrast": lambda image, magnitude, options: color.autocontrast(image),
    "Equalize": lambda image, magnitude, options: color.equalize(image),
    "Invert": lambda image, magnitude, options: color.invert(image),
}
PLAIN = ("Identity", "AutoContrast", "Equalize", "Invert")  # those without a magnitude
SIGNED = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast", "Sharpness")


class _Automatic(Transform):
    """What the three have in common: the operations, at magnitudes in even steps."""

    operations: ClassVar = tuple(name for name in OPERATIONS if name != "Invert")

    def __init__(self, interpolation, fill):
        self.interpolation = interpolation_mode(type(self).__name__, interpolation, WARPS)
        check_fill(type(self).__name__, fill)
        self.fill = fill

    def __call__(self, image):
        if is_tensor_image(image):
            raise TypeError(f"{type(self).__name__}: expected a picture (a PIL image or a uint8 array), got "
                            f"{image.dtype}; put it before ToTensor()")
        return super().__call__(image)

    def strongest(self, height, width):
        """The magnitude of each operation's last step; with all but Posterize and Solarize, the first is 0."""
        raise NotImplementedError

    def magnitudes(self, operation, steps, height, width):
        """The magnitudes of an operation from the weakest to the strongest, float32 `(steps,)`."""
        strongest = self.strongest(height, width)[operation]
        if operation == "Posterize":  # bits that are left
            return 8 - np.rint(np.arange(steps) / ((steps - 1) / strongest))
        if operation == "Solarize":
            return _even_steps(255, 0, steps)
        return _even_steps(0, strongest, steps)

    def operate(self, image, operation, steps, step, negative):
        """An operation at a step of its magnitudes; the opposite where it has one and `negative` holds."""
        magnitude = 0.0
        if operation not in PLAIN:
            _, height, width = get_dimensions(image)
            magnitude = float(self.magnitudes(operation, steps, height, width)[step])
            magnitude = -magnitude if negative and operation in SIGNED else magnitude
        options = {"interpolation": self.interpolation, "fill": self.fill}
        return OPERATIONS[operation](image, magnitude, options)


def _even_steps(first, last, steps):
    """float32 numbers from `first` to `last`, bit for bit those of PyTorch's `linspace`.

    Each half is computed from its own end, rounded once; so 15 steps of 32 / 30 are just below 16, and move an image
    by 15 pixels.
    """
    first, last = np.float32(first), np.float32(last)
    step, places = np.float64((last - first) / np.float32(steps - 1)), np.arange(steps)
    return np.where(places < steps // 2, first + step * places, last - step * places[::-1]).astype(np.float32)


def _usual_strongest(height, width):
    """The strongest magnitudes of AutoAugment and RandAugment."""
    strongest = {"ShearX": 0.3, "ShearY": 0.3, "TranslateX": 150 / 331 * width, "TranslateY": 150 / 331 * height,
                 "Rotate": 30, "Posterize": 4, "Solarize": 0}
    return strongest | dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), 0.9)


class AutoAugmentPolicy(enum.Enum):
    """The data set that the operations were searched on."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


class AutoAugment(_Automatic):
    """One of 25 pairs of operations, which were found by search on a data set; each with its own probability.

    Source: Cubuk et al. 2018, "AutoAugment: Learning augmentation policies from data" (arXiv:1805.09501).

    Args:
        policy: an `AutoAugmentPolicy`, or its value: "imagenet", "cifar10", "svhn".
        interpolation: "nearest", "bilinear" or "bicubic", for what is warped.
        fill: the value of what comes from outside, one number or one for each channel; zero unless given.
    """

    shown: ClassVar = ("policy", "interpolation", "fill")
    strongest = staticmethod(_usual_strongest)

    def __init__(self, policy=AutoAugmentPolicy.IMAGENET, interpolation=InterpolationMode.NEAREST, fill=None):
        super().__init__(interpolation, fill)
        try:
            self.policy = AutoAugmentPolicy(policy)
        except ValueError:
            raise ValueError(f"AutoAugment: policy must be one of {', '.join(p.value for p in AutoAugmentPolicy)}, got "
                             f"{policy!r}") from None
        self.policies = policies.parse(getattr(policies, self.policy.name))

    @staticmethod
    def get_params(transform_num):
        """Draw the number of the pair, and for each of the two a number of 0 to 1 and a sign, 0 or 1."""
        generator = current_generator()
        return draw_index(transform_num), generator.random(2), generator.integers(2, size=2)

    def apply(self, image):
        number, chances, signs = self.get_params(len(self.policies))
        for (operation, probability, step), chance, sign in zip(self.policies[number], chances, signs):
            if chance <= probability:
                image = self.operate(image, operation, 10, step, negative=sign == 0)
        return image


class RandAugment(_Automatic):
    """Several operations drawn alike from fourteen, all at one magnitude.

    Source: Cubuk et al. 2019, "RandAugment: Practical automated data augmentation with a reduced search space"
    (arXiv:1909.13719).

    Args:
        num_ops: how many operations, one after the other.
        magnitude: 0 to `num_magnitude_bins - 1`.
        num_magnitude_bins: the number of magnitudes from none to the strongest.
        interpolation, fill: see `AutoAugment`.
    """

    shown: ClassVar = ("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill")
    strongest = staticmethod(_usual_strongest)

    def __init__(self, num_ops=2, magnitude=9, num_magnitude_bins=31, interpolation=InterpolationMode.NEAREST,
                 fill=None):
        super().__init__(interpolation, fill)
        if not is_count(num_ops, 0):
            raise ValueError(f"RandAugment: num_ops must be a whole number of at least 0, got {num_ops!r}")
        _check_bins("RandAugment", num_magnitude_bins)
        if not is_count(magnitude, 0) or magnitude >= num_magnitude_bins:
            raise ValueError(f"RandAugment: magnitude must be a whole number of 0 to {num_magnitude_bins - 1}, got "
                             f"{magnitude!r}")
        self.num_ops, self.magnitude, self.num_magnitude_bins = num_ops, magnitude, num_magnitude_bins

    def apply(self, image):
        for _ in range(self.num_ops):
            operation = self.operations[draw_index(len(self.operations))]
            image = self.operate(image, operation, self.num_magnitude_bins, self.magnitude, draw_index(2) == 1)
        return image


class TrivialAugmentWide(_Automatic):
    """One operation drawn alike from fourteen, at a magnitude drawn alike from a wide range: nothing to tune.

    Source: Müller and Hutter 2021, "TrivialAugment: Tuning-free yet state-of-the-art data augmentation"
    (arXiv:2103.10158).

    Args:
        num_magnitude_bins: the number of magnitudes from none to the strongest.
        interpolation, fill: see `AutoAugment`.
    """

    shown: ClassVar = ("num_magnitude_bins", "interpolation", "fill")

    def __init__(self, num_magnitude_bins=31, interpolation=InterpolationMode.NEAREST, fill=None):
        super().__init__(interpolation, fill)
        _check_bins("TrivialAugmentWide", num_magnitude_bins)
        self.num_magnitude_bins = num_magnitude_bins

    def strongest(self, height, width):
        strongest = {"TranslateX": 32, "TranslateY": 32, "Rotate": 135, "Posterize": 6, "Solarize": 0}
        return strongest | dict.fromkeys(("ShearX", "ShearY", "Brightness", "Color", "Contrast", "Sharpness"), 0.99)

    def apply(self, image):
        operation = self.operations[draw_index(len(self.operations))]
        step, negative = draw_index(self.num_magnitude_bins), draw_index(2) == 1
        return self.operate(image, operation, self.num_magnitude_bins, step, negative)


def _check_bins(name, num_magnitude_bins):
    if not is_count(num_magnitude_bins, 2):
        raise ValueError(f"{name}: num_magnitude_bins must be a whole number of at least 2, got {num_magnitude_bins!r}")
