"""Arguments of a launch: checked against the C types of the kernel, and laid out for the runtime."""

import numbers
import re
from dataclasses import dataclass

import numpy as np

from minitorch.kernels.emulator.errors import ArgumentError

LARGEST_GRID = (2**31 - 1, 65535, 65535)
LARGEST_BLOCK = (1024, 1024, 64)
LARGEST_BLOCK_SIZE = 1024
LARGEST_SHARED = 48 * 1024
DTYPES = {letter: np.dtype(letter) for letter in "?bBhHiIqQfd"}
TYPE = re.compile(r"([PT]?)(c?)([?bBhHiIqQfdx])(\d?)")
POINTER_TABLE = 2  # in place of a read-only flag: the array holds numbers of arrays, from 1, 0 for null


@dataclass(frozen=True)
class GivenType:
    """The type of a parameter as the compiler understood it; `dtype` is None where the emulator cannot pass it."""

    pointer: bool
    table: bool
    const: bool
    dtype: np.dtype | None
    length: int


def given_type(code):
    """A `GivenType` from its code, see ``runtime/cuda_entry.h``."""
    pointer, const, letter, length = TYPE.fullmatch(code).groups()
    return GivenType(pointer == "P", pointer == "T", bool(const), DTYPES.get(letter), int(length or 1))


class Arguments:
    """The arguments of one launch.

    Attributes:
        arrays: a tuple ``(parameter, array, read_only)`` for each array; behind those of a table of pointers the
            table itself, see `POINTER_TABLE`.
        cells: 8 bytes for each argument, the scalars already in place; ``pointer_cells`` tells which ones are to
            hold the addresses of which arrays: pairs of numbers.
        null: names of the parameters that were given None.
    """

    def __init__(self, kernel, types, arguments):
        """Check the arguments.

        Args:
            kernel: a `Kernel`, for names.
            types: for each parameter its `GivenType`.
            arguments: what was given, a sequence.

        Raises:
            ArgumentError: names the parameter, what was given and what is expected.
        """
        self.kernel = kernel
        check_types(kernel, types)
        if len(arguments) != len(types):
            raise self.error(f"takes {len(types)} arguments, {signature(kernel)}, got {len(arguments)}")
        self.cells = np.zeros(len(types), np.uint64)
        self.arrays, self.pointer_cells, self.null = [], [], []
        for cell, (parameter, given_type, value) in enumerate(zip(kernel.parameters, types, arguments)):
            if not given_type.pointer and not given_type.table:
                self.cells[cell : cell + 1].view(given_type.dtype)[0] = self.number(parameter, given_type.dtype, value)
            elif value is None:
                self.null.append(parameter.name)
            elif given_type.table:
                self.arrays.append((parameter, self.table(parameter, given_type, value), POINTER_TABLE))
                self.pointer_cells.append((cell, len(self.arrays) - 1))
            else:
                self.check_array(parameter, given_type, value)
                self.arrays.append((parameter, value, given_type.const))
                self.pointer_cells.append((cell, len(self.arrays) - 1))

    def error(self, text):
        return ArgumentError(f"kernel {self.kernel.name}: {text}", kernel=self.kernel.name)

    def table(self, parameter, given_type, values):
        """The numbers of the arrays of a list, after those have been checked and added to all arrays."""
        if not isinstance(values, (list, tuple)):
            raise self.error(f"'{parameter}' must be a list of arrays, or None, got {described(values)}")
        numbers = np.zeros(len(values), np.uint64)
        for i, value in enumerate(values):
            if value is not None:
                self.check_array(parameter, given_type, value)
                self.arrays.append((parameter, value, given_type.const))
                numbers[i] = len(self.arrays)
        return numbers

    def check_array(self, parameter, given_type, value):
        """Raise unless the value is an array that can be passed as it is."""
        dtype, length = given_type.dtype, given_type.length
        if not isinstance(value, np.ndarray) or value.dtype != dtype or not value.flags.c_contiguous:
            text = f"'{parameter}' must be a C-contiguous array of {dtype}, or None, got {described(value)}"
            if getattr(value, "dtype", None) == dtype:
                text += f" with strides {value.strides} bytes; copy it first"
            raise self.error(text)
        if value.size % length:
            raise self.error(f"'{parameter}' must have a multiple of {length} elements, got {described(value)}")
        if not value.flags.aligned:
            raise self.error(f"'{parameter}' begins at an address that {dtype.itemsize} does not divide; copy it first")
        if not given_type.const and not value.flags.writeable:
            raise self.error(f"'{parameter}' is not declared const, got an array that must not be written to")

    def number(self, parameter, dtype, value):
        """A scalar of the C type. NumPy scalars must have it already; Python numbers are converted if that is exact."""
        if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
            if value.dtype == dtype:
                return value
        elif isinstance(value, bool):
            if dtype.kind == "b":
                return value
        elif dtype.kind == "f" and isinstance(value, numbers.Real):
            return float(value)
        elif dtype.kind in "iu" and isinstance(value, int):
            limits = np.iinfo(dtype)
            if limits.min <= value <= limits.max:
                return value
            raise self.error(f"'{parameter}' must be between {limits.min} and {limits.max} ({dtype}), got {value}")
        raise self.error(f"'{parameter}' must be a number of type {dtype}, got {described(value)}")


def check_types(kernel, types):
    """Raise where a kernel has a parameter that the emulator cannot pass.

    Args:
        kernel: a `Kernel`.
        types: for each parameter its `GivenType`.

    Raises:
        ArgumentError: names the parameter and its type, and says what to do instead.
    """
    for parameter, its in zip(kernel.parameters, types):
        if its.dtype is not None and (its.length == 1 or its.pointer or its.table):
            continue
        c_type = str(parameter).rpartition(" ")[0]
        if its.dtype is not None:
            why = "numbers and pointers can be passed, vectors cannot; declare a number for each component"
        elif parameter.pointer == 2:
            why = f"a table of pointers must be declared {parameter.type}* const* and hold numbers"
        elif parameter.pointer:
            why = "arrays hold numbers or vectors (float4); declare a pointer to numbers and cast it in the kernel"
        else:
            why = (
                "numbers and pointers can be passed, structs cannot; declare a parameter for each member, and put the "
                f"{parameter.type} together in the kernel"
            )
        raise ArgumentError(
            f"kernel {kernel.name}: the emulator cannot pass '{parameter.name}' of type '{c_type}': {why}",
            kernel=kernel.name,
        )


def signature(kernel):
    """``(float* y, int n)``, with an indefinite end where there is nothing."""
    return f"({', '.join(map(str, kernel.parameters))})"


def described(value):
    """An argument in words."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of {value.dtype}, shape {value.shape}"
    if isinstance(value, (np.generic, np.ndarray)):
        return f"{value!r} of type {value.dtype}"
    return f"{value!r} of type {type(value).__name__}"


def size(kernel, name, given, largest):
    """A grid or block as three integers.

    Raises:
        ArgumentError: not one to three integers of at least 1, or too many.
    """
    values = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in values)
    values = (*values, 1, 1)[: max(3, len(values))]
    if not whole or len(values) != 3 or not all(1 <= n <= most for n, most in zip(values, largest)):
        raise ArgumentError(
            f"kernel {kernel}: {name} must be one to three integers, at least 1 and at most {largest}, got {given!r}",
            kernel=kernel,
        )
    return tuple(map(int, values))


def block_size(kernel, given):
    """A block as three integers, with no more threads than a GPU and the kernel allow.

    Args:
        kernel: a `Kernel`.
        given: what the caller gave.
    """
    block = size(kernel.name, "block", given, LARGEST_BLOCK)
    threads = block[0] * block[1] * block[2]
    most = min(LARGEST_BLOCK_SIZE, kernel.most_threads or LARGEST_BLOCK_SIZE)
    if threads > most:
        why = "" if most == LARGEST_BLOCK_SIZE else " (its __launch_bounds__)"
        raise ArgumentError(
            f"kernel {kernel.name}: block must have at most {most} threads{why}, got {given!r}, {threads} threads",
            kernel=kernel.name,
        )
    return block


def shared_size(kernel, given, static):
    """The bytes of dynamic shared memory, if they and the static ones fit."""
    if not isinstance(given, (int, np.integer)) or isinstance(given, bool) or given < 0:
        raise ArgumentError(f"kernel {kernel}: shared_bytes must be an integer from 0, got {given!r}", kernel=kernel)
    if static + given > LARGEST_SHARED:
        raise ArgumentError(
            f"kernel {kernel}: a block has at most {LARGEST_SHARED} bytes of shared memory, got {static} in the "
            f"kernel's own arrays and shared_bytes={given}",
            kernel=kernel,
        )
    return int(given)
