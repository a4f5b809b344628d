"""Runs a kernel of a .cu file on NumPy arrays."""

import contextlib
import ctypes
import os
import threading

from minitorch.kernels.emulator.arguments import LARGEST_GRID, Arguments, block_size, shared_size, size
from minitorch.kernels.emulator.errors import (
    ArgumentError,
    EndlessLoopError,
    KernelError,
    NotSupportedError,
    OutOfBoundsError,
)
from minitorch.kernels.emulator.program import load
from minitorch.kernels.emulator.report import explain, is_intended
from minitorch.kernels.emulator.structures import Array, Fault, Launch, Report

ORDERS = ("forward", "reverse", "random")
SECONDS = 10.0

_one_at_a_time = threading.Lock()
_settings = {"check": None, "order": "forward", "seed": 0}


def launch(
    path, kernel, grid, block, arguments, shared_bytes=0, defines=None, check=None,
    order=None, seed=None, time_limit=None,
):  # fmt: skip
    """Run a kernel and wait for its end.

    The kernel works on copies of the arrays. Those that it does not declare const are written back when it has ended
    without a fault; after a fault all arrays are as they were.

    Args:
        path: the .cu file.
        kernel: name of a ``__global__`` function in it.
        grid, block: number of blocks, threads of a block; each an integer or a tuple of up to three.
        arguments: one for each parameter. A pointer takes a C-contiguous NumPy array of exactly its type, or None for
            a null pointer; a table of pointers (``float* const*``) a list of these;
            a scalar a NumPy scalar of exactly its type, or a Python number that fits.
        shared_bytes: size of the ``extern __shared__`` array.
        defines: dict of what the preprocessor replaces, ``{"real": "float"}`` by default.
        check: True for check mode, which finds every access out of bounds, every race and every read of
            uninitialised shared memory, and is slower; None for what `checking` or the environment variable
            ``MINITORCH_EMULATOR_CHECK`` says.
        order: in which threads and blocks take their turns: ``"forward"``, ``"reverse"`` or ``"random"``. The result
            of a right kernel does not depend on it, except for the rounding of float atomics.
        seed: of the random order.
        time_limit: seconds of processor time in which no thread has finished, after which the kernel is taken to be
            in an endless loop; 10 by default, or ``MINITORCH_EMULATOR_TIME_LIMIT``.

    Raises:
        ArgumentError, CompileError, NotSupportedError: nothing was started.
        KernelError: one of its subclasses tells what the kernel did wrong.
    """
    check = default_check() if check is None else bool(check)
    program = load(path, {"real": "float"} if defines is None else defines, check)
    address, types, shared = program.entry(kernel)
    bound = Arguments(program.kernels[kernel], types, tuple(arguments))
    order = _settings["order"] if order is None else order
    if order not in ORDERS:
        raise ArgumentError(f"kernel {kernel}: order must be one of {', '.join(ORDERS)}, got {order!r}", kernel=kernel)
    what = Launch(
        entry=address,
        grid=size(kernel, "grid", grid, LARGEST_GRID),
        block=block_size(program.kernels[kernel], block),
        shared_bytes=shared_size(kernel, shared_bytes, program.shared_bytes(kernel)),
        order=ORDERS.index(order),
        check=check,
        seed=_settings["seed"] if seed is None else seed,
        seconds=seconds(kernel, default_time_limit() if time_limit is None else time_limit),
        shared=shared,
        shared_count=len(shared),
        bss_begin=program.bounds[0],
        bss_end=program.bounds[1],
        global_begin=program.bounds[2],
        global_end=program.bounds[3],
        constant_begin=program.bounds[4],
        constant_end=program.bounds[5],
    )
    report, arrays = run(what, bound, program)
    while report.fault == Fault.RACE and is_intended(program, report):
        # Nothing has been written back, so the launch can simply begin again.
        program.ignored.append((report.values[0], report.values[1]))
        report, arrays = run(what, bound, program)
    if not report.fault:
        return
    error = explain(program, report, bound, arrays, what)
    vague = isinstance(error, OutOfBoundsError) or (isinstance(error, EndlessLoopError) and error.line is None)
    if vague and not check:
        # Up to 15 bytes past an array nothing but a canary stands. Check mode knows who was the first to pass its end;
        # and it has lines for a loop of which the optimising compiler has left a single jump.
        try:
            launch(path, kernel, grid, block, arguments, shared_bytes, defines, True, order, seed, time_limit)
        except type(error) as exact:
            error = exact
        except KernelError:
            pass
    raise error from None


def run(what, bound, program):
    """Launch with the arguments bound in; returns what the runtime reports."""
    count = len(bound.arrays)
    arrays = (Array * max(count, 1))()
    for entry, (_, array, read_only) in zip(arrays, bound.arrays):
        entry.source, entry.bytes = array.__array_interface__["data"][0], array.nbytes
        entry.item, entry.read_only = array.itemsize, read_only
    pointers = (ctypes.c_void_p * max(len(bound.cells), 1))()
    cells = bound.cells.ctypes.data
    for i in range(len(bound.cells)):
        pointers[i] = cells + 8 * i
    for cell, number in bound.pointer_cells:
        pointers[cell] = ctypes.addressof(arrays[number]) + Array.start.offset
    what.arguments = ctypes.addressof(pointers)
    what.arrays, what.array_count = arrays, count
    ignored = (ctypes.c_uint64 * (2 * len(program.ignored)))(*(code for pair in program.ignored for code in pair))
    what.ignored, what.ignored_count = ignored, len(program.ignored)
    report = Report()
    with _one_at_a_time:
        problem = program.start(ctypes.byref(what), ctypes.byref(report))
    if problem:
        raise NotSupportedError(f"kernel {bound.kernel.name} was not started: {problem.decode()}")
    return report, arrays


def seconds(kernel, time_limit):
    """The time limit as a number above 0."""
    if not isinstance(time_limit, (int, float)) or not 0 < time_limit < 1e9:
        raise ArgumentError(f"kernel {kernel}: time_limit must be seconds, above 0, got {time_limit!r}", kernel=kernel)
    return float(time_limit)


def default_check():
    """Whether launches are checked that do not say so themselves."""
    if _settings["check"] is not None:
        return _settings["check"]
    return os.environ.get("MINITORCH_EMULATOR_CHECK", "0") not in ("", "0")


def default_time_limit():
    """Seconds without progress that a launch may take which does not say so itself."""
    return float(os.environ.get("MINITORCH_EMULATOR_TIME_LIMIT") or SECONDS)


@contextlib.contextmanager
def checking(check=True, order=None, seed=None):
    """Within ``with checking():`` launches run in check mode, or in another order of threads and blocks.

    Args:
        check: True for check mode, False for fast mode, None to leave it.
        order, seed: as for `launch`; None to leave it.
    """
    before = dict(_settings)
    _settings.update({k: v for k, v in (("check", check), ("order", order), ("seed", seed)) if v is not None})
    try:
        yield
    finally:
        _settings.update(before)
