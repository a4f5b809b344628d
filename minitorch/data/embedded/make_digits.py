"""Make the Digits files from the UCI digits.

    python -m minitorch.data.embedded.make_digits SOURCE [TARGET]

SOURCE is UCI's `optdigits.tes`, or the same table as scikit-learn ships it, `sklearn/datasets/data/digits.csv.gz`:
1,797 lines of 64 pixels (0 to 16) and the digit, separated by commas.
"""

import sys
from pathlib import Path

import numpy as np

from minitorch.data.embedded import FOLDER
from minitorch.data.idx import write_idx

SEED = 1998
TEST_PER_CLASS = 36


def read_table(source):
    """The images, uint8 `(1797, 8, 8)`, and the labels, uint8 `(1797,)`."""
    table = np.loadtxt(source, delimiter=",")
    if table.shape != (1797, 65) or table.min() < 0 or table[:, :64].max() > 16 or table[:, 64].max() > 9:
        raise ValueError(f"make_digits: {source} is not the table of 1,797 digits, got shape {table.shape}")
    return table[:, :64].astype(np.uint8).reshape(-1, 8, 8), table[:, 64].astype(np.uint8)


def draw_test(labels):
    """A mask of the test samples: the same number of each class. The order of the source is kept."""
    # RandomState, because NumPy promises never to change its stream.
    random_state, mask = np.random.RandomState(SEED), np.zeros(len(labels), bool)
    for label in range(10):
        mask[random_state.permutation(np.flatnonzero(labels == label))[:TEST_PER_CLASS]] = True
    return mask


def make(source, target):
    """Write the four files into `target`."""
    images, labels = read_table(source)
    test = draw_test(labels)
    for split, mask in (("train", ~test), ("t10k", test)):
        for stem, array in ((f"{split}-images-idx3-ubyte", images), (f"{split}-labels-idx1-ubyte", labels)):
            write_idx(Path(target, f"{stem}.gz"), array[mask])


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else FOLDER / "digits")
