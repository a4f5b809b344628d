"""Functions that move whole pixels or resize: crop, pad, flip, resize, erase."""

import numbers

import numpy as np
from PIL import Image, ImageOps

from minitorch.data.transforms.functional.images import (
    check_fill,
    check_image,
    fill_values,
    get_dimensions,
    in_tuple,
    is_count,
    is_tensor_image,
    pair,
    pillow_color,
    with_pillow,
)
from minitorch.data.transforms.functional.interpolation import RESAMPLING, InterpolationMode, interpolation_mode
from minitorch.data.transforms.functional.sampling import resize_without_smoothing

PAD_MODES = ("constant", "edge", "reflect", "symmetric")


def crop(img, top, left, height, width):
    """The part of an image that begins at row `top` and column `left`; what lies outside the image is zero."""
    check_image("crop", img)
    if not (is_count(height, 1) and is_count(width, 1)):
        raise ValueError(f"crop: height and width must be whole numbers above 0, got {height!r} and {width!r}")
    return apply_crop(img, top, left, height, width)


def apply_crop(img, top, left, height, width):
    """`crop` with arguments that were checked."""
    if isinstance(img, Image.Image):
        return img.crop((left, top, left + width, top + height))
    _, rows, columns = get_dimensions(img)
    if top >= 0 and left >= 0 and top + height <= rows and left + width <= columns:
        return _window(img, top, left, height, width).copy()
    result = np.zeros(_resized_shape(img, height, width), img.dtype)
    first, last = (max(top, 0), max(left, 0)), (min(top + height, rows), min(left + width, columns))
    size = [max(end - begin, 0) for begin, end in zip(first, last)]
    if all(size):
        _window(result, first[0] - top, first[1] - left, *size)[...] = _window(img, *first, *size)
    return result


def center_crop(img, output_size):
    """Cut out the middle. An image that is smaller gets a border of zeros first.

    Args:
        output_size: `(height, width)`, or one number for both.
    """
    height, width = pair("center_crop", "output_size", output_size)
    check_image("center_crop", img)
    _, rows, columns = get_dimensions(img)
    if height > rows or width > columns:
        extra = max(width - columns, 0), max(height - rows, 0)
        img = pad(img, [extra[0] // 2, extra[1] // 2, (extra[0] + 1) // 2, (extra[1] + 1) // 2])
        _, rows, columns = get_dimensions(img)
    return apply_crop(img, round((rows - height) / 2), round((columns - width) / 2), height, width)


def five_crop(img, size):
    """The four corners and the middle: `(top left, top right, bottom left, bottom right, centre)`, for testing.

    Args:
        size: `(height, width)`, or one number for both.
    """
    height, width = pair("five_crop", "size", size)
    _, rows, columns = get_dimensions(img)
    if height > rows or width > columns:
        raise ValueError(f"five_crop: the image of {rows} x {columns} is smaller than size {(height, width)}")
    corners = [crop(img, top, left, height, width) for top in (0, rows - height) for left in (0, columns - width)]
    return (*corners, center_crop(img, (height, width)))


def ten_crop(img, size, vertical_flip=False):
    """`five_crop` of the image and of its mirror image, upside down with `vertical_flip`."""
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


def resized_crop(img, top, left, height, width, size, interpolation=InterpolationMode.BILINEAR, antialias=True):
    """`crop`, then `resize`."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def hflip(img):
    """Left and right exchanged."""
    check_image("hflip", img)
    if isinstance(img, Image.Image):
        return img.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return (img[..., ::-1] if is_tensor_image(img) else img[:, ::-1]).copy()


def vflip(img):
    """Top and bottom exchanged."""
    check_image("vflip", img)
    if isinstance(img, Image.Image):
        return img.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return (img[..., ::-1, :] if is_tensor_image(img) else img[::-1]).copy()


def pad(img, padding, fill=0, padding_mode="constant"):
    """Add a border.

    Args:
        padding: pixels for all four sides, `(left and right, top and bottom)`, or `(left, top, right, bottom)`.
        fill: the value of a constant border, or one for each channel.
        padding_mode: "constant", "edge" (the last pixel again), "reflect" (mirrored, the edge pixel not twice) or
            "symmetric" (mirrored with it).
    """
    sides = padding_sides("pad", padding)
    check_padding_mode("pad", padding_mode)
    check_fill("pad", fill)
    check_image("pad", img)
    return apply_pad("pad", img, sides, fill, padding_mode)


def padding_sides(name, padding):
    """`(left, top, right, bottom)` of one, two or four whole numbers."""
    sides = in_tuple(name, "padding", padding)
    if len(sides) not in (1, 2, 4) or any(not is_count(side, 0) for side in sides):
        raise ValueError(f"{name}: padding must be one, two or four whole numbers of at least 0, got {padding!r}")
    return sides * (4 // len(sides))


def check_padding_mode(name, padding_mode):
    """ValueError unless it is the name of a way to pad."""
    if padding_mode not in PAD_MODES:
        raise ValueError(f"{name}: padding_mode must be one of {', '.join(PAD_MODES)}, got {padding_mode!r}")


def apply_pad(name, img, sides, fill, padding_mode):
    """`pad` with arguments that were checked."""
    left, top, right, bottom = sides
    channels, height, width = get_dimensions(img)
    if padding_mode == "constant":
        values = fill_values(name, fill, img)
        if isinstance(img, Image.Image):
            return ImageOps.expand(img, sides, pillow_color(values))
        result = np.empty(_resized_shape(img, height + top + bottom, width + left + right), img.dtype)
        if len(set(values)) == 1:
            result.fill(values[0])
        else:
            result[...] = np.reshape(values, (channels, 1, 1) if is_tensor_image(img) else channels)
        _window(result, top, left, height, width)[...] = img
        return result
    if padding_mode == "reflect" and (max(left, right) >= width or max(top, bottom) >= height):
        raise ValueError(f"{name}: a reflected border must be smaller than the image, got {(height, width)}")
    array = np.asarray(img)
    border = [(0, 0)] * array.ndim
    first = array.ndim - 2 if is_tensor_image(img) else 0
    border[first:first + 2] = (top, bottom), (left, right)
    result = np.pad(array, border, mode=padding_mode)
    if not isinstance(img, Image.Image):
        return result
    result = Image.fromarray(result)
    if img.mode == "P":
        result.putpalette(img.getpalette())
    return result


def resize(img, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True):
    """Resize with Pillow's filters, which smooth when they shrink; tensor images in float32.

    Args:
        size: `(height, width)`, or one number for the shorter edge; the other keeps the image's proportions.
        interpolation: an `InterpolationMode`, its value as a string, or Pillow's number.
        max_size: with one number as `size`, the most that the longer edge may be; the shorter gets less if need be.
        antialias: with False, "bilinear" and "bicubic" do not smooth a tensor image; pictures are always smoothed.
    """
    check_resize("resize", size, max_size)
    mode = interpolation_mode("resize", interpolation)
    check_image("resize", img)
    return apply_resize(img, size, mode, max_size, antialias)


def check_resize(name, size, max_size):
    """ValueError unless they are what `resize` takes."""
    pair(name, "size", size)
    if max_size is not None:
        short = size if isinstance(size, numbers.Integral) else size[0]
        if not isinstance(size, numbers.Integral) and len(size) == 2:
            raise ValueError(f"{name}: max_size is for one number as size, the shorter edge, got size={size!r}")
        if not is_count(max_size, short + 1):
            raise ValueError(f"{name}: max_size must be a whole number above size={size!r}, got {max_size!r}")


def apply_resize(img, size, mode, max_size, antialias):
    """`resize` with arguments that were checked."""
    _, rows, columns = get_dimensions(img)
    height, width = resized_size(rows, columns, size, max_size)
    if (height, width) == (rows, columns):
        return img
    if not is_tensor_image(img):
        return with_pillow(img, lambda image, _: image.resize((width, height), RESAMPLING[mode]))
    if not antialias and mode in (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC):
        return resize_without_smoothing(img, height, width, mode)
    # Pillow's only floating point mode is float32.
    planes = img.reshape(-1, rows, columns).astype(np.float32, copy=False)
    resized = [np.asarray(Image.fromarray(plane).resize((width, height), RESAMPLING[mode])) for plane in planes]
    return np.stack(resized).reshape(*img.shape[:-2], height, width).astype(img.dtype, copy=False)


def resized_size(height, width, size, max_size=None):
    """`(height, width)` after `resize`."""
    sizes = in_tuple("resize", "size", size)
    if len(sizes) == 2:
        return sizes
    short, long = sizes[0], sizes[0] * max(height, width) // min(height, width)
    if max_size is not None and long > max_size:
        short, long = max_size * short // long, max_size
    return (short, long) if height <= width else (long, short)


def erase(img, i, j, h, w, v, inplace=False):
    """The rectangle of `h` rows and `w` columns at row `i` and column `j` overwritten with `v`.

    Args:
        v: a number, or an array that broadcasts to the rectangle, with the channels first: `(C, 1, 1)`, `(C, h, w)`.
        inplace: write into the array `img`.
    """
    check_image("erase", img)
    v = np.asarray(v)
    if isinstance(img, Image.Image):
        array = np.array(img)
        _overwrite(array, i, j, h, w, v)
        return Image.fromarray(array)
    result = img if inplace else img.copy()
    _overwrite(result, i, j, h, w, v)
    return result


def _overwrite(array, i, j, h, w, v):
    if not is_tensor_image(array) and v.ndim == 3:
        v = v[0] if array.ndim == 2 else v.transpose(1, 2, 0)
    _window(array, i, j, h, w)[...] = v


def _window(array, top, left, height, width):
    rows, columns = slice(top, top + height), slice(left, left + width)
    return array[..., rows, columns] if is_tensor_image(array) else array[rows, columns]


def _resized_shape(array, height, width):
    return (*array.shape[:-2], height, width) if is_tensor_image(array) else (height, width, *array.shape[2:])
