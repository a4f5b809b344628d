"""The datasets that come in the package."""

import hashlib
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from minitorch.data import DataLoader, TensorDataset
from minitorch.data.datasets import Digits, FashionMini, embedded
from minitorch.data.embedded import CHECKSUMS, FOLDER

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def test_files_are_those_of_the_table():
    files = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*.gz")}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in files.items()} == CHECKSUMS
    assert sum(map(len, files.values())) < 5.5e6


@pytest.mark.parametrize("name, words", [
    ("fashion_mini", ["MIT", "Zalando", "1708", "SHA-256"]),
    ("digits", ["CC BY 4.0", "Alpaydin", "1998", "10.24432/C50P49"]),
])
def test_licence_and_source_are_beside_the_files(name, words):
    text = (FOLDER / name / "LICENSE").read_text(encoding="utf-8") + (FOLDER / name / "README.md").read_text(
        encoding="utf-8")
    assert all(word in text for word in words)
    assert (FOLDER / f"make_{name}.py").is_file()


@pytest.mark.parametrize("train, per_class", [(True, 1000), (False, 200)])
def test_fashion_mini(train, per_class):
    dataset = FashionMini(train=train)
    assert dataset.data.shape == (10 * per_class, 28, 28) and dataset.data.dtype == np.uint8
    assert dataset.targets.dtype == np.int64
    assert np.bincount(dataset.targets).tolist() == [per_class] * 10
    assert dataset.classes[9] == "Ankle boot" and dataset.class_to_idx["Bag"] == 8
    assert dataset.data.min() == 0 and dataset.data.max() == 255
    assert len(np.unique(dataset.targets[:50])) == 10  # the classes are mixed


@pytest.mark.parametrize("train, size", [(True, 1437), (False, 360)])
def test_digits(train, size):
    dataset = Digits(train=train)
    assert dataset.data.shape == (size, 8, 8) and dataset.data.dtype == np.uint8
    # The 17 grey levels of the source, stretched.
    assert np.unique(dataset.data).tolist() == [round(level * 255 / 16) for level in range(17)]
    assert dataset.classes == list("0123456789")


def test_digits_are_the_whole_set():
    counts = np.bincount(Digits().targets) + np.bincount(Digits(train=False).targets)
    assert np.bincount(Digits(train=False).targets).tolist() == [36] * 10
    # Class counts of UCI's test set, from its description.
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    # The first line of the source, a zero.
    first = [[0, 0, 5, 13, 9, 1, 0, 0], [0, 0, 13, 15, 10, 15, 5, 0], [0, 3, 15, 2, 0, 11, 8, 0],
             [0, 4, 12, 0, 0, 8, 8, 0], [0, 5, 8, 0, 0, 9, 8, 0], [0, 4, 11, 0, 1, 12, 7, 0],
             [0, 2, 14, 5, 10, 12, 0, 0], [0, 0, 6, 13, 10, 0, 0, 0]]
    images = np.concatenate([Digits().data, Digits(train=False).data])
    labels = np.concatenate([Digits().targets, Digits(train=False).targets])
    found = np.flatnonzero((images == np.rint(np.array(first) * 255 / 16)).all(axis=(1, 2)))
    assert len(found) == 1 and labels[found[0]] == 0


@pytest.mark.parametrize("dataset", [FashionMini, Digits])
def test_no_image_is_in_both_splits(dataset):
    train = {image.tobytes() for image in dataset().data}
    assert not any(image.tobytes() in train for image in dataset(train=False).data)


@pytest.mark.parametrize("dataset", [FashionMini, Digits])
def test_read_once_and_read_only(dataset):
    first, second = dataset(), dataset()
    assert first.data is second.data
    with pytest.raises(ValueError, match="read-only"):
        first.data[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        first.targets[0] = 0


def test_transforms():
    dataset = Digits(transform=lambda image: image.max(), target_transform=lambda label: -label)
    assert dataset[0] == (dataset.data[0].max(), -dataset.targets[0])


def test_fast_loader():
    loader = DataLoader(TensorDataset(*FashionMini().arrays()), batch_size=128, shuffle=True, num_workers=2)
    images, labels = next(iter(loader))
    assert images.shape == (128, 1, 28, 28) and images.dtype == np.float32 and labels.shape == (128,)
    assert len(loader) == 79


@pytest.fixture
def copied(tmp_path, monkeypatch):
    shutil.copytree(FOLDER / "digits", tmp_path / "digits")
    monkeypatch.setattr(embedded, "FOLDER", tmp_path)
    embedded.load_embedded.cache_clear()
    yield tmp_path / "digits"
    embedded.load_embedded.cache_clear()


def test_changed_file_is_refused(copied):
    path = copied / "train-labels-idx1-ubyte.gz"
    content = path.read_bytes()
    for changed in (content[:-1], content + b"x", content[:50] + bytes([content[50] ^ 1]) + content[51:]):
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=f"SHA-256 {hashlib.sha256(changed).hexdigest()}, expected "
                                             f"{CHECKSUMS['digits/train-labels-idx1-ubyte.gz']}"):
            Digits()
    path.write_bytes(content)
    assert len(Digits()) == 1437


@pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_digits_against_scikit_learn():
    table = Path(importlib.util.find_spec("sklearn").submodule_search_locations[0], "datasets/data/digits.csv.gz")
    source = np.loadtxt(table, delimiter=",")
    expected = sorted((np.rint(row[:64] * 255 / 16).astype(np.uint8).tobytes(), int(row[64])) for row in source)
    both = [(image.tobytes(), label) for part in (Digits(), Digits(train=False)) for image, label in part]
    assert sorted(both) == expected
