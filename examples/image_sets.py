"""Image sets by name, all in one form, and how their images are prepared for a network."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

import minitorch
from minitorch.data import DataLoader, Dataset, current_generator, datasets

FETCHED = {
    "fashion-mnist": datasets.FashionMNIST,
    "mnist": datasets.MNIST,
    "kmnist": datasets.KMNIST,
    "cifar10": datasets.CIFAR10,
    "cifar100": datasets.CIFAR100,
}
EMBEDDED = {"fashion-mini": datasets.FashionMini, "digits": datasets.Digits}
NAMES = (*EMBEDDED, *FETCHED, "image-folder")
NOT_MIRRORED = ("digits", "mnist", "kmnist")  # a mirrored character is another one, or none


class ImageSet(NamedTuple):
    """Images as uint8 (N, C, H, W), class numbers as int64 (N,), and the names of the classes."""

    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: list


def load(name, root, size=None):
    """The `ImageSet` of one of the `NAMES`.

    Args:
        root: folder of the files, which are fetched if missing. For ``image-folder`` it holds the folders ``train``
            and ``test`` (or ``val``), and each of them a folder for each class.
        size: height and width of the images of an image folder; unless given, they must all have one size.
    """
    if name == "image-folder":
        tests = [folder for folder in ("test", "val") if (Path(root) / folder).is_dir()]
        if not tests or not (Path(root) / "train").is_dir():
            raise FileNotFoundError(f"--root {root} must have the folders train and test (or val), each with a folder "
                                    "of images for each class")
        train, test = (datasets.ImageFolder(Path(root) / folder) for folder in ("train", tests[0]))
        if train.classes != test.classes:
            raise ValueError(f"the folders train and {tests[0]} in {root} have different classes")
        train, test = train.decode(size), test.decode(size)
    elif name in EMBEDDED:
        train, test = (EMBEDDED[name](train=part) for part in (True, False))
    else:
        train, test = (FETCHED[name](root, train=part, download=True) for part in (True, False))
    images, test_images = _planes(train.data), _planes(test.data)
    if images.shape[-1] == 8:  # the digits: each pixel becomes 4 x 4
        images, test_images = (x.repeat(4, axis=2).repeat(4, axis=3) for x in (images, test_images))
    return ImageSet(images, train.targets, test_images, test.targets, train.classes)


def _planes(pictures):
    """(N, H, W) or (N, H, W, 3) to (N, C, H, W)."""
    return pictures[:, np.newaxis] if pictures.ndim == 3 else np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))


class Normalization:
    """Bytes to float32 of mean 0 and standard deviation 1 in each channel, as measured on the training images."""

    def __init__(self, images):
        few = images[:: max(len(images) // 10_000, 1)].astype(np.float32)
        self.mean = few.mean((0, 2, 3), keepdims=True)
        self.scale = 1 / np.maximum(few.std((0, 2, 3), keepdims=True), 1)

    def __call__(self, images):
        return (images - self.mean) * self.scale


class Images(Dataset):
    """Images and labels as a network takes them; `augment`, a function of a batch of bytes, comes first."""

    def __init__(self, images, labels, normalize, augment=None):
        self.images, self.labels, self.normalize, self.augment = images, labels, normalize, augment

    def __len__(self):
        return len(self.images)

    def get_batch(self, indices):
        images = self.images[indices]
        if self.augment is not None:
            images = self.augment(images)
        return self.normalize(images), self.labels[indices]


def loaders(data, batch_size, augment=None, workers=0):
    """The loaders of the training images, shuffled, without a last batch that is not full, and of the test images.

    Args:
        data: an `ImageSet`.
        augment: function of a batch of training images, bytes (N, C, H, W).
        workers: threads that prepare batches.
    """
    normalize = Normalization(data.images)
    train = Images(data.images, data.labels, normalize, augment)
    test = Images(data.test_images, data.test_labels, normalize)
    drop_last = len(train) >= batch_size
    return (
        DataLoader(train, batch_size, shuffle=True, drop_last=drop_last, num_workers=workers),
        DataLoader(test, 500, generator=minitorch.Generator(0)),  # its own, so that a test does not shift the training
    )


def crop_and_flip(images, padding=4, flip=True, generator=None):
    """Each image moved by up to `padding` pixels, on a black border, and every second one mirrored.

    Source: Lee et al. 2015, "Deeply-supervised nets", section 3; the usual augmentation for CIFAR.

    Args:
        images: array (N, C, H, W); the result is a copy.
        generator: draws; in a `DataLoader` that of the batch unless given, elsewhere the default generator.
    """
    random = current_generator() if generator is None else generator.numpy
    count, _, height, width = images.shape
    border = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(images, border), (height, width), axis=(2, 3))
    top, left = random.integers(2 * padding + 1, size=(2, count))
    moved = windows[np.arange(count), :, top, left]
    if flip:
        mirrored = random.random(count) < 0.5
        moved[mirrored] = moved[mirrored, :, :, ::-1]
    return moved
