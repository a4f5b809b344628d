"""Functions that make tensors from data, from a rule or from random numbers."""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.device import device as make_device
from minitorch.device import to_device
from minitorch.ops import sizes
from minitorch.random import default_generator
from minitorch.tensor import Tensor


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
        if dtype is None and array.dtype.kind == "f":
            array = array.astype(dtypes.get_default_dtype() if not _holds_numpy(data) else array.dtype)
    if isinstance(array, np.generic):
        array = np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"tensor: expected numbers, got {array.dtype} from {type(data).__name__}")
    if dtype is not None:
        array = array.astype(dtypes.check(dtype))
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


def _holds_numpy(data):
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic)) and not isinstance(data, float)


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
    return Tensor(array)


def full(size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """A tensor of one value; the type is that of the value unless given."""
    if dtype is None:
        dtype = dtypes.of_number(fill_value if not isinstance(fill_value, Tensor) else fill_value.item())
    return _made(np.full(sizes("full", (size,)), fill_value, dtype=dtypes.check(dtype)), device, requires_grad)


def zeros(*size, dtype=None, device=None, requires_grad=False):
    """Zeros of the given shape."""
    return _made(np.zeros(_shape("zeros", size), _float(dtype)), device, requires_grad)


def ones(*size, dtype=None, device=None, requires_grad=False):
    """Ones of the given shape."""
    return _made(np.ones(_shape("ones", size), _float(dtype)), device, requires_grad)


def empty(*size, dtype=None, device=None, requires_grad=False):
    """Numbers that happen to stand in memory, of the given shape."""
    return _made(np.empty(_shape("empty", size), _float(dtype)), device, requires_grad)


def _shape(name, size):
    size = sizes(name, size)
    if any(n < 0 for n in size):
        raise RuntimeError(f"{name}: sizes must not be negative, got {size}")
    return size


def arange(start, end=None, step=1, *, dtype=None, device=None, requires_grad=False):
    """start, start + step, ... below end; integers give int64.

    Raises:
        RuntimeError: a step of 0, or one that leads away from end.
    """
    start, end = (0, start) if end is None else (start, end)
    if step == 0:
        raise RuntimeError("arange: step must not be zero")
    if (end - start) / step < 0:
        raise RuntimeError(f"arange: step {step} leads away from end {end} (start {start})")
    if dtype is None:
        whole = all(isinstance(n, (int, np.integer)) for n in (start, end, step))
        dtype = dtypes.int64 if whole else dtypes.get_default_dtype()
    dtype = dtypes.check(dtype)
    count = int(np.ceil((end - start) / step))
    values = start + np.arange(count) * step
    return _made(np.asarray(values).astype(dtype), device, requires_grad)


def linspace(start, end, steps, *, dtype=None, device=None, requires_grad=False):
    """`steps` numbers in equal distances from start to end, both included."""
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 0:
        raise RuntimeError(f"linspace: steps must be a non-negative integer, got {steps!r}")
    return _made(np.linspace(start, end, steps, dtype=_float(dtype)), device, requires_grad)


def eye(n, m=None, *, dtype=None, device=None, requires_grad=False):
    """(n, m) with ones on the diagonal, zeros elsewhere."""
    for size in (n, m):
        if size is not None and (isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 0):
            raise RuntimeError(f"eye: sizes must be non-negative integers, got {size!r}")
    return _made(np.eye(n, m, dtype=_float(dtype)), device, requires_grad)


def rand(*size, generator=None, dtype=None, device=None, requires_grad=False):
    """Uniform random numbers in [0, 1)."""
    numbers = (generator or default_generator).numpy.random(_shape("rand", size))
    return _made(numbers.astype(_float(dtype)), device, requires_grad)


def randn(*size, generator=None, dtype=None, device=None, requires_grad=False):
    """Random numbers of the normal distribution with mean 0 and variance 1."""
    numbers = (generator or default_generator).numpy.standard_normal(_shape("randn", size))
    return _made(np.asarray(numbers).astype(_float(dtype)), device, requires_grad)


def randint(low, high=None, size=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """Random integers from low to high - 1, int64: ``randint(high, size)`` or ``randint(low, high, size)``."""
    if size is None:
        low, high, size = 0, low, high
    if size is None:
        raise TypeError("randint: give a size, e.g. randint(10, (3,))")
    if low >= high:
        raise RuntimeError(f"randint: low {low} must be below high {high}")
    numbers = (generator or default_generator).numpy.integers(low, high, sizes("randint", (size,)))
    return _made(np.asarray(numbers).astype(dtypes.int64 if dtype is None else dtypes.check(dtype)), device, requires_grad)


def randperm(n, *, generator=None, dtype=None, device=None):
    """The integers from 0 to n - 1 in random order, int64."""
    numbers = (generator or default_generator).numpy.permutation(n)
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
    low, high = (0, low) if high is None else (low, high)
    dtype = input.dtype if dtype is None else dtype
    return randint(low, high, tuple(input.shape), dtype=dtype, device=input.device if device is None else device)
