"""What operands of an operation must agree on: device, number type, axes. Every family checks through here."""

import contextlib
import math

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function, Variable
from minitorch.device import CPU, device, device_of, is_cuda, to_device

quiet = np.errstate(all="ignore")  # a decorator: x / 0 is inf and log(-1) is NaN, without a warning


class Cast(Function):
    """Another number type; gradients go back in the type that came in."""

    label = "ToCopyBackward0"

    @staticmethod
    def forward(ctx, x, dtype):
        ctx.dtype = x.dtype
        return x.astype(dtype)

    @staticmethod
    def backward(ctx, grad):
        return cast(grad, ctx.dtype)


def cast(x, dtype):
    """The tensor in another number type; the tensor itself if it has it."""
    return x if x.array.dtype == dtype else Cast.apply(x, dtype=dtype)


def require_tensor(name, **arguments):
    """Raise TypeError, naming operation and argument, unless every argument is a tensor."""
    for argument, x in arguments.items():
        if not isinstance(x, Variable):
            hint = "; wrap it: minitorch.tensor(...)" if isinstance(x, (np.ndarray, list, tuple, int, float)) else ""
            raise TypeError(f"{name}: {argument} must be a tensor, got {type(x).__name__}{hint}")


def require_same(name, **arguments):
    """Raise unless all arguments are tensors of one number type on one device; None is passed over."""
    given = {argument: x for argument, x in arguments.items() if x is not None}
    require_tensor(name, **given)
    (first_name, first), *rest = given.items()
    for argument, x in rest:
        if x.array.dtype != first.array.dtype:
            raise RuntimeError(
                f"{name}: {first_name} and {argument} must have the same dtype, got {first.array.dtype} and "
                f"{x.array.dtype}; convert one with .to(dtype)"
            )
        require_same_device(name, first, x)


def require_alike(name, **arguments):
    """`require_same` for arguments of which none may be None."""
    require_tensor(name, **arguments)
    require_same(name, **arguments)


def require_same_device(name, a, b):
    """Raise RuntimeError where two tensors live on different devices."""
    if type(a.array) is not type(b.array) or (is_cuda(a.array) and a.array.device != b.array.device):
        raise RuntimeError(
            f"{name}: all tensors must be on one device, got {device_of(a.array)} and {device_of(b.array)}; "
            "move one with .to(device)"
        )


def require_float(name, **arguments):
    """Raise RuntimeError unless every argument is a floating-point tensor."""
    require_tensor(name, **arguments)
    for argument, x in arguments.items():
        if x.array.dtype.kind != "f":
            raise RuntimeError(f"{name}: {argument} must be floating point, got {x.array.dtype}; use .float()")


def pair(name, a, b):
    """Two operands, at least one a tensor, in their common number type by PyTorch's rules; numbers stay numbers.

    A number or a 0-dimensional tensor never widens a tensor of the same kind: float32 times 2.5 stays float32. An
    array stands for a tensor of its own.
    """
    if isinstance(a, Variable) and isinstance(b, Variable):
        x, y = a.array, b.array
        if type(x) is not type(y):
            a, b = _zero_dim_to_number(a, b), _zero_dim_to_number(b, a)
            if isinstance(a, Variable) and isinstance(b, Variable):
                require_same_device(name, a, b)
            return pair(name, a, b)
        if x.dtype == y.dtype:
            return a, b
        dtype = result_type(a, b)
        return cast(a, dtype), cast(b, dtype)
    if isinstance(a, Variable):
        return _with_number(name, a, b)
    if isinstance(b, Variable):
        b, a = _with_number(name, b, a)
        return a, b
    raise TypeError(f"{name}: expected a tensor, got {type(a).__name__} and {type(b).__name__}")


def _zero_dim_to_number(x, other):
    """On two devices: a 0-dimensional CPU tensor that needs no gradient may stand beside a tensor elsewhere."""
    if device_of(x.array) == CPU != device_of(other.array) and x.array.ndim == 0 and not x.requires_grad:
        return x.array.item()
    return x


class naming(contextlib.ContextDecorator):
    """A decorator for an operation made of others: their errors get its name in front."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind in (IndexError, RuntimeError, TypeError, ValueError) and not str(error).startswith(f"{self.name}:"):
            raise kind(f"{self.name}: {error}") from error


def is_number(value):
    """Whether the value is a Python or NumPy number (real, integer or boolean)."""
    return isinstance(value, (bool, int, float, np.integer, np.floating, np.bool_))


def require_numbers(name, **arguments):
    """Raise TypeError, naming operation and argument, unless every argument is a number or a tensor of one."""
    for argument, value in arguments.items():
        if not is_number(value) and not (isinstance(value, Variable) and value.array.size == 1):
            raise TypeError(f"{name}: {argument} must be a number, got {type(value).__name__}")


def as_number(name, number, dtype):
    """The number in a number type; what does not fit into an integer type wraps around, as PyTorch has it.

    Raises:
        TypeError: not a number.
        RuntimeError: an integer of more than 64 bits.
    """
    if not is_number(number):
        raise _no_operand(name, number)
    return _converted(name, number, dtype)


def _no_operand(name, given):
    hint = "; wrap it: minitorch.tensor(...)" if isinstance(given, (np.ndarray, list, tuple)) else ""
    return TypeError(f"{name}: expected a tensor or a number, got {type(given).__name__}{hint}")


def _converted(name, number, dtype):
    if dtype.kind == "f" and -6e4 < number < 6e4:
        return dtype.type(number)
    try:
        with np.errstate(all="ignore"):
            return np.asarray(number).astype(dtype)[()]
    except OverflowError as error:
        raise RuntimeError(f"{name}: the number {number} is too large for {dtype}") from error


def as_filling(name, number, dtype):
    """`as_number` for a number that is to stand in a tensor: what the type cannot hold is an error.

    As in PyTorch -1 stands for the largest unsigned integer, -2 for the one before, and an infinity fits a float.

    Raises:
        TypeError: not a number.
        RuntimeError: NaN or a number out of range.
    """
    result = as_number(name, number, dtype)
    if dtype.kind == "b":
        return result
    number = number.item() if isinstance(number, np.generic) else number
    limits = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    low, high = (float(limits.min), float(limits.max)) if dtype.kind == "f" else (limits.min, limits.max)
    low = -high if dtype.kind == "u" and isinstance(number, int) else low
    if not low <= number <= high and (dtype.kind != "f" or math.isfinite(number)):
        raise RuntimeError(f"{name}: value {number} cannot be converted to {dtype} without overflow")
    return result


def _with_number(name, x, number):
    if not is_number(number):
        if not isinstance(number, type(x.array)):
            raise _no_operand(name, number)
        dtypes.check(number.dtype)
        return pair(name, x, x._wrap(number))
    dtype = x.array.dtype
    if dtype.kind != "f":
        kind = dtypes.of_number(number)
        if dtypes.category(kind) > dtypes.category(dtype):
            dtype = kind
            x = cast(x, dtype)
    return x, _converted(name, number, dtype)


def result_type(*operands):
    """The number type that results from tensors and numbers together (PyTorch's type promotion)."""
    ranks = [None, None, None]  # tensors with dimensions, 0-dimensional tensors, numbers
    for x in operands:
        if isinstance(x, Variable):
            rank, dtype = (0 if x.array.ndim else 1), x.array.dtype
        else:
            rank, dtype = 2, dtypes.of_number(x)
        ranks[rank] = dtype if ranks[rank] is None else dtypes.promote(ranks[rank], dtype)
    result = None
    for dtype in ranks:
        if dtype is not None and (result is None or dtypes.category(dtype) > dtypes.category(result)):
            result = dtype
    return result


def to_float(x):
    """The tensor itself if floating point, else in the default floating-point type."""
    return x if x.array.dtype.kind == "f" else cast(x, dtypes.get_default_dtype())


def as_integer(value):
    """The integer that a Python or NumPy integer or an integer tensor of one element stands for; None for others."""
    if isinstance(value, Variable) and value.array.dtype.kind in "iu" and value.array.size == 1:
        return int(value.array.item())
    return int(value) if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else None


def axis(name, dim, ndim):
    """A dimension as a number from 0; a 0-dimensional tensor counts as having one.

    Raises:
        IndexError: out of range.
        TypeError: not an integer.
    """
    place, n = as_integer(dim), max(ndim, 1)
    if place is None:
        raise TypeError(f"{name}: dim must be an integer, got {dim!r}")
    if not -n <= place < n:
        raise IndexError(f"{name}: dimension out of range (expected to be in range of [{-n}, {n - 1}], got {place})")
    return place % n


def axes(name, dim, ndim):
    """One or several dimensions as a tuple of numbers from 0; None and () mean all.

    Raises:
        IndexError: out of range.
        RuntimeError: a dimension named twice.
    """
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    found = tuple(axis(name, d, ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,)))
    if len(set(found)) != len(found):
        raise RuntimeError(f"{name}: dim {dim} names a dimension twice")
    return found if ndim else ()


def sizes(name, given):
    """A shape given as one sequence or as separate integers: ``(2, 3)`` from ``((2, 3),)`` or ``(2, 3)``."""
    if len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = given[0]
    found = tuple(map(as_integer, given))
    if None in found:
        raise TypeError(f"{name}: sizes must be integers, got {given[found.index(None)]!r}")
    return found


def two(name, argument, value, least=0):
    """A spatial argument as (vertical, horizontal): an integer stands for both. Raises as `several`."""
    return several(name, argument, value, 2, least)


def several(name, argument, value, n, least=0):
    """An argument for each of n spatial dimensions as a tuple: one integer stands for all.

    Raises:
        TypeError: not integers.
        RuntimeError: another number of them, or one below `least`.
    """
    wanted = "an integer" if n == 1 else f"an integer or {('two', 'three')[n - 2]} integers"
    values = value if as_integer(value) is None else (value,)
    if not isinstance(values, (tuple, list)):
        raise TypeError(f"{name}: {argument} must be {wanted}, got {value!r}")
    if len(values) not in (1, n):
        raise RuntimeError(f"{name}: {argument} must be {wanted}, got {value!r}")
    numbers = tuple(map(as_integer, values))
    if None in numbers:
        raise TypeError(f"{name}: {argument} must be {wanted}, got {value!r}")
    if min(numbers) < least:
        raise RuntimeError(f"{name}: {argument} must be at least {least}, got {value!r}")
    return numbers * (n // len(numbers))


def labelled(label, result):
    """The new result of an operation made of others, its last node named as PyTorch names its only one."""
    if result._edge is not None:
        result._edge[0].label = label
    return result


def shapes_text(*tensors):
    """The shapes of tensors for an error message."""
    return " and ".join(str(x.array.shape) if isinstance(x, Variable) else "()" for x in tensors)


def count(shape):
    """Number of elements of a shape."""
    return math.prod(shape)


class Move(Function):
    """The same numbers on another device; gradients go back to where the input was."""

    @staticmethod
    def forward(ctx, x, where):
        ctx.where = device_of(x)
        return to_device(x, where)

    @staticmethod
    def backward(ctx, grad):
        return move(grad, ctx.where)


def move(x, where):
    """The tensor on a device; the tensor itself if it is there.

    Raises:
        RuntimeError: there is no such device; says what to install.
    """
    where = device(where)
    return x if to_device(x.array, where) is x.array else Move.apply(x, where=where)
