"""Checkpoint files: what they restore, and what becomes of them on full disks, after kills and damages."""

import errno
import os
import stat

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch
from minitorch import models, optim, serialization
from minitorch.nn import BatchNorm1d, Linear, Sequential
from minitorch.training import load_checkpoint, save_checkpoint, writable_folder
from minitorch.training.checkpoint_file import exists, previous, put_aside, read_checkpoint, write_checkpoint


def trained(steps, model, optimizer):
    for _ in range(steps):
        x = minitorch.randn(4, 3)
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()


def test_checkpoint_restores_everything(tmp_path):
    def fresh():
        minitorch.manual_seed(1)
        model = Sequential(Linear(3, 4), BatchNorm1d(4))
        return model, optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    model, optimizer = fresh()
    trained(3, model, optimizer)
    save_checkpoint(tmp_path / "c.safetensors", model, optimizer, epoch=3, note=["a", {"b": None}])
    trained(3, model, optimizer)
    other, other_optimizer = fresh()
    state = load_checkpoint(tmp_path / "c.safetensors", other, other_optimizer)
    assert state == {"epoch": 3, "note": ["a", {"b": None}]}
    trained(3, other, other_optimizer)
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[key].numpy(), value.numpy(), err_msg=key)


def test_checkpoint_cut_in_half(tmp_path):
    path = tmp_path / "c.safetensors"
    model = models.lenet5()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    save_checkpoint(path, model, optimizer)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    with pytest.raises(ValueError, match="c.safetensors"):
        load_checkpoint(path, model, optimizer)
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key])


def test_checkpoint_of_another_model_changes_nothing(tmp_path):
    path = tmp_path / "c.safetensors"
    model = Linear(3, 4)
    save_checkpoint(path, model, optim.SGD(model.parameters(), lr=0.1))
    other = Linear(3, 5)
    before = other.weight.detach().numpy().copy()
    with pytest.raises(ValueError, match="does not fit"):
        load_checkpoint(path, other, optim.SGD(other.parameters(), lr=0.1))
    np.testing.assert_array_equal(other.weight.detach().numpy(), before)
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        load_checkpoint(tmp_path / "none", other, None)
    same = Linear(3, 4)
    before = same.weight.detach().numpy().copy()
    groups = [{"params": [same.weight]}, {"params": [same.bias]}]  # the checkpoint's optimizer has one group
    with pytest.raises(ValueError, match="does not fit"):
        load_checkpoint(path, same, optim.SGD(groups, lr=0.1))
    np.testing.assert_array_equal(same.weight.detach().numpy(), before)
    minitorch.save({"weight": minitorch.ones(2)}, path)
    with pytest.raises(ValueError, match="not a checkpoint"):
        load_checkpoint(path, other, None)


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot be written to"):
        writable_folder(tmp_path / "file" / "folder")
    with pytest.raises(OSError, match="cannot be written to"):
        writable_folder(tmp_path / "file")
    assert writable_folder(tmp_path / "a" / "b").is_dir()
    assert not list((tmp_path / "a" / "b").iterdir())


# The file, and the one before it.


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def written(path, *numbers):
    for number in numbers:
        write_checkpoint(path, {"number": number, "x": minitorch.full((50,), float(number))})


def number_in(path):
    return read_checkpoint(path)["number"]


def test_the_checkpoint_before_is_kept(path):
    written(path, 1)
    assert os.listdir(path.parent) == ["run.safetensors"] and exists(path)
    written(path, 2, 3)
    assert number_in(path) == 3
    assert minitorch.load(previous(path))["number"] == 2
    assert sorted(os.listdir(path.parent)) == ["run.previous.safetensors", "run.safetensors"]


@pytest.mark.parametrize("place", [0, 8, 100, -1, -60, "cut", "empty", "gone"])
def test_a_damaged_checkpoint_is_reported_and_the_one_before_used(path, place):
    """Damaged in the length, the header, the numbers; cut; empty. After that the run saves as before."""
    written(path, 1, 2)
    data = bytearray(path.read_bytes())
    if place == "gone":
        path.unlink()
        assert number_in(path) == 1
        return
    if place == "cut":
        path.write_bytes(data[:-20])
    elif place == "empty":
        path.write_bytes(b"")
    else:
        data[place] ^= 1
        path.write_bytes(data)
    with pytest.warns(UserWarning, match="put aside as run.damaged.safetensors; going on from .*run.previous"):
        assert number_in(path) == 1
    written(path, 3)
    assert number_in(path) == 3 and minitorch.load(previous(path))["number"] == 1


@settings(max_examples=60)
@given(st.data())
def test_no_flipped_bit_goes_unseen(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "flipped.safetensors"
    if not path.exists():
        written(path, 1)
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    other = path.with_name("other.safetensors")
    other.write_bytes(flipped)
    if b"minitorch.checksum" in flipped:  # a flip in this name alone switches the check off, and does no harm
        with pytest.raises(ValueError, match="other.safetensors"):
            minitorch.load(other)


def test_none_is_whole(path):
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        read_checkpoint(path)
    written(path, 1, 2)
    for place in (path, previous(path)):
        place.write_bytes(place.read_bytes()[:100])
    with pytest.raises(ValueError, match="no checkpoint can be read: .*run.safetensors.*run.previous.safetensors"):
        read_checkpoint(path)
    assert exists(path)


def test_no_earlier_run_is_lost(tmp_path):
    """Each that is put aside keeps its newest checkpoint and the one before, and can be gone on with."""
    path = tmp_path / "run.safetensors"
    assert put_aside(path) is None
    for number in (1, 2, 3):
        for epoch in (1, 2):
            write_checkpoint(path, {"run": number, "epoch": epoch})
        assert put_aside(path) == tmp_path / f"run.older-{number}.safetensors"
        assert not exists(path)
    for number in (1, 2, 3):
        older = tmp_path / f"run.older-{number}.safetensors"
        assert read_checkpoint(older) == {"run": number, "epoch": 2}
        assert minitorch.load(previous(older)) == {"run": number, "epoch": 1}
    assert len(list(tmp_path.iterdir())) == 6


def test_half_of_an_earlier_run_is_put_aside_too(tmp_path):
    """The newest checkpoint alone, or, after it was removed, the one before it."""
    path = tmp_path / "run.safetensors"
    write_checkpoint(path, {"run": 1})
    assert read_checkpoint(put_aside(path)) == {"run": 1}
    write_checkpoint(previous(path), {"run": 2})
    assert put_aside(path) == tmp_path / "run.older-2.safetensors"
    assert [read_checkpoint(tmp_path / f"run.older-{n}.safetensors")["run"] for n in (1, 2)] == [1, 2]
    write_checkpoint(path, {"run": 3})
    (tmp_path / "run.older-1.safetensors").replace(tmp_path / "run.older-1.previous.safetensors")
    assert put_aside(path).name == "run.older-3.safetensors"  # number 1 is not free while half of it is there


def test_leftovers_are_removed(path):
    written(path, 1)
    for name in (".minitorch-run.safetensors-12ab.tmp", ".minitorch-run.safetensors-12ab-older.tmp"):
        (path.parent / name).write_bytes(b"half")
    (path.parent / ".minitorch-other.safetensors-12ab.tmp").write_bytes(b"of another program")
    assert number_in(path) == 1
    assert sorted(os.listdir(path.parent)) == [".minitorch-other.safetensors-12ab.tmp", "run.safetensors"]


def assert_untouched(path, words):
    """Writing raises an OSError with these words, and both checkpoints and the folder are as before."""
    before = {place.name: place.read_bytes() for place in path.parent.iterdir()}
    with pytest.raises(OSError, match=words):
        written(path, 3)
    assert {place.name: place.read_bytes() for place in path.parent.iterdir()} == before
    assert number_in(path) == 2


def test_a_full_disk(path, monkeypatch):
    written(path, 1, 2)

    def full(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert_untouched(path, "could not be written: .*No space left on device.*the last good checkpoint is")


def test_a_limit_on_the_size_of_files(path):
    resource = pytest.importorskip("resource", reason="this system has no limits on resources")
    written(path, 1, 2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, limits[1]))
    try:
        assert_untouched(path, "could not be written: .*File too large.*the last good checkpoint is")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_folder_that_became_read_only(path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    written(path, 1, 2)
    path.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert_untouched(path, "Permission denied")
    finally:
        path.parent.chmod(stat.S_IRWXU)


def test_a_disk_that_became_read_only(path, monkeypatch):
    """As above, for every user."""
    written(path, 1, 2)

    def refuse(path, *args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(serialization, "open", refuse, raising=False)
    with pytest.raises(OSError, match="could not be written: .*Read-only file system.*the last good checkpoint is"):
        written(path, 3)
    monkeypatch.undo()
    assert number_in(path) == 2 and len(os.listdir(path.parent)) == 2


def test_a_file_system_without_second_names(path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    written(path, 1, 2, 3)
    assert number_in(path) == 3 and minitorch.load(previous(path))["number"] == 2
    assert sorted(os.listdir(path.parent)) == ["run.previous.safetensors", "run.safetensors"]


def test_both_names_of_one_file(path):
    """As after a kill between the two renamings."""
    written(path, 1)
    os.link(path, previous(path))
    written(path, 2)
    assert number_in(path) == 2 and minitorch.load(previous(path))["number"] == 1 and len(os.listdir(path.parent)) == 2
