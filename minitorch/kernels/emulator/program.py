"""A compiled .cu file, loaded into this process."""

import ctypes
import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from minitorch.kernels.emulator import build
from minitorch.kernels.emulator.arguments import given_type
from minitorch.kernels.emulator.errors import ArgumentError, CompileError, NotSupportedError
from minitorch.kernels.emulator.structures import Array, Launch, Range, Report
from minitorch.kernels.signature import kernels, split_at_commas, templates


@dataclass(frozen=True)
class Variable:
    """A static variable: its name, the function that declares it, where it lies in this process and in the file."""

    name: str
    function: str
    address: int
    bytes: int
    place: int


def static_variables(library, begin):
    """The variables in a library, read with ``nm``; an empty list where there is no such tool.

    Args:
        library: path of the compiled code.
        begin: address at which its .bss begins in this process.
    """
    tool = shutil.which("nm") or shutil.which("llvm-nm")
    if tool is None:
        return []
    output = subprocess.run([tool, "-S", "-C", str(library)], capture_output=True, text=True).stdout
    symbols = [line.split(None, 3) for line in output.splitlines()]
    start = next((int(words[0], 16) for words in symbols if words[-1] == "__bss_start"), None)
    if start is None:
        return []
    found = []
    for words in symbols:
        if len(words) == 4 and words[2] in "bBdDu":
            function, name = names_of_symbol(words[3])
            place = int(words[0], 16)
            found.append(Variable(name, function, place - start + begin, int(words[1], 16), place))
    return sorted(found, key=lambda variable: variable.address)


def names_of_symbol(symbol):
    """Function and variable in a name such as ``sum(float*)::part``; the function is empty at file scope."""
    depth, cuts = 0, []
    for place, character in enumerate(symbol):
        depth += (character in "(<[{") - (character in ")>]}")
        if depth == 0 and symbol.startswith("::", place):
            cuts.append(place)
    if not cuts:
        return "", symbol
    scope = symbol[cuts[-2] + 2 if len(cuts) > 1 else 0 : cuts[-1]]
    function = re.search(r"(\w+)\s*(?:<.*>)?\s*(?:\(.*\)[^()]*)?$", scope)
    return function.group(1) if function else "", symbol[cuts[-1] + 2 :]


class Program:
    """The kernels of one file, compiled with certain defines, for fast or for check mode.

    Attributes:
        path, source: the file and its text.
        defines, check: as they were given.
        kernels, templates: dicts from name to `Kernel`; the latter are no kernels, see `how_to_use_template`.
        library: path of the compiled code.
        start: the runtime's function that launches a kernel.
        bounds: first address of the shared variables and the one behind them, those of the variables at file scope,
            and those of the ones in constant memory.
        variables, globals: the shared variables, and those at file scope: lists of `Variable`.
        ignored: pairs of positions in the code whose races are intended, as check mode has found them so far.
    """

    def __init__(self, path, defines, check):
        self.path = Path(path)
        self.defines, self.check = defines, check
        self.source = self.path.read_text(encoding="utf-8")
        try:
            self.kernels, self.templates = kernels(self.source), templates(self.source)
        except ValueError as error:
            raise CompileError(f"{self.path.name}: {error}", file=self.path.name) from None
        self.library = build.kernel_library(self.path, self.source, defines, check)
        self.code = ctypes.CDLL(str(self.library))
        self.start = launcher(self.code)
        self.code.minitorch_bound.restype = ctypes.c_uint64
        self.bounds = [self.code.minitorch_bound(which) for which in range(6)]
        variables = static_variables(self.library, self.bounds[0])
        shared = [v for v in variables if self.bounds[0] <= v.address < self.bounds[1]]
        self.variables = [v for v in shared if not v.name.startswith("minitorch_gap_")]
        self.globals = [v for v in variables if self.bounds[2] <= v.address < self.bounds[3]]
        self.globals += [v for v in variables if self.bounds[4] <= v.address < self.bounds[5]]
        self.ignored = []
        self._entries = {}

    def entry(self, name):
        """Address, types of the parameters and shared variables of a kernel.

        Raises:
            ArgumentError: the file has no such kernel.
        """
        if name not in self._entries:
            if name not in self.kernels:
                template = self.templates.get(name.partition("<")[0].strip())
                if template:
                    text = f"{self.path.name}: {how_to_use_template(template)}"
                    raise ArgumentError(text, kernel=name, file=self.path.name, line=template.line)
                has = f"it has {', '.join(self.kernels)}" if self.kernels else "it has none"
                raise ArgumentError(f"{self.path.name} has no kernel {name!r}; {has}", kernel=name, file=self.path.name)
            address = ctypes.cast(getattr(self.code, f"minitorch_run_{name}"), ctypes.c_void_p).value
            self._entries[name] = address, self.types(name), self.shared(name)
        return self._entries[name]

    def types(self, name):
        """The types of a kernel's parameters: a list of `GivenType`."""
        function = getattr(self.code, f"minitorch_types_{name}")
        function.restype = ctypes.POINTER(ctypes.c_char_p)
        texts = function()
        return [given_type(texts[i].decode()) for i in range(len(self.kernels[name].parameters))]

    def shared(self, name):
        """The shared variables that a kernel can see, as an array of `Range`: its own, and those of functions."""
        begin, end = self.bounds[:2]
        seen = [v for v in self.variables if v.function == name or v.function not in self.kernels]
        if not self.variables:
            return (Range * 1)(Range(begin, end - begin))
        return (Range * len(seen))(*(Range(v.address, v.bytes) for v in seen))

    def shared_bytes(self, name):
        """Bytes of the static shared variables of a kernel."""
        return sum(v.bytes for v in self.variables if v.function == name)


def how_to_use_template(kernel):
    """What to write so that a template can be launched, in words.

    Args:
        kernel: the `Kernel`.
    """
    chosen = {}
    for parameter in split_at_commas(kernel.template):
        kind, _, name = parameter.partition("=")[0].strip().rpartition(" ")
        chosen[name] = "float" if kind in ("typename", "class") else "true" if kind == "bool" else "4"
    types = [replace(p, type=chosen.get(p.type, p.type)) for p in kernel.parameters]
    wrapper = "_".join([kernel.name, *chosen.values()])
    call = f"{kernel.name}<{', '.join(chosen.values())}>({', '.join(p.name for p in types)});"
    return (
        f"{kernel.name} in line {kernel.line} is a template, and no kernel before something is chosen for "
        f"{kernel.template}: write __device__ in place of its __global__, and a kernel that calls it, such as\n"
        f'  extern "C" __global__ void {wrapper}({", ".join(map(str, types))}) {{ {call} }}'
    )


def load(path, defines, check):
    """The `Program` of a file as it is now; compiled and loaded at most once."""
    status = os.stat(path)
    return _load(str(path), status.st_mtime_ns, status.st_size, tuple(sorted(defines.items())), check)


@functools.cache
def _load(path, modified, size, defines, check):
    return Program(path, dict(defines), check)


def launcher(code):
    """The function of the runtime that launches a kernel; of that copy of it that the kernels' library has loaded."""
    code.minitorch_sizes.restype = ctypes.c_uint64
    sizes = ctypes.sizeof(Launch) | ctypes.sizeof(Report) << 16 | ctypes.sizeof(Array) << 32
    if code.minitorch_sizes() != sizes:
        raise NotSupportedError("the emulator's runtime and its Python part do not belong together")
    code.minitorch_launch.argtypes = [ctypes.POINTER(Launch), ctypes.POINTER(Report)]
    code.minitorch_launch.restype = ctypes.c_char_p
    return code.minitorch_launch
