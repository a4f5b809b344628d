"""A compiled .cu file, loaded into this process."""

import ctypes
import functools
import os
from pathlib import Path

from minitorch.kernels.emulator import build
from minitorch.kernels.emulator.errors import ArgumentError, CompileError, NotSupportedError
from minitorch.kernels.emulator.structures import Array, Launch, Range, Report
from minitorch.kernels.signature import kernels


class Program:
    """The kernels of one file, compiled with certain defines, for fast or for check mode.

    Attributes:
        path, source: the file and its text.
        kernels: dict from name to `Kernel`.
        library: path of the compiled code.
        ignored: pairs of positions in the code whose races are intended, as check mode has found them so far.
    """

    def __init__(self, path, defines, check):
        self.path = Path(path)
        self.check = check
        self.source = self.path.read_text(encoding="utf-8")
        try:
            self.kernels = kernels(self.source)
        except ValueError as error:
            raise CompileError(f"{self.path.name}: {error}", file=self.path.name) from None
        self.library = build.kernel_library(self.path, self.source, defines, check)
        self.code = ctypes.CDLL(str(self.library))
        self.ignored = []
        self._entries = {}

    def entry(self, name):
        """Address, types of the parameters and shared variables of a kernel.

        Raises:
            ArgumentError: the file has no such kernel.
        """
        if name not in self._entries:
            if name not in self.kernels:
                has = f"it has {', '.join(self.kernels)}" if self.kernels else "it has none"
                raise ArgumentError(f"{self.path.name} has no kernel {name!r}; {has}", kernel=name, file=self.path.name)
            address = ctypes.cast(getattr(self.code, f"minitorch_run_{name}"), ctypes.c_void_p).value
            self._entries[name] = address, self.types(name), self.shared(name)
        return self._entries[name]

    def types(self, name):
        """The types of a kernel's parameters, as in ``runtime/cuda_entry.h``."""
        function = getattr(self.code, f"minitorch_types_{name}")
        function.restype = ctypes.POINTER(ctypes.c_char_p)
        texts = function()
        return [texts[i].decode() for i in range(len(self.kernels[name].parameters))]

    def shared(self, name):
        """The memory of the static shared variables, as an array of `Range`."""
        bounds = self.code.minitorch_bss
        bounds.restype = ctypes.c_uint64
        begin, end = bounds(0), bounds(1)
        return (Range * 1)(Range(begin, end - begin))


def load(path, defines, check):
    """The `Program` of a file as it is now; compiled and loaded at most once."""
    status = os.stat(path)
    return _load(str(path), status.st_mtime_ns, status.st_size, tuple(sorted(defines.items())), check)


@functools.cache
def _load(path, modified, size, defines, check):
    return Program(path, dict(defines), check)


@functools.cache
def runtime():
    """The function of the runtime that launches a kernel."""
    library = ctypes.CDLL(str(build.runtime_library()))
    library.minitorch_sizes.restype = ctypes.c_uint64
    sizes = ctypes.sizeof(Launch) | ctypes.sizeof(Report) << 16 | ctypes.sizeof(Array) << 32
    if library.minitorch_sizes() != sizes:
        raise NotSupportedError("the emulator's runtime and its Python part do not belong together")
    library.minitorch_launch.argtypes = [ctypes.POINTER(Launch), ctypes.POINTER(Report)]
    library.minitorch_launch.restype = ctypes.c_char_p
    return library.minitorch_launch
