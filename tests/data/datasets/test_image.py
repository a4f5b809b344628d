"""`ImageDataset`: samples, batches and the whole as arrays."""

from typing import ClassVar

import numpy as np
import pytest

from minitorch.data import DataLoader, Subset, TensorDataset
from minitorch.data.datasets import ImageDataset
from minitorch.data.transforms import Compose, Normalize, ToTensor

IMAGES = np.random.RandomState(0).randint(0, 256, (12, 4, 5)).astype(np.uint8)
LABELS = np.arange(12) % 3


class Letters(ImageDataset):
    classes: ClassVar = ["a", "b", "c"]


def test_samples_and_attributes():
    dataset = Letters(IMAGES, LABELS)
    image, label = dataset[4]
    assert image.dtype == np.uint8 and np.array_equal(image, IMAGES[4])
    assert type(label) is int and label == 1
    assert len(dataset) == 12 and dataset.class_to_idx == {"a": 0, "b": 1, "c": 2}
    assert repr(dataset) == "Letters(12 images of 4 x 5, 3 classes)"
    with pytest.raises(IndexError):
        dataset[12]


def test_transforms():
    dataset = Letters(IMAGES, LABELS, transform=ToTensor(), target_transform=lambda label: label * 10)
    image, label = dataset[5]
    assert image.shape == (1, 4, 5) and image.dtype == np.float32 and label == 20


@pytest.mark.parametrize("num_workers", [0, 2])
def test_batches_with_and_without_transform(num_workers):
    images, labels = next(iter(DataLoader(Letters(IMAGES, LABELS), batch_size=5, num_workers=num_workers)))
    assert images.dtype == np.uint8 and np.array_equal(images, IMAGES[:5]) and images.flags.writeable
    assert labels.dtype == np.int64 and labels.tolist() == [0, 1, 2, 0, 1]
    dataset = Letters(IMAGES, LABELS, transform=Compose([ToTensor(), Normalize(0.5, 0.5)]))
    images, labels = next(iter(DataLoader(Subset(dataset, [7, 3]), batch_size=5, num_workers=num_workers)))
    assert images.shape == (2, 1, 4, 5) and images.dtype == np.float32
    assert np.allclose(images[:, 0], IMAGES[[7, 3]] / 127.5 - 1, atol=1e-6)
    assert labels.tolist() == [1, 0]


def test_transform_set_later_is_seen():
    dataset = Letters(IMAGES, LABELS)
    dataset.transform = ToTensor()
    assert dataset.get_batch([0, 1])[0].shape == (2, 1, 4, 5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arrays(dtype):
    images, labels = Letters(IMAGES, LABELS).arrays(dtype)
    assert images.shape == (12, 1, 4, 5) and images.dtype == dtype and labels.dtype == np.int64
    assert np.array_equal(images[:, 0], IMAGES.astype(dtype) / dtype(255))
    assert labels.tolist() == LABELS.tolist() and labels is not LABELS
    batch, _ = next(iter(DataLoader(TensorDataset(images, labels), batch_size=3)))
    assert batch.shape == (3, 1, 4, 5)


def test_arrays_are_what_to_tensor_gives():
    images, _ = Letters(IMAGES, LABELS).arrays()
    assert np.array_equal(images, np.stack([ToTensor()(image) for image in IMAGES]))


def test_bad_input():
    with pytest.raises(TypeError, match="Letters.arrays: dtype must be a floating point type, got uint8"):
        Letters(IMAGES, LABELS).arrays(np.uint8)
    with pytest.raises(TypeError, match="Letters: transform must be a function, got int"):
        Letters(IMAGES, LABELS, transform=3)
    for images, labels in [(IMAGES.astype(float), LABELS), (IMAGES[0], LABELS), (IMAGES, LABELS[:5])]:
        with pytest.raises(ValueError, match="Letters: expected uint8 images"):
            Letters(images, labels)
    for wrong in (LABELS + 1, LABELS - 1):
        with pytest.raises(ValueError, match=r"Letters: labels must be 0\.\.2"):
            Letters(IMAGES, wrong)
