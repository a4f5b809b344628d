"""`show_batch`: the images of a batch in a grid, as they go into training, or before and after augmentation."""

import numbers

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from minitorch.data.randomness import SAMPLE, PassStreams
from minitorch.data.transforms import Compose, Normalize

# In inches.
TILE, GAP, CAPTION, MARGIN, TITLE = 1.15, 0.08, 0.22, 0.3, 0.5


def show_batch(images, labels=None, path=None, *, transform=None, versions=3, before=None, classes=None, mean=None,
               std=None, columns=8, title="", seed=0):
    """Draw the images of a batch; with a `transform`, each as it is and below it some random versions of it.

    Args:
        images: arrays or tensors `(N, C, H, W)`, uint8 arrays `(N, H, W[, C])`, or a list of images, PIL images too.
        labels: class numbers `(N,)`, or probabilities `(N, classes)` as MixUp and CutMix give them.
        path: where the PNG goes; nothing is written unless given.
        transform: is applied `versions` times to each image, with random numbers of its own from `seed`; the default
            generator stays as it is.
        before: images before they were augmented, for the row above, where `images` are the ones after.
        classes: the names of the classes.
        mean, std: what was used to normalize, to be undone; by default those of the `Normalize` in `transform`. Values
            that do not lie in 0 to 1 are stretched to it, all images of a row of the grid alike.
        columns: images in a row.
    Returns:
        The matplotlib figure.
    """
    images = list(images)
    _check(images, labels, transform, versions, before, columns)
    if before is not None:
        rows = [("before", list(before)), ("after", images)]
    elif transform is None:
        rows = [("", images)]
    else:
        streams = PassStreams(np.random.default_rng(seed))
        rows = [("before", images)]
        rows += [(f"after, {i + 1}" if versions > 1 else "after", _transformed(transform, images, streams, i))
                 for i in range(versions)]
    mean, std = _normalization(transform) if mean is None and std is None else (mean, std)
    rows = [(name, _displayable(row, mean, std)) for name, row in rows]
    figure = _grid(rows, [_caption(labels[i], classes) for i in range(len(images))] if labels is not None else None,
                   min(columns, len(images)), title)
    if path is not None:
        figure.savefig(path)
    return figure


def _check(images, labels, transform, versions, before, columns):
    if not images:
        raise ValueError("show_batch: expected at least one image")
    for name, value in (("columns", columns), ("versions", versions)):
        if not isinstance(value, numbers.Integral) or value < 1:
            raise ValueError(f"show_batch: {name} must be a whole number above 0, got {value!r}")
    for name, value in (("labels", labels), ("before", before)):
        if value is not None and len(value) != len(images):
            raise ValueError(f"show_batch: {name} has {len(value)} entries, images {len(images)}")
    if transform is not None and (before is not None or not callable(transform)):
        raise ValueError("show_batch: transform must be a function, and excludes before")


def _transformed(transform, images, streams, version):
    with streams.batch(version * len(images)) as batch:
        results = []
        for i, image in enumerate(images):
            batch.begin(SAMPLE, i)
            results.append(transform(image))
        return results


def _normalization(transform):
    """The mean and std of the `Normalize` in a transform; None where there is none."""
    if isinstance(transform, Normalize):
        return transform.mean, transform.std
    if isinstance(transform, Compose):
        for step in transform.transforms:
            found = _normalization(step)
            if found[0] is not None:
                return found
    return None, None


def _displayable(images, mean, std):
    """Each image as floats (H, W) or (H, W, 3) from 0 to 1."""
    images = [_channels_last(image, mean, std) for image in images]
    low, high = min(image.min() for image in images), max(image.max() for image in images)
    if low < -1e-3 or high > 1 + 1e-3:
        if mean is None and std is None:
            images = [(image - low) / (high - low) for image in images]
        images = [image.clip(0, 1) for image in images]
    return images


def _channels_last(image, mean, std):
    if isinstance(image, Image.Image):
        image = np.asarray(image if image.mode == "L" else image.convert("RGB"))
    elif hasattr(image, "detach"):
        image = image.detach().cpu().numpy()
    image = np.asarray(image)
    floating = image.dtype.kind == "f"
    if image.ndim == 3 and (floating or (image.shape[0] in (1, 3) and image.shape[2] not in (1, 3))):
        if floating and mean is not None:
            mean, std = (np.reshape(np.asarray(value, np.float64), (-1, 1, 1)) for value in (mean, std))
            image = image * std + mean
        image = image.transpose(1, 2, 0)
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
        raise ValueError(f"show_batch: an image must be grey or RGB, got shape {image.shape}")
    image = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    return image.astype(np.float64) if floating else image / 255


def _caption(label, classes):
    """The name of a class; of a mixture the two that have the most, each with its share."""
    label = np.asarray(label.numpy() if hasattr(label, "detach") else label)
    if label.ndim == 0:
        return _name(int(label), classes)
    most = [number for number in np.argsort(-label, kind="stable")[:2] if label[number] > 0.005]
    if len(most) == 1:
        return _name(most[0], classes)
    return "\n".join(f"{label[number]:.0%} {_name(number, classes)}" for number in most)


def _name(number, classes):
    return str(number) if classes is None else str(classes[number])


def _grid(rows, captions, columns, title):
    """A figure with the rows in blocks of `columns` images, the captions above each block."""
    count = len(rows[0][1])
    blocks = -(-count // columns)
    named = MARGIN if any(name for name, _ in rows) else 0
    font_size = min(9, 115 / max(len(line) for caption in captions for line in caption.split("\n"))) if captions else 9
    above = CAPTION * (1 + max(caption.count("\n") for caption in captions)) if captions else 0
    block_height = above + len(rows) * (TILE + GAP) + (2 * GAP if len(rows) > 1 else 0)
    width = named + columns * (TILE + GAP) + GAP
    height = (TITLE if title else GAP) + blocks * block_height
    figure = Figure(figsize=(width, height), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    if title:
        axes.text(width / 2, TITLE / 2, title, ha="center", va="center", fontsize=13)
    for i in range(count):
        block, column = divmod(i, columns)
        left, top = named + GAP + column * (TILE + GAP), (TITLE if title else GAP) + block * block_height
        if captions:
            axes.text(left + TILE / 2, top + above - CAPTION / 4, captions[i], ha="center", va="bottom",
                      fontsize=font_size)
        for number, (name, images) in enumerate(rows):
            y = top + above + number * (TILE + GAP)
            if column == 0 and name:
                axes.text(named / 2 + GAP / 2, y + TILE / 2, name, ha="center", va="center", rotation=90, fontsize=10)
            _draw(axes, images[i], left, y)
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="auto")
    return figure


def _draw(axes, image, left, top):
    """The image in its own proportions in the middle of a tile."""
    height, width = image.shape[:2]
    scale = TILE / max(height, width)
    left, top = left + (TILE - width * scale) / 2, top + (TILE - height * scale) / 2
    small = max(height, width) < 150 * TILE  # show pixels as they are where there is room for them
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest" if small else "antialiased",
                extent=(left, left + width * scale, top + height * scale, top))
