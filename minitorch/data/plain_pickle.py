"""Reading pickles of plain data and NumPy arrays without running anything that they name.

A pickle is a program: it can call any function it names. This reader knows a few names, those with which bytes and
NumPy arrays are written, and for each it has a stand-in that only records its arguments. NumPy's own unpickling, which
trusts what it is given, is never called; the array is made afterwards from the recorded type, shape and bytes, when
all three fit together.

Source of the format: PEP 307 and PEP 3154; NumPy's `ndarray.__reduce__`.
"""

import io
import math
import pickle

import numpy as np

PLAIN_TYPES = {"u1": np.uint8, "i4": np.int32, "i8": np.int64, "f4": np.float32, "f8": np.float64}


class _Dtype:
    """Stands for `numpy.dtype`."""

    def __init__(self, name=None, *rest):
        self.name, self.byte_order = _text(name), "<"

    def __setstate__(self, state):
        self.byte_order = _text(state[1])


class _Array:
    """Stands for `numpy.ndarray`."""

    state = None

    def __setstate__(self, state):
        self.state = state

    def array(self):
        """The array itself; ValueError where type, shape and bytes do not fit."""
        _, shape, dtype, fortran, content = self.state
        if not isinstance(dtype, _Dtype) or dtype.name not in PLAIN_TYPES or dtype.byte_order == ">":
            raise ValueError("an array is not of a plain type")
        dtype = np.dtype(PLAIN_TYPES[dtype.name])
        content = content.encode("latin1") if isinstance(content, str) else content
        if not isinstance(content, bytes) or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise ValueError("an array is not made of bytes and a shape")
        if math.prod(shape) * dtype.itemsize != len(content):
            raise ValueError(f"an array of shape {shape} cannot have {len(content)} bytes")
        return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


def _reconstruct(kind, shape, code):
    """Stands for NumPy's function of this name, which makes an empty array."""
    if kind is not _Array:
        raise pickle.UnpicklingError("only NumPy arrays are read")
    return _Array()


def _encode(text, encoding):
    """Stands for `codecs.encode`, by which Python 3 writes bytes into an old form of pickle."""
    if encoding != "latin1" or not isinstance(text, str):
        raise pickle.UnpicklingError("only bytes are read")
    return text.encode("latin1")


def _no_bytes():
    """Stands for `bytes`, by which Python 3 writes empty ones into an old form of pickle."""
    return b""


NAMES = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _no_bytes,
}


class _PlainUnpickler(pickle._Unpickler):  # in Python: the one in C can be made to take any amount of memory
    def find_class(self, module, name):
        if (module, name) not in NAMES:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not plain data; nothing of it was run")
        return NAMES[module, name]


def read_plain_pickle(content):
    """The object in a pickle of dictionaries, lists, tuples, texts, bytes, numbers and NumPy arrays.

    Texts of Python 2 come as bytes.

    Args:
        content: the pickle, as bytes.

    Raises:
        ValueError: it is damaged, or holds or names anything else.
    """
    try:
        return _plain(_PlainUnpickler(io.BytesIO(content), encoding="bytes").load())
    except Exception as error:  # what a damaged program raises can be anything
        raise ValueError(f"not a pickle of plain data: {error or type(error).__name__}") from error


def _plain(value):
    """The value with arrays for their stand-ins."""
    if isinstance(value, _Array):
        return value.array()
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item) for item in value)
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    raise ValueError(f"it holds a {type(value).__name__}")


def _text(value):
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value
