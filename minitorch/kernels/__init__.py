"""Kernels: arrays in, arrays out, never a tensor. `cpu` and `cuda` have the same functions.

The arrays of the device "emulator" take the CUDA kernels; `emulator` runs them on the CPU. Neither is imported before
it is asked for.
"""

import importlib

from minitorch.device import is_cuda, is_emulated
from minitorch.kernels import cpu


def __getattr__(name):
    """`cuda` or `emulator`, imported at its first use."""
    if name in ("cuda", "emulator"):
        return importlib.import_module(f"minitorch.kernels.{name}")
    raise AttributeError(f"module 'minitorch.kernels' has no attribute {name!r}")


def backend(array):
    """The kernels for the device that holds the array."""
    return importlib.import_module("minitorch.kernels.cuda") if is_cuda(array) or is_emulated(array) else cpu
