"""CIFAR in both forms: finding, reading, refusing, unpacking and fetching its files. The server is on this machine."""

import functools
import hashlib
import http.server
import io
import os
import pickle
import tarfile
import threading

import numpy as np
import pytest

from minitorch.data.datasets import CIFAR10, CIFAR100
from minitorch.data.download import Resource

SETS = [CIFAR10, CIFAR100]
COUNT = 4  # images in a file


def batch(number, classes):
    """Images (COUNT, 3072) and labels of the file with this number."""
    random = np.random.RandomState(number)
    return random.randint(0, 256, (COUNT, 3072)).astype(np.uint8), random.randint(0, classes, COUNT)


def pickled(dataset, number, keys=bytes, protocol=2):
    images, labels = batch(number, len(dataset.classes))
    content = {"batch_label": b"a batch", "data": images, dataset.labels_key: labels.tolist(),
               "coarse_labels": [1] * COUNT, "filenames": [b"a.png"] * COUNT}  # fmt: skip
    return pickle.dumps({key.encode() if keys is bytes else key: value for key, value in content.items()}, protocol)


def plain(dataset, number):
    images, labels = batch(number, len(dataset.classes))
    before = np.full((COUNT, dataset.label_bytes - 1), 7, np.uint8)  # the coarse label
    return np.concatenate([before, labels.astype(np.uint8)[:, None], images], axis=1).tobytes()


def files(dataset, version, make):
    """Name -> content of all files of a version, numbered in order."""
    return {name: make(dataset, number) for number, name in enumerate(version.train + version.test)}


def lay_out(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def archive(folder, contents):
    """The .tar.gz of files in a folder, as bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def check(dataset, root, **arguments):
    """Both splits hold the images and labels that were written."""
    train, test = dataset(root, train=True, **arguments), dataset(root, train=False)
    batches = [batch(number, len(dataset.classes)) for number in range(len(dataset.python.train) + 1)]
    for split, parts in ((train, batches[:-1]), (test, batches[-1:])):
        images = np.concatenate([images for images, _ in parts])
        assert split.data.shape == (len(images), 32, 32, 3) and split.data.dtype == np.uint8
        for channel in range(3):  # in the files all of red, then green, then blue
            plane = images[:, channel * 1024:(channel + 1) * 1024].reshape(-1, 32, 32)
            np.testing.assert_array_equal(split.data[..., channel], plane)
        np.testing.assert_array_equal(split.targets, np.concatenate([labels for _, labels in parts]))
        assert split.targets.dtype == np.int64 and not split.data.flags.writeable


@pytest.mark.parametrize("dataset", SETS)
@pytest.mark.parametrize("in_root", [True, False])
def test_python_version(tmp_path, dataset, in_root):
    lay_out(tmp_path if in_root else tmp_path / dataset.python.folder, files(dataset, dataset.python, pickled))
    check(dataset, tmp_path)


@pytest.mark.parametrize("keys", [bytes, str])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_pickles_of_any_age(tmp_path, keys, protocol):
    make = functools.partial(pickled, keys=keys, protocol=protocol)
    lay_out(tmp_path, files(CIFAR10, CIFAR10.python, make))
    check(CIFAR10, str(tmp_path))


@pytest.mark.parametrize("dataset", SETS)
@pytest.mark.parametrize("in_root", [True, False])
def test_binary_version(tmp_path, dataset, in_root):
    lay_out(tmp_path if in_root else tmp_path / dataset.binary.folder, files(dataset, dataset.binary, plain))
    check(dataset, tmp_path)


@pytest.mark.parametrize("dataset", SETS)
@pytest.mark.parametrize("form, make", [("python", pickled), ("binary", plain)])
def test_an_archive_is_unpacked(tmp_path, dataset, form, make):
    version = getattr(dataset, form)
    content = archive(version.folder, {"readme.html": b"x", **files(dataset, version, make)})
    (tmp_path / version.archive.filename).write_bytes(content)
    check(dataset, tmp_path)
    assert sorted(os.listdir(tmp_path / version.folder)) == sorted(version.train + version.test)


def test_samples_arrays_and_transforms(tmp_path):
    lay_out(tmp_path, files(CIFAR10, CIFAR10.binary, plain))
    dataset = CIFAR10(tmp_path, train=False, transform=lambda image: int(image[0, 1, 2]), target_transform=str)
    image, label = dataset[3]
    assert image == int(batch(5, 10)[0][3].reshape(3, 32, 32)[2, 0, 1]) and label == str(batch(5, 10)[1][3])
    images, _ = dataset.arrays()
    assert images.shape == (COUNT, 3, 32, 32) and images.dtype == np.float32 and images.flags.c_contiguous
    np.testing.assert_array_equal(images, dataset.data.transpose(0, 3, 1, 2) / np.float32(255))
    assert repr(dataset) == "CIFAR10(4 images of 32 x 32 x 3, 10 classes)"


def test_classes():
    assert CIFAR10.classes[3] == "cat" and len(CIFAR10.classes) == 10
    assert len(set(CIFAR100.classes)) == 100 and sorted(CIFAR100.classes) == CIFAR100.classes
    assert (CIFAR100.classes[0], CIFAR100.classes[55], CIFAR100.classes[99]) == ("apple", "otter", "worm")


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("/tmp/minitorch-was-here",)


@pytest.mark.parametrize("change, words", [
    (lambda c: pickle.dumps({"data": Harmful()}, 2), "nothing of it was run"),
    (lambda c: c[:-100], "damaged or of another set"),
    (lambda c: b"", "damaged or of another set"),
    (lambda c: pickle.dumps([1, 2], 2), "damaged or of another set"),
    (lambda c: pickle.dumps({"data": np.zeros((4, 3072), np.uint8)}, 2), "labels"),
    (lambda c: pickle.dumps({"data": np.zeros((4, 3072), np.uint8), "labels": [1, 2]}, 2), "4|labels"),
    (lambda c: pickle.dumps({"data": np.zeros((4, 3071), np.uint8), "labels": [1] * 4}, 2), "3072 bytes"),
    (lambda c: pickle.dumps({"data": np.zeros((4, 3072), np.int64), "labels": [1] * 4}, 2), "3072 bytes"),
    (lambda c: pickle.dumps({"data": np.zeros((4, 3072), np.uint8), "labels": [1, 2, 3, "4"]}, 2), "labels"),
    (lambda c: pickle.dumps({"data": np.zeros((4, 3072), np.uint8), "labels": [1, 2, 3, 10]}, 2), r"0\.\.9, got"),
])  # fmt: skip
def test_damaged_pickles(tmp_path, change, words):
    contents = files(CIFAR10, CIFAR10.python, pickled)
    contents["test_batch"] = change(contents["test_batch"])
    lay_out(tmp_path, contents)
    with pytest.raises(ValueError, match=words):
        CIFAR10(tmp_path, train=False)
    assert len(CIFAR10(tmp_path)) == 5 * COUNT and not os.path.exists("/tmp/minitorch-was-here")


@pytest.mark.parametrize("content", [b"", bytes(3072), bytes(3074 * 3)])
def test_damaged_bytes(tmp_path, content):
    lay_out(tmp_path, {**files(CIFAR10, CIFAR10.binary, plain), "test_batch.bin": content})
    with pytest.raises(ValueError, match="no multiple of 3073"):
        CIFAR10(tmp_path, train=False)


def test_a_label_beyond_the_classes(tmp_path):
    lay_out(tmp_path, {**files(CIFAR100, CIFAR100.binary, plain), "test.bin": bytes([1, 100]) + bytes(3072)})
    with pytest.raises(ValueError, match=r"labels must be 0\.\.99, got 100"):
        CIFAR100(tmp_path, train=False)


def test_missing_files_are_explained(tmp_path):
    with pytest.raises(RuntimeError) as caught:
        CIFAR100(tmp_path)
    for part in ("train", str(tmp_path / "cifar-100-python"), "download=True", "FashionMini",
                 CIFAR100.mirrors[0] + "cifar-100-python.tar.gz"):  # fmt: skip
        assert part in str(caught.value)


def test_a_damaged_archive_is_named(tmp_path):
    whole = archive("cifar-10-batches-py", files(CIFAR10, CIFAR10.python, pickled))
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cifar-10-python.tar.gz: the archive is damaged"):
        CIFAR10(tmp_path)


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror of a small CIFAR-10: a folder served on this machine, and a dataset class that knows its checksum."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = tmp_path / "served"
    content = archive("cifar-10-batches-py", files(CIFAR10, CIFAR10.python, pickled))
    lay_out(served, {"cifar-10-python.tar.gz": content})

    class Handler(http.server.SimpleHTTPRequestHandler):
        requests = []

        def do_GET(self):
            self.requests.append(self.path)
            super().do_GET()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(served)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"

    class Small(CIFAR10):
        folder, requests = served, Handler.requests
        mirrors = [f"{url}/none/", f"{url}/"]
        python = CIFAR10.python._replace(
            archive=Resource("cifar-10-python.tar.gz", len(content), ("md5", hashlib.md5(content).hexdigest()))
        )

    yield Small
    server.shutdown()
    server.server_close()
    thread.join()


def test_download(mirror, tmp_path):
    root = tmp_path / "root"
    check(mirror, root, download=True)
    check(mirror, root, download=True)
    assert mirror.requests == ["/none/cifar-10-python.tar.gz", "/cifar-10-python.tar.gz"]


def test_files_in_root_are_not_fetched_again(mirror, tmp_path):
    lay_out(tmp_path / "root", files(CIFAR10, CIFAR10.binary, plain))
    check(mirror, tmp_path / "root", download=True)
    assert mirror.requests == []


def test_download_of_a_wrong_file(mirror, tmp_path):
    path = mirror.folder / "cifar-10-python.tar.gz"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(RuntimeError) as caught:
        mirror(tmp_path / "root", download=True)
    for part in ("HTTP Error 404", "wrong checksum", "Without a network", str(tmp_path / "root")):
        assert part in str(caught.value)
    assert os.listdir(tmp_path / "root") == []


@pytest.mark.parametrize("dataset", SETS)
def test_resources(dataset):
    for version in (dataset.python, dataset.binary):
        algorithm, digits = version.archive.checksum
        assert algorithm == "md5" and len(bytes.fromhex(digits)) == 16 and 160e6 < version.archive.size < 171e6
    assert len(set(dataset.mirrors)) >= 2
