"""Kernels: arrays in, arrays out, never a tensor. `cpu` and `cuda` have the same functions.

The arrays of the device "emulator" take the CUDA kernels; `emulator` runs them on the CPU. Neither is imported before
an array needs it.
"""

import importlib

from minitorch.device import is_cuda, is_emulated
from minitorch.kernels import cpu


def backend(array):
    """The kernels for the device that holds the array."""
    if is_cuda(array) or is_emulated(array):
        return importlib.import_module("minitorch.kernels.cuda")
    return cpu
