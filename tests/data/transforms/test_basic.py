"""Transforms, against definitions written out and Pillow's own results."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from minitorch.data.transforms import CenterCrop, Compose, Lambda, Normalize, Pad, Resize, ToTensor

RANDOM = np.random.RandomState(0)
GREY = RANDOM.randint(0, 256, (5, 7)).astype(np.uint8)
COLOUR = RANDOM.randint(0, 256, (5, 7, 3)).astype(np.uint8)


def kinds():
    """One picture in every form, with a function that gives it as (C, H, W)."""
    def last(array):
        return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)

    tensor = COLOUR.transpose(2, 0, 1).astype(np.float32)
    return [(GREY, last), (COLOUR, last), (Image.fromarray(GREY), lambda image: last(np.asarray(image))),
            (Image.fromarray(COLOUR), lambda image: last(np.asarray(image))), (tensor, lambda array: array)]


def same_kind(result, image):
    assert isinstance(result, type(image)) or isinstance(result, Image.Image) and isinstance(image, Image.Image)
    if isinstance(image, Image.Image):
        assert result.mode == image.mode
    else:
        assert result.dtype == image.dtype and result.ndim == image.ndim


def test_to_tensor():
    expected = np.array([[[np.float32(value) / np.float32(255) for value in row] for row in GREY]])
    for image in (GREY, Image.fromarray(GREY)):
        result = ToTensor()(image)
        assert result.dtype == np.float32 and result.shape == (1, 5, 7) and result.flags.c_contiguous
        assert (result == expected).all()
    for image in (COLOUR, Image.fromarray(COLOUR)):
        result = ToTensor()(image)
        assert result.shape == (3, 5, 7) and result.flags.c_contiguous
        assert all((result[c] == COLOUR[:, :, c].astype(np.float32) / np.float32(255)).all() for c in range(3))
    assert ToTensor()(np.array([[0, 255]], np.uint8)).tolist() == [[[0.0, 1.0]]]
    assert ToTensor()(Image.fromarray(np.array([[True, False]]))).tolist() == [[[1.0, 0.0]]]


@pytest.mark.parametrize("image, match", [
    (GREY.astype(np.float32), r"uint8 array \(H, W\) or \(H, W, C\), got float32"),
    (GREY[0], r"shape \(7,\)"),
    ([[1]], "got list"),
    (Image.fromarray(GREY).convert("P"), r"got P; use image.convert\('RGB'\)"),
])
def test_to_tensor_bad_input(image, match):
    with pytest.raises(TypeError, match="ToTensor: .*" + match):
        ToTensor()(image)


def test_normalize():
    image = ToTensor()(COLOUR)
    result = Normalize([0.1, 0.2, 0.3], [0.5, 0.25, 2.0])(image)
    assert result.dtype == np.float32
    for c, (mean, std) in enumerate([(0.1, 0.5), (0.2, 0.25), (0.3, 2.0)]):
        assert (result[c] == (image[c] - np.float32(mean)) / np.float32(std)).all()
    one = Normalize(0.5, 0.5)(ToTensor()(GREY))
    assert one.shape == (1, 5, 7) and one.min() >= -1 and one.max() <= 1
    assert Normalize((0.5,), (0.5,))(image.astype(np.float64)).dtype == np.float64


def test_normalize_bad_input():
    for mean, std in [([0.5], [0.5, 0.5]), (0, 0), (0, -1), (np.nan, 1), ([[0]], [[1]])]:
        with pytest.raises(ValueError, match="Normalize: mean"):
            Normalize(mean, std)
    with pytest.raises(TypeError, match=r"got uint8; put ToTensor\(\) before it"):
        Normalize(0.5, 0.5)(GREY)
    with pytest.raises(TypeError, match=r"got Image; put ToTensor\(\)"):
        Normalize(0.5, 0.5)(Image.fromarray(GREY))
    with pytest.raises(ValueError, match="2 channels, the image has 3"):
        Normalize([0, 0], [1, 1])(ToTensor()(COLOUR))
    with pytest.raises(ValueError, match=r"shape \(5, 7\)"):
        Normalize(0, 1)(GREY.astype(np.float32))


def test_compose_and_lambda():
    chain = Compose([Lambda(lambda image: 255 - image), ToTensor(), Normalize(0.5, 0.5)])
    assert np.allclose(chain(GREY), (255 - GREY.astype(np.float64))[None] / 255 * 2 - 1, atol=1e-6)
    assert "ToTensor()" in repr(chain) and "Lambda" in repr(chain)
    with pytest.raises(TypeError, match="every transform must be a function"):
        Compose([3])
    with pytest.raises(TypeError, match="Lambda: expected a function"):
        Lambda(3)


def source(position, size, mode):
    """The row or column that a border pixel shows; None for a constant border."""
    while not 0 <= position < size:
        if mode == "constant":
            return None
        if mode == "edge":
            position = min(max(position, 0), size - 1)
        else:
            once = int(mode == "symmetric")
            position = -position - once if position < 0 else 2 * size - position - 2 + once
    return position


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4), st.tuples(*[st.integers(0, 4)] * 4), st.sampled_from(["constant", "edge", "reflect",
                                                                              "symmetric"]))
def test_pad(which, padding, mode):
    image, channels_first = kinds()[which]
    left, top, right, bottom = padding
    result = Pad(padding, fill=9, padding_mode=mode)(image)
    same_kind(result, image)
    before, after = channels_first(image), channels_first(result)
    assert after.shape == (before.shape[0], 5 + top + bottom, 7 + left + right)
    for row in range(after.shape[1]):
        for column in range(after.shape[2]):
            at = source(row - top, 5, mode), source(column - left, 7, mode)
            expected = [9] * len(before) if None in at else before[:, at[0], at[1]].tolist()
            assert after[:, row, column].tolist() == expected


def test_pad_short_forms_and_pillow():
    image = Image.fromarray(COLOUR)
    assert np.array_equal(Pad(3, fill=0)(image), ImageOps.expand(image, 3, 0))
    assert Pad((1, 2))(GREY).shape == (5 + 4, 7 + 2)
    assert Pad(0)(GREY).tolist() == GREY.tolist()


@pytest.mark.parametrize("arguments, error", [((-1,), ValueError), ((1.5,), TypeError), (([1, 2, 3],), ValueError),
                                              ((1, 0, "wrap"), ValueError), ((1, "black"), TypeError),
                                              (([True, 1],), ValueError)])
def test_pad_bad_input(arguments, error):
    with pytest.raises(error):
        Pad(*arguments)
    with pytest.raises(ValueError, match="must be smaller than the image"):
        Pad(5, padding_mode="reflect")(GREY)


@pytest.mark.parametrize("which", range(5))
@pytest.mark.parametrize("size, rows, columns", [
    (3, (1, 4), (2, 5)), ((5, 7), (0, 5), (0, 7)), ((2, 4), (2, 4), (2, 6)), ((1, 1), (2, 3), (3, 4)),
])
def test_center_crop(which, size, rows, columns):
    image, channels_first = kinds()[which]
    result = CenterCrop(size)(image)
    same_kind(result, image)
    assert np.array_equal(channels_first(result), channels_first(image)[:, slice(*rows), slice(*columns)])


def test_center_crop_of_a_smaller_image():
    result = CenterCrop((8, 3))(GREY)
    expected = np.zeros((8, 3), np.uint8)
    expected[1:6] = GREY[:, 2:5]
    assert result.tolist() == expected.tolist()
    for size in (0, (), (1, 2, 3), (2.5, 1)):
        with pytest.raises(ValueError, match="CenterCrop: size"):
            CenterCrop(size)


@pytest.mark.parametrize("interpolation, pillow", [("nearest", Image.Resampling.NEAREST),
                                                   ("bilinear", Image.Resampling.BILINEAR),
                                                   ("bicubic", Image.Resampling.BICUBIC)])
@pytest.mark.parametrize("size, height, width", [((3, 4), 3, 4), (10, 10, 14), (3, 3, 4)])
def test_resize(interpolation, pillow, size, height, width):
    for image, _ in kinds()[:4]:
        result = Resize(size, interpolation)(image)
        same_kind(result, image)
        whole = image if isinstance(image, Image.Image) else Image.fromarray(image)
        assert np.array_equal(np.asarray(result), np.asarray(whole.resize((width, height), pillow)))
    tensor = ToTensor()(COLOUR)
    result = Resize(size, interpolation)(tensor)
    same_kind(result, tensor)
    for c in range(3):
        assert np.array_equal(result[c], np.asarray(Image.fromarray(tensor[c]).resize((width, height), pillow)))


def test_resize_tall_constant_and_float64():
    assert Resize(4)(COLOUR.transpose(1, 0, 2)).shape == (5, 4, 3)
    result = Resize(3)(np.full((2, 6, 6), 0.25))
    assert result.dtype == np.float64 and np.allclose(result, 0.25) and result.shape == (2, 3, 3)


@pytest.mark.parametrize("arguments", [(0,), ((1, 2, 3),), ((2, -1),), (3, "cubic")])
def test_resize_bad_input(arguments):
    with pytest.raises(ValueError, match="Resize: "):
        Resize(*arguments)


@pytest.mark.parametrize("transform", [Pad(1), CenterCrop(2), Resize(2)])
def test_neither_picture_nor_tensor(transform):
    for image in (GREY.astype(np.int64), [[1, 2]]):
        with pytest.raises(TypeError, match=f"{type(transform).__name__}: expected"):
            transform(image)
    assert type(transform).__name__ in repr(transform)
