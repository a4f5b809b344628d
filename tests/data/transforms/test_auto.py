"""AutoAugment, RandAugment and TrivialAugment: operations, magnitudes and policies, as in torchvision."""

import collections

import numpy as np
import pytest
from data.transforms.images import picture

import minitorch.data.transforms as T
from minitorch.data.transforms import auto
from minitorch.random import manual_seed

IMAGES = [picture("RGB", (32, 32)), picture("L", (28, 28)), picture("RGB", (33, 47), 1)]


@pytest.fixture
def theirs():
    oracles = pytest.importorskip("oracles", reason="needs torch")
    if oracles.library("torchvision") is None:
        pytest.skip("needs torchvision")
    return oracles.library("torchvision.transforms")


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("operation", auto.OPERATIONS)
def test_operations(theirs, operation, interpolation):
    transform = T.RandAugment(interpolation=interpolation, fill=100)
    magnitudes = [0.0] if operation in auto.PLAIN else transform.magnitudes(operation, 31, 32, 32)[::6]
    for image in IMAGES:
        for magnitude in [*magnitudes, *(-magnitudes if operation in auto.SIGNED else [])]:
            expected = theirs.autoaugment._apply_op(image, operation, float(magnitude),
                                                    theirs.InterpolationMode(interpolation), 100)
            options = {"interpolation": interpolation, "fill": 100}
            assert np.array_equal(auto.OPERATIONS[operation](image, float(magnitude), options), expected), magnitude


@pytest.mark.parametrize("bins", [5, 10, 31])
@pytest.mark.parametrize("size", [(32, 32), (224, 192), (33, 47)])
def test_magnitudes(theirs, bins, size):
    pairs = [(T.AutoAugment(), theirs.AutoAugment()._augmentation_space(bins, size)),
             (T.RandAugment(), theirs.RandAugment()._augmentation_space(bins, size)),
             (T.TrivialAugmentWide(), theirs.TrivialAugmentWide()._augmentation_space(bins))]
    for ours, space in pairs:
        for name, (magnitudes, signed) in space.items():
            assert (name in auto.SIGNED) == signed and (name in auto.PLAIN) == (magnitudes.ndim == 0)
            if magnitudes.ndim:
                result, expected = ours.magnitudes(name, bins, *size), magnitudes.numpy()
                assert np.array_equal(result, expected)
    assert set(T.RandAugment.operations) == set(pairs[1][1]) == set(pairs[2][1])


@pytest.mark.parametrize("policy", T.AutoAugmentPolicy)
def test_policies(theirs, policy):
    assert T.AutoAugment(policy).policies == theirs.AutoAugment(theirs.AutoAugmentPolicy(policy.value)).policies
    assert len(T.AutoAugment(policy.value).policies) == 25


@pytest.mark.parametrize("policy", T.AutoAugmentPolicy)
def test_auto_augment_from_the_same_draw(theirs, policy, monkeypatch):
    torch = pytest.importorskip("torch", reason="needs torch")
    ours, other = T.AutoAugment(policy), theirs.AutoAugment(theirs.AutoAugmentPolicy(policy.value))
    random = np.random.RandomState(0)
    for number in range(25):
        chances, signs = random.random(2).astype(np.float32), random.randint(0, 2, 2)
        drawn = number, chances, signs
        monkeypatch.setattr(ours, "get_params", lambda count, drawn=drawn: drawn)
        drawn = number, torch.from_numpy(chances), torch.from_numpy(signs)
        monkeypatch.setattr(other, "get_params", lambda count, drawn=drawn: drawn)
        for image in IMAGES:
            assert np.array_equal(ours(image), other(image))


def test_auto_augment_draws():
    numbers, chances, signs = zip(*(T.AutoAugment.get_params(25) for _ in range(600)))
    assert set(numbers) == set(range(25)) and {tuple(sign) for sign in signs} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert 0 <= np.min(chances) < 0.05 and 0.95 < np.max(chances) < 1


@pytest.mark.parametrize("make, count, steps", [(lambda: T.RandAugment(3, 7), 3, {7}),
                                                (lambda: T.TrivialAugmentWide(31), 1, set(range(31)))])
def test_drawn_operations(monkeypatch, make, count, steps):
    seen = []
    monkeypatch.setattr(auto._Automatic, "operate", lambda self, image, *drawn: seen.append(drawn) or image)
    manual_seed(0)
    transform = make()
    for _ in range(700):
        transform(IMAGES[0])
    assert len(seen) == 700 * count
    operations = collections.Counter(operation for operation, *_ in seen)
    assert set(operations) == set(transform.operations) and len(operations) == 14
    assert max(operations.values()) < 2 * min(operations.values())
    assert {step for _, _, step, _ in seen} == steps and {bins for _, bins, _, _ in seen} == {31}
    assert 0.4 < np.mean([negative for *_, negative in seen]) < 0.6


def test_signs_and_fill():
    image = np.full((32, 32, 3), 200, np.uint8)
    transform = T.RandAugment(fill=(1, 2, 3))
    right = transform.operate(image, "TranslateX", 31, 30, False)
    left = transform.operate(image, "TranslateX", 31, 30, True)
    pixels = int(150 / 331 * 32)
    assert (right[:, :pixels] == (1, 2, 3)).all() and (right[:, pixels:] == 200).all()
    assert (left[:, -pixels:] == (1, 2, 3)).all() and (left[:, :-pixels] == 200).all()
    bright, dark = (transform.operate(image, "Brightness", 31, 30, negative).mean() for negative in (False, True))
    assert bright == 255 and abs(dark - 20) <= 1
    for operation in ("Posterize", "Solarize", "Equalize"):
        assert np.array_equal(*(transform.operate(image, operation, 31, 9, negative) for negative in (False, True)))
