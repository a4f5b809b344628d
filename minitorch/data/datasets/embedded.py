"""The two datasets that come in the package: no download, no files to place."""

import functools
import hashlib
from pathlib import Path
from typing import ClassVar

import numpy as np

from minitorch.data.datasets.image import ImageDataset
from minitorch.data.datasets.mnist import FILES, FashionMNIST
from minitorch.data.embedded import CHECKSUMS, FOLDER
from minitorch.data.idx import read_idx


class FashionMini(ImageDataset):
    """A tenth of Fashion-MNIST: 10,000 training and 2,000 test images of clothes, 28 x 28.

    1,000 training images of each class are drawn from the official training split and 200 test images of each from
    the official test split, with a fixed seed. Made by Zalando Research (Xiao, Rasul and Vollgraf, 2017,
    arXiv:1708.07747), MIT licence; licence, source and script are in `minitorch/data/embedded`.

    Args:
        train: the training images, or else the test images.
        transform, target_transform: functions for the image and for the label; see `ImageDataset`.
    """

    classes: ClassVar = FashionMNIST.classes

    def __init__(self, train=True, transform=None, target_transform=None):
        self.train = bool(train)
        super().__init__(*load_embedded("fashion_mini", self.train), transform, target_transform)


class Digits(ImageDataset):
    """The UCI handwritten digits: 1,797 images of 8 x 8, of which 1,437 are for training and 360 for testing.

    These are the test images of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998,
    doi:10.24432/C50P49, CC BY 4.0). UCI's training images are not here, so the split is our own: 36 images of each
    class, drawn with a fixed seed, are the test images. The same 13 people wrote both parts, so that the accuracy on
    new writers is lower than the one measured here.

    The pixels, 0 to 16 in the source, are stretched to 0 to 255, `round(value * 255 / 16)`.

    Args:
        train: the training images, or else the test images.
        transform, target_transform: functions for the image and for the label; see `ImageDataset`.
    """

    classes: ClassVar = [str(digit) for digit in range(10)]

    def __init__(self, train=True, transform=None, target_transform=None):
        self.train = bool(train)
        super().__init__(*load_embedded("digits", self.train, maximum=16), transform, target_transform)


@functools.cache
def load_embedded(name, train, maximum=255):
    """The images, stretched from 0..maximum to 0..255, and the labels of an embedded set: read-only, read once."""
    images, labels = (_read(f"{name}/{stem}.gz") for stem in FILES[train])
    if maximum != 255:
        images = np.rint(images * (255 / maximum)).astype(np.uint8)
    labels = labels.astype(np.int64)
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def _read(filename):
    path = Path(FOLDER, filename)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    if checksum != CHECKSUMS[filename]:
        raise ValueError(f"minitorch.data.embedded: {path} has SHA-256 {checksum}, expected {CHECKSUMS[filename]}; the "
                         "file was changed or damaged, install minitorch again")
    return read_idx(path, dtype=np.uint8)
