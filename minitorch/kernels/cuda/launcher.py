"""Starts the kernels in `source/*.cu`, after checking every argument against the C signature.

For CuPy's arrays the file is compiled by NVRTC, once for each device and number type (CuPy keeps the binaries on disk,
see ``CUPY_CACHE_DIR``), and runs on CuPy's current stream. For arrays of the device "emulator" it is compiled by the
C++ compiler and runs on the CPU. With the environment variable ``MINITORCH_CUDA_SYNC=1`` each launch waits for its
kernel, so that an error is reported with the kernel that made it, not with one that is started later.
"""

import contextlib
import functools
import os
from pathlib import Path

import numpy as np

from minitorch.device import array_module, device_of, is_cuda, is_emulated
from minitorch.kernels import emulator
from minitorch.kernels.signature import REALS, kernels

SOURCE = Path(__file__).parent / "source"
BLOCK = 256
BLOCKS_PER_MULTIPROCESSOR = 32
EMULATED_BLOCKS = 3
LARGEST_GRID, LARGEST_BLOCK, LARGEST_BLOCK_SIZE = (2**31 - 1, 65535, 65535), (1024, 1024, 64), 1024
SHARED_WITHOUT_ASKING = 48 * 1024  # bytes of shared memory that a kernel gets without setting an attribute
NULL = np.uint64(0)  # a null pointer, as an argument of 8 bytes
LIMITS = {dtype: (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)) for dtype in map(np.dtype, "bBhHiIqQ")}


def launch(file_stem, kernel, grid, block, *arguments, shared_bytes=0):
    """Start a kernel of `source/<file_stem>.cu`; without waiting for its end, on a GPU.

    The launch size is the caller's, by one of two rules:

    - A kernel that treats elements one by one has blocks of `BLOCK` = 256 threads, eight warps: small enough that a
      multiprocessor can hold several blocks whatever registers they need, and large enough to fill it. Its grid is
      `grid_for(n)`: a thread for each element up to 32 blocks for each multiprocessor, beyond which threads go on to
      further elements in steps of the whole grid.
    - A kernel whose block shares something (a tile, a row, a channel) has one block for each of these, and as many
      threads as the tile has work for, a multiple of 32.

    A grid with a 0 in it starts nothing: there is nothing to do for an empty array.

    Args:
        file_stem, kernel: the file without its ending, the name of the ``__global__`` function.
        grid, block: number of blocks, threads in a block; each an integer or up to three.
        arguments: one for each parameter of the kernel. A pointer takes a contiguous array of exactly that type, all
            on one device, or None, a null pointer; a pointer to pointers takes a list of these. ``real`` is float32 or
            float64, as the first array given for it is. Numbers are converted to the type that the kernel declares.
        shared_bytes: size of the ``extern __shared__`` array.

    Raises:
        TypeError, ValueError: arguments or sizes that do not fit the kernel; nothing has been started.
        RuntimeError: the kernel could not be started, or failed.
    """
    path, signatures = _source(file_stem)
    if kernel not in signatures:
        raise ValueError(f"launch: {path.name} has no kernel {kernel!r}; it has {', '.join(signatures)}")
    grid, block = _size(kernel, "grid", grid, LARGEST_GRID, 0), _size(kernel, "block", block, LARGEST_BLOCK, 1)
    if block[0] * block[1] * block[2] > LARGEST_BLOCK_SIZE:
        raise ValueError(f"{kernel}: a block must have at most {LARGEST_BLOCK_SIZE} threads, got {block}")
    real, like, values = _bind(signatures[kernel], arguments)
    if 0 in grid:
        return
    if is_emulated(like):
        values = [_host(value) for value in values]
        emulator.launch(path, kernel, grid, block, values, shared_bytes=shared_bytes, defines={"real": REALS[real]})
    else:
        _launch_on_gpu(path, kernel, grid, block, values, shared_bytes, REALS[real], like)


def grid_for(n, block=BLOCK, like=None):
    """Blocks for n independent elements; the rule stands in `launch`.

    Args:
        like: an array on the device that is to run them. On the emulator no more than three blocks are made, so that
            small arrays, too, take threads through more than one step.
    """
    if is_emulated(like):
        most = EMULATED_BLOCKS
    elif is_cuda(like):
        most = BLOCKS_PER_MULTIPROCESSOR * _multiprocessors(array_module(like), like.device.id)
    else:
        most = LARGEST_GRID[1]
    return min(-(-n // block), most)


def empty(shape, dtype, like):
    """An array on the device of another, not set; on the emulator NaN everywhere, see `EmulatorNumPy.empty`."""
    with _on_device_of(like):
        return array_module(like).empty(shape, dtype)


def zeros(shape, dtype, like):
    """An array of zeros on the device of another."""
    with _on_device_of(like):
        return array_module(like).zeros(shape, dtype)


def contiguous(x):
    """The array itself if its numbers lie in memory row by row without gaps, else a copy that does; None stays."""
    return x if x is None or x.flags.c_contiguous else x.copy(order="C")


@functools.cache
def _multiprocessors(cupy, device_index):
    return cupy.cuda.runtime.getDeviceProperties(device_index)["multiProcessorCount"]


@functools.cache
def _source(file_stem):
    path = SOURCE / f"{file_stem}.cu"
    if not path.is_file():
        raise ValueError(f"launch: there is no file {path}")
    return path, kernels(path.read_text(encoding="utf-8"))


def _size(kernel, name, size, largest, least):
    """A launch size as three integers."""
    given = size if isinstance(size, tuple) else (size,)
    whole = all(isinstance(n, (int, np.integer)) for n in given)
    if not whole or len(given) > 3 or not all(least <= n <= most for n, most in zip(given, largest)):
        raise ValueError(f"{kernel}: {name} must be up to three integers from {least} to {largest}, got {size!r}")
    return (*map(int, given), 1, 1)[:3]


def _bind(signature, arguments):
    """The type of `real`, one of the arrays, and the arguments in the types that the kernel declares."""
    parameters = signature.parameters
    if len(arguments) != len(parameters):
        raise TypeError(
            f"{signature.name}: takes {len(parameters)} arguments ({', '.join(map(str, parameters))}), "
            f"got {len(arguments)}"
        )
    pairs = list(zip(parameters, arguments))
    given = [(p, a) for p, many in pairs if p.pointer for a in ([many] if p.pointer == 1 or many is None else many)]
    arrays = [(p, a) for p, a in given if a is not None]
    if not arrays:
        raise TypeError(f"{signature.name}: at least one array is needed, to know the device")
    real = next((a.dtype for p, a in arrays if p.type == "real" and hasattr(a, "dtype")), np.dtype(np.float32))
    if real not in REALS:
        raise TypeError(f"{signature.name}: arrays of type real must be float32 or float64, got {real}")
    like = arrays[0][1]
    for parameter, array in arrays:
        _check_array(signature.name, parameter, array, parameter.dtype(real), like)
    return real, like, [a if p.pointer else _number(signature.name, p, a, p.dtype(real)) for p, a in pairs]


def _check_array(kernel, parameter, array, dtype, like):
    expected = f"{kernel}: {parameter} must be a contiguous array of {dtype} on the GPU or the emulator"
    if not is_cuda(array) and not is_emulated(array):
        raise TypeError(f"{expected}, got {type(array).__name__}")
    if array.dtype != dtype:
        raise TypeError(f"{expected}, got {array.dtype} of shape {array.shape}")
    if not array.flags.c_contiguous:
        raise ValueError(f"{expected}, got shape {array.shape} with strides {array.strides} bytes; use contiguous()")
    if type(array) is not type(like) or (is_cuda(array) and array.device != like.device):
        raise ValueError(f"{kernel}: all arrays must be on one device, got {device_of(like)} and {device_of(array)}")


def _number(kernel, parameter, value, dtype):
    """A number in the C type of the parameter: a bare Python number would reach CUDA in a type of its own."""
    whole = isinstance(value, (bool, int, np.integer, np.bool_))
    if not whole and not (dtype.kind == "f" and isinstance(value, (float, np.floating))):
        wanted = "a number" if dtype.kind == "f" else "an integer"
        raise TypeError(f"{kernel}: {parameter} must be {wanted}, got {type(value).__name__}")
    if dtype in LIMITS and not LIMITS[dtype][0] <= value <= LIMITS[dtype][1]:
        raise ValueError(f"{kernel}: {value} does not fit into {parameter}")
    return dtype.type(value)


def _on_device_of(array):
    return array.device if is_cuda(array) else contextlib.nullcontext()


@functools.cache
def _function(cupy, path, kernel, real, device_index):
    """The compiled kernel. The device only sets entries of the cache apart: CuPy compiles for the current one."""
    return _module(cupy, path, real, device_index).get_function(kernel)


@functools.cache
def _module(cupy, path, real, device_index):
    return cupy.RawModule(code=path.read_text(encoding="utf-8"), options=("--std=c++17", f"-Dreal={real}"))


def _host(value):
    """What the emulator takes: NumPy arrays."""
    if isinstance(value, (list, tuple)):
        return [_host(item) for item in value]
    return value.view(np.ndarray) if is_emulated(value) else value


def _device_pointer(cupy, value):
    """What CuPy passes on: a list of arrays as an array of their addresses, None as a null pointer."""
    if isinstance(value, (list, tuple)):
        return cupy.asarray(np.array([0 if array is None else array.data.ptr for array in value], np.uint64))
    return NULL if value is None else value


def _launch_on_gpu(path, kernel, grid, block, values, shared_bytes, real, like):
    cupy, wait = array_module(like), os.environ.get("MINITORCH_CUDA_SYNC", "0") not in ("", "0")
    with like.device:
        values = tuple(_device_pointer(cupy, value) for value in values)
        try:
            function = _function(cupy, path, kernel, real, like.device.id)
            if shared_bytes and shared_bytes + function.shared_size_bytes > SHARED_WITHOUT_ASKING:
                function.max_dynamic_shared_size_bytes = shared_bytes
            function(grid, block, values, shared_mem=shared_bytes)
            if wait:
                cupy.cuda.get_current_stream().synchronize()
        except Exception as error:  # of NVRTC, the driver or the runtime, each with a type of its own
            hint = "" if wait else "; if an earlier kernel may be the cause, MINITORCH_CUDA_SYNC=1 finds it"
            raise RuntimeError(
                f"kernel {kernel} of {path.name} failed, started with grid {grid}, block {block} and {shared_bytes} "
                f"bytes of shared memory: {error}{hint}"
            ) from error
