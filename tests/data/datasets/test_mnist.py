"""The MNIST family: finding, reading, refusing and fetching its files. The server is on this machine."""

import functools
import gzip
import hashlib
import http.server
import os
import struct
import threading
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from minitorch.data.datasets import KMNIST, MNIST, FashionMNIST
from minitorch.data.download import Resource

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
SETS = [MNIST, FashionMNIST, KMNIST]


def image_file(count, seed, rows=28):
    pixels = np.random.RandomState(seed).randint(0, 256, count * rows * 28).astype(np.uint8)
    return struct.pack(">HBBIII", 0, 8, 3, count, rows, 28) + pixels.tobytes()


def label_file(labels):
    return struct.pack(">HBBI", 0, 8, 1, len(labels)) + bytes(labels)


FILES = {
    "train-images-idx3-ubyte": image_file(6, 0),
    "train-labels-idx1-ubyte": label_file([0, 1, 9, 3, 3, 2]),
    "t10k-images-idx3-ubyte": image_file(3, 1),
    "t10k-labels-idx1-ubyte": label_file([5, 4, 3]),
}


def lay_out(folder, files=FILES, compress=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / (name + ".gz" * compress)).write_bytes(gzip.compress(content) if compress else content)


@pytest.mark.parametrize("dataset", SETS)
@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("torchvision", [True, False])
def test_read(tmp_path, dataset, compress, torchvision):
    lay_out(tmp_path / dataset.__name__ / "raw" if torchvision else tmp_path, compress=compress)
    train, test = dataset(tmp_path), dataset(str(tmp_path), train=False)
    assert train.data.shape == (6, 28, 28) and train.data.dtype == np.uint8
    assert train.data.tobytes() == FILES["train-images-idx3-ubyte"][16:]
    assert train.targets.dtype == np.int64 and train.targets.tolist() == [0, 1, 9, 3, 3, 2]
    assert len(test) == 3 and test.targets.tolist() == [5, 4, 3]
    assert test.data.tobytes() == FILES["t10k-images-idx3-ubyte"][16:]
    assert len(train.classes) == 10 and train.class_to_idx[train.classes[7]] == 7
    assert not train.data.flags.writeable and not train.targets.flags.writeable


def test_transforms_and_keywords(tmp_path):
    lay_out(tmp_path)
    dataset = MNIST(root=tmp_path, train=True, transform=lambda image: image.sum(), target_transform=str,
                    download=False)
    assert dataset[2] == (dataset.data[2].sum(), "9")


def test_files_come_from_one_folder(tmp_path):
    lay_out(tmp_path)
    lay_out(tmp_path / "MNIST" / "raw", {"train-labels-idx1-ubyte": label_file([1, 1, 1, 1, 1, 1])})
    assert MNIST(tmp_path).targets.tolist() == [0, 1, 9, 3, 3, 2]


def test_missing_files_are_explained(tmp_path):
    with pytest.raises(RuntimeError) as caught:
        KMNIST(tmp_path)
    message = str(caught.value)
    for part in ("train-images-idx3-ubyte", str(tmp_path / "KMNIST" / "raw"), "download=True", "FashionMini",
                 *(KMNIST.mirrors[0] + resource.filename for resource in KMNIST.resources)):
        assert part in message


@pytest.mark.parametrize("name, content, match", [
    ("train-images-idx3-ubyte", FILES["train-images-idx3-ubyte"][:-1], "truncated"),
    ("train-images-idx3-ubyte", FILES["train-images-idx3-ubyte"] + b"x", "oversized"),
    ("train-images-idx3-ubyte", b"\0\0\x0b\3" + FILES["train-images-idx3-ubyte"][4:], "expected elements of uint8"),
    ("train-images-idx3-ubyte", b"PK\3\4" + FILES["train-images-idx3-ubyte"][4:], "wrong magic"),
    ("train-images-idx3-ubyte", FILES["train-labels-idx1-ubyte"], "expected 3 dimensions.*swapped"),
    ("train-images-idx3-ubyte", image_file(6, 0, rows=27), "expected images of 28 x 28"),
    ("train-images-idx3-ubyte", struct.pack(">HBBIII", 0, 8, 3, 2**31, 28, 28), "oversized"),
    ("train-images-idx3-ubyte", image_file(5, 0), "belong to the same set"),
    ("train-labels-idx1-ubyte", FILES["train-images-idx3-ubyte"], "expected 1 dimensions.*swapped"),
    ("train-labels-idx1-ubyte", label_file([0, 1, 2, 3, 4, 10]), r"labels must be 0\.\.9, got 0\.\.10"),
])
@pytest.mark.parametrize("compress", [True, False])
def test_damaged_files(tmp_path, name, content, match, compress):
    lay_out(tmp_path, {**FILES, name: content}, compress)
    with pytest.raises(ValueError, match=match):
        MNIST(tmp_path)


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror of a small MNIST: a folder served on this machine, and a dataset class that knows its checksums."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = tmp_path / "served"
    lay_out(served)
    handler = functools.partial(Quiet, directory=str(served))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    url = f"http://127.0.0.1:{server.server_address[1]}"

    class Small(MNIST):
        folder = served
        mirrors: ClassVar = [f"{url}/none/", f"{url}/"]
        resources: ClassVar = []

    for resource in MNIST.resources:
        content = (served / resource.filename).read_bytes()
        Small.resources.append(Resource(resource.filename, len(content),
                                        ("sha256", hashlib.sha256(content).hexdigest())))
    yield Small
    server.shutdown()
    server.server_close()
    thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_download(mirror, tmp_path):
    dataset = mirror(tmp_path / "root", download=True)
    assert dataset.targets.tolist() == [0, 1, 9, 3, 3, 2]
    raw = tmp_path / "root" / "Small" / "raw"
    assert sorted(os.listdir(raw)) == sorted(f"{name}.gz" for name in FILES)
    mirror.mirrors = []  # what is there is not fetched again
    assert mirror(tmp_path / "root", train=False, download=True).targets.tolist() == [5, 4, 3]


def test_download_fetches_only_what_is_missing(mirror, tmp_path):
    raw = tmp_path / "root" / "Small" / "raw"
    lay_out(raw, {"train-labels-idx1-ubyte": label_file([7] * 6)}, compress=False)
    assert mirror(tmp_path / "root", download=True).targets.tolist() == [7] * 6


def test_files_in_root_are_not_fetched_again(mirror, tmp_path):
    lay_out(tmp_path / "root")
    mirror.mirrors = []
    assert len(mirror(tmp_path / "root", download=True)) == 6


def test_download_of_a_wrong_file(mirror, tmp_path):
    name = "t10k-images-idx3-ubyte.gz"
    content = bytearray((mirror.folder / name).read_bytes())
    content[100] ^= 1
    (mirror.folder / name).write_bytes(content)
    with pytest.raises(RuntimeError) as caught:
        mirror(tmp_path / "root", download=True)
    message = str(caught.value)
    for part in (f"{mirror.mirrors[0]}{name}: HTTP Error 404", f"{mirror.mirrors[1]}{name}: wrong checksum",
                 hashlib.sha256(content).hexdigest(), "Without a network",
                 str(tmp_path / "root" / "Small" / "raw")):
        assert part in message
    assert name not in os.listdir(tmp_path / "root" / "Small" / "raw")


def test_download_into_a_folder_that_cannot_be(mirror, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RuntimeError, match="Without a network"):
        mirror(tmp_path / "file", download=True)


@pytest.mark.parametrize("dataset", SETS)
def test_resources(dataset):
    assert [resource.filename.removesuffix(".gz") for resource in dataset.resources] == list(FILES)
    assert len(dataset.mirrors) >= 2 and len(set(dataset.mirrors)) == len(dataset.mirrors)
    for resource in dataset.resources:
        algorithm, digits = resource.checksum
        assert algorithm == "sha256" and len(bytes.fromhex(digits)) == 32 and 0 < resource.size < 2**26


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
def test_debian_package():
    test = FashionMNIST(DEBIAN, train=False)
    assert test.data.shape == (10000, 28, 28)
    assert np.bincount(test.targets).tolist() == [1000] * 10
    assert test.classes[test.targets[0]] == "Ankle boot"


# Seconds since 1970 that the official archives carry; Debian took out time and name and left the rest.
OFFICIAL_TIME = {"train": 1504176606, "t10k": 1504176627}


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
@pytest.mark.parametrize("resource", FashionMNIST.resources, ids=lambda resource: resource.filename)
def test_checksums_are_those_of_the_official_archives(resource):
    """Debian's archives, with the official time and name put back, have the MD5 that the authors publish."""
    name = resource.filename.removesuffix(".gz")
    published = {"train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                 "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
                 "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
                 "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310"}[name]
    header = b"\x1f\x8b\x08\x08" + struct.pack("<I", OFFICIAL_TIME[name.split("-")[0]]) + b"\0\3"
    archive = header + name.encode() + b"\0" + (DEBIAN / resource.filename).read_bytes()[10:]
    assert hashlib.md5(archive).hexdigest() == published
    assert (len(archive), hashlib.sha256(archive).hexdigest()) == (resource.size, resource.checksum[1])
