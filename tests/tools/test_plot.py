"""The pictures are drawn, and show what they should: checked by their pixels."""

import numpy as np
from PIL import Image

from minitorch.tools import plot

NAMES = [f"class {i}" for i in range(4)]


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_learning_curves_draws_two_colours(tmp_path):
    path = tmp_path / "curves.png"
    plot.learning_curves(path, [1, 2, 3], [1.0, 0.5, 0.2], [0.5, 0.8, 0.9], [0.4, 0.7, 0.8])
    image = pixels(path)
    for colour in ((0x1F, 0x5F, 0xA8), (0xD9, 0x73, 0x0D)):
        assert (np.abs(image - colour).sum(-1) < 30).sum() > 50


def test_compared_curves_draws_a_colour_for_each(tmp_path):
    one, two = tmp_path / "one.png", tmp_path / "two.png"
    plot.compared_curves(one, {"a": [2.0, 1.0]}, "loss")
    plot.compared_curves(two, {"a": [2.0, 1.0], "b": [1.0, 2.0]}, "loss")
    orange = np.array((0xFF, 0x7F, 0x0E))  # the second colour of matplotlib
    counts = [(np.abs(pixels(path) - orange).sum(-1) < 30).sum() for path in (one, two)]
    assert counts[0] == 0 and counts[1] > 50


def test_filters_red_is_positive(tmp_path):
    path = tmp_path / "filters.png"
    weight = np.zeros((2, 3, 5, 5))
    weight[0], weight[1] = 1, -1
    plot.filters(path, weight)
    image = pixels(path)
    middle = image.shape[0] * 2 // 3
    left, right = image[middle, image.shape[1] // 4], image[middle, image.shape[1] * 3 // 4]
    assert left[0] > left[2] and right[2] > right[0]


def test_confusion_matrix_is_dark_on_the_diagonal(tmp_path):
    right, wrong = tmp_path / "right.png", tmp_path / "wrong.png"
    plot.confusion_matrix(right, np.diag([9, 9, 9, 9]), NAMES)
    plot.confusion_matrix(wrong, np.full((4, 4), 9), NAMES)
    assert pixels(right).std() > pixels(wrong).std()


def test_mistakes_shows_only_the_wrong_ones(tmp_path):
    images, labels = np.random.default_rng(0).random((8, 6, 6)), np.zeros(8, int)
    probabilities = np.full((8, 4), 0.1)
    probabilities[:, 0] = 0.7
    none, one = tmp_path / "none.png", tmp_path / "one.png"
    plot.mistakes(none, images, labels, probabilities, NAMES)
    probabilities[3] = [0.05, 0.85, 0.05, 0.05]
    plot.mistakes(one, images, labels, probabilities, NAMES)
    assert pixels(none).min() == 255 and pixels(one).min() < 255
