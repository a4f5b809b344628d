"""`show_batch`: which images are drawn where, in what shades, with which captions."""

import numpy as np
import pytest
from PIL import Image

from minitorch import Tensor, tools
from minitorch.data import transforms as T
from minitorch.random import default_generator

RANDOM = np.random.RandomState(0)
GREY = RANDOM.randint(0, 256, (6, 9, 7)).astype(np.uint8)
COLOUR = RANDOM.randint(0, 256, (6, 9, 7, 3)).astype(np.uint8)
PLANES = np.ascontiguousarray(COLOUR.transpose(0, 3, 1, 2))
FLOATS = (PLANES / 255).astype(np.float32)


def drawn(figure):
    """The images from left to right, row by row."""
    images = figure.axes[0].images
    return [image.get_array() for image in sorted(images, key=lambda image: (image.get_extent()[3] // 1.2,
                                                                             image.get_extent()[0]))]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("images", [GREY, COLOUR, PLANES, FLOATS, FLOATS[:, :1], Tensor(FLOATS), list(COLOUR),
                                    [Image.fromarray(image) for image in COLOUR]])
def test_every_form_of_a_batch(images, tmp_path):
    figure = tools.show_batch(images, path=tmp_path / "batch.png", columns=4)
    assert Image.open(tmp_path / "batch.png").format == "PNG"
    expected = GREY if isinstance(images, np.ndarray) and images.ndim == 3 else COLOUR
    expected = COLOUR[..., 0] if isinstance(images, np.ndarray) and images.shape[1] == 1 else expected
    shown = drawn(figure)
    assert len(shown) == 6
    for image, array in zip(shown, expected):
        assert image.shape == array.shape and np.allclose(image, array / 255, atol=1e-6)
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    assert np.isclose((right - left) / (bottom - top), 7 / 9)  # in the image's proportions


def test_captions():
    labels = [2, 0, 1, 1, 0, 2]
    assert texts(tools.show_batch(GREY, labels)) == ["2", "0", "1", "1", "0", "2"]
    assert texts(tools.show_batch(GREY, np.array(labels), classes=["cat", "dog", "eel"], title="Six"))[:3] == [
        "Six", "eel", "cat"]
    soft = np.zeros((6, 3), np.float32)
    soft[:, 1], soft[:, 2] = 0.25, 0.75
    soft[1] = 1, 0, 0
    assert texts(tools.show_batch(GREY, soft, classes=["cat", "dog", "eel"]))[:2] == ["75% eel\n25% dog", "cat"]
    assert texts(tools.show_batch(GREY, Tensor(soft)))[1] == "0"


def test_before_and_after():
    figure = tools.show_batch(255 - GREY, before=GREY, columns=4)
    assert texts(figure) == ["before", "after"] * 2
    shown = {image.tobytes() for image in drawn(figure)}
    assert shown == {np.ma.array(image / 255).tobytes() for image in (*GREY, *(255 - GREY))}
    # Each image above its successor.
    places = {image.get_array().tobytes(): image.get_extent() for image in figure.axes[0].images}
    for image in GREY:
        above, below = (places[np.ma.array(one / 255).tobytes()] for one in (image, 255 - image))
        assert above[:2] == below[:2] and below[3] - above[2] < 0.2


def test_transform():
    transform = T.Compose([T.RandomCrop(7), T.ToTensor(), T.Normalize([0.5] * 3, [0.2] * 3)])
    state = default_generator.get_state()
    figure = tools.show_batch(COLOUR, transform=transform, versions=2, columns=6)
    assert default_generator.get_state() == state
    assert texts(figure) == ["before", "after, 1", "after, 2"]
    shown = drawn(figure)
    assert len(shown) == 18 and all(np.allclose(shown[i], COLOUR[i] / 255) for i in range(6))
    for version in (1, 2):
        for i in range(6):  # not normalized, and a part of the image
            windows = [COLOUR[i, top:top + 7] / 255 for top in range(3)]
            assert any(np.allclose(shown[6 * version + i], window, atol=1e-6) for window in windows)
    again = drawn(tools.show_batch(COLOUR, transform=transform, versions=2, columns=6))
    assert all(np.array_equal(one, two) for one, two in zip(shown, again))
    assert any(not np.array_equal(one, two) for one, two in zip(shown[6:12], shown[12:]))
    other = drawn(tools.show_batch(COLOUR, transform=transform, versions=2, columns=6, seed=1))
    assert any(not np.array_equal(one, two) for one, two in zip(shown, other))


def test_values_outside_0_to_1():
    normal = T.Normalize([0.5] * 3, [0.2] * 3)(FLOATS)
    for image, array in zip(drawn(tools.show_batch(normal, mean=[0.5] * 3, std=[0.2] * 3)), COLOUR):
        assert np.allclose(image, array / 255, atol=1e-5)
    stretched = np.stack(drawn(tools.show_batch(normal)))
    assert stretched.min() == 0 and stretched.max() == 1
    assert all(image.max() <= 1 for image in drawn(tools.show_batch(FLOATS * 3, mean=0, std=1)))


def test_size_follows_the_grid():
    small, wide = (tools.show_batch(GREY, columns=columns).get_size_inches() for columns in (3, 6))
    assert wide[0] > small[0] and wide[1] < small[1]
    assert tools.show_batch(GREY[:2], columns=8).get_size_inches()[0] < small[0]


@pytest.mark.parametrize("arguments, match", [
    (([],), "at least one image"),
    ((GREY, [1, 2]), "labels has 2 entries, images 6"),
    ((RANDOM.rand(2, 5, 4, 4),), r"an image must be grey or RGB, got shape \(4, 4, 5\)"),
])
def test_bad_arguments(arguments, match):
    with pytest.raises(ValueError, match="show_batch: .*" + match):
        tools.show_batch(*arguments)


@pytest.mark.parametrize("options, match", [
    ({"columns": 0}, "columns must be a whole number above 0, got 0"),
    ({"versions": 1.5}, "versions must be a whole number above 0"),
    ({"before": GREY[:3]}, "before has 3 entries, images 6"),
    ({"before": GREY, "transform": abs}, "excludes before"),
    ({"transform": 3}, "transform must be a function"),
])
def test_bad_options(options, match):
    with pytest.raises(ValueError, match="show_batch: .*" + match):
        tools.show_batch(GREY, **options)


def test_only_show_batch_needs_matplotlib():
    with pytest.raises(AttributeError, match="no attribute 'show_bach'"):
        _ = tools.show_bach
