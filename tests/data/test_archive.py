"""Files out of tar archives that are not trusted."""

import io
import os
import tarfile

import pytest

from minitorch.data.archive import extract_files

CONTENT = bytes(range(256)) * 20


def make(path, members, mode="w:gz"):
    """An archive of (name, bytes) or of `TarInfo`."""
    with tarfile.open(path, mode) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_named_files_alone_are_taken(tmp_path, mode):
    archive = make(tmp_path / "a.tar", [("set/a", CONTENT), ("set/other", b"x"), ("./set/b", b"")], mode)
    extract_files(archive, ["set/a", "set/b"], tmp_path / "new" / "out")
    assert sorted(os.listdir(tmp_path / "new" / "out")) == ["a", "b"]
    assert (tmp_path / "new" / "out" / "a").read_bytes() == CONTENT


def test_paths_that_lead_out_are_left_in_the_archive(tmp_path):
    out = tmp_path / "in" / "out"
    archive = make(tmp_path / "a.tar", [
        ("../evil", b"x"), (str(tmp_path / "absolute"), b"x"), special("set", tarfile.SYMTYPE, str(tmp_path)),
        ("set/a", CONTENT), ("set/../../evil", b"x"),
    ])  # fmt: skip
    extract_files(archive, ["set/a"], out)
    assert sorted(os.listdir(tmp_path)) == ["a.tar", "in"]
    assert os.listdir(tmp_path / "in") == ["out"] and os.listdir(out) == ["a"]
    assert (out / "a").read_bytes() == CONTENT


def test_a_name_with_dots_can_only_land_in_the_folder(tmp_path):
    archive = make(tmp_path / "a.tar", [("../../b", b"x")])
    extract_files(archive, ["../../b"], tmp_path / "out")
    assert os.listdir(tmp_path / "out") == ["b"] and sorted(os.listdir(tmp_path)) == ["a.tar", "out"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    archive = make(tmp_path / "a.tar", [special("set/a", kind, "/etc/passwd")])
    with pytest.raises(ValueError, match="set/a is not a plain file"):
        extract_files(archive, ["set/a"], tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


def test_a_link_in_the_folder_is_replaced_and_not_followed(tmp_path):
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_bytes(b"mine")
    out.mkdir()
    (out / "a").symlink_to(victim)
    extract_files(make(tmp_path / "a.tar", [("set/a", CONTENT)]), ["set/a"], out)
    assert victim.read_bytes() == b"mine" and (out / "a").read_bytes() == CONTENT and not (out / "a").is_symlink()


def test_oversized_and_missing(tmp_path):
    archive = make(tmp_path / "a.tar", [("set/a", CONTENT)])
    with pytest.raises(ValueError, match="oversized: 5120 bytes"):
        extract_files(archive, ["set/a"], tmp_path / "out", max_bytes=5119)
    with pytest.raises(ValueError, match="lacks set/b"):
        extract_files(archive, ["set/a", "set/b"], tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []
    with pytest.raises(FileNotFoundError):
        extract_files(tmp_path / "none.tar", ["set/a"], tmp_path / "out")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_cut_archive_leaves_nothing(tmp_path, mode):
    archive = make(tmp_path / "a.tar", [("set/a", b"first"), ("set/b", os.urandom(100_000))], mode)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="damaged"):
        extract_files(archive, ["set/a", "set/b"], tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize("content", [b"", b"not an archive" * 100, b"\x1f\x8b\x08" + bytes(100)])
def test_no_archive(tmp_path, content):
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(ValueError, match="damaged|lacks"):
        extract_files(tmp_path / "a.tar.gz", ["a"], tmp_path / "out")


def test_damage_within_the_compressed_stream(tmp_path):
    archive = make(tmp_path / "a.tar", [("set/a", os.urandom(100_000))])
    content = bytearray(archive.read_bytes())
    content[50_000:50_100] = bytes(100)
    archive.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        extract_files(archive, ["set/a"], tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []
