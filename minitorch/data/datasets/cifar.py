"""CIFAR-10 and CIFAR-100: 50,000 training and 10,000 test photographs of 32 x 32 in colour."""

from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from minitorch.data.archive import extract_files
from minitorch.data.datasets.image import ImageDataset
from minitorch.data.download import DownloadError, Resource, download
from minitorch.data.plain_pickle import read_plain_pickle

PIXELS = 3 * 32 * 32
MAX_BYTES = 2**28  # more than the largest file here, 155 MB


class Version(NamedTuple):
    """One of the two forms in which the authors give out a set: Python pickles or plain bytes."""

    archive: Resource
    folder: str
    train: tuple
    test: tuple

    def files(self, train):
        """Names of the files of a split."""
        return self.train if train else self.test


class CIFAR10(ImageDataset):
    """CIFAR-10: photographs of ten kinds of animals and vehicles (Krizhevsky, 2009).

    The files are read in the form of the Python version or of the binary version: in their folder,
    ``<root>/cifar-10-batches-py`` or ``<root>/cifar-10-batches-bin``, or in `root` itself. An archive in `root`,
    ``cifar-10-python.tar.gz`` or ``cifar-10-binary.tar.gz``, is unpacked. Pickles are read without running anything
    in them.

    Args:
        root: the folder.
        train: the 50,000 training images, or else the 10,000 test images.
        transform, target_transform: functions for the image and for the label; see `ImageDataset`.
        download: fetch the archive of the Python version if nothing is there. Its checksum is verified; of files that
            are there already only the structure is.
    Raises:
        RuntimeError: the files are missing or cannot be fetched; the message says what to put where by hand.
        ValueError: a file is damaged.

    Attributes:
        data: uint8 array `(N, 32, 32, 3)`.
    """

    mirrors: ClassVar = ["https://www.cs.toronto.edu/~kriz/", "https://dataset.bj.bcebos.com/cifar/",
                         "https://web.archive.org/web/2022id_/https://www.cs.toronto.edu/~kriz/"]
    python: ClassVar = Version(
        Resource("cifar-10-python.tar.gz", 170498071, ("md5", "c58f30108f718f92721af3b95e74349a")),
        "cifar-10-batches-py", tuple(f"data_batch_{i}" for i in range(1, 6)), ("test_batch",),
    )  # fmt: skip
    binary: ClassVar = Version(
        Resource("cifar-10-binary.tar.gz", 170052171, ("md5", "c32a1d4ab5d03f1284b67883e8d87530")),
        "cifar-10-batches-bin", tuple(f"data_batch_{i}.bin" for i in range(1, 6)), ("test_batch.bin",),
    )  # fmt: skip
    labels_key: ClassVar = "labels"
    label_bytes: ClassVar = 1  # of each image in the binary version; the last one is the class
    classes: ClassVar = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

    def __init__(self, root, train=True, transform=None, target_transform=None, download=False):
        self.root, self.train = Path(root).expanduser(), bool(train)
        if download:
            self.download()
        version, folder = self._find()
        if version is None:
            raise RuntimeError(f"{type(self).__name__}: the files {', '.join(self.python.files(self.train))} are "
                               f"neither in {self.root / self.python.folder} nor in {self.root}, nor is there an "
                               f"archive; use download=True, or put them there by hand.\n{self._by_hand()}")
        read = self._read_pickle if version is self.python else self._read_bytes
        parts = [read(folder / name) for name in version.files(self.train)]
        images, labels = (np.concatenate(arrays) for arrays in zip(*parts))
        images = np.ascontiguousarray(images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        images.flags.writeable = labels.flags.writeable = False
        super().__init__(images, labels, transform, target_transform)

    def download(self, timeout=30):
        """Fetch and unpack the archive, unless the files of both splits are there. `timeout`: seconds of silence."""
        if all(self._folder(self.python, split) or self._folder(self.binary, split) for split in (True, False)):
            return
        if not any((self.root / version.archive.filename).is_file() for version in (self.python, self.binary)):
            try:
                download(self.python.archive, self.mirrors, self.root, timeout=timeout)
            except (DownloadError, OSError) as error:
                raise RuntimeError(f"{type(self).__name__}: {error}\n{self._by_hand()}") from error

    def _find(self):
        """(version, folder) of the split's files, unpacked first if need be; (None, None) if there are none."""
        versions = (self.python, self.binary)
        for version in versions:
            folder = self._folder(version, self.train)
            if folder is not None:
                return version, folder
        for version in versions:
            archive, folder = self.root / version.archive.filename, self.root / version.folder
            if archive.is_file():
                names = [f"{version.folder}/{name}" for name in version.train + version.test]
                extract_files(archive, names, folder, MAX_BYTES)
                return version, folder
        return None, None

    def _folder(self, version, train):
        """The first folder that has all files of a split in one version, or None."""
        for folder in (self.root / version.folder, self.root):
            if all((folder / name).is_file() for name in version.files(train)):
                return folder
        return None

    def _read_pickle(self, path):
        """Images (n, 3072) and labels (n,) of a file of the Python version."""
        try:
            batch = read_plain_pickle(_content(path))
            batch = {key.decode("latin1") if isinstance(key, bytes) else key: item for key, item in batch.items()}
            images, labels = batch["data"], batch[self.labels_key]
            fits = images.dtype == np.uint8 and images.shape == (len(labels), PIXELS)
            if not fits or not all(type(label) is int for label in labels):
                raise ValueError(f"expected n images of {PIXELS} bytes and n labels")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{type(self).__name__}: {path} is damaged or of another set: {error}") from error
        return images, np.array(labels, np.int64)

    def _read_bytes(self, path):
        """The same of a file of the binary version: for each image its labels, then its pixels."""
        content = np.frombuffer(_content(path), np.uint8)
        size = self.label_bytes + PIXELS
        if not len(content) or len(content) % size:
            raise ValueError(f"{type(self).__name__}: {path} is damaged or of another set: {len(content)} bytes are no "
                             f"multiple of {size}, the bytes of an image with its labels")
        records = content.reshape(-1, size)
        return records[:, self.label_bytes:], records[:, self.label_bytes - 1].astype(np.int64)

    def _by_hand(self):
        return (f"Without a network: fetch this file on a machine that has one,\n"
                f"  {self.mirrors[0]}{self.python.archive.filename}\nand put it as it is into\n"
                f"  {self.root.absolute()}\nThen make the dataset with download=False. datasets.FashionMini and "
                "datasets.Digits need no files.")


class CIFAR100(CIFAR10):
    """CIFAR-100: photographs of a hundred kinds of things (Krizhevsky, 2009); arguments as for `CIFAR10`.

    The folders are ``cifar-100-python`` and ``cifar-100-binary``. The labels are the fine ones.
    """

    python: ClassVar = Version(
        Resource("cifar-100-python.tar.gz", 169001437, ("md5", "eb9058c3a382ffc7106e4002c42a8d85")),
        "cifar-100-python", ("train",), ("test",),
    )  # fmt: skip
    binary: ClassVar = Version(
        Resource("cifar-100-binary.tar.gz", 168513733, ("md5", "03b5dce01913d631647c71ecec9e9cb8")),
        "cifar-100-binary", ("train.bin",), ("test.bin",),
    )  # fmt: skip
    labels_key: ClassVar = "fine_labels"
    label_bytes: ClassVar = 2  # coarse, fine
    classes: ClassVar = """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
        butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
        dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard
        lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree
        pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal
        shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone
        television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()


def _content(path):
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{path} is oversized: {size} bytes, at most {MAX_BYTES} are expected")
    return path.read_bytes()
