"""The number types, and which one results when two meet. They are NumPy's own, under PyTorch's names."""

import numpy as np

float16, float32, float64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
int8, int16, int32, int64 = np.dtype(np.int8), np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64)
uint8, bool_ = np.dtype(np.uint8), np.dtype(np.bool_)
half, float_, double, short, int_, long = float16, float32, float64, int16, int32, int64

ALL = (float16, float32, float64, int8, int16, int32, int64, uint8, bool_)

TENSOR_NAMES = {
    float16: "HalfTensor",
    float32: "FloatTensor",
    float64: "DoubleTensor",
    int8: "CharTensor",
    int16: "ShortTensor",
    int32: "IntTensor",
    int64: "LongTensor",
    uint8: "ByteTensor",
    bool_: "BoolTensor",
}  # what Tensor.type() says

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
        found = np.dtype(dtype) if isinstance(dtype, (type, np.dtype)) else None  # NumPy also takes what has a dtype
    except TypeError:
        found = None
    if found is None:
        raise TypeError(f"dtype: expected a dtype such as minitorch.float32, got {dtype!r}")
    if found not in ALL:
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


def promote_types(type1, type2):
    """The type that results when two types meet in an operation. Raises TypeError for what is no dtype."""
    return promote(check(type1), check(type2))


class finfo:
    """The limits of a floating-point type, the default one unless given.

    Attributes:
        bits: size of a number in memory.
        eps: distance from 1 to the next larger number.
        max, min: largest and smallest number.
        tiny, smallest_normal: smallest positive number of full precision.
        resolution: 10 to the minus number of decimal digits that are exact.
        dtype: the type's name.

    Raises:
        TypeError: no floating-point type.
    """

    def __init__(self, dtype=None):
        found = _default if dtype is None else check(dtype)
        if found.kind != "f":
            raise TypeError(f"finfo: expected a floating-point type, got {found}; use iinfo")
        limits = np.finfo(found)
        self.bits, self.dtype = limits.bits, found.name
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.tiny = self.smallest_normal = float(limits.tiny)
        self.resolution = 10.0**-limits.precision

    def __repr__(self):
        shown = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in shown)}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer type: `bits`, `max`, `min`, and `dtype`, its name. Raises TypeError for others."""

    def __init__(self, dtype):
        found = check(dtype)
        if found.kind not in "iu":
            raise TypeError(f"iinfo: expected an integer type, got {found}" + "; use finfo" * (found.kind == "f"))
        limits = np.iinfo(found)
        self.bits, self.max, self.min, self.dtype = limits.bits, int(limits.max), int(limits.min), found.name

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
