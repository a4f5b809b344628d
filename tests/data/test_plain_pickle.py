"""Pickles are read without running anything in them."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.data.plain_pickle import read_plain_pickle

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.binary(), inner),
    max_leaves=12,
)


@given(PLAIN, st.integers(2, pickle.HIGHEST_PROTOCOL))
def test_plain_data_comes_back(value, protocol):
    assert read_plain_pickle(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_come_back(dtype, protocol):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for given_array in (array, np.asfortranarray(array), array[:0], array[0, 0, 0:1]):
        read = read_plain_pickle(pickle.dumps({"x": given_array}, protocol))["x"]
        assert read.dtype == dtype
        np.testing.assert_array_equal(read, given_array)


def test_a_pickle_of_python_2():
    """As Python 2 wrote it: bytes for texts, NumPy's old module names, an array whose bytes are a text."""
    content = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85"
        b"U\x01b\x87Rq\x05(K\x01K\x02K\x03\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff"
        b"\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x06\x01\x02\xff\x00\x05\x06tbU\x06labels]q\x08(K\x03K\x04eu."
    )
    batch = read_plain_pickle(content)
    assert batch[b"labels"] == [3, 4]
    np.testing.assert_array_equal(batch[b"data"], np.array([[1, 2, 255], [0, 5, 6]], np.uint8))


class Harmful:
    """Unpickled in the usual way, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"data": [x]}])
def test_nothing_is_run(tmp_path, protocol, wrap):
    path = tmp_path / "made"
    with pytest.raises(ValueError, match=r"names (posix|nt|os)\.mkdir.*nothing of it was run"):
        read_plain_pickle(pickle.dumps(wrap(Harmful(path)), protocol))
    assert not path.exists()


@pytest.mark.parametrize(
    "module, name",
    [("builtins", "eval"), ("numpy", "load"), ("os", "system"), ("pickle", "loads"), ("builtins", "bytes"),
     ("numpy.core.multiarray", "array"), ("_codecs", "decode")],
)  # fmt: skip
def test_other_names_are_refused(module, name):
    with pytest.raises(ValueError, match=f"names {module}.{name}"):
        read_plain_pickle(f"c{module}\n{name}\n(S'1'\ntR.".encode())


@pytest.mark.parametrize(
    "value",
    [
        np.array(["text", None], object),
        np.array(["abc"]),
        np.arange(3, dtype=">i4"),
        np.array([1j]),
        np.float32(3),
        np.dtype("u1"),
        {1, 2},
        np.zeros(2, [("a", "u1")]),
    ],
    ids=["objects", "texts", "big-endian", "complex", "scalar", "dtype", "set", "records"],
)
def test_what_is_not_plain_is_refused(value):
    with pytest.raises(ValueError, match="not a pickle of plain data"):
        read_plain_pickle(pickle.dumps({"x": value}, 2))


def forged(shape, content, name="u1"):
    """The pickle of an array with any shape, type and bytes."""
    state = pickle.dumps((1, shape, None, False, content), 2)[2:-1]  # without its beginning and end
    dtype = f"cnumpy\ndtype\n(S'{name}'\nI0\nI1\ntR".encode()
    return (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
            + state.replace(b"N", dtype, 1) + b"b.")  # fmt: skip


def test_the_forged_array_is_read_when_it_fits():
    np.testing.assert_array_equal(read_plain_pickle(forged((2, 2), b"abcd")), [[97, 98], [99, 100]])


@pytest.mark.parametrize(
    "content",
    [
        forged((2, 3), b"abcd"),
        forged((10**12, 10**12), b"abcd"),
        forged((-2, -2), b"abcd"),
        forged((2, 2), b"abcd", "O8"),
        forged((2, 2), [1, 2, 3, 4]),
        b"\x80\x02r\xff\xff\xff\xff.",  # puts to place 2**32 - 1 of the memo
        b"\x80\x02X\xff\xff\xff\x7fabc.",  # a text of 2 GB that is not there
        b"\x80\x02.",
        b"",
        b"abc",
        b"\x80\x02}(U\x04data",
        pickle.dumps({"a": 1})[:-2],
        b"\x80\x02" + b"(" * 1000,
    ],
)
def test_damaged_and_forged_pickles(content):
    with pytest.raises(ValueError, match="not a pickle of plain data"):
        read_plain_pickle(content)


def test_a_deeply_nested_one():
    with pytest.raises(ValueError, match="not a pickle of plain data"):
        read_plain_pickle(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
