"""Make the FashionMini files from the official Fashion-MNIST files.

    python -m minitorch.data.embedded.make_fashion_mini SOURCE [TARGET]

SOURCE holds the four official files (or those of Debian's package dataset-fashion-mnist, which have the same content).
The result is the same, bit by bit, each time; gzip's bytes need the zlib that made them, the content does not.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from minitorch.data.embedded import FOLDER
from minitorch.data.idx import encode_idx, read_idx, write_idx

SEED = 1708
PER_CLASS = {"train": 1000, "t10k": 200}
# SHA-256 of the official files' content, decompressed.
SOURCE_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def draw(labels, per_class, random_state):
    """Indices of `per_class` samples of each class, in the order of the official file."""
    chosen = [random_state.permutation(np.flatnonzero(labels == label))[:per_class] for label in range(10)]
    return np.sort(np.concatenate(chosen))


def read_source(source, stem):
    """An official file's array, after a check that it is the official one."""
    array = read_idx(Path(source, f"{stem}.gz"), dtype=np.uint8)
    if hashlib.sha256(encode_idx(array)).hexdigest() != SOURCE_SHA256[stem]:
        raise ValueError(f"make_fashion_mini: {source}/{stem}.gz is not the official Fashion-MNIST file")
    return array


def make(source, target):
    """Write the four files into `target`; returns the drawn indices for each split."""
    # RandomState, because NumPy promises never to change its stream.
    random_state, drawn = np.random.RandomState(SEED), {}
    for split, per_class in PER_CLASS.items():
        labels = read_source(source, f"{split}-labels-idx1-ubyte")
        images = read_source(source, f"{split}-images-idx3-ubyte")
        drawn[split] = draw(labels, per_class, random_state)
        for stem, array in ((f"{split}-images-idx3-ubyte", images), (f"{split}-labels-idx1-ubyte", labels)):
            write_idx(Path(target, f"{stem}.gz"), array[drawn[split]])
    return drawn


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else FOLDER / "fashion_mini")
