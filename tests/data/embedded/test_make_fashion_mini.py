"""The script that made FashionMini makes it again, from the official files."""

import gzip
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest

from minitorch.data.embedded import FOLDER
from minitorch.data.embedded.make_fashion_mini import draw, make, read_source

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
NEEDS_SOURCE = pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
NAMES = [f"{split}-{kind}-ubyte.gz" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    target = tmp_path_factory.mktemp("made")
    return target, make(DEBIAN, target)


@NEEDS_SOURCE
@pytest.mark.parametrize("name", NAMES)
def test_same_content(made, name):
    again, kept = (made[0] / name).read_bytes(), (FOLDER / "fashion_mini" / name).read_bytes()
    assert gzip.decompress(again) == gzip.decompress(kept)


@NEEDS_SOURCE
@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="zlib-ng compresses to other bytes than zlib")
@pytest.mark.parametrize("name", NAMES)
def test_same_bytes(made, name):
    assert (made[0] / name).read_bytes() == (FOLDER / "fashion_mini" / name).read_bytes()


@NEEDS_SOURCE
@pytest.mark.parametrize("split, per_class", [("train", 1000), ("t10k", 200)])
def test_images_are_those_of_the_indices(made, split, per_class):
    """Read without the package's reader: the drawn rows of the official files, in their order."""
    indices = made[1][split]

    def rows(folder, kind, offset, width):
        content = gzip.decompress((folder / f"{split}-{kind}-ubyte.gz").read_bytes())
        return np.frombuffer(content, np.uint8, offset=offset).reshape(-1, width)

    assert len(indices) == 10 * per_class and (np.diff(indices) > 0).all()
    for kind, offset, width in (("images-idx3", 16, 784), ("labels-idx1", 8, 1)):
        official = rows(DEBIAN, kind, offset, width)
        assert np.array_equal(rows(FOLDER / "fashion_mini", kind, offset, width), official[indices])
    assert np.bincount(official[indices, 0]).tolist() == [per_class] * 10


@NEEDS_SOURCE
def test_another_source_is_refused(tmp_path):
    name = "t10k-labels-idx1-ubyte"
    content = bytearray(gzip.decompress((DEBIAN / f"{name}.gz").read_bytes()))
    content[100] ^= 1
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match="is not the official Fashion-MNIST file"):
        read_source(tmp_path, name)
    shutil.copy(DEBIAN / f"{name}.gz", tmp_path)
    assert read_source(tmp_path, name).shape == (10000,)


def test_draw_is_balanced():
    labels = np.repeat(np.arange(10), 30)
    indices = draw(labels, 7, np.random.RandomState(0))
    assert np.bincount(labels[indices]).tolist() == [7] * 10 and (np.diff(indices) > 0).all()
    assert not np.array_equal(indices, draw(labels, 7, np.random.RandomState(1)))
