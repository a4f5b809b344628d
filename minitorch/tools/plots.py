"""Pictures of a training run, each written to a file: curves, filters, confusion matrix, mistakes."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

BLUE, ORANGE = "#1f5fa8", "#d9730d"


def _figure(width, height):
    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def _plain(axes):
    """No frame and no ticks, as for a photograph."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def learning_curves(path, epochs, losses, train_accuracy, test_accuracy, title=""):
    """Loss on the left, accuracy in training and on test data on the right, by epoch.

    Args:
        path: where the PNG goes.
        epochs, losses, train_accuracy, test_accuracy: sequences of one length; accuracies from 0 to 1.
    """
    figure = _figure(9, 3.8)
    left, right = figure.subplots(1, 2)
    left.plot(epochs, losses, color=BLUE, marker="o", markersize=3)
    left.set_ylabel("training loss (cross-entropy)")
    left.set_ylim(bottom=0)
    right.plot(epochs, train_accuracy, color=BLUE, marker="o", markersize=3, label="training")
    right.plot(epochs, test_accuracy, color=ORANGE, marker="o", markersize=3, label="test")
    right.yaxis.set_major_formatter(PercentFormatter(1))
    right.set_ylabel("accuracy")
    right.legend(frameon=False, loc="lower right")
    right.annotate(
        f"{test_accuracy[-1]:.1%}", (epochs[-1], test_accuracy[-1]), (0, -14), textcoords="offset points",
        ha="center", color=ORANGE,
    )
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title)
    figure.savefig(path)


def compared_curves(path, curves, label, title=""):
    """One number by epoch for several runs, each a line of its own colour.

    Args:
        path: where the PNG goes.
        curves: name -> sequence with a number for each epoch.
        label: what the number is.
    """
    figure = _figure(6.5, 4)
    axes = figure.subplots()
    for name, values in curves.items():
        axes.plot(range(1, len(values) + 1), values, marker="o", markersize=3, label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    axes.set_title(title, fontsize=10)
    figure.savefig(path)


def filters(path, weight, title=""):
    """The filters of a first convolution as images: blue is negative, red positive, white zero.

    Args:
        weight: array (O, C, KH, KW); the mean over the input channels is drawn.
    """
    kernels = np.asarray(weight).mean(axis=1)
    columns = min(len(kernels), 8)
    rows = -(-len(kernels) // columns)
    figure = _figure(1.3 * columns, 1.4 * rows + 0.6)
    limit = np.abs(kernels).max() or 1.0
    for number, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        _plain(axes)
        if number < len(kernels):
            axes.imshow(kernels[number], cmap="RdBu_r", vmin=-limit, vmax=limit)
            axes.set_title(str(number), fontsize=8)
    figure.suptitle(title)
    figure.savefig(path)


def confusion_matrix(path, counts, classes, title=""):
    """Rows are the true classes, columns the predicted ones; each cell the share of its row in per cent.

    Args:
        counts: array (classes, classes) from `training.confusion_matrix`.
        classes: names.
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
    figure.savefig(path)


def mistakes(path, images, labels, probabilities, classes, count=15, title=""):
    """The images that the network got wrong with the most confidence, each with what it said and what is true.

    Args:
        images: array (N, H, W), or (N, H, W, 3) in colour.
        labels: class numbers (N,).
        probabilities: array (N, classes).
    """
    said = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(said != labels)
    confidence = probabilities[np.arange(len(labels)), said]
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    columns = 5
    rows = max(-(-len(worst) // columns), 1)
    figure = _figure(1.75 * columns, 2.05 * rows + 0.5)
    for number, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        _plain(axes)
        if number < len(worst):
            i = worst[number]
            axes.imshow(images[i], cmap="gray_r")  # the map is for grey images alone
            axes.set_title(f"{classes[said[i]]} {confidence[i]:.0%}", fontsize=8, color=ORANGE)
            axes.set_xlabel(f"is: {classes[labels[i]]}", fontsize=8)
    figure.suptitle(title)
    figure.savefig(path)
