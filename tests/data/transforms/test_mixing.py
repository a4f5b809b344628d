"""MixUp and CutMix against their definitions."""

import numpy as np
import pytest

from minitorch.data import DataLoader, TensorDataset, default_collate
from minitorch.data.transforms import Compose, CutMix, MixUp, RandomChoice
from minitorch.random import Generator, manual_seed

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.rand(6, 3, 9, 12).astype(np.float32)
LABELS = np.array([0, 1, 2, 3, 0, 1])
ONE_HOT = np.eye(4, dtype=np.float32)[LABELS]
MIXES = [MixUp, CutMix]


def shares(labels):
    """What share of each label is its own, for labels that differ from the one before in the batch."""
    return labels[np.arange(6), LABELS]


def test_mixup_is_a_weighted_mean_with_the_image_before():
    images, labels = MixUp(alpha=1.0, num_classes=4)(IMAGES, LABELS)
    own = shares(labels)
    assert images.dtype == labels.dtype == np.float32 and images.shape == IMAGES.shape and labels.shape == (6, 4)
    assert 0 < own[0] < 1 and np.allclose(own, own[0])
    for i in range(6):
        assert np.allclose(images[i], own[0] * IMAGES[i] + (1 - own[0]) * IMAGES[i - 1], atol=1e-6)
        assert np.allclose(labels[i], own[0] * ONE_HOT[i] + (1 - own[0]) * ONE_HOT[i - 1], atol=1e-6)


def test_cutmix_pastes_a_rectangle_of_the_image_before():
    areas, boxes = set(), []
    for _ in range(300):
        images, labels = CutMix(alpha=1.0, num_classes=4)(IMAGES, LABELS)
        changed = (images != IMAGES).any(axis=(0, 1))
        pasted = np.roll(IMAGES, 1, axis=0)
        assert (images == np.where(changed, pasted, IMAGES)).all()
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        assert changed.sum() == len(rows) * len(columns)  # a rectangle
        if len(rows):
            assert len(rows) == rows[-1] - rows[0] + 1 and len(columns) == columns[-1] - columns[0] + 1
            boxes.append((rows[0], rows[-1], columns[0], columns[-1]))
        own = 1 - changed.sum() / (9 * 12)
        assert np.allclose(labels, own * ONE_HOT + (1 - own) * np.roll(ONE_HOT, 1, axis=0), atol=1e-6)
        areas.add(int(changed.sum()))
    assert len(areas) > 15 and min(areas) == 0
    assert np.min(boxes, axis=0)[[0, 2]].tolist() == [0, 0] and np.max(boxes, axis=0)[[1, 3]].tolist() == [8, 11]


@pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
def test_weights_follow_the_beta_distribution(alpha):
    mixup = MixUp(alpha, 4)
    drawn = np.array([shares(mixup(IMAGES, LABELS)[1])[0] for _ in range(1500)])
    assert abs(drawn.mean() - 0.5) < 0.06
    assert abs(drawn.var() / (0.25 / (2 * alpha + 1)) - 1) < 0.2  # the variance of Beta(alpha, alpha)


def test_against_torchvision(monkeypatch):
    oracles = pytest.importorskip("oracles", reason="needs torch")
    torch = oracles.torch
    if oracles.library("torchvision") is None:
        pytest.skip("needs torchvision")
    v2 = oracles.library("torchvision.transforms.v2")
    images, labels = torch.from_numpy(IMAGES), torch.from_numpy(LABELS)
    for seed in range(30):
        torch.manual_seed(seed)
        expected = v2.MixUp(num_classes=4)(images, labels)
        own = float(shares(expected[1].numpy())[0])
        ours = MixUp(num_classes=4)
        monkeypatch.setattr(ours, "mix", lambda image, other, own=own: (other * (1 - own) + image * own, own))
        for result, other in zip(ours(IMAGES, LABELS), expected):
            assert np.allclose(result, other.numpy(), atol=1e-6)

        drawn = {}
        theirs = v2.CutMix(num_classes=4)
        make_params = theirs.make_params
        monkeypatch.setattr(theirs, "make_params", lambda inputs, make=make_params, seen=drawn:
                            seen.update(make(inputs)) or seen)
        expected = theirs(images, labels)
        left, top, right, bottom = drawn["box"]
        ours = CutMix(num_classes=4)
        monkeypatch.setattr(ours, "get_box", lambda height, width, box=(top, left, bottom, right): box)
        for result, other in zip(ours(IMAGES, LABELS), expected):
            assert np.allclose(result, other.numpy(), atol=1e-6)


@pytest.mark.parametrize("mix", MIXES)
def test_forms_of_a_batch(mix):
    transform = mix(num_classes=4)
    manual_seed(0)
    images, labels = transform(IMAGES, LABELS)
    for batch in ((IMAGES, LABELS), [IMAGES, LABELS]):
        manual_seed(0)
        again = transform(batch)
        assert type(again) is type(batch) and np.array_equal(again[0], images) and np.array_equal(again[1], labels)
    manual_seed(0)
    soft = mix()(IMAGES, ONE_HOT)  # probabilities need no number of classes
    assert np.allclose(soft[1], labels)
    assert mix(1.0, 4)(IMAGES, ONE_HOT.astype(np.float64))[1].dtype == np.float64
    assert IMAGES.flags.writeable and (LABELS == [0, 1, 2, 3, 0, 1]).all()
    assert mix(num_classes=4)(IMAGES[:1], LABELS[:1])[0].shape == (1, 3, 9, 12)
    assert mix.__name__ in repr(transform)


def test_cutmix_takes_bytes_and_mixup_does_not():
    pictures = (IMAGES * 255).astype(np.uint8)
    assert CutMix(num_classes=4)(pictures, LABELS)[0].dtype == np.uint8
    with pytest.raises(TypeError, match="MixUp: images must be of a floating point type, got uint8"):
        MixUp(num_classes=4)(pictures, LABELS)


@pytest.mark.parametrize("num_workers", [1, 3])
def test_in_a_loader(num_workers):
    dataset = TensorDataset(IMAGES.repeat(4, axis=0), LABELS.repeat(4))
    mix = Compose([default_collate, RandomChoice([MixUp(0.4, 4), CutMix(1.0, 4)])])

    def run(workers):
        loader = DataLoader(dataset, 5, shuffle=True, collate_fn=mix, num_workers=workers, generator=Generator(1))
        return [[np.asarray(field) for field in batch] for _ in range(2) for batch in loader]

    serial = run(0)
    for batch, other in zip(serial, run(num_workers), strict=True):
        assert np.array_equal(batch[0], other[0]) and np.array_equal(batch[1], other[1])
    assert all(np.allclose(labels.sum(axis=1), 1) for _, labels in serial)
    assert not np.array_equal(serial[0][0], serial[5][0])


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("arguments, error, match", [
    ((IMAGES, LABELS[:5]), ValueError, r"labels \(N,\) or \(N, classes\) for N = 6 images, got shape \(5,\)"),
    ((IMAGES[0], LABELS), ValueError, r"a batch of images \(N, C, H, W\), got shape \(3, 9, 12\)"),
    ((IMAGES, LABELS + 1), ValueError, r"labels must be 0..3, got 1..4"),
    ((IMAGES, LABELS - 1), ValueError, r"labels must be 0..3, got -1..2"),
    ((IMAGES, LABELS * 0.5), TypeError, "labels must be class numbers or probabilities"),
    ((IMAGES, ONE_HOT[:, :3]), ValueError, "the labels have 3 classes, num_classes is 4"),
    ((IMAGES,), TypeError, "expected images and labels, got ndarray"),
])
def test_bad_batches(mix, arguments, error, match):
    with pytest.raises(error, match=f"{mix.__name__}: .*{match}"):
        mix(1.0, 4)(*arguments)
    with pytest.raises(ValueError, match=f"{mix.__name__}: labels that are class numbers need num_classes"):
        mix()(IMAGES, LABELS)


@pytest.mark.parametrize("mix", MIXES)
def test_bad_arguments(mix):
    for alpha in (0, -1, "1", np.inf, np.nan):
        with pytest.raises(ValueError, match=f"{mix.__name__}: alpha must be a number above 0"):
            mix(alpha)
    for classes in (0, 2.5, True):
        with pytest.raises(ValueError, match=f"{mix.__name__}: num_classes must be a whole number"):
            mix(1.0, classes)
