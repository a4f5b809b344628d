"""Files of tensors: round trips, damaged and foreign files, folders that cannot be written."""

import builtins
import collections
import errno
import io
import json
import math
import os
import pickle
import stat
import zipfile
import zlib

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minitorch import dtype as dtypes
from minitorch import nn, optim, random
from minitorch.creation import ones, randn, tensor
from minitorch.serialization import load, load_metadata, save, write_atomically
from minitorch.tensor import Tensor


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.safetensors"


def same(found, expected):
    """Equal structure, numbers, types; arrays and tensors count alike, NaN equals NaN."""
    if isinstance(expected, (Tensor, np.ndarray)):
        array = expected.array if isinstance(expected, Tensor) else expected
        return (
            type(found) is Tensor
            and found.dtype == array.dtype
            and found.shape == array.shape
            and np.array_equal(found.array, array, equal_nan=array.dtype.kind == "f")
        )
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, (list, tuple)):
        return type(found) is list and len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, float) and math.isnan(expected):
        return math.isnan(found)
    return type(found) is type(expected) and found == expected


def raw_file(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


# Round trips.


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3, 4)], ids=str)
def test_every_dtype_and_shape(path, dtype, shape):
    array = np.asarray(np.arange(math.prod(shape)).reshape(shape) % 5).astype(dtype)
    save({"x": Tensor(array), "y": array}, path)
    assert same(load(path), {"x": array, "y": array})


def test_special_numbers(path):
    state = {"x": np.array([math.nan, math.inf, -math.inf, -0.0, 5e-324])}
    save(state, path)
    found = load(path)
    assert same(found, state) and np.signbit(found["x"].array[3])


def test_views_and_shared_memory(path):
    x = randn(4, 6)
    fortran = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    state = {"t": x.T, "step": x[:, ::2], "reverse": x.array[::-1], "wide": x[:1].expand(3, 6), "f": fortran}
    state |= {"same": x, "again": x}
    save(state, path)
    found = load(path)
    assert same(found, state)
    found["same"].array[...] = 0
    assert same(found["again"], x)


def test_loaded_tensors_can_be_written(path):
    save({"x": ones(3)}, path)
    x = load(path)["x"]
    x.array += 1
    assert x.tolist() == [2, 2, 2] and not x.requires_grad and x.array.flags.owndata
    assert same(load(path), {"x": ones(3)})


def test_order_of_keys_is_kept(path):
    state = {key: ones(1) for key in ("z", "a", "m.b", "", "ä", "__metadata__", "a/b")}
    save(state, path)
    assert same(load(path), state)


def test_empty_state(path):
    save({}, path)
    assert load(path) == {}


def test_training_checkpoint(path):
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

    def step():
        optimizer.zero_grad()
        net(randn(8, 3)).pow(2).sum().backward()
        optimizer.step()

    step()
    save(
        {
            "model": net.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": 3,
            "generator": random.default_generator.get_state(),
        },
        path,
    )
    step()
    expected = {key: value.array.copy() for key, value in net.state_dict().items()}
    state = load(path)
    assert state["epoch"] == 3
    net.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    random.default_generator.set_state(state["generator"])
    step()
    assert all(np.array_equal(value.array, expected[key]) for key, value in net.state_dict().items())


def test_nested_values(path):
    state = {
        "none": None,
        "flags": [True, False],
        "numbers": [0, -1, 2**100, 0.1, 1e300, math.inf, -math.inf, math.nan],
        "text": "ä\n\0\"",
        "by number": {3: "a", -1: ones(2), "3": "b", 0: {}},
        "tuple": (1, (ones(1),)),
        "tensor": {"tensor": "x", "dict": {}},
        "deep": [[[[]]]],
    }
    save(state, path)
    assert same(load(path), state)


def test_numpy_numbers_become_python_ones(path):
    save({"a": np.float64(0.5), "b": np.int64(3), "c": np.bool_(True)}, path)
    assert same(load(path), {"a": 0.5, "b": 3, "c": True})


def test_paths_that_would_clash(path):
    state = {"a/b": ones(1), "a": {"b": ones(2), "c": [ones(3)]}, "a/c": {"0": ones(4)}}
    state["n"] = {1: ones(5), "1": ones(6)}
    save(state, path)
    assert same(load(path), state)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8"))
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
ARRAYS = hnp.arrays(st.sampled_from([np.float32, np.int64, np.bool_]), SHAPES)
KEYS = st.text(st.characters(codec="utf-8"), max_size=4) | st.integers()
STATES = st.recursive(LEAVES | ARRAYS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=9)


@given(st.dictionaries(KEYS, STATES, max_size=4))
def test_any_state(tmp_path_factory, state):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    save(state, path)
    assert same(load(path), state)


def test_metadata(path):
    save({"x": ones(1)}, path, {"note": "fünf"})
    assert load_metadata(path) == {"note": "fünf"} and list(load(path)) == ["x"]
    for bad in ({"a": 1}, {1: "a"}, {"minitorch.structure": "{}"}):
        with pytest.raises(ValueError, match="metadata must map strings to strings"):
            save({}, path, bad)


def test_device_and_path_types(path):
    save({"x": ones(1)}, str(path))
    assert load(os.fsencode(path), device="cpu")["x"].device.type == "cpu"
    with pytest.raises(RuntimeError, match="device"):
        load(path, device="tpu")
    with pytest.raises(TypeError):
        save({}, io.BytesIO())


def test_other_programs_read_the_tensors_and_are_read(path):
    save({"model": {"a.weight": ones(2)}, "flat": ones(3), "n": 1}, path)
    assert sorted(safetensors.numpy.load_file(path)) == ["flat", "model/a.weight"]
    arrays = {"b.weight": np.ones((2, 3), np.float32), "a.bias": np.zeros(3)}
    safetensors.numpy.save_file(arrays, path, {"format": "pt"})
    found = load(path)
    assert same({key: found[key] for key in arrays}, arrays) and load_metadata(path) == {"format": "pt"}


def test_files_of_pytorch(path):
    torch = pytest.importorskip("torch", reason="needs torch")
    safetensors_torch = pytest.importorskip("safetensors.torch", reason="needs torch")
    theirs = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    safetensors_torch.save_file(theirs.state_dict(), path)
    ours = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    ours.load_state_dict(load(path))
    for key, value in theirs.state_dict().items():
        assert np.array_equal(ours.state_dict()[key].array, value.numpy())
    save(ours.state_dict(), path)
    theirs.load_state_dict(safetensors_torch.load_file(path))


# What cannot be stored.


@pytest.mark.parametrize(
    "state, error, text",
    [
        ([ones(1)], TypeError, "state must be a dictionary, got list"),
        (nn.Linear(1, 1), TypeError, r"got Linear; pass its state_dict\(\)"),
        ({"model": nn.Linear(1, 1)}, TypeError, r"cannot store Linear at 'model'; pass its state_dict\(\)"),
        ({"g": random.default_generator}, TypeError, r"at 'g'; pass its get_state\(\)"),
        ({"a": {"b": [1, {2}]}}, TypeError, "cannot store set at 'a/b/1'"),
        ({"a": 1j}, TypeError, "cannot store complex at 'a'"),
        ({"a": {"b": np.ones(1, complex)}}, TypeError, "cannot store an array of complex128 at 'a/b'"),
        ({"a": np.array(["x"])}, TypeError, "cannot store an array of <U1 at 'a'"),
        ({"a": np.array([None])}, TypeError, "cannot store an array of object at 'a'"),
        ({"a": {1.5: 1}}, TypeError, "keys must be strings or integers, got 1.5 in 'a'"),
        ({True: 1}, TypeError, "keys must be strings or integers, got True"),
        ({"\ud800": ones(1)}, ValueError, "cannot be stored as safetensors"),
    ],
)
def test_refuses_what_it_cannot_store(path, state, error, text):
    save({"x": ones(1)}, path)
    with pytest.raises(error, match=text):
        save(state, path)
    assert same(load(path), {"x": ones(1)}) and os.listdir(path.parent) == [path.name]


def test_refuses_a_state_that_holds_itself(path):
    state = {}
    state["self"] = state
    with pytest.raises(ValueError, match="nested more than 100 deep, or holds itself"):
        save(state, path)
    assert not path.exists()


# Folders and disks.


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder .*runs; make it first"):
        save({"x": ones(1)}, tmp_path / "runs" / "x.safetensors")
    assert os.listdir(tmp_path) == []


def test_a_folder_or_a_file_in_the_way(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        save({}, tmp_path)
    (tmp_path / "file").write_bytes(b"text")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        save({}, tmp_path / "file" / "x.safetensors")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder(tmp_path):
    save({"x": ones(1)}, tmp_path / "old.safetensors")
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        for name in ("old.safetensors", "new.safetensors"):
            with pytest.raises(PermissionError, match=f"save: cannot write .*{name}"):
                save({"x": ones(2)}, tmp_path / name)
        assert same(load(tmp_path / "old.safetensors"), {"x": ones(1)})
        assert os.listdir(tmp_path) == ["old.safetensors"]
    finally:
        tmp_path.chmod(stat.S_IRWXU)


class FullDisk(io.BytesIO):
    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("stage", ["open", "write", "fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(path, monkeypatch, stage):
    save({"x": ones(1)}, path)

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    if stage in ("fsync", "replace"):
        monkeypatch.setattr(os, stage, refuse)
    else:
        original = builtins.open

        def opened(file, mode="r", *args, **kwargs):
            if mode == "xb" and stage == "open":
                refuse()
            handle = original(file, mode, *args, **kwargs)
            if mode == "xb":
                handle.close()
                return FullDisk()
            return handle

        monkeypatch.setattr(builtins, "open", opened)
    with pytest.raises(OSError, match=f"save: cannot write .*{path.name}") as caught:
        save({"x": ones(2)}, path)
    monkeypatch.undo()
    assert caught.value.errno == (errno.ENOSPC if stage == "write" else errno.EACCES)
    assert isinstance(caught.value, PermissionError) is (stage != "write")
    assert same(load(path), {"x": ones(1)}) and os.listdir(path.parent) == [path.name]


def test_an_interrupted_write_leaves_nothing(path, monkeypatch):
    def interrupt(number):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"text")
    assert os.listdir(path.parent) == []


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("links cannot be made here")
    write_atomically(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"


# Files that are not good.


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.safetensors"):
        load(tmp_path / "none.safetensors")


def test_a_checkpoint_cut_anywhere(path):
    save({"model": {"weight": ones(50), "bias": tensor([1, 2])}, "epoch": 3}, path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"load: .*state\.safetensors is cut short: .* bytes"):
        load(path)
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError, match=r"load: .*state\.safetensors is "):
            load(path)


def test_any_changed_byte_is_found(path):
    """All of the header with several values, among them those that keep it JSON, and a sample of the numbers."""
    weights = randn(200, generator=random.Generator(0))
    save({"model": {"weight": weights, "steps": tensor([1, 2])}, "epoch": 3, 4: None}, path, {"note": "two\nlines"})
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    places = [*range(header), *range(header, len(data), 13), len(data) - 1]
    for i in places:
        others = {0, 255, data[i] ^ 1, data[i] ^ 0x20, data[i] ^ 0x80, *b' "0aA\\/,:{}x'} - {data[i]}
        for value in others if i < header else {data[i] ^ 1, data[i] ^ 0x80}:
            path.write_bytes(data[:i] + bytes([value]) + data[i + 1 :])
            for read in (load, load_metadata):
                with pytest.raises(ValueError, match=r"load: .*state\.safetensors"):
                    read(path)
    path.write_bytes(data)
    assert same(load(path)["model"]["weight"], weights) and load_metadata(path) == {"note": "two\nlines"}


@pytest.mark.parametrize("name", ["minitorch.structure", "minitorch.checksum", "__metadata__"])
def test_a_file_that_lost_a_name_does_not_pass_for_a_foreign_one(path, name):
    save({"weight": ones(2)}, path)
    data = path.read_bytes()
    for i in range(data.index(name.encode()), data.index(name.encode()) + len(name)):
        for value in set(range(256)) - {data[i]}:
            path.write_bytes(data[:i] + bytes([value]) + data[i + 1 :])
            with pytest.raises(ValueError, match=r"load: .*state\.safetensors"):
                load(path)


def test_files_of_other_programs_need_no_checksum(path):
    for notes in (None, {"format": "pt", "checksum": "none"}):
        path.write_bytes(safetensors.numpy.save({"x": np.ones(1)}, notes))
        assert same(load(path), {"x": ones(1).double()}) and load_metadata(path) == (notes or {})


@pytest.mark.parametrize(
    "data, text",
    [
        (b"", "is no safetensors file: it has only 0 bytes"),
        (b"1234567", "it has only 7 bytes"),
        (raw_file(b"{}") + b"more", "is damaged: it should have 10 bytes, and has 14"),
        ((2**62).to_bytes(8, "little") + b"{}", "claims a header of 4611686018427387904 bytes"),
        ((10**6).to_bytes(8, "little") + b"{}", "is cut short: its header alone should have 1000000 bytes"),
        (raw_file(b"not JSON"), "is no safetensors file, or damaged"),
        (raw_file(b"[" * 50_000), "is no safetensors file, or damaged"),
        (raw_file({"x": {"dtype": "F32", "shape": [2**62, 8], "data_offsets": [0, 4]}}, b"1234"), "damaged"),
        (raw_file({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}), "is cut short: it should have"),
        (raw_file({"x": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}, b"1234"), "damaged"),
        (raw_file({"x": {"dtype": "F32", "shape": [0, 2**62, 2**62], "data_offsets": [0, 0]}}), "damaged"),
        (raw_file({"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, b"1234"), "'x' .* type BF16"),
        (pickle.dumps({"x": 1}, 2), "looks like a pickle"),
        (pickle.dumps({"x": 1}, 4), "looks like a pickle.*safetensors.torch.save_file"),
        (b"<!DOCTYPE html><html></html>", "looks like a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        (b"\x93NUMPY\x01\x00v\x00{'descr'", "looks like a NumPy file"),
    ],
)
def test_files_of_other_kinds(path, data, text):
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"load: .*{text}"):
        load(path)


def test_a_pytorch_file_is_named_and_never_unpickled(path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(path.parent / "trapped"),)

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"looks like a PyTorch file \(.pt, .pth\).*safetensors.torch.save_file"):
        load(path)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="looks like a pickle"):
        load(path)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize(
    "structure",
    [
        "not JSON",
        "[" * 100_000,
        "3",
        "[]",
        "{}",
        '{"dict": {}}',
        '{"dict": {"x": {"tensor": "y"}}}',
        '{"dict": {"x": {"tensor": ["x"]}}}',
        '{"dict": {"x": {"run": "x"}}}',
        '{"dict": {"x": {"tensor": "x", "more": 1}}}',
        '{"dict": 3}',
        '{"pairs": [[1]]}',
        '{"pairs": [[[], 1]]}',
        '{"dict": {"x": {"float": "x"}}}',
    ],
)
def test_a_damaged_structure(path, structure):
    entries = {"minitorch.structure": structure, "minitorch.checksum": "00000000"}
    data = safetensors.numpy.save({"x": np.ones(1)}, entries)
    path.write_bytes(data.replace(b'checksum":"00000000', b'checksum":"%08x' % zlib.crc32(data)))
    with pytest.raises(ValueError, match="load: the record of the structure in .* is damaged"):
        load(path)


def test_any_mapping_will_do(path):
    save(collections.OrderedDict(x=ones(1), y=collections.ChainMap({"z": 1})), path)
    assert same(load(path), {"x": ones(1), "y": {"z": 1}})
