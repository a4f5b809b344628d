"""MNIST, Fashion-MNIST and Kuzushiji-MNIST: 60,000 training and 10,000 test images of 28 x 28, in IDX files."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from minitorch.data.datasets.image import ImageDataset
from minitorch.data.download import DownloadError, Resource, download
from minitorch.data.idx import read_idx

FILES = {
    True: ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    False: ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
MAX_BYTES = 2**28  # five times the largest file here


class MNIST(ImageDataset):
    """The MNIST handwritten digits (LeCun, Cortes and Burges, 1998).

    Args:
        root: the folder with the files, under their official names with or without `.gz`: in `<root>/MNIST/raw`, as
            torchvision lays them out, or in `root` itself.
        train: the 60,000 training images, or else the 10,000 test images.
        transform, target_transform: functions for the image and for the label; see `ImageDataset`.
        download: fetch the files that are missing into `<root>/MNIST/raw`. Their checksums are verified; of files that
            are there already only the structure is, so that you may compress them anew.
    Raises:
        RuntimeError: the files are missing or cannot be fetched; the message says what to put where by hand.
        ValueError: a file is damaged.
    """

    mirrors: ClassVar = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ]
    resources: ClassVar = [
        Resource("train-images-idx3-ubyte.gz", 9912422,
                 ("sha256", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609")),
        Resource("train-labels-idx1-ubyte.gz", 28881,
                 ("sha256", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c")),
        Resource("t10k-images-idx3-ubyte.gz", 1648877,
                 ("sha256", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6")),
        Resource("t10k-labels-idx1-ubyte.gz", 4542,
                 ("sha256", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6")),
    ]
    classes: ClassVar = ["0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six",
                         "7 - seven", "8 - eight", "9 - nine"]

    def __init__(self, root, train=True, transform=None, target_transform=None, download=False):
        self.root = Path(root).expanduser()
        self.train = bool(train)
        if download:
            self.download()
        paths = self._find(FILES[self.train])
        if paths is None:
            raise RuntimeError(f"{type(self).__name__}: {' and '.join(FILES[self.train])} (or with .gz) are neither in "
                               f"{self.raw_folder} nor in {self.root}; use download=True, or put them there by hand.\n"
                               f"{self._by_hand()}")
        images = read_idx(paths[0], dtype=np.uint8, ndim=3, max_bytes=MAX_BYTES)
        labels = read_idx(paths[1], dtype=np.uint8, ndim=1, max_bytes=MAX_BYTES).astype(np.int64)
        if images.shape[1:] != (28, 28):
            raise ValueError(f"{type(self).__name__}: {paths[0]}: expected images of 28 x 28, got shape {images.shape}")
        labels.flags.writeable = False
        super().__init__(images, labels, transform, target_transform)

    @property
    def raw_folder(self):
        """Where the files are fetched to."""
        return self.root / type(self).__name__ / "raw"

    def download(self, timeout=30):
        """Fetch the files that are missing, of both splits. `timeout`: seconds that a mirror may be silent."""
        if all(self._find(names) for names in FILES.values()):
            return
        for resource in self.resources:
            stem = resource.filename.removesuffix(".gz")
            if _existing(self.raw_folder, stem) is None:
                try:
                    download(resource, self.mirrors, self.raw_folder, timeout=timeout)
                except (DownloadError, OSError) as error:
                    raise RuntimeError(f"{type(self).__name__}: {error}\n{self._by_hand()}") from error

    def _find(self, names):
        """The paths of the files `names`, all from the first folder that has them all; None if there is none."""
        for folder in (self.raw_folder, self.root):
            paths = [_existing(folder, name) for name in names]
            if None not in paths:
                return paths
        return None

    def _by_hand(self):
        urls = "\n".join(f"  {self.mirrors[0]}{resource.filename}" for resource in self.resources)
        return (f"Without a network: fetch these files on a machine that has one,\n{urls}\nand put them as they are "
                f"into\n  {self.raw_folder.absolute()}\nThen make the dataset with download=False. "
                "datasets.FashionMini and datasets.Digits need no files.")


def _existing(folder, stem):
    for path in (folder / stem, folder / f"{stem}.gz"):
        if path.is_file():
            return path
    return None


class FashionMNIST(MNIST):
    """Fashion-MNIST, images of clothes (Xiao, Rasul and Vollgraf, 2017, arXiv:1708.07747); arguments as for `MNIST`.

    `root` may be the folder of Debian's package dataset-fashion-mnist, /usr/share/datasets/fashion-mnist.
    """

    mirrors: ClassVar = [
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ]
    resources: ClassVar = [
        Resource("train-images-idx3-ubyte.gz", 26421880,
                 ("sha256", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84")),
        Resource("train-labels-idx1-ubyte.gz", 29515,
                 ("sha256", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845")),
        Resource("t10k-images-idx3-ubyte.gz", 4422102,
                 ("sha256", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073")),
        Resource("t10k-labels-idx1-ubyte.gz", 5148,
                 ("sha256", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5")),
    ]
    classes: ClassVar = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
                         "Ankle boot"]


class KMNIST(MNIST):
    """Kuzushiji-MNIST, cursive Japanese characters (Clanuwat et al., 2018, arXiv:1812.01718); arguments as `MNIST`."""

    mirrors: ClassVar = [
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "https://web.archive.org/web/2022id_/http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ]
    resources: ClassVar = [
        Resource("train-images-idx3-ubyte.gz", 18165135,
                 ("sha256", "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4")),
        Resource("train-labels-idx1-ubyte.gz", 29497,
                 ("sha256", "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17")),
        Resource("t10k-images-idx3-ubyte.gz", 3041136,
                 ("sha256", "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5")),
        Resource("t10k-labels-idx1-ubyte.gz", 5120,
                 ("sha256", "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c")),
    ]
    classes: ClassVar = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
