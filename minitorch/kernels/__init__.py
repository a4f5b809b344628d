"""Kernels: arrays in, arrays out, never a tensor. `cpu` and `cuda` have the same functions.

The arrays of the device "emulator" take the CUDA kernels; `emulator` runs them on the CPU.
"""

from minitorch.device import is_cuda, is_emulated
from minitorch.kernels import cpu, cuda


def backend(array):
    """The kernels for the device that holds the array."""
    return cuda if is_cuda(array) or is_emulated(array) else cpu
