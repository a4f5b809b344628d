"""Transforms that move whole pixels or resize: crops, padding, flips, `Resize`."""

import math
from typing import ClassVar

from minitorch.data.randomness import current_generator
from minitorch.data.transforms.base import RandomTransform, Transform, check_range, draw_index
from minitorch.data.transforms.functional import geometry as F
from minitorch.data.transforms.functional.images import check_fill, get_dimensions, pair
from minitorch.data.transforms.functional.interpolation import InterpolationMode, interpolation_mode


class Resize(Transform):
    """Resize with Pillow's filters, which smooth when they shrink.

    Args:
        size: `(height, width)`, or one number for the shorter edge; the other keeps the image's proportions.
        interpolation: an `InterpolationMode`, its value ("bilinear", "bicubic", "nearest", "box", "hamming",
            "lanczos"), or Pillow's number.
        max_size: with one number as `size`, the most that the longer edge may be; the shorter gets less if need be.
        antialias: with False, "bilinear" and "bicubic" do not smooth a tensor image; pictures are always smoothed.
    """

    shown: ClassVar = ("size", "interpolation", "max_size", "antialias")

    def __init__(self, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True):
        F.check_resize("Resize", size, max_size)
        self.interpolation = interpolation_mode("Resize", interpolation)
        self.size, self.max_size, self.antialias = size, max_size, antialias

    def apply(self, image):
        return F.apply_resize(image, self.size, self.interpolation, self.max_size, self.antialias)


class Pad(Transform):
    """Add a border.

    Args:
        padding: pixels for all four sides, `(left and right, top and bottom)`, or `(left, top, right, bottom)`.
        fill: the value of a constant border, or one for each channel.
        padding_mode: "constant", "edge" (the last pixel again), "reflect" (mirrored, the edge pixel not twice) or
            "symmetric" (mirrored with it).
    """

    shown: ClassVar = ("padding", "fill", "padding_mode")

    def __init__(self, padding, fill=0, padding_mode="constant"):
        self.sides = F.padding_sides("Pad", padding)
        check_fill("Pad", fill)
        F.check_padding_mode("Pad", padding_mode)
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def apply(self, image):
        return F.apply_pad("Pad", image, self.sides, self.fill, self.padding_mode)


class CenterCrop(Transform):
    """Cut out the middle. An image that is smaller gets a border of zeros first.

    Args:
        size: `(height, width)`, or one number for both.
    """

    shown: ClassVar = ("size",)

    def __init__(self, size):
        self.size = pair("CenterCrop", "size", size)

    def apply(self, image):
        return F.center_crop(image, self.size)


class FiveCrop(Transform):
    """The four corners and the middle, a tuple of five images: for the mean of five predictions.

    Args:
        size: `(height, width)`, or one number for both.
    """

    shown: ClassVar = ("size",)

    def __init__(self, size):
        self.size = pair(type(self).__name__, "size", size)

    def apply(self, image):
        return F.five_crop(image, self.size)


class TenCrop(FiveCrop):
    """`FiveCrop` of the image and of its mirror image, upside down with `vertical_flip`: a tuple of ten images."""

    shown: ClassVar = ("size", "vertical_flip")

    def __init__(self, size, vertical_flip=False):
        super().__init__(size)
        self.vertical_flip = vertical_flip

    def apply(self, image):
        return F.ten_crop(image, self.size, self.vertical_flip)


class RandomCrop(Transform):
    """Cut out a part at a random place. With `padding=4` and the image's own size, the usual augmentation of CIFAR.

    Source: Lee et al. 2015, "Deeply-supervised nets" (arXiv:1409.5185), section 3.

    Args:
        size: `(height, width)`, or one number for both.
        padding: a border that the image gets first, as in `Pad`.
        pad_if_needed: give an image that is too small a border, the missing pixels on either side.
        fill, padding_mode: see `Pad`.
    """

    shown: ClassVar = ("size", "padding", "pad_if_needed", "fill", "padding_mode")

    def __init__(self, size, padding=None, pad_if_needed=False, fill=0, padding_mode="constant"):
        self.size = pair("RandomCrop", "size", size)
        self.sides = None if padding is None else F.padding_sides("RandomCrop", padding)
        check_fill("RandomCrop", fill)
        F.check_padding_mode("RandomCrop", padding_mode)
        self.padding, self.pad_if_needed, self.fill, self.padding_mode = padding, pad_if_needed, fill, padding_mode

    @staticmethod
    def get_params(img, output_size):
        """Draw `(top, left, height, width)` for `crop`."""
        (_, height, width), (rows, columns) = get_dimensions(img), output_size
        if rows > height or columns > width:
            raise ValueError(f"RandomCrop: size {rows} x {columns} is larger than the image of {height} x {width}; use "
                             "padding or pad_if_needed=True")
        return draw_index(height - rows + 1), draw_index(width - columns + 1), rows, columns

    def apply(self, image):
        if self.sides is not None:
            image = F.apply_pad("RandomCrop", image, self.sides, self.fill, self.padding_mode)
        if self.pad_if_needed:
            _, height, width = get_dimensions(image)
            across, down = max(self.size[1] - width, 0), max(self.size[0] - height, 0)
            if across or down:
                image = F.apply_pad("RandomCrop", image, (across, down) * 2, self.fill, self.padding_mode)
        return F.apply_crop(image, *self.get_params(image, self.size))


class RandomResizedCrop(Transform):
    """Cut out a part of random size, shape and place, and resize it: the usual augmentation of ImageNet.

    Source: Szegedy et al. 2014, "Going deeper with convolutions" (arXiv:1409.4842), section 6.

    Args:
        size: `(height, width)` of the result, or one number for both.
        scale: the least and the greatest share of the image's area.
        ratio: the least and the greatest width divided by height; drawn evenly on a logarithmic scale.
        interpolation, antialias: see `Resize`.
    """

    shown: ClassVar = ("size", "scale", "ratio", "interpolation", "antialias")

    def __init__(self, size, scale=(0.08, 1.0), ratio=(3.0 / 4.0, 4.0 / 3.0),
                 interpolation=InterpolationMode.BILINEAR, antialias=True):
        self.size = pair("RandomResizedCrop", "size", size)
        self.scale = check_range("RandomResizedCrop", "scale", scale, 0)
        self.ratio = check_ratio("RandomResizedCrop", ratio)
        self.interpolation = interpolation_mode("RandomResizedCrop", interpolation)
        self.antialias = antialias

    @staticmethod
    def get_params(img, scale, ratio):
        """Draw `(top, left, height, width)` for `crop`; the middle of the image after ten parts that do not fit."""
        _, height, width = get_dimensions(img)
        for _ in range(10):
            rows, columns = draw_rectangle(height * width, scale, ratio)
            if 0 < rows <= height and 0 < columns <= width:
                return draw_index(height - rows + 1), draw_index(width - columns + 1), rows, columns
        rows = min(height, round(width / min(ratio)))
        columns = min(width, round(height * max(ratio)))
        return (height - rows) // 2, (width - columns) // 2, rows, columns

    def apply(self, image):
        image = F.apply_crop(image, *self.get_params(image, self.scale, self.ratio))
        return F.apply_resize(image, self.size, self.interpolation, None, self.antialias)


def draw_rectangle(area, scale, ratio):
    """Draw `(height, width)` of a rectangle by its share of `area` and its width divided by height."""
    generator = current_generator()
    part = area * generator.uniform(*scale)
    shape = math.exp(generator.uniform(math.log(ratio[0]), math.log(ratio[1])))
    return round(math.sqrt(part / shape)), round(math.sqrt(part * shape))


def check_ratio(name, ratio):
    """`(low, high)` of proportions, which must be above zero."""
    low, high = check_range(name, "ratio", ratio, 0)
    if low == 0 or math.isinf(high):
        raise ValueError(f"{name}: ratio must be finite and above 0, got {ratio!r}")
    return low, high


class RandomHorizontalFlip(RandomTransform):
    """Exchange left and right with probability `p`."""

    def apply(self, image):
        return F.hflip(image)


class RandomVerticalFlip(RandomTransform):
    """Exchange top and bottom with probability `p`."""

    def apply(self, image):
        return F.vflip(image)
