"""Checks a .cu file on the command line: lists its kernels, compiles it, and runs one on arrays from an .npz file."""

import argparse
import os
import sys
import zipfile
from pathlib import Path

import numpy as np

from minitorch.kernels.emulator import build
from minitorch.kernels.emulator.arguments import check_types
from minitorch.kernels.emulator.errors import ArgumentError, CompileError, KernelError, NotSupportedError
from minitorch.kernels.emulator.launch import ORDERS, SECONDS, launch
from minitorch.kernels.emulator.program import how_to_use_template, load

FAULT, CANNOT = 1, 2  # exit statuses, see EPILOG

DESCRIPTION = """\
Checks CUDA C++ kernels without a GPU. The file's kernels are listed and the file is compiled for the CPU; compiler
errors and warnings are shown with the lines of the file. With --grid and --block a kernel is run in check mode, which
reports every access outside of an array, every race, every read of uninitialised shared memory, barriers and shuffles
that not all threads reach, and endless loops: with file, line, block and thread."""

EPILOG = """\
example: a file add.cu with the kernel  extern "C" __global__ void add(const float* x, float* y, int n)

  python -c "import numpy as np; np.savez('in.npz', x=np.ones(1000, 'f'), y=np.zeros(1000, 'f'))"
  python -m minitorch.kernels.emulator add.cu --arrays in.npz --set n=1000 --grid 4 --block 256 --output out.npz

A race that is meant to be is let pass where its line, or the one above, has a comment with the words: race intended

Exit status: 0 if nothing is wrong; 1 if the file does not compile, or a fault was found in the kernel; 2 if the command
cannot be carried out: options that are unknown or do not go together, a file or a kernel that is not there, arguments
that do not fit the kernel, a machine without a compiler."""


def parser():
    """The parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m minitorch.kernels.emulator",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("file", type=Path, metavar="FILE.cu", help="the file with the kernels")
    result.add_argument("--kernel", metavar="NAME", help="the kernel to run; not needed if the file has only one")
    result.add_argument(
        "--arrays", type=Path, metavar="FILE.npz", help="arrays (and numbers) for the kernel, by parameter name"
    )
    result.add_argument("--grid", type=index, metavar="X[,Y[,Z]]", help="number of blocks")
    result.add_argument("--block", type=index, metavar="X[,Y[,Z]]", help="number of threads of a block")
    result.add_argument(
        "--shared", type=int, default=0, metavar="BYTES", help="size of the dynamic shared memory (extern __shared__)"
    )
    result.add_argument(
        "--set", type=pair, action="append", default=[], metavar="NAME=VALUE",
        help="a number for a parameter, or NAME=null for a null pointer; may be repeated",
    )  # fmt: skip
    result.add_argument(
        "--define", type=pair, action="append", default=[], metavar="NAME=TEXT",
        help="what the preprocessor puts for a name; real=float unless said otherwise; may be repeated",
    )  # fmt: skip
    result.add_argument("--output", type=Path, metavar="OUT.npz", help="where to write the arrays after the run")
    result.add_argument("--fast", action="store_true", help="run in fast mode, which misses races")
    result.add_argument("--order", choices=ORDERS, default="forward", help="in which threads and blocks take turns")
    result.add_argument(
        "--time-limit", type=float, default=SECONDS, metavar="S",
        help="processor seconds without a finished thread that make an endless loop (default: %(default)s)",
    )  # fmt: skip
    return result


def main(arguments=None):
    """Run the command; returns the exit status."""
    options = parser().parse_args(arguments)
    options.define = {"real": "float", **dict(options.define)}
    try:
        program = check_file(options)
        if wants_run(options):
            run_kernel(options, program)
    except (KernelError, OSError, ValueError, zipfile.BadZipFile) as error:
        sys.stdout.flush()
        missing = isinstance(error, FileNotFoundError) and error.filename
        text = f"there is no file {error.filename}" if missing else f"{type(error).__name__}: {error}"
        print(text, file=sys.stderr)
        found = isinstance(error, KernelError) and not isinstance(error, (ArgumentError, NotSupportedError))
        return FAULT if found else CANNOT
    return 0


def wants_run(options):
    """Whether a kernel is to be run, not only compiled."""
    if options.grid is not None and options.block is not None:
        return True
    if options.kernel or options.arrays or options.set or options.output or options.grid or options.block:
        raise ArgumentError("to run a kernel, give both --grid and --block")
    return False


def check_file(options):
    """List the kernels, compile, and show warnings; returns the `Program`."""
    reason = build.why_not()
    if reason:
        raise NotSupportedError(reason)
    program = load(options.file, options.define, not options.fast)
    for line, text in build.warnings(options.file, program.source, options.define):
        print(f"{options.file.name} line {line}: warning: {text}")
    hints = [how_to_use_template(template) for template in program.templates.values()]
    if not program.kernels:
        why = hints[0] if hints else "no function is declared __global__ void"
        raise CompileError(f"{options.file.name} has no kernel: {why}", file=options.file.name)
    print(f"{options.file.name} compiles; kernels:")
    for kernel in program.kernels.values():
        print(f"  line {kernel.line}: {kernel}")
    for hint in hints:
        print(f"not a kernel: {hint}")
    sys.stdout.flush()
    return program


def run_kernel(options, program):
    """Run a kernel and tell what it changed."""
    kernel = choose(options, program)
    values = gather(options, program, kernel)
    before = {name: value.copy() for name, value in values.items() if isinstance(value, np.ndarray)}
    launch(
        options.file, kernel.name, options.grid, options.block, list(values.values()), options.shared,
        options.define, not options.fast, options.order, time_limit=options.time_limit,
    )  # fmt: skip
    mode = "fast mode" if options.fast else "check mode"
    print(f"{kernel.name} ran in {mode} without a fault")
    for parameter in kernel.parameters:
        if parameter.name in before and not parameter.const:
            print(f"  {change(parameter.name, before[parameter.name], values[parameter.name])}")
    if options.output:
        save(options.output, {name: values[name] for name in before})


def choose(options, program):
    """The kernel to run."""
    if options.kernel is None and len(program.kernels) > 1:
        raise ArgumentError(f"give --kernel, one of {', '.join(program.kernels)}")
    name = options.kernel or next(iter(program.kernels))
    program.entry(name)  # raises where there is no such kernel
    return program.kernels[name]


def gather(options, program, kernel):
    """The value of each parameter, in order, from --set and the .npz file."""
    stored = {}
    if options.arrays:
        with np.load(options.arrays, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
    given = dict(options.set)
    unknown = sorted((set(given) | set(stored)) - {parameter.name for parameter in kernel.parameters})
    if unknown:
        print(f"not used, since {kernel.name} has no such parameter: {', '.join(unknown)}")
    types, values = program.types(kernel.name), {}
    check_types(kernel, types)
    for parameter, its in zip(kernel.parameters, types):
        if parameter.name in given:
            values[parameter.name] = from_text(parameter, its.pointer, its.dtype, given[parameter.name])
        elif parameter.name in stored:
            values[parameter.name] = from_file(parameter, its.pointer, its.dtype, stored[parameter.name])
        else:
            how = "--arrays" if its.pointer else "--set or --arrays"
            has = f"; {options.arrays.name} has {', '.join(stored)}" if options.arrays else ""
            raise ArgumentError(f"kernel {kernel.name}: no value for '{parameter}': give it by {how}{has}")
    return values


def from_text(parameter, pointer, dtype, text):
    """A parameter's value from the text behind --set."""
    if pointer:
        if text.lower() in ("null", "none", "nullptr"):
            return None
        raise ArgumentError(f"--set {parameter.name}: '{parameter}' is a pointer; give an array by --arrays, or null")
    try:
        if dtype.kind == "b":
            return dtype.type({"false": False, "true": True, "0": False, "1": True}[text.lower()])
        value = float(text) if dtype.kind == "f" else int(text, 0)
        return exact(parameter, dtype, value) if dtype.kind != "f" else dtype.type(value)
    except (ValueError, KeyError):
        raise ArgumentError(f"--set {parameter.name}: '{parameter}' needs a number of {dtype}, got {text!r}") from None


def from_file(parameter, pointer, dtype, value):
    """A parameter's value from the array of that name."""
    if not pointer:
        if value.ndim:
            raise ArgumentError(f"'{parameter}' is a number, got an array of shape {value.shape}")
        return exact(parameter, dtype, value.item())
    if value.dtype != dtype:
        hint = ", or --define real=double" if (parameter.type, value.dtype) == ("real", np.float64) else ""
        raise ArgumentError(
            f"'{parameter}' must be an array of {dtype}, got one of {value.dtype}, shape {value.shape}; save it as "
            f"{parameter.name}.astype(np.{dtype}){hint}"
        )
    return np.ascontiguousarray(value) if value.ndim else value.reshape(1)


def exact(parameter, dtype, value):
    """A number in the C type of the parameter, if that changes nothing."""
    fits = dtype.kind == "f" or (dtype.kind == "b" and value in (0, 1))
    if dtype.kind in "iu" and value == value and abs(value) != float("inf"):
        fits = np.iinfo(dtype).min <= value <= np.iinfo(dtype).max
    converted = dtype.type(value) if fits else None
    if converted is None or (converted.item() != value and value == value):
        raise ArgumentError(f"'{parameter}' must be a number of {dtype}, {value!r} is none")
    return converted


def change(name, before, after):
    """What a kernel did to an array, in words."""
    changed = int(np.count_nonzero(before.view(f"V{before.itemsize}") != after.view(f"V{after.itemsize}")))
    text = f"{name}: {after.dtype} {after.shape}, {changed} of {after.size} elements changed"
    if not after.size:
        return text
    missing = int(np.count_nonzero(after != after))
    if missing < after.size:
        text += f", min {np.nanmin(after):g}, max {np.nanmax(after):g}"
    return text + (f", {missing} NaN" if after.dtype.kind == "f" else "")


def save(path, arrays):
    """Write an .npz file; what was there before stays until the new one is complete."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    print(f"  written: {path} ({', '.join(arrays)})")


def index(text):
    """``"4"`` or ``"16,16"`` as a tuple."""
    try:
        return tuple(int(part) for part in text.replace("x", ",").split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, or several as in 16,16, got {text!r}") from None


def pair(text):
    """``"NAME=VALUE"`` as a pair."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name.strip(), value.strip()
