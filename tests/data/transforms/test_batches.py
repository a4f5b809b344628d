"""Transforms in a dataset and a loader: a batch is what its samples are, bit for bit, with any number of workers."""

import numpy as np
import pytest
from PIL import Image

import minitorch.data.transforms as T
from minitorch.data import DataLoader, Subset, default_collate
from minitorch.data.datasets import ImageDataset, ImageFolder
from minitorch.random import Generator, manual_seed

RANDOM = np.random.RandomState(0)
COLOUR = RANDOM.randint(0, 256, (40, 12, 12, 3)).astype(np.uint8)
GREY = RANDOM.randint(0, 256, (40, 12, 12)).astype(np.uint8)
LABELS = np.arange(40) % 10
NORMALIZE = T.Normalize([0.5], [0.25])


class Images(ImageDataset):
    classes = [str(number) for number in range(10)]


CHAINS = {
    "standard": T.Compose([T.RandomCrop(12, 2), T.RandomHorizontalFlip(), T.ToTensor(), NORMALIZE]),
    "only ToTensor": T.ToTensor(),
    "nested": T.Compose([T.RandomVerticalFlip(), T.Compose([T.ToTensor(), T.Compose([NORMALIZE])])]),
    "erasing in between": T.Compose([T.ToTensor(), T.RandomErasing(), NORMALIZE]),
    "erasing last": T.Compose([T.ToTensor(), NORMALIZE, T.RandomErasing(value="random")]),
    "pillow": T.Compose([T.ToPILImage(), T.RandomRotation(20), T.ToTensor(), NORMALIZE]),
    "pictures": T.Compose([T.RandomCrop(10), T.ColorJitter(0.5)]),
    "in place": T.Compose([T.ToTensor(), T.Normalize([0.5], [0.5], inplace=True)]),
    "policy": T.Compose([T.TrivialAugmentWide(), T.ToTensor(), NORMALIZE]),
}


@pytest.mark.parametrize("data", [COLOUR, GREY], ids=["colour", "grey"])
@pytest.mark.parametrize("name", CHAINS)
def test_a_batch_is_its_samples(name, data):
    dataset = Images(data, LABELS, CHAINS[name])
    manual_seed(1)
    expected = default_collate([dataset[i] for i in (3, 9, 9, 0)])
    manual_seed(1)
    batch = dataset.get_batch([3, 9, 9, 0])
    assert all(np.array_equal(one, two) and one.dtype == two.dtype for one, two in zip(batch, expected, strict=True))
    assert type(batch) is list and batch[0].flags.c_contiguous


@pytest.mark.parametrize("name", CHAINS)
def test_workers_do_not_matter(name):
    def run(workers):
        loader = DataLoader(Images(COLOUR, LABELS, CHAINS[name]), 7, shuffle=True, num_workers=workers,
                            generator=Generator(3))
        return [batch for _ in range(2) for batch in loader]

    serial = run(0)
    for workers in (1, 4):
        for batch, expected in zip(run(workers), serial, strict=True):
            assert np.array_equal(batch[0], expected[0]) and np.array_equal(batch[1], expected[1])
    if name not in ("only ToTensor", "in place"):
        first, second = (np.concatenate([images for images, _ in serial[i:i + 6]]) for i in (0, 6))
        assert not np.array_equal(np.sort(first, axis=0), np.sort(second, axis=0))  # new numbers in the second pass


@pytest.mark.parametrize("name", ["standard", "only ToTensor", "erasing in between", "policy"])
def test_a_folder_of_images(name, tmp_path):
    for number, image in enumerate(COLOUR[:12]):
        folder = tmp_path / str(number % 3)
        folder.mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.png")
    dataset = ImageFolder(tmp_path, CHAINS[name])
    manual_seed(1)
    expected = default_collate([dataset[i] for i in (3, 9, 0)])
    manual_seed(1)
    batch = dataset.get_batch([3, 9, 0])
    assert all(np.array_equal(one, two) and one.dtype == two.dtype for one, two in zip(batch, expected, strict=True))
    runs = [[images for images, _ in DataLoader(dataset, 5, num_workers=workers, generator=Generator(0))]
            for workers in (0, 1, 4)]
    assert all(np.array_equal(one, two) for run in runs[1:] for one, two in zip(run, runs[0], strict=True))


def test_target_transform_and_errors():
    dataset = Images(COLOUR, LABELS, CHAINS["standard"], lambda label: -label)
    images, labels = dataset.get_batch([1, 2])
    assert labels.tolist() == [-1, -2] and images.shape == (2, 3, 12, 12)
    assert Subset(dataset, [5, 6]).get_batch([1])[1].tolist() == [-6]
    uneven = Images(COLOUR, LABELS, T.Compose([T.Lambda(lambda image: image[:image[0, 0, 0] % 5 + 2]), T.ToTensor()]))
    with pytest.raises(ValueError, match="samples must have one shape"):
        uneven.get_batch(list(range(9)))
    wrong = Images(COLOUR, LABELS, T.Compose([T.Lambda(lambda image: image.astype(int)), T.ToTensor()]))
    with pytest.raises(TypeError, match="ToTensor: expected a uint8 array"):
        wrong.get_batch([1, 2])
    with pytest.raises(TypeError, match="Normalize: expected a floating point array"):
        Images(COLOUR, LABELS, NORMALIZE).get_batch([1, 2])
    with pytest.raises(TypeError, match="default_collate: cannot put samples of type Image"):
        Images(COLOUR, LABELS, Image.fromarray).get_batch([1, 2])
    with pytest.raises(ValueError, match="the batch is empty"):
        dataset.get_batch([])
