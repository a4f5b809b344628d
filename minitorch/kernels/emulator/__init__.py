"""Runs the text of CUDA kernels on the CPU, so that they can be tried and checked on a machine without a GPU.

The C++ compiler compiles the .cu file together with a small runtime that gives every CUDA thread a stack of its own.
"""

from minitorch.kernels.emulator.build import why_not
from minitorch.kernels.emulator.errors import (
    ArgumentError,
    CompileError,
    DeadlockError,
    DivergenceError,
    EndlessLoopError,
    KernelArithmeticError,
    KernelAssertionError,
    KernelError,
    MisalignedError,
    NotSupportedError,
    OutOfBoundsError,
    RaceError,
    ReadOnlyError,
    StackOverflowError,
    UninitialisedError,
)
from minitorch.kernels.emulator.launch import checking, launch

__all__ = [
    "ArgumentError",
    "CompileError",
    "DeadlockError",
    "DivergenceError",
    "EndlessLoopError",
    "KernelArithmeticError",
    "KernelAssertionError",
    "KernelError",
    "MisalignedError",
    "NotSupportedError",
    "OutOfBoundsError",
    "RaceError",
    "ReadOnlyError",
    "StackOverflowError",
    "UninitialisedError",
    "checking",
    "launch",
    "why_not",
]
