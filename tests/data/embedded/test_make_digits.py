"""The script that made Digits makes it again. The source is written out of the embedded files, or scikit-learn's."""

import gzip
import importlib.util
import zlib
from pathlib import Path

import numpy as np
import pytest

from minitorch.data.embedded import FOLDER
from minitorch.data.embedded.make_digits import draw_test, make, read_table

NAMES = [f"{split}-{kind}-ubyte.gz" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


@pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_make_from_scikit_learn(tmp_path):
    package = Path(importlib.util.find_spec("sklearn").submodule_search_locations[0])
    make(package / "datasets/data/digits.csv.gz", tmp_path)
    for name in NAMES:
        made, kept = (tmp_path / name).read_bytes(), (FOLDER / "digits" / name).read_bytes()
        assert gzip.decompress(made) == gzip.decompress(kept)
        assert "ng" in zlib.ZLIB_RUNTIME_VERSION or made == kept


def test_make_from_a_table(tmp_path):
    """A table of the right form, made up: each row goes to one part, unchanged and in order."""
    random_state = np.random.RandomState(0)
    table = np.column_stack([random_state.randint(0, 17, (1797, 64)), np.arange(1797) % 10])
    np.savetxt(tmp_path / "table.csv.gz", table, fmt="%d", delimiter=",")
    make(tmp_path / "table.csv.gz", tmp_path)

    def rows(name, offset, width):
        content = gzip.decompress((tmp_path / name).read_bytes())
        return np.frombuffer(content, np.uint8, offset=offset).reshape(-1, width)

    positions = {row.astype(np.uint8).tobytes(): position for position, row in enumerate(table)}
    found = []
    for split, size in (("train", 1437), ("t10k", 360)):
        part = np.hstack([rows(f"{split}-images-idx3-ubyte.gz", 16, 64), rows(f"{split}-labels-idx1-ubyte.gz", 8, 1)])
        order = [positions[row.tobytes()] for row in part]
        assert len(order) == size and order == sorted(order)
        found += order
    assert np.bincount(part[:, 64]).tolist() == [36] * 10
    assert sorted(found) == list(range(1797))


def test_draw_depends_on_labels_alone():
    labels = np.arange(1797) % 10
    assert np.array_equal(draw_test(labels), draw_test(labels.copy())) and draw_test(labels).sum() == 360


@pytest.mark.parametrize("table", [np.zeros((5, 65)), np.zeros((1797, 64)), np.full((1797, 65), 17),
                                   np.full((1797, 65), -1), np.full((1797, 65), 12)])
def test_another_table_is_refused(tmp_path, table):
    np.savetxt(tmp_path / "table.csv", table, fmt="%d", delimiter=",")
    with pytest.raises(ValueError, match="is not the table of 1,797 digits"):
        read_table(tmp_path / "table.csv")
