"""IDX files: what is written by hand, byte by byte, is read back; damaged and hostile files are refused."""

import gzip
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minitorch.data.idx import encode_idx, read_idx, write_idx

# Element type of the format, its letter for struct, NumPy's name.
FORMATS = [(0x08, "B", "uint8"), (0x09, "b", "int8"), (0x0B, "h", "int16"), (0x0C, "i", "int32"),
           (0x0D, "f", "float32"), (0x0E, "d", "float64")]


def by_hand(code, letter, shape, values):
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + struct.pack(
        f">{len(values)}{letter}", *values)


IMAGES = by_hand(0x08, "B", (2, 2, 3), range(12))


@pytest.fixture
def write(tmp_path):
    def write_file(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write_file


@pytest.mark.parametrize("code, letter, name", FORMATS)
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_read_every_type(write, code, letter, name, compress):
    values = [1, 2, 3, 100, 5, 6]
    array = read_idx(write(compress(by_hand(code, letter, (3, 2), values))))
    assert array.dtype == np.dtype(name) and array.dtype.isnative
    assert array.tolist() == [[1, 2], [3, 100], [5, 6]]
    assert not array.flags.writeable


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_encode_gives_the_bytes_by_hand(data):
    code, letter, name = data.draw(st.sampled_from(FORMATS))
    shape = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    count = int(np.prod(shape))
    values = data.draw(st.lists(st.integers(0, 100), min_size=count, max_size=count))
    assert encode_idx(np.array(values, name).reshape(shape)) == by_hand(code, letter, shape, values)


def test_encode_non_contiguous_and_byte_order():
    array = np.arange(6, dtype=">i4").reshape(2, 3).T
    assert encode_idx(array) == by_hand(0x0C, "i", (3, 2), [0, 3, 1, 4, 2, 5])


@pytest.mark.parametrize("array", [np.zeros(3, np.int64), np.zeros((), np.uint8), np.zeros(2, bool)])
def test_encode_refuses(array):
    with pytest.raises(TypeError, match="encode_idx: cannot store"):
        encode_idx(array)


def test_write_is_reproducible_and_readable_by_gzip(tmp_path):
    array = np.frombuffer(IMAGES[16:], np.uint8).reshape(2, 2, 3)
    for name in ("a.gz", "b.gz", "plain"):
        write_idx(tmp_path / name, array)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == IMAGES == (tmp_path / "plain").read_bytes()


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("length", range(len(IMAGES)))
def test_truncated(write, compress, length):
    with pytest.raises(ValueError, match="read_idx: .*truncated"):
        read_idx(write(compress(IMAGES[:length])))


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_oversized(write, compress):
    with pytest.raises(ValueError, match="oversized.*12 bytes"):
        read_idx(write(compress(IMAGES + b"x")))


@pytest.mark.parametrize("magic", [b"\1\0\x08\3", b"\0\1\x08\3", b"\0\0\x07\3", b"\0\0\x0a\3", b"\0\0\x08\0",
                                   b"\0\0\x08\x21", b"<htm"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_wrong_magic(write, compress, magic):
    with pytest.raises(ValueError, match=f"wrong magic {magic.hex(' ')}"):
        read_idx(write(compress(magic + IMAGES[4:])))


def test_expected_type_and_dimensions(write):
    path = write(IMAGES)
    assert read_idx(path, dtype=np.uint8, ndim=3).shape == (2, 2, 3)
    with pytest.raises(ValueError, match="expected 1 dimensions, the header gives 3"):
        read_idx(path, ndim=1)
    with pytest.raises(ValueError, match="expected elements of int32, got uint8"):
        read_idx(path, dtype=np.int32)


@pytest.mark.parametrize("shape", [(2**31, 28, 28), (2**32 - 1,) * 32, (2**31,), (0, 2**31, 2**31)])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_huge_header_is_refused_before_allocation(write, compress, shape):
    path = write(compress(bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + bytes(100)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="oversized: the header asks for shape"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_header_beyond_what_the_file_can_hold(write, compress):
    path = write(compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 2**29) + bytes(100)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than the file can hold"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_gzip_bomb_is_not_unpacked(write):
    path = write(gzip.compress(IMAGES + bytes(2**26)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="oversized"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_max_bytes(write):
    path = write(IMAGES)
    assert read_idx(path, max_bytes=12).size == 12
    with pytest.raises(ValueError, match="max_bytes=11"):
        read_idx(path, max_bytes=11)


def test_broken_gzip(write):
    good = gzip.compress(IMAGES)
    checksum = bytearray(good)
    checksum[-8] ^= 1
    body = bytearray(good)
    body[10] = 0xFF
    for content in (good[:5], good[:-9], good[:-1], bytes(checksum), bytes(body), good + b"garbage"):
        with pytest.raises(ValueError, match="read_idx: .*(broken gzip stream|truncated)"):
            read_idx(write(content))


def test_gzip_of_stored_zeros_reads(write):
    """The bound on what a compressed file can hold must let the best compression pass."""
    content = by_hand(0x08, "B", (2**20,), [0] * 2**20)
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    assert read_idx(write(compressor.compress(content) + compressor.flush())).shape == (2**20,)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "none")
