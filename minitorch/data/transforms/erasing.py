"""Transforms that hide a part of the image: `RandomErasing` and `Cutout`."""

from typing import ClassVar

import numpy as np
from PIL import Image

from minitorch.data.randomness import current_generator
from minitorch.data.transforms.base import RandomTransform, Transform, check_range, draw_index
from minitorch.data.transforms.functional.geometry import erase
from minitorch.data.transforms.functional.images import (
    channels_first,
    check_fill,
    fill_values,
    get_dimensions,
    is_count,
    is_tensor_image,
    picture_array,
)
from minitorch.data.transforms.geometry import check_ratio, draw_rectangle


class RandomErasing(RandomTransform):
    """Overwrite a random rectangle with probability `p`. (torchvision takes tensor images only.)

    Source: Zhong et al. 2017, "Random erasing data augmentation" (arXiv:1708.04896).

    Args:
        p: the probability.
        scale: the least and the greatest share of the image's area.
        ratio: the least and the greatest height divided by width; drawn evenly on a logarithmic scale.
        value: what is written: a number, one for each channel, or "random" for a number of its own for each pixel and
            channel, from a standard normal distribution (of a picture: any byte).
        inplace: write into an array image.
    """

    shown: ClassVar = ("p", "scale", "ratio", "value", "inplace")

    def __init__(self, p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False):
        super().__init__(p)
        self.scale = check_range("RandomErasing", "scale", scale, 0, 1)
        self.ratio = check_ratio("RandomErasing", ratio)
        if isinstance(value, str):
            if value != "random":
                raise ValueError(f"RandomErasing: value must be numbers or 'random', got {value!r}")
        elif value is None:
            raise TypeError("RandomErasing: value must be numbers or 'random', got None")
        else:
            check_fill("RandomErasing", value, "value")
        self.value, self.inplace = value, inplace

    @staticmethod
    def get_params(img, scale, ratio, value=None):
        """Draw `(top, left, height, width, values)` for `erase`; the image itself after ten that do not fit.

        Args:
            value: numbers, one or one for each channel; None for random ones.
        """
        channels, height, width = get_dimensions(img)
        for _ in range(10):
            columns, rows = draw_rectangle(height * width, scale, ratio)
            if rows < height and columns < width:
                values = _noise(img, (channels, rows, columns)) if value is None else np.reshape(value, (-1, 1, 1))
                return draw_index(height - rows + 1), draw_index(width - columns + 1), rows, columns, values
        return 0, 0, height, width, img if is_tensor_image(img) else channels_first(picture_array("RandomErasing", img))

    def apply(self, image):
        value = None if isinstance(self.value, str) else fill_values("RandomErasing", self.value, image, "value")
        return erase(image, *self.get_params(image, self.scale, self.ratio, value), self.inplace)


def _noise(image, shape):
    generator = current_generator()
    if is_tensor_image(image):
        return generator.standard_normal(shape).astype(image.dtype)
    return generator.integers(256, size=shape, dtype=np.uint8)


class Cutout(Transform):
    """Overwrite squares about random points with zeros; a part of a square may lie outside the image.

    Source: DeVries and Taylor 2017, "Improved regularization of convolutional neural networks with cutout"
    (arXiv:1708.04552); there after `Normalize`, so that zero is the mean colour, with length 16 for CIFAR-10 and 8 for
    CIFAR-100.

    Args:
        length: side of a square in pixels.
        n_holes: number of squares.
        fill: what is written, one number or one for each channel.
    """

    shown: ClassVar = ("length", "n_holes", "fill")

    def __init__(self, length, n_holes=1, fill=0):
        for argument, value in (("length", length), ("n_holes", n_holes)):
            if not is_count(value, 1):
                raise ValueError(f"Cutout: {argument} must be a whole number above 0, got {value!r}")
        check_fill("Cutout", fill)
        self.length, self.n_holes, self.fill = int(length), int(n_holes), fill

    @staticmethod
    def get_params(img, length):
        """Draw `(top, left, height, width)` of a square, cut to the image."""
        _, height, width = get_dimensions(img)
        (top, bottom), (left, right) = (_cut(draw_index(size) - length // 2, length, size) for size in (height, width))
        return top, left, bottom - top, right - left

    def apply(self, image):
        values = np.reshape(fill_values("Cutout", self.fill, image), (-1, 1, 1))
        image = image if isinstance(image, Image.Image) else image.copy()
        for _ in range(self.n_holes):
            image = erase(image, *self.get_params(image, self.length), values, inplace=True)
        return image


def _cut(begin, length, size):
    return max(begin, 0), min(begin + length, size)
