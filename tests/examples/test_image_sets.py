"""Image sets in one form, and their augmentation, against naive loops."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minitorch
from minitorch.data import datasets

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def image_sets(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("image_sets")


def pictures(folder, count, size=(7, 5)):
    """A folder of two classes of random pictures of (width, height)."""
    random = np.random.RandomState(0)
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = random.randint(0, 256, (size[1], size[0], 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


def test_embedded_sets(image_sets):
    fashion = image_sets.load("fashion-mini", "nowhere")
    assert fashion.images.shape == (10000, 1, 28, 28) and fashion.images.dtype == np.uint8
    assert fashion.test_labels.shape == (2000,) and len(fashion.classes) == 10
    digits, source = image_sets.load("digits", "nowhere"), datasets.Digits()
    assert digits.images.shape == (1437, 1, 32, 32)
    assert (digits.images[5, 0, 4:8, 8:12] == source.data[5, 1, 2]).all()


@pytest.mark.parametrize("test_folder", ["test", "val"])
def test_image_folder(image_sets, tmp_path, test_folder):
    pictures(tmp_path / "train", 3)
    pictures(tmp_path / test_folder, 2)
    data = image_sets.load("image-folder", tmp_path)
    assert data.images.shape == (6, 3, 5, 7) and data.test_images.shape == (4, 3, 5, 7) and data.classes == ["a", "b"]
    first = np.asarray(Image.open(tmp_path / "train" / "a" / "0.png"))
    np.testing.assert_array_equal(data.images[0].transpose(1, 2, 0), first)
    assert image_sets.load("image-folder", tmp_path, 4).images.shape == (6, 3, 4, 4)


def test_image_folder_of_another_form(image_sets, tmp_path):
    with pytest.raises(FileNotFoundError, match="must have the folders train and test"):
        image_sets.load("image-folder", tmp_path)
    pictures(tmp_path / "train", 1)
    pictures(tmp_path / "test", 1)
    (tmp_path / "test" / "b").rename(tmp_path / "test" / "c")
    with pytest.raises(ValueError, match="different classes"):
        image_sets.load("image-folder", tmp_path)


def test_normalization(image_sets):
    images = np.random.RandomState(0).randint(0, 256, (50, 3, 6, 6)).astype(np.uint8)
    images[:, 2] = 9  # a channel without variation
    result = image_sets.Normalization(images)(images)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.mean((0, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(result[:, :2].std((0, 2, 3)), 1, atol=1e-4)


def test_every_crop_is_a_shift_of_its_image(image_sets):
    images = np.random.RandomState(0).randint(1, 256, (200, 2, 6, 5)).astype(np.uint8)
    moved = image_sets.crop_and_flip(images, padding=2, generator=minitorch.Generator(0))
    assert moved.dtype == np.uint8 and moved.shape == images.shape
    seen = set()
    for image, result in zip(images, moved):
        matches = []
        for top in range(-2, 3):
            for left in range(-2, 3):
                for flip in (False, True):
                    expected = np.zeros_like(image)
                    for row in range(6):
                        for column in range(5):
                            if 0 <= row + top < 6 and 0 <= column + left < 5:
                                expected[:, row, column] = image[:, row + top, column + left]
                    expected = expected[:, :, ::-1] if flip else expected
                    if (expected == result).all():
                        matches.append((top, left, flip))
        assert len(matches) == 1
        seen.add(matches[0])
    assert len({m[:2] for m in seen}) == 25 and {m[2] for m in seen} == {False, True}


def test_augmentation_is_seeded_and_leaves_the_images_alone(image_sets):
    images = np.random.RandomState(0).randint(0, 256, (30, 1, 8, 8)).astype(np.uint8)
    before = images.copy()
    first, second, other = (
        image_sets.crop_and_flip(images, generator=minitorch.Generator(seed)) for seed in (3, 3, 4)
    )
    assert (first == second).all() and (first != other).any() and (images == before).all()
    shares = image_sets.crop_and_flip(images.repeat(50, 0), 0, generator=minitorch.Generator(0))
    mirrored = (shares == images.repeat(50, 0)[..., ::-1]).all((1, 2, 3)).mean()
    assert 0.45 < mirrored < 0.55
    assert (image_sets.crop_and_flip(images, 0, flip=False) == images).all()


def test_loaders(image_sets):
    """Bytes in, numbers of mean 0 out; training images are augmented, and their last batch is full or left out."""
    random = np.random.RandomState(0)
    images, labels = random.randint(0, 256, (26, 3, 4, 4)).astype(np.uint8), np.arange(26)
    data = image_sets.ImageSet(images, labels, images[:5], labels[:5], ["a"])
    train, test = image_sets.loaders(data, 8, augment=lambda x: x[..., ::-1])
    normalize = image_sets.Normalization(images)
    batches = list(train)
    assert len(batches) == 3 and sorted(np.concatenate([y for _, y in batches])) != list(range(24))
    for x, y in batches:
        np.testing.assert_array_equal(x, normalize(images[y, :, :, ::-1]))
    ((x, y),) = test
    np.testing.assert_array_equal(x, normalize(images[:5]))
    state = minitorch.default_generator.get_state()
    list(test)
    assert minitorch.default_generator.get_state() == state
    assert len(image_sets.loaders(data, 30)[0]) == 1  # fewer images than a batch: they are all there is


def test_augmentation_in_a_loader_is_the_batch_s_own(image_sets):
    images = np.random.RandomState(0).randint(0, 256, (40, 1, 8, 8)).astype(np.uint8)
    data = image_sets.ImageSet(images, np.arange(40), images[:5], np.arange(5), ["a"])
    passes = []
    for workers in (0, 2):
        minitorch.manual_seed(1)
        loader, _ = image_sets.loaders(data, 8, image_sets.crop_and_flip, workers)
        passes += [np.concatenate([x for x, _ in loader]) for _ in range(2)]
    np.testing.assert_array_equal(passes[0], passes[2])
    np.testing.assert_array_equal(passes[1], passes[3])
    assert (passes[0] != passes[1]).any()
