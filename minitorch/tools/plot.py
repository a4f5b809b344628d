"""Pictures of networks and of training runs, for the projector and the report.

Every function draws a `matplotlib.figure.Figure` of its own, without pyplot and its global state, so nothing needs a
screen. It takes the path of a PNG to write, or None, and returns the figure. The numbers come from `tools.inspection`
and from `training`.
"""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from minitorch.tools.inspection import density

BLUE, ORANGE, GREY = "#1f5fa8", "#d9730d", "#6b6b6b"
PALETTE = [BLUE, ORANGE, "#2a8c4a", "#b3282d", "#7a4fa3", "#8a5a2b", "#d155a0", GREY, "#a5a11b", "#1d9eb3"]


def _figure(width, height):
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _finish(figure, path, title=""):
    figure.suptitle(title)
    if path is not None:
        figure.savefig(path)
    return figure


def _photograph(axes, image, **settings):
    """An image without frame and ticks."""
    _bare(axes)
    axes.imshow(image, **settings)


def _bare(axes):
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _by_epoch(axes, label="epoch"):
    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _graph(axes)


def _graph(axes):
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _tiles(count, columns, width, height):
    """(figure, axes of a grid with room for `count` tiles); those that are left over are empty."""
    columns = min(count, columns)
    rows = -(-count // columns)
    figure = _figure(width * columns, height * rows + 0.6)
    tiles = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in tiles[count:]:
        axes.set_axis_off()
    return figure, tiles[:count]


def learning_curves(
    path, epochs, losses, train_accuracy, test_accuracy, title="", *, test_losses=None, learning_rates=None
):
    """Loss, accuracy in training and on test data, and the learning rate below them, by epoch.

    Args:
        path: where the PNG goes, or None.
        epochs, losses, train_accuracy, test_accuracy: sequences of one length; accuracies from 0 to 1.
        test_losses: the same of the test data.
        learning_rates: one for each epoch, or one for each step of the whole run. Without them the curves stand side
            by side.

    Returns:
        The figure.
    """
    if learning_rates is None:
        figure = _figure(9, 3.8)
        loss_axes, accuracy_axes = lowest = figure.subplots(1, 2)
    else:
        figure = _figure(7.5, 7)
        loss_axes, accuracy_axes, rate_axes = figure.subplots(3, 1, sharex=True, height_ratios=[3, 3, 1.4])
        edges = np.linspace(epochs[0] - 1, epochs[-1], len(learning_rates) + 1)
        rate_axes.stairs(learning_rates, edges, color=GREY, fill=True, alpha=0.3)
        rate_axes.stairs(learning_rates, edges, color=GREY, baseline=None, linewidth=1.5)
        rate_axes.set_ylabel("learning rate")
        lowest = [rate_axes]
    line = {"marker": "o", "markersize": 3}
    loss_axes.plot(epochs, losses, color=BLUE, label="training", **line)
    if test_losses is not None:
        loss_axes.plot(epochs, test_losses, color=ORANGE, label="test", **line)
        loss_axes.legend(frameon=False)
    loss_axes.set_ylabel("loss (cross-entropy)" if test_losses is not None else "training loss (cross-entropy)")
    loss_axes.set_ylim(bottom=0)
    accuracy_axes.plot(epochs, train_accuracy, color=BLUE, label="training", **line)
    accuracy_axes.plot(epochs, test_accuracy, color=ORANGE, label="test", **line)
    accuracy_axes.yaxis.set_major_formatter(PercentFormatter(1))
    accuracy_axes.set_ylabel("accuracy")
    accuracy_axes.legend(frameon=False, loc="lower right")
    above = test_accuracy[-1] > train_accuracy[-1]
    accuracy_axes.annotate(
        f"{test_accuracy[-1]:.1%}", (epochs[-1], test_accuracy[-1]), (0, 6 if above else -14),
        textcoords="offset points", ha="center", color=ORANGE,
    )  # fmt: skip
    for axes in (loss_axes, accuracy_axes):
        _graph(axes)
    for axes in lowest:
        _by_epoch(axes)
    return _finish(figure, path, title)


def compared_curves(path, curves, label, title="", *, percent=False):
    """One number by epoch for several runs, each a line of its own colour.

    Args:
        path: where the PNG goes, or None.
        curves: name -> a number for each epoch; or rows of them, one for each seed, whose mean is drawn, with a band
            of one standard deviation to both sides.
        label: what the number is.
        percent: the numbers are shares, from 0 to 1; the axis fits them closely.

    Returns:
        The figure.
    """
    figure = _figure(6.8, 4.2)
    axes = figure.subplots()
    for color, (name, values) in zip(_colors(len(curves)), curves.items()):
        rows = np.atleast_2d(np.asarray(values, float))
        mean, spread, epochs = rows.mean(0), rows.std(0), np.arange(1, rows.shape[1] + 1)
        axes.plot(epochs, mean, color=color, marker="o", markersize=3, label=name)
        if len(rows) > 1:
            axes.fill_between(epochs, mean - spread, mean + spread, color=color, alpha=0.15, linewidth=0)
    axes.set_ylabel(label)
    if percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    else:
        axes.set_ylim(bottom=0)
    _by_epoch(axes)
    axes.legend(frameon=False)
    axes.set_title(title, fontsize=10)
    return _finish(figure, path)


def _colors(count):
    return [PALETTE[i % len(PALETTE)] for i in range(count)]


def compared_scores(path, scores, label, title="", *, baseline=None, percent=True):
    """A row for each way of training: a dot for each seed, a bar at their mean.

    Args:
        path: where the PNG goes, or None.
        scores: name -> scores, one for each seed.
        label: what the score is.
        baseline: what the rows are measured by, a number or the name of a row, which stands for its mean: a dashed
            line, and orange bars for what is better.
        percent: the scores are shares, from 0 to 1.

    Returns:
        The figure.
    """
    figure = _figure(7.5, 0.42 * len(scores) + 1.4)
    axes = figure.subplots()
    reference = np.mean(scores[baseline]) if baseline in scores else baseline
    for row, (name, values) in enumerate(scores.items()):
        mean = np.mean(values)
        color = ORANGE if reference is not None and name != baseline and mean > reference else BLUE
        axes.plot(values, np.full(len(values), row), "o", color=color, alpha=0.45, markersize=5, markeredgewidth=0)
        axes.plot([mean, mean], [row - 0.32, row + 0.32], color=color, linewidth=2.5)
    if reference is not None:
        axes.axvline(reference, color=GREY, linewidth=1, linestyle="--", zorder=0)
    axes.set_yticks(range(len(scores)), scores)
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.set_xlabel(label)
    if percent:
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    _graph(axes)
    return _finish(figure, path, title)


def filters(path, weight, title=""):
    """The filters of a first convolution as images.

    Filters of three input channels are drawn in colour, grey where they are zero; of others the mean over the input
    channels is: blue is negative, red positive, white zero.

    Args:
        path: where the PNG goes, or None.
        weight: array (O, C, KH, KW).

    Returns:
        The figure.
    """
    kernels = np.asarray(weight)
    colored = kernels.shape[1] == 3
    kernels = kernels if colored else kernels.mean(axis=1)
    figure, tiles = _tiles(len(kernels), 8, 1.3, 1.4)
    limit = np.abs(kernels).max() or 1.0
    for number, (axes, kernel) in enumerate(zip(tiles, kernels)):
        if colored:
            _photograph(axes, (kernel.transpose(1, 2, 0) / limit + 1) / 2)
        else:
            _photograph(axes, kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_title(str(number), fontsize=8)
    return _finish(figure, path, title)


def feature_maps(path, maps, title="", *, count=32):
    """The first channels of what a layer makes of one image, each from its own smallest value to its largest.

    Args:
        path: where the PNG goes, or None.
        maps: array (C, H, W), as an entry of `inspection.activations`.
        count: how many at most.

    Returns:
        The figure.
    """
    maps = np.asarray(maps)[:count]
    figure, tiles = _tiles(len(maps), 8, 1.3, 1.4)
    for number, (axes, values) in enumerate(zip(tiles, maps)):
        _photograph(axes, values, cmap="viridis")
        axes.set_title(f"{number}", fontsize=8)
    return _finish(figure, path, title)


def confusion_matrix(path, counts, classes, title=""):
    """Rows are the true classes, columns the predicted ones; each cell the share of its row in per cent.

    Args:
        path: where the PNG goes, or None.
        counts: array (classes, classes) from `training.confusion_matrix`.
        classes: names.

    Returns:
        The figure.
    """
    counts = np.asarray(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = _figure(0.62 * len(classes) + 2, 0.55 * len(classes) + 1.8)
    axes = figure.subplots()
    axes.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)  # the root makes small shares visible
    for row, column in np.argwhere(share >= 0.01):
        color = "white" if share[row, column] > 0.4 else "black"
        axes.text(column, row, f"{100 * share[row, column]:.0f}", ha="center", va="center", color=color, fontsize=8)
    axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(classes)), classes, fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title)
    return _finish(figure, path)


def mistakes(path, images, labels, probabilities, classes, count=15, title=""):
    """The images that the network got wrong with the most confidence, each with what it said and what is true.

    Args:
        path: where the PNG goes, or None.
        images: array (N, H, W), or (N, H, W, 3) in colour.
        labels: class numbers (N,).
        probabilities: array (N, classes).

    Returns:
        The figure.
    """
    said = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(said != labels)
    confidence = probabilities[np.arange(len(labels)), said]
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    columns = 5
    rows = max(-(-len(worst) // columns), 1)
    figure = _figure(1.75 * columns, 2.05 * rows + 0.5)
    for number, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        _bare(axes)
        if number < len(worst):
            i = worst[number]
            axes.imshow(images[i], cmap="gray_r")  # the map is for grey images alone
            axes.set_title(f"{classes[said[i]]} {confidence[i]:.0%}", fontsize=8, color=ORANGE)
            axes.set_xlabel(f"is: {classes[labels[i]]}", fontsize=8)
    return _finish(figure, path, title)


def histograms(path, statistics, title="", *, layers=None):
    """How activations and the gradients of weights are spread in each layer, over the training: a row for each layer.

    Time goes to the right, values upwards, and the darker a place, the more numbers there are. Activations that
    shrink to zero or gradients that vanish towards the first layers are seen at once.

    Args:
        path: where the PNG goes, or None.
        statistics: a `training.Statistics` that has looked at some steps.
        layers: paths of modules; unless given, up to 8 from the first to the last, of those whose weight has two
            elements or more for each interval of the histograms, without which these say little.

    Returns:
        The figure.

    Raises:
        ValueError: it has seen no layer with a weight. KeyError: it has not seen one of the layers.
    """
    if layers is None:
        gradients = statistics.names("gradient")
        seen = [name for name in statistics.names("activation") if f"{name}.weight" in gradients]
        sizes = {name: statistics.series("gradient", f"{name}.weight").counts for name in seen}
        seen = [name for name, counts in sizes.items() if counts[0].sum() >= 2 * counts.shape[1]] or seen
        if not seen:
            raise ValueError("histograms: statistics has seen no layer with a weight; was it a callback of the run?")
        layers = [seen[i] for i in np.unique(np.linspace(0, len(seen) - 1, 8).round().astype(int))]
    figure = _figure(9.5, 1.2 * len(layers) + 1.1)
    grid = figure.subplots(len(layers), 2, squeeze=False, sharex=True)
    for row, layer in zip(grid, layers):
        row[0].set_ylabel(layer, fontsize=8)
        _distribution(row[0], statistics.series("activation", layer), "Blues")
        _distribution(row[1], statistics.series("gradient", f"{layer}.weight"), "Oranges")
    for axes, heading in zip(grid[0], ("activations", "gradients of the weights")):
        axes.set_title(heading, fontsize=10)
    for axes in grid[-1]:
        axes.set_xlabel("step")
    return _finish(figure, path, title)


def _distribution(axes, series, cmap):
    """Histograms over time as a map of densities."""
    table, edges = density(series)
    steps = np.asarray(series.steps, float)
    width = steps[-1] - steps[-2] if len(steps) > 1 else 1
    # A thin peak early in the run must not leave all else pale, nor the thin ends of a distribution invisible.
    norm = PowerNorm(0.5, 0, np.quantile(table[table > 0], 0.98) if table.any() else 1.0)
    axes.pcolormesh(np.append(steps, steps[-1] + width), edges, table.T, cmap=cmap, norm=norm, rasterized=True)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    axes.tick_params(labelsize=7)
    axes.yaxis.get_offset_text().set_fontsize(7)


def heat_maps(path, images, maps, captions=None, title=""):
    """Images above, and below them the same under a heat map, such as a class-activation map.

    Args:
        path: where the PNG goes, or None.
        images: array (N, H, W), or (N, H, W, 3) in colour.
        maps: array (N, H, W), not negative; each is drawn up to its own largest value.
        captions: a text for each image.

    Returns:
        The figure.
    """
    count = len(images)
    figure = _figure(1.6 * count, 3.7)
    for i, (upper, lower) in enumerate(figure.subplots(2, count, squeeze=False).T):
        for axes in (upper, lower):
            _photograph(axes, images[i], cmap="gray")
        lower.imshow(maps[i], cmap="inferno", alpha=0.6, vmin=0, vmax=np.max(maps[i]) or 1.0)
        if captions is not None:
            upper.set_title(captions[i], fontsize=8)
    return _finish(figure, path, title)


def embedding(path, points, labels, classes, title="", *, explained=None):
    """Points in the plane, coloured by class.

    Args:
        path: where the PNG goes, or None.
        points: array (N, 2), such as the coordinates of `inspection.pca`.
        labels: class numbers (N,).
        classes: names.
        explained: which share of the variance each coordinate holds.

    Returns:
        The figure.
    """
    points, labels = np.asarray(points), np.asarray(labels)
    figure = _figure(7.8, 6)
    axes = figure.subplots()
    for number, color in enumerate(_colors(len(classes))):
        axes.scatter(*points[labels == number].T, s=9, color=color, alpha=0.5, linewidths=0, label=classes[number])
    for handle in axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1), fontsize=9).legend_handles:
        handle.set(sizes=[40], alpha=1)
    shares = ["", ""] if explained is None else [f" ({share:.0%} of the variance)" for share in explained]
    axes.set_xlabel(f"first component{shares[0]}")
    axes.set_ylabel(f"second component{shares[1]}")
    axes.set_aspect("equal", "datalim")
    _graph(axes)
    return _finish(figure, path, title)
