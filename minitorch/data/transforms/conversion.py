"""Transforms from one kind of image to another, and `Normalize`."""

from typing import ClassVar

import numpy as np

from minitorch.data.transforms.base import Transform
from minitorch.data.transforms.functional import conversion as F
from minitorch.data.transforms.functional.images import channels_first, check_tensor_image, picture_array


class ToTensor(Transform):
    """A picture to a float32 array `(C, H, W)` with values in 0 to 1. (torchvision gives a tensor.)

    Raises:
        TypeError: the image is not a picture; an array of another type than uint8 is refused, because its range and
            its axes are not known.
    """

    def __call__(self, image):
        return F.bytes_to_floats(channels_first(picture_array("ToTensor", image)))

    def apply_batch(self, images):
        """The same of a batch of pictures, uint8 `(N, H, W)` or `(N, H, W, C)`: `(N, C, H, W)`."""
        return F.bytes_to_floats(images[:, np.newaxis] if images.ndim == 3 else images.transpose(0, 3, 1, 2))


class PILToTensor(Transform):
    """A picture to a uint8 array `(C, H, W)`: an intermediate form, which only `ConvertImageDtype` takes."""

    def __call__(self, image):
        return F.pil_to_tensor(image)


class ConvertImageDtype(Transform):
    """An array of another type, its values stretched to the new range: uint8 0..255 to float 0..1, for example.

    Args:
        dtype: the new type, as NumPy names it: `np.float32`.
    """

    shown: ClassVar = ("dtype",)

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)

    def __call__(self, image):
        return F.convert_image_dtype(image, self.dtype)


class ToPILImage(Transform):
    """A PIL image of a picture or of a tensor image `(C, H, W)` with values in 0 to 1.

    Args:
        mode: the mode of the result; by the number of channels "L", "LA", "RGB" or "RGBA" unless given.
    """

    shown: ClassVar = ("mode",)

    def __init__(self, mode=None):
        self.mode = mode

    def apply(self, image):
        return F.to_pil_image(image, self.mode)


class Normalize(Transform):
    """`(image - mean) / std` for each channel of a tensor image `(..., C, H, W)`.

    Args:
        mean, std: one number for each channel, or one for all.
        inplace: write the result into the image.
    """

    shown: ClassVar = ("mean", "std")

    def __init__(self, mean, std, inplace=False):
        self.mean, self.std = F.check_mean_std("Normalize", mean, std)
        self.inplace = inplace

    def __call__(self, image):
        check_tensor_image("Normalize", image)
        return F.apply_normalize("Normalize", image, self.mean, self.std, self.inplace)

    def apply_batch(self, images):
        """The same of a batch `(N, C, H, W)`."""
        return self(images)
