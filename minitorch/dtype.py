"""The number types, and which one results when two meet. They are NumPy's own, under PyTorch's names."""

import numpy as np

float16, float32, float64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
int8, int16, int32, int64 = np.dtype(np.int8), np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64)
uint8, bool_ = np.dtype(np.uint8), np.dtype(np.bool_)
half, float_, double, short, int_, long = float16, float32, float64, int16, int32, int64

ALL = (float16, float32, float64, int8, int16, int32, int64, uint8, bool_)

_default = float32


def get_default_dtype():
    """The floating-point type of results that nothing else decides, float32 unless set."""
    return _default


def set_default_dtype(dtype):
    """Set the type that Python floats become: float32 or float64."""
    global _default
    dtype = check(dtype)
    if dtype not in (float32, float64):
        raise TypeError(f"set_default_dtype: expected float32 or float64, got {dtype}")
    _default = dtype


def check(dtype):
    """The dtype that is meant: a minitorch or NumPy dtype, or Python's ``float``, ``int``, ``bool``.

    Raises:
        TypeError: not a number type of the engine.
    """
    if isinstance(dtype, str):
        raise TypeError(f"dtype: expected a dtype such as minitorch.float32, got the string {dtype!r}")
    if dtype is float:
        return float64
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise TypeError(f"dtype: expected a dtype such as minitorch.float32, got {dtype!r}") from error
    if dtype is None or found not in ALL:
        raise TypeError(f"dtype: {dtype!r} is not supported; the engine has {', '.join(d.name for d in ALL)}")
    return found


def of_number(number):
    """The type that a Python number takes by itself."""
    if isinstance(number, (bool, np.bool_)):
        return bool_
    return int64 if isinstance(number, (int, np.integer)) else _default


def category(dtype):
    """Rank of a type's kind: 0 bool, 1 integer, 2 floating point."""
    return {"b": 0, "f": 2}.get(dtype.kind, 1)


def promote(a, b):
    """The smallest type that holds both, by PyTorch's rule: a floating-point type wins over any integer."""
    if a == b:
        return a
    if category(a) != category(b):
        return a if category(a) > category(b) else b
    return np.promote_types(a, b)
