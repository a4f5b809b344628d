"""Where arrays live. The only file that knows of CuPy, and it imports it no sooner than a GPU is asked for."""

import importlib
import importlib.util
import sys

import numpy as np

from minitorch.emulator_array import EmulatorArray, emulator_numpy

INSTALL_CUPY = "in the folder of minitorch: pip install -e '.[cuda12]' (CUDA 12) or '.[cuda13]' (CUDA 13)"


class device:
    """A place for arrays: ``device("cpu")``, ``device("cuda:1")`` or ``device("cuda", 1)``, ``device("emulator")``.

    On ``"emulator"`` the CUDA kernels run on the CPU: slowly, but without a GPU; their first use needs a C++ compiler.

    Args:
        type: ``"cpu"``, ``"cuda"``, with an optional ``":index"``, ``"emulator"``, or another device.
        index: number of the GPU; None is the current one.

    Raises:
        RuntimeError: a name that is no device, or an index given twice.
    """

    __slots__ = ("type", "index")

    def __init__(self, type, index=None):
        if isinstance(type, device):
            type, index = type.type, type.index if index is None else index
        if isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        if not isinstance(type, str):
            raise TypeError(f"device: expected a name such as 'cpu' or 'cuda:0', got {type!r}")
        name, colon, number = type.partition(":")
        twice = colon and (index is not None or not number.isdigit())
        if name not in ("cpu", "cuda", "emulator") or twice or (name == "emulator" and (colon or index is not None)):
            raise RuntimeError(
                f"device: expected 'cpu', 'cuda', 'cuda:N' or 'emulator', got {type!r} with index {index!r}"
            )
        self.type = name
        self.index = int(number) if colon else index

    def __repr__(self):
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self):
        return hash((self.type, self.index))


CPU = device("cpu")
EMULATOR = device("emulator")


def cupy():
    """The CuPy module.

    Raises:
        RuntimeError: CuPy or a usable GPU is missing; the message says which, and what to install.
    """
    if importlib.util.find_spec("cupy") is None:
        raise RuntimeError(f"cuda: CuPy is not installed. With an NVIDIA GPU and driver: {INSTALL_CUPY}")
    try:
        module = importlib.import_module("cupy")
        count = module.cuda.runtime.getDeviceCount()
    except Exception as error:  # a missing driver or library shows as one of many types
        raise RuntimeError(
            f"cuda: CuPy is installed but found no usable GPU ({error}). Check that `nvidia-smi` works and that the "
            f"CuPy build fits the driver: {INSTALL_CUPY}"
        ) from error
    if count == 0:
        raise RuntimeError("cuda: CuPy is installed but the driver reports no GPU; check `nvidia-smi`")
    return module


def cuda_is_available():
    """True where CuPy is installed and a GPU answers."""
    try:
        cupy()
    except RuntimeError:
        return False
    return True


def cuda_device_count():
    """Number of GPUs, 0 without CuPy or a driver."""
    return cupy().cuda.runtime.getDeviceCount() if cuda_is_available() else 0


def is_cuda(array):
    """True for a CuPy array. Never imports CuPy: without it there can be no such array."""
    module = sys.modules.get("cupy")
    return module is not None and isinstance(array, module.ndarray)


def is_emulated(array):
    """True for an array on the device ``"emulator"``."""
    return isinstance(array, EmulatorArray)


def array_module(array):
    """``cupy`` for a CuPy array, else ``numpy``; for an array on the emulator, `emulator_numpy`."""
    if is_emulated(array):
        return emulator_numpy
    return sys.modules["cupy"] if is_cuda(array) else np


def device_of(array):
    """The device that holds an array."""
    if type(array) is np.ndarray:  # most of them, asked for each parameter in each step
        return CPU
    if is_emulated(array):
        return EMULATOR
    return device("cuda", array.device.id) if is_cuda(array) else CPU


def module_for(where):
    """The array module of a device, as `array_module` has it, with that GPU made current for it.

    Raises:
        RuntimeError: no such GPU.
    """
    if where.type != "cuda":
        return np if where.type == "cpu" else emulator_numpy
    module = cupy()
    if where.index is not None:
        if where.index >= module.cuda.runtime.getDeviceCount():
            raise RuntimeError(f"cuda: there is no GPU {where.index}; found {module.cuda.runtime.getDeviceCount()}")
        module.cuda.Device(where.index).use()
    return module


def to_device(array, where):
    """The array on a device; the same object if it is there already."""
    here = device_of(array)
    if here.type == where.type and (where.type != "cuda" or where.index in (None, here.index)):
        return array
    if where.type == "cpu":
        return array.get()
    return module_for(where).asarray(array if here.type == where.type else to_numpy(array))


def to_numpy(array):
    """The array in host memory."""
    return array if device_of(array) == CPU else array.get()
