"""The random transforms: what they draw, how often, within which bounds, and that the drawn is what is applied."""

import math

import numpy as np
import pytest
from data.transforms.images import floats, picture
from PIL import Image

import minitorch.data.transforms as T
import minitorch.data.transforms.functional as F
from minitorch.random import manual_seed

RGB = picture("RGB", (24, 30))
ARRAY = np.asarray(RGB)
TENSOR = floats(RGB)
KINDS = {"pillow": RGB, "array": ARRAY, "grey": np.asarray(picture("L", (24, 30))), "tensor": TENSOR}

RANDOM = {
    "RandomCrop": lambda: T.RandomCrop((20, 21), padding=2),
    "RandomResizedCrop": lambda: T.RandomResizedCrop(16),
    "RandomHorizontalFlip": lambda: T.RandomHorizontalFlip(),
    "RandomVerticalFlip": lambda: T.RandomVerticalFlip(),
    "RandomRotation": lambda: T.RandomRotation(30),
    "RandomAffine": lambda: T.RandomAffine(10, (0.2, 0.1), (0.5, 1.5), (-5, 5, -3, 3), "bilinear"),
    "RandomPerspective": lambda: T.RandomPerspective(),
    "ColorJitter": lambda: T.ColorJitter(0.4, 0.4, 0.4, 0.1),
    "RandomGrayscale": lambda: T.RandomGrayscale(0.5),
    "GaussianBlur": lambda: T.GaussianBlur(3),
    "RandomErasing": lambda: T.RandomErasing(),
    "Cutout": lambda: T.Cutout(8),
    "RandomInvert": lambda: T.RandomInvert(),
    "RandomSolarize": lambda: T.RandomSolarize(0.5),
    "RandomAdjustSharpness": lambda: T.RandomAdjustSharpness(2),
    "RandomAutocontrast": lambda: T.RandomAutocontrast(),
    "RandomPosterize": lambda: T.RandomPosterize(3),
    "RandomEqualize": lambda: T.RandomEqualize(),
    "AutoAugment": lambda: T.AutoAugment("cifar10"),
    "RandAugment": lambda: T.RandAugment(),
    "TrivialAugmentWide": lambda: T.TrivialAugmentWide(),
    "RandomApply": lambda: T.RandomApply([T.RandomInvert(1.0)]),
    "RandomChoice": lambda: T.RandomChoice([T.RandomInvert(1.0), T.RandomHorizontalFlip(1.0)]),
    "RandomOrder": lambda: T.RandomOrder([T.Pad(1), T.CenterCrop(20), T.RandomVerticalFlip()]),
}
PICTURES_ONLY = ("RandomPosterize", "RandomEqualize", "AutoAugment", "RandAugment", "TrivialAugmentWide")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", RANDOM)
def test_kind_and_seed(name, kind):
    """A result is of the kind that came in, the image itself stays, and the seed decides."""
    image, transform = KINDS[kind], RANDOM[name]()
    if kind == "tensor" and name in PICTURES_ONLY:
        with pytest.raises(TypeError, match="expected a picture"):
            for _ in range(20):
                transform(image)
        return
    before = np.array(image)
    runs = []
    for seed in (3, 3, 4):
        manual_seed(seed)
        runs.append([np.asarray(transform(image)) for _ in range(12)])
    assert np.array_equal(np.asarray(image), before)
    assert all(np.array_equal(one, two) for one, two in zip(*runs[:2]))
    same = (name, kind) == ("RandomGrayscale", "grey")
    assert same or not all(np.array_equal(one, two) for one, two in zip(*runs[1:]))
    result = transform(image)
    if kind == "pillow":
        assert isinstance(result, Image.Image) and result.mode == "RGB"
    else:
        assert isinstance(result, np.ndarray) and result.dtype == image.dtype and result.ndim == image.ndim
        assert kind != "tensor" or len(result) == 3
    assert name in repr(transform)


@pytest.mark.parametrize("name", [name for name in RANDOM if name not in ("RandomApply", "RandomChoice")])
def test_arrays_have_the_numbers_and_results_of_pillow(name):
    transform = RANDOM[name]()
    for seed in range(8):
        results = []
        for image in (RGB, ARRAY):
            manual_seed(seed)
            results.append(np.asarray(transform(image)))
        assert np.array_equal(*results)


@pytest.mark.parametrize("make", [
    T.RandomHorizontalFlip, T.RandomVerticalFlip, T.RandomGrayscale, T.RandomInvert, T.RandomAutocontrast,
    T.RandomEqualize, lambda p: T.RandomPosterize(1, p), lambda p: T.RandomSolarize(10, p),
    lambda p: T.RandomAdjustSharpness(0, p), lambda p: T.RandomErasing(p, (0.3, 0.3), (1, 1)),
    lambda p: T.RandomPerspective(0.9, p), lambda p: T.RandomApply([T.RandomInvert(1.0)], p),
])
def test_probability(make):
    for p in (0.0, 0.3, 1.0):
        changed = sum(not np.array_equal(make(p)(ARRAY), ARRAY) for _ in range(400))
        assert abs(changed - 400 * p) < 4.5 * math.sqrt(400 * p * (1 - p)) + 0.5  # of 10^5 runs, less than one is out
    for p in (-0.1, 1.1, "half", math.nan):
        with pytest.raises(ValueError, match="p must be a probability"):
            make(p)


def spread(values, low, high):
    """Whether the numbers lie in low..high, and reach close to both ends."""
    values = np.asarray(values, np.float64)
    return (low <= values).all() and (values <= high).all() and np.ptp(values) > 0.8 * (high - low)


def test_random_crop():
    params = np.array([T.RandomCrop.get_params(RGB, (20, 21)) for _ in range(300)])
    assert set(params[:, 0]) == set(range(5)) and set(params[:, 1]) == set(range(10))
    assert (params[:, 2:] == (20, 21)).all()
    assert T.RandomCrop.get_params(RGB, (24, 30)) == (0, 0, 24, 30)
    padded = np.asarray(F.pad(RGB, 2, 7, "reflect"))
    windows = {padded[i:i + 20, j:j + 21].tobytes() for i in range(9) for j in range(14)}
    crop = T.RandomCrop((20, 21), 2, padding_mode="reflect")
    seen = {np.asarray(crop(RGB)).tobytes() for _ in range(200)}
    assert seen <= windows and len(seen) > 60
    with pytest.raises(ValueError, match="RandomCrop: size 25 x 30 is larger than the image of 24 x 30; use padding"):
        T.RandomCrop((25, 30))(RGB)


def test_random_crop_pads_if_needed():
    transform = T.RandomCrop((30, 40), pad_if_needed=True, fill=(1, 2, 3))
    assert np.asarray(transform(RGB)).shape == (30, 40, 3) and transform(TENSOR).shape == (3, 30, 40)
    result = transform(ARRAY)
    border = (result == (1, 2, 3)).all(axis=2)
    assert border.sum() >= 30 * 40 - 24 * 30
    assert T.RandomCrop((24, 31), pad_if_needed=True)(ARRAY).shape == (24, 31, 3)
    assert np.array_equal(T.RandomCrop((24, 30), pad_if_needed=True)(ARRAY), ARRAY)


def test_random_resized_crop():
    scale, ratio = (0.2, 0.5), (0.5, 2.0)
    params = np.array([T.RandomResizedCrop.get_params(np.zeros((400, 500), np.uint8), scale, ratio)
                       for _ in range(1000)])
    top, left, height, width = params.T
    assert (top >= 0).all() and (top + height <= 400).all() and (left >= 0).all() and (left + width <= 500).all()
    assert spread(height * width / 200_000, 0.198, 0.502) and spread(np.log(width / height), -0.71, 0.71)
    assert abs(np.mean(np.log(width / height))) < 0.1 and len(set(top)) > 100
    # A part that cannot fit: the middle, as far as the proportions allow.
    assert T.RandomResizedCrop.get_params(np.zeros((10, 100), np.uint8), (1, 1), (1, 2)) == (0, 40, 10, 20)
    assert T.RandomResizedCrop.get_params(np.zeros((100, 10), np.uint8), (1, 1), (0.5, 1)) == (40, 0, 20, 10)
    whole = T.RandomResizedCrop((24, 30), (1, 1), (30 / 24, 30 / 24))
    assert np.array_equal(whole(ARRAY), ARRAY)
    assert T.RandomResizedCrop(16, interpolation="nearest")(RGB).size == (16, 16)


def test_rotation_and_affine():
    assert spread([T.RandomRotation.get_params((-10, 20)) for _ in range(500)], -10, 20)
    assert T.RandomRotation(15).degrees == (-15, 15)
    angles, moves, scales, shears = zip(*(
        T.RandomAffine.get_params((-5, 5), (0.1, 0.5), (0.5, 2), (-1, 1, -20, 20), (40, 60)) for _ in range(600)))
    moves, shears = np.array(moves), np.array(shears)
    assert spread(angles, -5, 5) and spread(scales, 0.5, 2) and moves.dtype.kind == "i"
    assert spread(moves[:, 0], -4, 4) and spread(moves[:, 1], -30, 30)
    assert spread(shears[:, 0], -1, 1) and spread(shears[:, 1], -20, 20)
    angle, moves, scale, shear = T.RandomAffine.get_params((3, 3), None, None, (2, 2), (40, 60))
    assert (angle, moves, scale, shear) == (3, (0, 0), 1.0, (2, 0.0))
    manual_seed(2)
    transform = T.RandomAffine(20, (0.2, 0.2), (0.8, 1.2), 10, "bilinear", 9, (3, 4))
    result = transform(RGB)
    manual_seed(2)
    params = transform.get_params((-20, 20), (0.2, 0.2), (0.8, 1.2), (-10, 10), (30, 24))
    assert np.array_equal(result, F.affine(RGB, *params, "bilinear", 9, (3, 4)))
    manual_seed(2)
    transform = T.RandomRotation(40, "bicubic", True, fill=(1, 2, 3))
    result = transform(RGB)
    manual_seed(2)
    assert np.array_equal(result, F.rotate(RGB, transform.get_params((-40, 40)), "bicubic", True, fill=(1, 2, 3)))


def test_perspective():
    points = [T.RandomPerspective.get_params(41, 21, 0.5) for _ in range(400)]
    assert all(start == [[0, 0], [40, 0], [40, 20], [0, 20]] for start, _ in points)
    ends = np.array([end for _, end in points])
    for corner, (x, y) in enumerate([((0, 10), (0, 5)), ((30, 40), (0, 5)), ((30, 40), (15, 20)), ((0, 10), (15, 20))]):
        assert set(ends[:, corner, 0]) == set(range(x[0], x[1] + 1))
        assert set(ends[:, corner, 1]) == set(range(y[0], y[1] + 1))
    for size in ((1, 5), (2, 2), (3, 3), (5, 5)):  # corners on a line must not stop a run
        for _ in range(40):
            assert T.RandomPerspective(1, 1)(np.zeros(size, np.uint8)).shape == size


def test_color_jitter():
    order, *factors = zip(*(T.ColorJitter.get_params((0.5, 1.5), None, (0, 3), (-0.1, 0.2)) for _ in range(500)))
    assert len({tuple(one) for one in order}) == 24 and set(factors[1]) == {None}
    assert spread(factors[0], 0.5, 1.5) and spread(factors[2], 0, 3) and spread(factors[3], -0.1, 0.2)
    jitter = T.ColorJitter(0.4, (0.2, 0.3), 2, 0.1)
    assert jitter.brightness == (0.6, 1.4) and jitter.contrast == (0.2, 0.3)
    assert jitter.saturation == (0, 3) and jitter.hue == (-0.1, 0.1)
    assert T.ColorJitter()(RGB) is RGB and T.ColorJitter().hue is None
    manual_seed(5)
    result = jitter(RGB)
    manual_seed(5)
    order, *factors = jitter.get_params(jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)
    functions = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue]
    expected = RGB
    for place in order:
        expected = functions[place](expected, factors[place])
    assert np.array_equal(result, expected)


def test_blur_and_gray():
    assert spread([T.GaussianBlur.get_params(0.1, 2) for _ in range(300)], 0.1, 2)
    manual_seed(1)
    result = T.GaussianBlur((3, 5), (1, 2))(RGB)
    manual_seed(1)
    assert np.array_equal(result, F.gaussian_blur(RGB, (3, 5), T.GaussianBlur.get_params(1, 2)))
    assert T.Grayscale()(RGB).mode == "L" and T.Grayscale(3)(ARRAY).shape == (24, 30, 3)
    assert T.Grayscale()(ARRAY).shape == (24, 30) and T.Grayscale()(TENSOR).shape == (1, 24, 30)
    assert T.RandomGrayscale(1)(KINDS["grey"]).shape == (24, 30)
    grey = T.RandomGrayscale(1)(ARRAY)
    assert grey.shape == ARRAY.shape and (grey == grey[..., :1]).all()


def test_random_erasing():
    params = [T.RandomErasing.get_params(np.zeros((3, 100, 200), np.float32), (0.1, 0.2), (0.5, 2), [0]) for _ in
              range(500)]
    top, left, height, width = np.array([one[:4] for one in params]).T
    assert (top + height <= 100).all() and (left + width <= 200).all() and (top >= 0).all() and (left >= 0).all()
    assert spread(height * width / 20000, 0.098, 0.202) and spread(np.log(height / width), -0.72, 0.72)
    erased = T.RandomErasing(1, value=(0.1, 0.2, 0.3))(TENSOR)
    where = (erased != TENSOR).any(axis=0)
    assert where.any() and np.allclose(erased[:, where].T, (0.1, 0.2, 0.3))
    noise = T.RandomErasing(1, (0.3, 0.3), (1, 1), "random")
    erased = noise(TENSOR)
    changed = erased[erased != TENSOR]
    assert len(np.unique(changed)) == changed.size > 300 and abs(changed.std() - 1) < 0.2 and abs(changed.mean()) < 0.3
    assert noise(ARRAY).dtype == np.uint8 and len(np.unique(noise(ARRAY)[noise(ARRAY) != ARRAY])) > 50
    image = TENSOR.copy()
    assert T.RandomErasing(1, inplace=True)(image) is image and (image != TENSOR).any()
    for image in KINDS.values():  # no rectangle fits
        assert np.array_equal(T.RandomErasing(1, (1, 1), (1, 1))(image), image)
    with pytest.raises(ValueError, match="value must have one number or 3"):
        T.RandomErasing(1, value=(1, 2))(TENSOR)


def test_cutout():
    holes = np.array([T.Cutout.get_params(TENSOR, 8) for _ in range(1500)])
    top, left, height, width = holes.T
    # The middle of the square lies anywhere in the image, and the square is cut at its edges.
    assert set(top) == set(range(24 - 4)) and set(left) == set(range(30 - 4))
    assert set(height) == {4, 5, 6, 7, 8} and set(width) == {4, 5, 6, 7, 8}
    assert set(height[(top > 0) & (top < 16)]) == {8}
    result = T.Cutout(6, fill=0.5)(np.ones((3, 40, 40), np.float32))
    assert set(np.unique(result)) == {0.5, 1} and (result == result[:1]).all()
    assert (result == 0.5)[0].sum() in {a * b for a in range(3, 7) for b in range(3, 7)}
    many = T.Cutout(2, n_holes=20)(np.full((40, 40), 255, np.uint8))
    assert (many == 0).sum() > 40


def test_choices():
    transforms = [T.Lambda(lambda image, value=value: value) for value in range(3)]
    counts = np.bincount([T.RandomChoice(transforms)(RGB) for _ in range(600)], minlength=3)
    assert (np.abs(counts - 200) < 60).all()
    counts = np.bincount([T.RandomChoice(transforms, p=[1, 0, 3])(RGB) for _ in range(600)], minlength=3)
    assert counts[1] == 0 and abs(counts[0] - 150) < 55
    orders = {tuple(T.RandomOrder([T.Lambda(lambda x, i=i: (*x, i)) for i in range(3)])(())) for _ in range(100)}
    assert len(orders) == 6
    apply = T.RandomApply([T.Lambda(lambda x: (*x, 1)), T.Lambda(lambda x: (*x, 2))], 0.5)
    assert {apply(()) for _ in range(40)} == {(), (1, 2)}


@pytest.mark.parametrize("make, error, match", [
    (lambda: T.RandomCrop(0), ValueError, "RandomCrop: size must be one or two whole numbers above 0, got 0"),
    (lambda: T.RandomCrop(4, padding=-1), ValueError, "RandomCrop: padding"),
    (lambda: T.Pad(2.5), TypeError, "Pad: padding must be whole numbers, got 2.5"),
    (lambda: T.Resize(None), TypeError, "Resize: size must be whole numbers, got None"),
    (lambda: T.GaussianBlur(3.0), TypeError, "GaussianBlur: kernel_size must be whole numbers, got 3.0"),
    (lambda: T.RandomCrop(4, padding_mode="wrap"), ValueError, "RandomCrop: padding_mode must be one of"),
    (lambda: T.RandomCrop(4, fill="red"), TypeError, "RandomCrop: fill must be a number"),
    (lambda: T.RandomResizedCrop(4, scale=0.5), TypeError, "RandomResizedCrop: scale must be two numbers"),
    (lambda: T.RandomResizedCrop(4, scale=(1, 0.5)), ValueError, "RandomResizedCrop: scale must be .*low <= high"),
    (lambda: T.RandomResizedCrop(4, ratio=(0, 1)), ValueError, "RandomResizedCrop: ratio must be finite and above 0"),
    (lambda: T.RandomResizedCrop(4, interpolation=99), ValueError, "interpolation must be one of nearest, .* got 99"),
    (lambda: T.Resize(4, max_size=4), ValueError, "Resize: max_size must be a whole number above size=4, got 4"),
    (lambda: T.Resize((4, 5), max_size=9), ValueError, "Resize: max_size is for one number as size"),
    (lambda: T.RandomRotation(-3), ValueError, "RandomRotation: degrees must be at least 0 if it is one number"),
    (lambda: T.RandomRotation((3, 2)), ValueError, "RandomRotation: degrees"),
    (lambda: T.RandomRotation((1, 2, 3)), TypeError, "RandomRotation: degrees must be a number or 2 numbers"),
    (lambda: T.RandomRotation(3, "lanczos"), ValueError, "must be one of nearest, bilinear, bicubic, got 'lanczos'"),
    (lambda: T.RandomRotation(3, center=4), TypeError, "RandomRotation: center must be two numbers"),
    (lambda: T.RandomAffine(3, translate=(2, 0)), ValueError, "RandomAffine: translate must be shares of 0 to 1"),
    (lambda: T.RandomAffine(3, translate=0.5), TypeError, "RandomAffine: translate must be two numbers"),
    (lambda: T.RandomAffine(3, scale=(0, 1)), ValueError, "RandomAffine: scale must be above 0"),
    (lambda: T.RandomAffine(3, shear=(1, 2, 3)), TypeError, "RandomAffine: shear must be a number or 2 or 4 numbers"),
    (lambda: T.RandomPerspective(1.5), ValueError, "distortion_scale must be a number of 0 to 1, got 1.5"),
    (lambda: T.ColorJitter(-1), ValueError, "ColorJitter: brightness must be at least 0"),
    (lambda: T.ColorJitter(hue=0.6), ValueError, "ColorJitter: hue"),
    (lambda: T.ColorJitter(contrast=(2, 1)), ValueError, "ColorJitter: contrast"),
    (lambda: T.ColorJitter(saturation="much"), TypeError, "ColorJitter: saturation must be two numbers"),
    (lambda: T.Grayscale(2), ValueError, "Grayscale: num_output_channels must be 1 or 3, got 2"),
    (lambda: T.GaussianBlur(4), ValueError, "GaussianBlur: kernel_size must be one or two odd numbers"),
    (lambda: T.GaussianBlur(3, (0, 1)), ValueError, "GaussianBlur: sigma must be above 0"),
    (lambda: T.GaussianBlur(3, (2, 1)), ValueError, "GaussianBlur: sigma"),
    (lambda: T.RandomErasing(scale=(0, 2)), ValueError, "RandomErasing: scale"),
    (lambda: T.RandomErasing(value="noise"), ValueError, "RandomErasing: value must be numbers or 'random'"),
    (lambda: T.RandomErasing(value=None), TypeError, "RandomErasing: value must be numbers or 'random'"),
    (lambda: T.Cutout(0), ValueError, "Cutout: length must be a whole number above 0, got 0"),
    (lambda: T.Cutout(4, 0), ValueError, "Cutout: n_holes"),
    (lambda: T.RandomPosterize(0), ValueError, "RandomPosterize: bits must be a whole number of 1 to 8, got 0"),
    (lambda: T.RandomSolarize("half"), ValueError, "RandomSolarize: threshold"),
    (lambda: T.RandomAdjustSharpness(-1), ValueError, "RandomAdjustSharpness: sharpness_factor"),
    (lambda: T.RandomChoice([]), ValueError, "RandomChoice: expected at least one"),
    (lambda: T.RandomChoice([abs], p=[1, 2]), ValueError, "RandomChoice: p must have a number for each of the 1"),
    (lambda: T.RandomChoice([abs], p=[0]), ValueError, "RandomChoice: p must be numbers of at least 0, not all zero"),
    (lambda: T.RandomOrder([3]), TypeError, "RandomOrder: every transform must be a function"),
    (lambda: T.RandomApply(T.ToTensor()), TypeError, r"RandomApply: expected a list of transforms, got ToTensor\(\)"),
    (lambda: T.FiveCrop((0, 1)), ValueError, "FiveCrop: size"),
    (lambda: T.TenCrop(99)(RGB), ValueError, "five_crop: the image of 24 x 30 is smaller than size"),
    (lambda: T.AutoAugment("mnist"), ValueError, "AutoAugment: policy must be one of imagenet, cifar10, svhn, got"),
    (lambda: T.RandAugment(num_ops=-1), ValueError, "RandAugment: num_ops"),
    (lambda: T.RandAugment(magnitude=31), ValueError, "RandAugment: magnitude must be a whole number of 0 to 30"),
    (lambda: T.TrivialAugmentWide(1), ValueError, "TrivialAugmentWide: num_magnitude_bins"),
])
def test_bad_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize("name", sorted(RANDOM.keys() - {"RandomApply", "RandomChoice", "RandomOrder"}))
def test_neither_picture_nor_tensor(name):
    for image in (np.zeros((4, 4), np.int64), [[1, 2]], np.zeros(3, np.uint8)):
        with pytest.raises(TypeError, match=f"{name}: expected"):
            RANDOM[name]()(image)
    with pytest.raises((ValueError, TypeError), match=f"{name}: expected a .*"):
        RANDOM[name]()(np.zeros((4, 4), np.float32))


def test_from_bytes_to_floats_by_way_of_pil_to_tensor():
    planes = T.PILToTensor()(RGB)
    assert planes.dtype == np.uint8 and np.array_equal(planes, ARRAY.transpose(2, 0, 1))
    assert np.array_equal(T.ConvertImageDtype(np.float32)(planes), TENSOR)
    assert np.array_equal(T.ToPILImage()(TENSOR), RGB) and T.ToPILImage("HSV")(TENSOR).mode == "HSV"
    assert "float32" in repr(T.ConvertImageDtype("float32"))
