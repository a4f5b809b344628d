"""The kinds of image that the transforms take, and the arguments that several of them share."""

import numbers

import numpy as np
from PIL import Image

PICTURE_MODES = ("1", "L", "LA", "RGB", "RGBA")


def is_tensor_image(image):
    """Whether it is a tensor image by its type: a floating point array."""
    return isinstance(image, np.ndarray) and image.dtype.kind == "f"


def check_image(name, image):
    """Raise unless `image` is a PIL image, a uint8 array (H, W[, C]) or a floating point array (..., C, H, W)."""
    if is_tensor_image(image):
        check_tensor_image(name, image)
    elif not isinstance(image, Image.Image):
        check_picture_array(name, image)


def check_picture_array(name, image):
    """Raise unless `image` is a uint8 array (H, W) or (H, W, C)."""
    if not isinstance(image, np.ndarray):
        raise TypeError(f"{name}: expected a PIL image or a NumPy array, got {type(image).__name__}")
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise TypeError(f"{name}: expected a uint8 array (H, W) or (H, W, C), got {image.dtype} of shape {image.shape}")


def check_tensor_image(name, image):
    """Raise unless `image` is a floating point array (..., C, H, W)."""
    if not is_tensor_image(image):
        kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"{name}: expected a floating point array (C, H, W), got {kind}; put ToTensor() before it")
    if image.ndim < 3:
        raise ValueError(f"{name}: expected a floating point array (C, H, W), got shape {image.shape}")


def picture_array(name, image):
    """The uint8 array `(H, W)` or `(H, W, C)` of a picture."""
    if isinstance(image, Image.Image):
        if image.mode not in PICTURE_MODES:
            raise TypeError(f"{name}: PIL images must have a mode of {', '.join(PICTURE_MODES)}, got {image.mode}; use "
                            "image.convert('RGB') or image.convert('L')")
        return np.asarray(image.convert("L") if image.mode == "1" else image)
    check_picture_array(name, image)
    return image


def channels_first(picture):
    """A view `(C, H, W)` of a uint8 array `(H, W)` or `(H, W, C)`."""
    return picture[np.newaxis] if picture.ndim == 2 else picture.transpose(2, 0, 1)


def picture_like(image, planes):
    """The picture that has the uint8 planes `(C, H, W)`, in the form of the picture `image`."""
    two = image.ndim == 2 if isinstance(image, np.ndarray) else len(image.getbands()) == 1
    array = np.ascontiguousarray(planes[0] if two else planes.transpose(1, 2, 0))
    return Image.fromarray(array) if isinstance(image, Image.Image) else array


def with_pillow(image, function):
    """`function`, which takes and gives PIL images, of a picture; the result has the form that came in.

    Arrays of one or of three channels are a grey or an RGB image; any other number are grey images, one by one. The
    function's second argument says which channels it is given: a slice of them.
    """
    if isinstance(image, Image.Image):
        return function(image, slice(None))
    if image.ndim == 2 or image.shape[2] == 3:
        return np.array(function(Image.fromarray(image), slice(None)))
    planes = [function(Image.fromarray(image[..., c]), slice(c, c + 1)) for c in range(image.shape[2])]
    return np.stack(planes, axis=-1)


def get_dimensions(img):
    """`[channels, height, width]` of an image of any kind."""
    check_image("get_dimensions", img)
    if isinstance(img, Image.Image):
        return [len(img.getbands()), img.height, img.width]
    if is_tensor_image(img):
        return list(img.shape[-3:])
    return [1 if img.ndim == 2 else img.shape[2], *img.shape[:2]]


def get_image_size(img):
    """`[width, height]` of an image of any kind."""
    return get_dimensions(img)[:0:-1]


def get_image_num_channels(img):
    """The number of channels of an image of any kind."""
    return get_dimensions(img)[0]


def fill_values(name, fill, image, argument="fill"):
    """One number for each channel of `image`, from a number, a sequence of them, or None for zero."""
    channels = get_dimensions(image)[0]
    values = list(fill) if isinstance(fill, (list, tuple)) else [0 if fill is None else fill]
    if len(values) not in (1, channels):
        raise ValueError(f"{name}: {argument} must have one number or {channels}, one for each channel, got {fill!r}")
    values = values * channels if len(values) == 1 else values
    if is_tensor_image(image) or (isinstance(image, Image.Image) and image.mode in ("F", "I", "I;16")):
        return values
    if not all(0 <= value < 256 for value in values):
        raise ValueError(f"{name}: {argument} must lie in 0 to 255 for a picture, got {fill!r}")
    return [int(value) for value in values]


def check_fill(name, fill, argument="fill"):
    """Raise unless `fill` is a number, a sequence of them, or None."""
    values = fill if isinstance(fill, (list, tuple)) and fill else [0 if fill is None else fill]
    if not all(isinstance(value, numbers.Real) for value in values):
        raise TypeError(f"{name}: {argument} must be a number or one for each channel, got {fill!r}")


def pillow_color(values):
    """What Pillow takes as a colour: a number for one channel, else a tuple."""
    return values[0] if len(values) == 1 else tuple(values)


def is_count(value, least):
    """Whether it is a whole number of at least `least`."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= least


def in_tuple(name, argument, value):
    """A whole number or several as a tuple; TypeError for what is neither."""
    if isinstance(value, numbers.Integral):
        return (value,)
    if not hasattr(value, "__iter__"):
        raise TypeError(f"{name}: {argument} must be whole numbers, got {value!r}")
    return tuple(value)


def pair(name, argument, value):
    """`(height, width)` of one whole number above 0 for both, or of two."""
    sizes = in_tuple(name, argument, value)
    if len(sizes) not in (1, 2) or not all(is_count(length, 1) for length in sizes):
        raise ValueError(f"{name}: {argument} must be one or two whole numbers above 0, got {value!r}")
    return sizes * 2 if len(sizes) == 1 else sizes
