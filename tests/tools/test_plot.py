"""The pictures are drawn, and show what they should: checked by their pixels."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import minitorch.nn.functional as F
from minitorch import nn, optim
from minitorch.tools import inspection, plot
from minitorch.training import Statistics, Trainer

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
    orange = np.array((0xD9, 0x73, 0x0D))
    counts = [(np.abs(pixels(path) - orange).sum(-1) < 30).sum() for path in (one, two)]
    assert counts[0] == 0 and counts[1] > 50


def test_filters_red_is_positive(tmp_path):
    path = tmp_path / "filters.png"
    weight = np.zeros((2, 4, 5, 5))
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


def test_filters_of_three_channels_are_in_colour(tmp_path):
    path = tmp_path / "filters.png"
    weight = np.zeros((2, 3, 5, 5))
    weight[0, 1], weight[1] = 1, -1
    plot.filters(path, weight)
    image = pixels(path)
    middle = image.shape[0] * 2 // 3
    assert np.abs(image[middle, image.shape[1] // 4] - (127, 255, 127)).max() <= 1
    assert image[middle, image.shape[1] * 3 // 4].tolist() == [0, 0, 0]


def test_every_figure_is_returned_and_needs_no_path():
    figure = plot.learning_curves(None, [1, 2], [2.0, 1.0], [0.5, 0.6], [0.4, 0.7], "title")
    assert figure._suptitle.get_text() == "title" and len(figure.axes) == 2


def test_drawing_leaves_pyplot_alone():
    program = "import sys; from minitorch.tools import plot; plot.filters(None, [[[[1.0]]]]).canvas.draw(); "
    program += "print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_the_learning_rate_is_below_the_curves():
    rates = [0.1, 0.2, 0.1, 0.0]  # two steps for each epoch
    figure = plot.learning_curves(None, [1, 2], [2.0, 1.0], [0.5, 0.6], [0.4, 0.5], learning_rates=rates)
    loss, accuracy, rate = figure.axes
    assert loss.get_position().y0 > accuracy.get_position().y0 > rate.get_position().y0
    values, edges, _ = rate.patches[0].get_data()
    assert list(values) == rates and list(edges) == [0, 0.5, 1, 1.5, 2]
    assert loss.get_xlim() == rate.get_xlim()


def test_curves_of_several_seeds_have_their_mean_and_a_band():
    figure = plot.compared_curves(None, {"a": [[0.2, 0.4], [0.4, 0.8]]}, "accuracy", percent=True)
    axes = figure.axes[0]
    assert axes.lines[0].get_ydata().tolist() == pytest.approx([0.3, 0.6])
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(0.8) and heights.min() == pytest.approx(0.2)


def test_scores_have_a_dot_for_each_seed_and_orange_for_the_better():
    scores = {"none": [0.5, 0.7], "more": [0.8, 0.6, 0.9], "less": [0.1]}
    axes = plot.compared_scores(None, scores, "accuracy", baseline="none").figure.axes[0]
    dots, bars = axes.lines[0:6:2], axes.lines[1:6:2]
    assert [list(line.get_xdata()) for line in dots] == list(scores.values())
    assert [line.get_xdata()[0] for line in bars] == pytest.approx([np.mean(x) for x in scores.values()])
    assert [line.get_color() for line in bars] == [plot.BLUE, plot.ORANGE, plot.BLUE]
    assert axes.lines[6].get_xdata() == pytest.approx([0.6, 0.6])
    assert [label.get_text() for label in axes.get_yticklabels()] == list(scores)


def test_feature_maps_draws_each_channel():
    maps = np.random.default_rng(0).random((11, 4, 5))
    figure = plot.feature_maps(None, maps, count=9)
    drawn = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(drawn) == 9 and all(np.array_equal(a, b) for a, b in zip(drawn, maps))


def test_heat_maps_lie_over_their_images():
    images, maps = np.random.default_rng(0).random((2, 3, 6, 6))
    figure = plot.heat_maps(None, images, maps, ["a", "b", "c"])
    upper, lower = figure.axes[:3], figure.axes[3:]
    assert [axes.get_title() for axes in upper] == ["a", "b", "c"]
    assert all(np.array_equal(axes.images[1].get_array(), heat) for axes, heat in zip(lower, maps))
    assert lower[0].images[1].get_clim() == (0, maps[0].max())


def test_embedding_has_a_colour_and_a_name_for_each_class():
    points, labels = np.random.default_rng(0).random((9, 2)), np.arange(9) % 3
    axes = plot.embedding(None, points, labels, NAMES[:3], explained=[0.5, 0.25]).axes[0]
    for number, cloud in enumerate(axes.collections):
        assert np.array_equal(cloud.get_offsets(), points[labels == number])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == NAMES[:3]
    assert axes.get_xlabel() == "first component (50% of the variance)"


def record(values):
    """A `Statistics` that has seen three steps of a network whose gradients shrink."""
    model = nn.Sequential(nn.Linear(20, 10), nn.BatchNorm1d(10), nn.ReLU(), nn.Linear(10, 10))
    statistics = Statistics(every=1, bins=40)
    images = np.random.default_rng(0).standard_normal((64, 20)).astype("float32")
    loader = [(images, np.arange(64) % 10)] * values
    Trainer(model, optim.SGD(model.parameters(), lr=0.1), F.cross_entropy, callbacks=[statistics]).fit(loader)
    return statistics


def test_histograms_over_time():
    statistics = record(3)
    figure = plot.histograms(None, statistics)
    left, right = figure.axes[0::2], figure.axes[1::2]
    assert [axes.get_ylabel() for axes in left] == ["0", "3"]  # the norm has too few weights
    for axes, kind, name in ((left[0], "activation", "0"), (right[1], "gradient", "3.weight")):
        table, edges = inspection.density(statistics.series(kind, name))
        mesh = axes.collections[0]
        assert np.array_equal(mesh.get_array().reshape(80, 3), table.T)
        corners = mesh.get_coordinates()
        assert corners[0, :, 0].tolist() == [1, 2, 3, 4] and np.array_equal(corners[:, 0, 1], edges)
    assert len(plot.histograms(None, record(1), layers=["1"]).axes) == 2
    with pytest.raises(ValueError, match="histograms: statistics has seen no layer"):
        plot.histograms(None, Statistics())
    with pytest.raises(KeyError, match="there is no activation of '9'"):
        plot.histograms(None, statistics, layers=["9"])
