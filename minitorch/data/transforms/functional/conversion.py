"""From one kind of image to another, and `normalize`."""

import numpy as np
from PIL import Image

from minitorch.data.transforms.functional.images import channels_first, check_tensor_image, picture_array

INTEGERS = (np.uint8, np.int8, np.int16, np.int32, np.int64, np.uint16)


def to_tensor(pic):
    """A picture to a float32 array `(C, H, W)` with values in 0 to 1. (torchvision gives a tensor.)

    Raises:
        TypeError: the image is not a picture; an array of another type than uint8 is refused, because its range and
            its axes are not known.
    """
    return bytes_to_floats(channels_first(picture_array("to_tensor", pic)))


def bytes_to_floats(planes):
    """uint8 0..255 to float32 0..1, contiguous."""
    return np.divide(planes, np.float32(255), dtype=np.float32, order="C")


def pil_to_tensor(pic):
    """A picture to a uint8 array `(C, H, W)`: an intermediate form, which only `convert_image_dtype` takes."""
    return np.array(channels_first(picture_array("pil_to_tensor", pic)), order="C")


def convert_image_dtype(image, dtype=np.float32):
    """An array of another type, its values stretched from the range of the old type to that of the new one.

    Floating point numbers are 0 to 1, whole numbers 0 to the largest of their type. The axes stay as they are.

    Raises:
        ValueError: the numbers of the new type are too large for the precision of the old one.
    """
    dtype = np.dtype(dtype)
    if not isinstance(image, np.ndarray) or not all(kind.kind == "f" or kind in INTEGERS
                                                    for kind in (image.dtype, dtype)):
        raise TypeError("convert_image_dtype: expected an array and a type of floating point or whole numbers, got "
                        f"{getattr(image, 'dtype', type(image).__name__)} and {dtype}")
    if image.dtype == dtype:
        return image
    if image.dtype.kind == "f":
        if dtype.kind == "f":
            return image.astype(dtype)
        largest = np.iinfo(dtype).max
        if largest > 2 ** np.finfo(image.dtype).nmant:
            raise ValueError(f"convert_image_dtype: {image.dtype} is not precise enough for the range of {dtype}")
        # Each whole number gets an equally wide part of 0 to 1.
        return (image * image.dtype.type(largest + 1 - 1e-3)).astype(dtype)
    largest = int(np.iinfo(image.dtype).max)
    if dtype.kind == "f":
        return image.astype(dtype) / dtype.type(largest)
    wanted = int(np.iinfo(dtype).max)
    if largest > wanted:
        return (image // ((largest + 1) // (wanted + 1))).astype(dtype)
    return image.astype(dtype) * dtype.type((wanted + 1) // (largest + 1))


def to_pil_image(pic, mode=None):
    """A PIL image of a picture, or of a tensor image `(C, H, W)`, whose values are cut to 0..1 and truncated.

    Args:
        mode: the mode of the result; by the number of channels "L", "LA", "RGB" or "RGBA" unless given.
    """
    if isinstance(pic, Image.Image):
        return pic if mode is None else pic.convert(mode)
    if isinstance(pic, np.ndarray) and pic.dtype.kind == "f":
        check_tensor_image("to_pil_image", pic)
        pic = (np.clip(pic, 0, 1) * pic.dtype.type(255)).astype(np.uint8).transpose(1, 2, 0)
    array = picture_array("to_pil_image", pic)
    channels = 1 if array.ndim == 2 else array.shape[2]
    if channels not in (1, 2, 3, 4):
        raise ValueError(f"to_pil_image: a PIL image has one to four channels, got shape {array.shape}")
    array = np.ascontiguousarray(array[..., 0] if array.ndim == 3 and channels == 1 else array)
    image = Image.fromarray(array)
    if mode is None or mode == image.mode:
        return image
    if len(Image.new(mode, (1, 1)).getbands()) != channels:
        raise ValueError(f"to_pil_image: mode {mode} does not have {channels} channels")
    return Image.frombytes(mode, image.size, array.tobytes())


def normalize(tensor, mean, std, inplace=False):
    """`(tensor - mean) / std` for each channel of a tensor image `(..., C, H, W)`.

    Args:
        mean, std: one number for each channel, or one for all.
        inplace: write the result into `tensor`.
    """
    check_tensor_image("normalize", tensor)
    mean, std = check_mean_std("normalize", mean, std)
    return apply_normalize("normalize", tensor, mean, std, inplace)


def check_mean_std(name, mean, std):
    """The two as arrays of one length; ValueError unless they are finite and `std` is above zero."""
    mean, std = np.atleast_1d(mean), np.atleast_1d(std)
    if mean.ndim != 1 or mean.shape != std.shape:
        raise ValueError(f"{name}: mean and std must be lists of one length, got {mean} and {std}")
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
        raise ValueError(f"{name}: mean must be finite and std above zero, got {mean} and {std}")
    return mean, std


def apply_normalize(name, image, mean, std, inplace):
    """`normalize` with arguments that were checked, but for the number of channels."""
    if len(mean) not in (1, image.shape[-3]):
        raise ValueError(f"{name}: mean and std have {len(mean)} channels, the image has {image.shape[-3]} (shape "
                         f"{image.shape})")
    mean, std = (value.astype(image.dtype).reshape(-1, 1, 1) for value in (mean, std))
    result = np.subtract(image, mean, out=image if inplace else None)
    return np.divide(result, std, out=result)
