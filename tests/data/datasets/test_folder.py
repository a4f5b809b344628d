"""`ImageFolder`: torchvision's interface, decoding once, and clear errors."""

import contextlib
import os
import threading

import numpy as np
import pytest
from PIL import Image

from minitorch.data import DataLoader
from minitorch.data.datasets import ImageFolder
from minitorch.data.transforms import ToTensor

RANDOM = np.random.RandomState(0)


def picture(path, size=(6, 5), mode="RGB"):
    """A random picture of (width, height), saved; returns its pixels in RGB."""
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    image = Image.fromarray(RANDOM.randint(0, 256, (size[1], size[0], *channels)).astype(np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    with Image.open(path) as saved:
        return np.asarray(saved.convert("RGB"))


@pytest.fixture
def folder(tmp_path):
    for name in ("dog/2.png", "dog/10.PNG", "cat/b.png", "cat/deep/a.png", "ant/x.bmp"):
        picture(tmp_path / name)
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    (tmp_path / "loose.png").write_bytes(b"not in a class")
    return tmp_path


def test_classes_and_samples(folder):
    dataset = ImageFolder(folder)
    assert dataset.classes == ["ant", "cat", "dog"] and dataset.class_to_idx == {"ant": 0, "cat": 1, "dog": 2}
    names = [(os.path.relpath(path, folder), label) for path, label in dataset.samples]
    assert names == [("ant/x.bmp", 0), ("cat/b.png", 1), ("cat/deep/a.png", 1), ("dog/10.PNG", 2), ("dog/2.png", 2)]
    assert dataset.imgs is dataset.samples and dataset.targets == [0, 1, 1, 2, 2] and len(dataset) == 5
    assert repr(dataset) == f"ImageFolder(5 images in {folder}, 3 classes)"


def test_the_same_as_torchvision(folder):
    torch = pytest.importorskip("torch", reason="needs torch")
    with contextlib.suppress(RuntimeError):  # a build for the CPU may lack the operator that torchvision looks for
        torch.library.define("torchvision::nms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    torchvision = pytest.importorskip("torchvision", reason="needs torchvision")
    theirs, ours = torchvision.datasets.ImageFolder(str(folder)), ImageFolder(str(folder))
    assert (ours.classes, ours.class_to_idx, ours.samples) == (theirs.classes, theirs.class_to_idx, theirs.samples)
    for i in range(len(theirs)):
        np.testing.assert_array_equal(np.asarray(ours[i][0]), np.asarray(theirs[i][0]))


def test_samples_are_pictures_in_rgb(tmp_path):
    grey, colour = picture(tmp_path / "a" / "0.png", mode="L"), picture(tmp_path / "a" / "1.png", mode="RGBA")
    dataset = ImageFolder(tmp_path)
    for number, pixels in enumerate((grey, colour)):
        image, label = dataset[number]
        assert isinstance(image, Image.Image) and image.mode == "RGB" and label == 0
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_transforms_and_the_loader(folder):
    dataset = ImageFolder(folder, transform=ToTensor(), target_transform=lambda label: label + 10)
    images, labels = next(iter(DataLoader(dataset, batch_size=5, num_workers=2)))
    assert images.shape == (5, 3, 5, 6) and images.dtype == np.float32 and labels.tolist() == [10, 11, 11, 12, 12]


def test_own_loader_extensions_and_choice(folder):
    dataset = ImageFolder(folder, loader=os.path.basename, extensions=(".png",), allow_empty=True)
    assert [image for image, _ in dataset] == ["b.png", "a.png", "10.PNG", "2.png"]
    assert ImageFolder(folder, extensions=".bmp", allow_empty=True).targets == [0]


def test_choice_by_a_function(folder):
    chosen = ImageFolder(folder, is_valid_file=lambda path: path.endswith(("x.bmp", "notes.txt", "2.png")))
    assert [os.path.basename(path) for path, _ in chosen.samples] == ["x.bmp", "notes.txt", "2.png"]


def test_decode_gives_the_pixels_in_order(tmp_path):
    pixels = [picture(tmp_path / name) for name in ("a/0.png", "a/1.png", "b/0.png", "b/1.png", "b/2.png")]
    dataset = ImageFolder(tmp_path, transform=ToTensor())
    decoded = dataset.decode(num_threads=3)
    np.testing.assert_array_equal(decoded.data, np.stack(pixels))
    assert decoded.targets.tolist() == [0, 0, 1, 1, 1] and decoded.classes == ["a", "b"]
    images, labels = dataset.arrays()
    assert images.dtype == np.float32 and labels.tolist() == [0, 0, 1, 1, 1]
    np.testing.assert_array_equal(images, np.stack([image for image, _ in dataset]))


def test_files_are_decoded_once_and_by_several_threads(tmp_path):
    for number in range(6):
        picture(tmp_path / "a" / f"{number}.png")
    threads, calls, meeting = set(), [], threading.Barrier(2, timeout=30)

    def loader(path):
        calls.append(path)
        if len(calls) in (2, 3):  # the first is read alone; the next two meet, in two threads
            threads.add(threading.get_ident())
            meeting.wait()
        return Image.open(path).convert("RGB")

    dataset = ImageFolder(tmp_path, loader=loader)
    first = dataset.decode(num_threads=2)
    assert len(threads) == 2
    count = len(calls)
    assert dataset.decode() is first and dataset.arrays()[0].shape == (6, 3, 5, 6) and len(calls) == count
    assert dataset.decode(4).data.shape == (6, 4, 4, 3) and len(calls) > count


def test_sizes(tmp_path):
    picture(tmp_path / "a" / "wide.png", (20, 10))
    picture(tmp_path / "a" / "high.png", (10, 40))
    dataset = ImageFolder(tmp_path)
    with pytest.raises(ValueError, match=r"different sizes: .*high.png is \(40, 10, 3\), .*wide.png is \(10, 20, 3\)"):
        dataset.decode()
    assert dataset.decode((8, 6)).data.shape == (2, 8, 6, 3)
    assert dataset.arrays(size=5)[0].shape == (2, 3, 5, 5)


def test_the_middle_is_kept(tmp_path):
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 255
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "a" / "0.png")
    assert (ImageFolder(tmp_path).decode(10).data == 255).all()


@pytest.mark.parametrize("damage", [
    lambda content: content[: len(content) // 2], lambda content: b"", lambda content: b"<html>not found</html>",
    lambda content: content[:8] + bytes(100),
])  # fmt: skip
@pytest.mark.parametrize("name", ["1.png", "1.jpg"])
def test_broken_images_are_named(tmp_path, damage, name):
    picture(tmp_path / "a" / "0.png", (40, 40))
    path = tmp_path / "a" / name
    picture(path, (40, 40))
    path.write_bytes(damage(path.read_bytes()))
    dataset = ImageFolder(tmp_path)
    for use in (lambda: dataset[1], dataset.decode):
        with pytest.raises(ValueError, match=f"{path} is not an image that can be read"):
            use()


def test_an_image_that_unpacks_to_far_too_much(tmp_path, monkeypatch):
    picture(tmp_path / "a" / "0.png", (40, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match="not an image that can be read"):
        ImageFolder(tmp_path)[0]


def test_a_file_that_went_away(folder):
    dataset = ImageFolder(folder)
    os.remove(dataset.samples[0][0])
    with pytest.raises(FileNotFoundError):
        dataset[0]


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder .*none"):
        ImageFolder(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="has no folders; put the images of each class"):
        ImageFolder(tmp_path)
    picture(tmp_path / "a" / "0.png")
    for name in ("b", "c"):
        (tmp_path / name).mkdir()
    with pytest.raises(FileNotFoundError, match=r"no images \(files that end in .jpg.*\) in the folder of class b, c"):
        ImageFolder(tmp_path)
    assert ImageFolder(tmp_path, allow_empty=True).classes == ["a", "b", "c"]


def test_bad_arguments(folder):
    with pytest.raises(ValueError, match="extensions or is_valid_file, not both"):
        ImageFolder(folder, extensions=(".png",), is_valid_file=bool)
    with pytest.raises(TypeError, match="transform must be a function"):
        ImageFolder(folder, transform=3)
    with pytest.raises(TypeError, match="loader must be a function"):
        ImageFolder(folder, loader=None)
    with pytest.raises(TypeError, match="extensions must be texts"):
        ImageFolder(folder, extensions=())
