"""Transforms of one image, under torchvision's names.

Two kinds of image go through them:

- a **picture**: a PIL image, or a uint8 array `(H, W)` or `(H, W, C)` with values 0 to 255;
- a **tensor image**: a floating point array `(C, H, W)`, which `ToTensor` makes of a picture.

`Pad`, `CenterCrop` and `Resize` take both and give back the kind they got. All of them are plain functions of the
image; one that draws random numbers belongs in the same place in the chain.
"""

import numbers

import numpy as np
from PIL import Image

MODES = ("1", "L", "LA", "RGB", "RGBA")
PAD_MODES = ("constant", "edge", "reflect", "symmetric")
INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


class Compose:
    """Apply several transforms, the first one first."""

    def __init__(self, transforms):
        self.transforms = list(transforms)
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError(f"Compose: every transform must be a function, got {transform!r}")

    def __call__(self, image):
        for transform in self.transforms:
            image = transform(image)
        return image

    def __repr__(self):
        return f"Compose({self.transforms})"


class Lambda:
    """Apply a function of your own."""

    def __init__(self, lambd):
        if not callable(lambd):
            raise TypeError(f"Lambda: expected a function, got {type(lambd).__name__}")
        self.lambd = lambd

    def __call__(self, image):
        return self.lambd(image)

    def __repr__(self):
        return f"Lambda({self.lambd})"


class ToTensor:
    """A picture to a float32 array `(C, H, W)` with values in 0 to 1. (torchvision gives a tensor.)

    Raises:
        TypeError: the image is not a picture; an array of another type than uint8 is refused, because its range and
            its axes are not known.
    """

    def __call__(self, image):
        return _channels_first(_picture("ToTensor", image)).astype(np.float32, order="C") / np.float32(255)

    def __repr__(self):
        return "ToTensor()"


class Normalize:
    """`(image - mean) / std` for each channel of a tensor image `(..., C, H, W)`.

    Args:
        mean, std: one number for each channel.
    """

    def __init__(self, mean, std):
        self.mean, self.std = np.atleast_1d(mean), np.atleast_1d(std)
        if self.mean.ndim != 1 or self.mean.shape != self.std.shape:
            raise ValueError(f"Normalize: mean and std must be lists of one length, got {mean} and {std}")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.std).all() and (self.std > 0).all()):
            raise ValueError(f"Normalize: mean must be finite and std above zero, got {mean} and {std}")

    def __call__(self, image):
        image = _tensor_image("Normalize", image)
        if len(self.mean) not in (1, image.shape[-3]):
            raise ValueError(f"Normalize: mean and std have {len(self.mean)} channels, the image has "
                             f"{image.shape[-3]} (shape {image.shape})")
        mean, std = (value.astype(image.dtype).reshape(-1, 1, 1) for value in (self.mean, self.std))
        return (image - mean) / std

    def __repr__(self):
        return f"Normalize(mean={self.mean.tolist()}, std={self.std.tolist()})"


class Pad:
    """Add a border.

    Args:
        padding: pixels for all four sides, `(left and right, top and bottom)`, or `(left, top, right, bottom)`.
        fill: the value of a constant border.
        padding_mode: "constant", "edge" (the last pixel again), "reflect" (mirrored, the edge pixel not twice) or
            "symmetric" (mirrored with it).
    """

    def __init__(self, padding, fill=0, padding_mode="constant"):
        sides = (padding,) * 4 if isinstance(padding, numbers.Integral) else tuple(padding)
        sides = sides * 2 if len(sides) == 2 else sides
        if len(sides) != 4 or any(not _is_count(side, 0) for side in sides):
            raise ValueError(f"Pad: padding must be one, two or four whole numbers of at least 0, got {padding!r}")
        if not isinstance(fill, numbers.Real):
            raise TypeError(f"Pad: fill must be a number, got {fill!r}")
        if padding_mode not in PAD_MODES:
            raise ValueError(f"Pad: padding_mode must be one of {', '.join(PAD_MODES)}, got {padding_mode!r}")
        self.left, self.top, self.right, self.bottom = sides
        self.fill, self.padding_mode = fill, padding_mode

    def __call__(self, image):
        def pad(array):
            if self.padding_mode == "reflect" and (max(self.left, self.right) >= array.shape[-1]
                                                   or max(self.top, self.bottom) >= array.shape[-2]):
                raise ValueError(f"Pad: a reflected border must be smaller than the image, got {array.shape[-2:]}")
            width = [(0, 0)] * (array.ndim - 2) + [(self.top, self.bottom), (self.left, self.right)]
            options = {"constant_values": self.fill} if self.padding_mode == "constant" else {}
            return np.pad(array, width, mode=self.padding_mode, **options)

        return _apply("Pad", image, pad)

    def __repr__(self):
        sides = (self.left, self.top, self.right, self.bottom)
        return f"Pad({sides}, fill={self.fill}, padding_mode={self.padding_mode!r})"


class CenterCrop:
    """Cut out the middle. An image that is smaller gets a border of zeros first.

    Args:
        size: `(height, width)`, or one number for both.
    """

    def __init__(self, size):
        self.size = (size, size) if isinstance(size, numbers.Integral) else tuple(size)
        if len(self.size) != 2 or not all(_is_count(length, 1) for length in self.size):
            raise ValueError(f"CenterCrop: size must be one or two whole numbers above 0, got {size!r}")

    def __call__(self, image):
        def crop(array):
            for axis, length in zip((-2, -1), self.size):
                have = array.shape[axis]
                if have < length:
                    width = [(0, 0)] * array.ndim
                    width[axis] = ((length - have) // 2, (length - have + 1) // 2)
                    array = np.pad(array, width)
            top, left = (round((have - length) / 2) for have, length in zip(array.shape[-2:], self.size))
            return array[..., top:top + self.size[0], left:left + self.size[1]]

        return _apply("CenterCrop", image, crop)

    def __repr__(self):
        return f"CenterCrop({self.size})"


class Resize:
    """Resize with Pillow's filters, which smooth when they shrink (torchvision's `antialias=True`).

    Args:
        size: `(height, width)`, or one number for the shorter edge; the other keeps the image's proportions.
        interpolation: "nearest", "bilinear" or "bicubic".
    """

    def __init__(self, size, interpolation="bilinear"):
        sizes = (size,) if isinstance(size, numbers.Integral) else tuple(size)
        if len(sizes) not in (1, 2) or not all(_is_count(length, 1) for length in sizes):
            raise ValueError(f"Resize: size must be one or two whole numbers above 0, got {size!r}")
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"Resize: interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}")
        self.size, self.interpolation = sizes, interpolation

    def __call__(self, image):
        def resize(array):
            height, width = self._target(*array.shape[-2:])
            filter_, planes = INTERPOLATIONS[self.interpolation], array.reshape(-1, *array.shape[-2:])
            # Pillow's only floating point mode is float32.
            planes = planes.astype(np.float32) if array.dtype.kind == "f" else planes
            resized = [np.asarray(Image.fromarray(plane).resize((width, height), filter_)) for plane in planes]
            return np.stack(resized).reshape(*array.shape[:-2], height, width).astype(array.dtype, copy=False)

        return _apply("Resize", image, resize)

    def _target(self, height, width):
        if len(self.size) == 2:
            return self.size
        edge = self.size[0]
        return (edge, edge * width // height) if height <= width else (edge * height // width, edge)

    def __repr__(self):
        return f"Resize({self.size}, interpolation={self.interpolation!r})"


def _apply(name, image, function):
    """`function` on the `(C, H, W)` array of an image of either kind; the result is of the kind that came in."""
    if isinstance(image, np.ndarray) and image.dtype.kind == "f":
        return function(_tensor_image(name, image))
    picture = _picture(name, image)
    result = np.moveaxis(function(_channels_first(picture)), 0, -1)
    result = np.ascontiguousarray(result[..., 0] if picture.ndim == 2 else result)
    return Image.fromarray(result) if isinstance(image, Image.Image) else result


def _picture(name, image):
    """The uint8 array `(H, W)` or `(H, W, C)` of a picture."""
    if isinstance(image, Image.Image):
        if image.mode not in MODES:
            raise TypeError(f"{name}: PIL images must have a mode of {', '.join(MODES)}, got {image.mode}; use "
                            "image.convert('RGB') or image.convert('L')")
        return np.asarray(image.convert("L") if image.mode == "1" else image)
    if not isinstance(image, np.ndarray):
        raise TypeError(f"{name}: expected a PIL image or a NumPy array, got {type(image).__name__}")
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise TypeError(f"{name}: expected a uint8 array (H, W) or (H, W, C), got {image.dtype} of shape {image.shape}")
    return image


def _channels_first(picture):
    return picture[np.newaxis] if picture.ndim == 2 else np.moveaxis(picture, -1, 0)


def _tensor_image(name, image):
    if not isinstance(image, np.ndarray) or image.dtype.kind != "f":
        kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"{name}: expected a floating point array (C, H, W), got {kind}; put ToTensor() before it")
    if image.ndim < 3:
        raise ValueError(f"{name}: expected a floating point array (C, H, W), got shape {image.shape}")
    return image


def _is_count(value, least):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= least
