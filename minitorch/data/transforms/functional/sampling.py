"""Reading a tensor image between its pixels, in NumPy."""

import numpy as np

from minitorch.data.transforms.functional.interpolation import InterpolationMode


def resize_without_smoothing(image, height, width, mode):
    """`image` (..., H, W) at the points of a grid of `height` x `width`, bilinear or bicubic between its pixels."""
    weight = _linear if mode is InterpolationMode.BILINEAR else _cubic
    rows, columns = (_weights(old, new, weight) for old, new in zip(image.shape[-2:], (height, width)))
    return (rows @ image.astype(np.float64) @ columns.T).astype(image.dtype)


def _weights(old, new, weight):
    """The matrix `(new, old)` whose row says how much of each old pixel is in a new one; edge pixels go on for ever."""
    position = (np.arange(new) + 0.5) * old / new - 0.5
    matrix = np.zeros((new, old))
    for step in range(-1, 3):
        pixel = np.floor(position) + step
        np.add.at(matrix, (np.arange(new), np.clip(pixel, 0, old - 1).astype(int)), weight(np.abs(position - pixel)))
    return matrix


def _linear(distance):
    return np.maximum(1 - distance, 0)


def _cubic(distance, a=-0.75):
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


def affine_grid(matrix, size, output_size, dtype):
    """Where in an image each pixel of the output comes from, for an affine map about the image's centre.

    Args:
        matrix: six numbers that take output to input coordinates, both in pixels from the centre.
        size, output_size: `(height, width)`.
    Returns:
        x and y, `(height, width)` of the output, where -1 to 1 goes from one edge of the input to the other. Computed
        in the image's precision, so that points halfway between two pixels fall to the side that PyTorch takes.
    """
    height, width = output_size
    x = np.linspace(-width * 0.5 + 0.5, width * 0.5 - 0.5, width, dtype=dtype)
    y = np.linspace(-height * 0.5 + 0.5, height * 0.5 - 0.5, height, dtype=dtype)
    half = np.array([[size[1] * 0.5], [size[0] * 0.5]], dtype)
    theta = np.array(matrix, dtype).reshape(2, 3) / half
    return tuple(row[0] * x + (row[1] * y + row[2])[:, np.newaxis] for row in theta)


def perspective_grid(coefficients, size, dtype):
    """The same for a perspective map with eight coefficients, which takes pixels counted from the top left."""
    height, width = size
    a, b, c, d, e, f, g, h = np.array(coefficients, dtype)
    x, y = (np.arange(length, dtype=dtype) + dtype.type(0.5) for length in (width, height))
    y = y[:, np.newaxis]
    half = dtype.type(width * 0.5), dtype.type(height * 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):  # points on the horizon
        return tuple((row[0] / s * x + row[1] / s * y + row[2] / s) / (g * x + h * y + 1) - 1
                     for row, s in zip(((a, b, c), (d, e, f)), half))


def sample(image, x, y, mode, fill):
    """The values of a tensor image at the points `x`, `y` (-1 to 1 from edge to edge); outside it they are `fill`.

    Args:
        image: (..., C, H, W).
        fill: None for zero, or a number for each channel; with "bilinear", the border is faded into it.
    """
    height, width = image.shape[-2:]
    x, y = ((x + 1) * width - 1) / 2, ((y + 1) * height - 1) / 2
    if mode is InterpolationMode.NEAREST:
        values, inside = _gather(image, np.rint(x), np.rint(y))
    else:
        left, top = np.floor(x), np.floor(y)
        values, inside = 0, 0
        for column, row in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
            weight = ((1 - np.abs(x - column)) * (1 - np.abs(y - row))).astype(image.dtype)
            corner, there = _gather(image, column, row)
            values, inside = values + corner * weight, inside + there * weight
    if fill is None:
        return values
    fill = np.reshape(np.asarray(fill, image.dtype), (-1, 1, 1))
    if mode is InterpolationMode.NEAREST:
        return np.where(inside, values, fill)
    return values * inside + (1 - inside) * fill


def _gather(image, column, row):
    """The pixels at whole-numbered places, zero outside the image; and which of them are inside it."""
    height, width = image.shape[-2:]
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = (np.where(inside, place, 0).astype(np.intp) for place in (column, row))
    return image[..., row, column] * inside.astype(image.dtype), inside
