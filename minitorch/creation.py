"""Functions that make tensors from data, from a rule or from random numbers."""

import functools
import math

import numpy as np

from minitorch import dtype as dtypes
from minitorch.device import device as make_device
from minitorch.device import module_for, to_device
from minitorch.ops import as_filling, is_number, require_tensor, sizes
from minitorch.ops.arguments import arguments
from minitorch.random import stream_of
from minitorch.tensor import Tensor

LARGEST = 2**59  # numbers in one tensor: more bytes than an address can name


def _made(array, device, requires_grad):
    return Tensor(to_device(array, make_device("cpu" if device is None else device)), requires_grad)


def _float(dtype):
    return dtypes.get_default_dtype() if dtype is None else dtypes.check(dtype)


def tensor(data, *, dtype=None, device=None, requires_grad=False):
    """A tensor of a copy of the data: a number, nested lists, a NumPy or CuPy array, a tensor.

    Python floats become the default floating-point type, integers int64; arrays keep their type.

    Raises:
        ValueError: lists of unequal lengths.
        TypeError: data that is not numbers.
    """
    if isinstance(data, Tensor):
        array = data.array.copy()
    elif hasattr(data, "dtype") and hasattr(data, "ndim"):
        array = data.copy() if hasattr(data, "copy") else np.array(data)
    else:
        array = _from_lists(data)
        if dtype is None and array.size and array.dtype.kind in "fi":
            array = array.astype(functools.reduce(dtypes.promote, _types(data)))
    if isinstance(array, np.generic):
        array = np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"tensor: expected numbers, got {array.dtype} from {type(data).__name__}")
    if dtype is not None:
        given, array = array, array.astype(dtypes.check(dtype))
        checked = isinstance(data, (int, float, list, tuple, np.generic)) and given.size and array.dtype.kind in "iu"
        for extreme in (given.min(), given.max()) if checked else ():
            as_filling("tensor", extreme, array.dtype)
    elif array.dtype not in dtypes.ALL:
        raise TypeError(f"tensor: {array.dtype} is not supported; pass dtype=")
    if device is None and isinstance(data, Tensor):
        device = data.device
    return _made(array, device, requires_grad)


def _from_lists(data):
    try:
        array = np.array(_plain(data))
    except ValueError as error:
        raise ValueError("tensor: nested lists must have equal lengths at each level") from error
    except OverflowError as error:
        raise RuntimeError(f"tensor: a number is too large: {error}") from error
    if array.size == 0 and array.dtype == np.float64:
        return array.astype(dtypes.get_default_dtype())
    if array.dtype.kind in "iu":
        return array.astype(np.int64) if array.dtype != np.uint64 else array
    return array


def _plain(data):
    if isinstance(data, Tensor):
        return data.detach().cpu().numpy()
    return [_plain(x) for x in data] if isinstance(data, (list, tuple)) else data


def _types(data):
    """The number types in nested lists; Python's floats count as the default type."""
    if isinstance(data, (list, tuple)):
        kinds = set(map(type, data))
        return {dtypes.of_number(kind()) for kind in kinds} if kinds <= {bool, int, float} else _all_types(data)
    if isinstance(data, range):
        return {dtypes.int64}
    return {data.dtype} if hasattr(data, "dtype") else {dtypes.of_number(data)}


def _all_types(data):
    return set().union(*map(_types, data))


def as_tensor(data, *, dtype=None, device=None):
    """The data as a tensor, without a copy where it is a tensor or an array of that type on that device."""
    if isinstance(data, Tensor):
        return data.to(dtype=dtype, device=device)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(dtype=dtype, device=device)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(array):
    """A tensor that shares the memory of a NumPy array."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected a NumPy array, got {type(array).__name__}; use minitorch.tensor(...)")
    if any(step < 0 for step in array.strides):
        raise ValueError("from_numpy: the array runs backwards in memory (negative strides); pass array.copy()")
    return Tensor(array)


@arguments()
def full(size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """A tensor of one value; the type is that of the value unless given."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    value = as_filling("full", fill_value, dtypes.of_number(fill_value) if dtype is None else dtypes.check(dtype))
    return _made(np.full(_given_size("full", size), value), device, requires_grad)


def _given_size(name, size):
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"{name}: size must be a tuple of integers, got {size!r}")
    return _shape(name, (size,))


@arguments()
def zeros(*size, dtype=None, device=None, requires_grad=False):
    """Zeros of the given shape."""
    return _made(np.zeros(_shape("zeros", size), _float(dtype)), device, requires_grad)


@arguments()
def ones(*size, dtype=None, device=None, requires_grad=False):
    """Ones of the given shape."""
    return _made(np.ones(_shape("ones", size), _float(dtype)), device, requires_grad)


@arguments()
def empty(*size, dtype=None, device=None, requires_grad=False):
    """Numbers that happen to stand in memory, of the given shape; NaN on the emulator."""
    where = make_device("cpu" if device is None else device)
    return Tensor(module_for(where).empty(_shape("empty", size), _float(dtype)), requires_grad)


def _shape(name, size):
    size = sizes(name, size)
    if any(n < 0 for n in size):
        raise RuntimeError(f"{name}: sizes must not be negative, got {size}")
    if math.prod(size) > LARGEST:
        raise RuntimeError(f"{name}: a tensor of shape {size} does not fit into memory")
    return size


def _finite(name, **arguments):
    """Raise unless all are finite numbers."""
    for argument, number in arguments.items():
        if not is_number(number):
            raise TypeError(f"{name}: {argument} must be a number, got {type(number).__name__}")
        if not np.isfinite(number):
            raise RuntimeError(f"{name}: {argument} must be finite, got {number}")


def _count(name, argument, number, least=0):
    """Raise unless the argument is an integer of at least `least`."""
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
        raise TypeError(f"{name}: {argument} must be an integer, got {number!r}")
    if number < least:
        raise RuntimeError(f"{name}: {argument} must be at least {least}, got {number}")


@arguments()
def arange(start=None, end=None, step=1, *, dtype=None, device=None, requires_grad=False):
    """start, start + step, ... below end; integers give int64.

    Raises:
        RuntimeError: a step of 0, one that leads away from end, or a bound that is not finite.
    """
    if start is None and end is None:
        raise TypeError("arange: end is missing")
    start, end = (0, start) if end is None else (0 if start is None else start, end)
    start, end, step = (n.item() if isinstance(n, Tensor) else n for n in (start, end, step))
    _finite("arange", start=start, end=end, step=step)
    if step == 0:
        raise RuntimeError("arange: step must not be zero")
    if (end - start) / step < 0:
        raise RuntimeError(f"arange: step {step} leads away from end {end} (start {start})")
    if dtype is None:
        whole = all(isinstance(n, (int, np.integer)) for n in (start, end, step))
        dtype = dtypes.int64 if whole else dtypes.get_default_dtype()
    dtype, given = dtypes.check(dtype), (start, end, step)
    if dtype.kind != "f":  # PyTorch starts from whole numbers, and counts with them for int64
        start, end, step = (int(n) for n in given)
        if dtype == dtypes.int64:
            given = (start, end, step)
            if step == 0:
                raise RuntimeError(f"arange: step must not be zero as an integer; got a fraction, and dtype {dtype}")
    count = int(np.ceil((given[1] - given[0]) / given[2]))
    if count > LARGEST:
        raise RuntimeError(f"arange: {count} numbers do not fit into memory")
    values = start + np.arange(count) * step
    return _made(np.asarray(values).astype(dtype), device, requires_grad)


@arguments()
def linspace(start, end, steps, *, dtype=None, device=None, requires_grad=False):
    """`steps` numbers in equal distances from start to end, both included."""
    _count("linspace", "steps", steps)
    start, end = (n.item() if isinstance(n, Tensor) else n for n in (start, end))
    _finite("linspace", start=start, end=end)
    if _float(dtype).kind == "f":
        return _made(np.linspace(start, end, steps).astype(_float(dtype)), device, requires_grad)
    return _made(_whole_linspace(int(start), int(end), steps).astype(dtype), device, requires_grad)


def _whole_linspace(start, end, steps):
    """From each end inwards, rounded towards zero, as PyTorch has it."""
    step, i = (end - start) / max(steps - 1, 1), np.arange(steps)
    return np.where((i < steps // 2) | (steps == 1), start + i * step, end - (steps - 1 - i) * step)


@arguments()
def eye(n, m=None, *, dtype=None, device=None, requires_grad=False):
    """(n, m) with ones on the diagonal, zeros elsewhere."""
    _count("eye", "n", n)
    if m is not None:
        _count("eye", "m", m)
    return _made(np.eye(n, m, dtype=_float(dtype)), device, requires_grad)


def _random_type(name, dtype):
    dtype = _float(dtype)
    if dtype.kind != "f":
        raise RuntimeError(f"{name}: random numbers of this kind are floating point, got dtype {dtype}; use randint")
    return dtype


@arguments()
def rand(*size, generator=None, dtype=None, device=None, requires_grad=False):
    """Uniform random numbers in [0, 1)."""
    size, dtype = _shape("rand", size), _random_type("rand", dtype)
    own = dtype if dtype != dtypes.float16 else dtypes.float32  # rounded from float64, some would become 1
    numbers = np.asarray(stream_of(generator).random(size, dtype=own))
    if dtype != own:
        numbers = np.floor(numbers * 2048) / 2048
    return _made(numbers.astype(dtype), device, requires_grad)


@arguments()
def randn(*size, generator=None, dtype=None, device=None, requires_grad=False):
    """Random numbers of the normal distribution with mean 0 and variance 1."""
    size, dtype = _shape("randn", size), _random_type("randn", dtype)
    numbers = stream_of(generator).standard_normal(size)
    return _made(np.asarray(numbers).astype(dtype), device, requires_grad)


@arguments()
def randint(low, high=None, size=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """Random integers from low to high - 1, int64: ``randint(high, size)`` or ``randint(low, high, size)``."""
    if size is None:
        low, high, size = 0, low, high
    size = _given_size("randint", size)
    _count("randint", "low", low, -(2**63))
    _count("randint", "high", high, -(2**63))
    if low >= high:
        raise RuntimeError(f"randint: low {low} must be below high {high}")
    numbers = stream_of(generator).integers(low, high, size)
    dtype = dtypes.int64 if dtype is None else dtypes.check(dtype)
    return _made(np.asarray(numbers).astype(dtype), device, requires_grad)


@arguments()
def randperm(n, *, generator=None, dtype=None, device=None):
    """The integers from 0 to n - 1 in random order, int64."""
    _count("randperm", "n", n)
    numbers = stream_of(generator).permutation(n)
    return _made(numbers.astype(dtypes.int64 if dtype is None else dtypes.check(dtype)), device, False)


def _like(make, text):
    def operation(input, *, dtype=None, device=None, requires_grad=False, **kwargs):
        if not isinstance(input, Tensor):
            raise TypeError(f"{operation.__name__}: input must be a tensor, got {type(input).__name__}")
        return make(
            tuple(input.shape),
            dtype=input.dtype if dtype is None else dtype,
            device=input.device if device is None else device,
            requires_grad=requires_grad,
            **kwargs,
        )

    operation.__name__ = operation.__qualname__ = f"{make.__name__}_like"
    operation.__doc__ = text
    return operation


zeros_like = _like(zeros, "Zeros of the shape, type and device of another tensor.")
ones_like = _like(ones, "Ones of the shape, type and device of another tensor.")
empty_like = _like(empty, "Unset numbers of the shape, type and device of another tensor.")
rand_like = _like(rand, "Uniform random numbers in [0, 1) of the shape, type and device of another tensor.")
randn_like = _like(randn, "Normal random numbers of the shape, type and device of another tensor.")


def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False):
    """One value in the shape, type and on the device of another tensor."""
    if not isinstance(input, Tensor):
        raise TypeError(f"full_like: input must be a tensor, got {type(input).__name__}")
    dtype = input.dtype if dtype is None else dtype
    device = input.device if device is None else device
    return full(tuple(input.shape), fill_value, dtype=dtype, device=device, requires_grad=requires_grad)


def randint_like(input, low, high=None, *, dtype=None, device=None):
    """Random integers in the shape, type and on the device of another tensor."""
    require_tensor("randint_like", input=input)
    low, high = (0, low) if high is None else (low, high)
    dtype = input.dtype if dtype is None else dtype
    return randint(low, high, tuple(input.shape), dtype=dtype, device=input.device if device is None else device)
