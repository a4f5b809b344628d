"""Compiles a .cu file for the CPU, once: the result is kept under a name that tells everything it was made from.

The environment variable ``MINITORCH_EMULATOR_CACHE`` names the folder, otherwise it is ``minitorch/emulator`` in
``$XDG_CACHE_HOME`` or ``~/.cache``, or a temporary one where that cannot be written. ``CXX`` names the compiler,
otherwise g++ or clang++ is looked for.
"""

import atexit
import functools
import hashlib
import itertools
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from minitorch.kernels.emulator.errors import CompileError, NotSupportedError
from minitorch.kernels.emulator.host import DIRECTIVE, HEADER, host_parts
from minitorch.kernels.emulator.unsupported import in_other_words
from minitorch.kernels.signature import blank, kernels, matching

RUNTIME = Path(__file__).parent / "runtime"
COMMON = [
    "-std=c++17",
    "-gdwarf-4",  # addr2line takes files for each other in later versions
    "-fno-omit-frame-pointer",  # from a fault back to the kernel
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-exceptions",
    "-fno-rtti",
    "-ffp-contract=off",
]
FOR_RUNTIME = ["-O2", "-Wall", "-Wextra"]
FOR_KERNELS = [
    "-w",
    "-fno-gnu-unique",
    "-fno-math-errno",
    "-fno-strict-aliasing",  # float* read as float4*
    "-fstack-clash-protection",  # a large local array meets the guard page, not the next thread's stack
]
# The compiler's own start files would put something into .bss, where only shared variables are to be.
LINK = ["-shared", "-nostartfiles", "-Wl,-rpath,$ORIGIN", "-Wl,--no-as-needed"]
# What nvcc warns of, too; the rest of -Wall and -Wextra is noise where an int meets blockDim.x.
WARNINGS = ["-Wall", "-Wextra", *(f"-Wno-{kind}" for kind in ("sign-compare", "unused-parameter", "unknown-pragmas"))]
FAST = ["-O2", "-fwrapv"]
# Every access to memory is reported to the runtime by the calls that are meant for ThreadSanitizer's library, which is
# not there; its own __tsan_ and __ubsan_ functions are.
CHECK = [
    "-O1",
    "-fno-inline",  # GCC forgets from which line of an inlined function an access comes
    "-DMINITORCH_CHECK",
    "-fsanitize=thread,bounds,shift,signed-integer-overflow,integer-divide-by-zero,alignment",
    "-fno-sanitize-recover=all",
]
# What is rewritten before compilation.
STATIC_SHARED = re.compile(r"\bstatic\s+__shared__\b")
VARIABLE = re.compile(r"\b__device__\b(?=[^;(){}=]*[=;\[])(?!\s+__constant__)(?!\s+__shared__)")
RETURN = re.compile(r"\breturn\s*;")
SCOPE = re.compile(r'\b(?:namespace\b[^;{}()]*|extern\s+" "\s*)\{')
ALIGNMENT = r"(?:(?:__align__|alignas)\s*\([^)]*\)\s*)?"
# `float a[8], b[8]` becomes two declarations, so that a gap can stand between them.
SEVERAL_SHARED = re.compile(
    rf"(?P<head>__shared__\s+{ALIGNMENT}\w+(?:\s+\w+)*?)\s+\w+(?:\s*\[[^][,]*\])*(?:\s*,\s*\w+(?:\s*\[[^][,]*\])*)+\s*"
)
SHARED_ARRAY = re.compile(rf"\bextern\s+__shared__\s+{ALIGNMENT}([^;=]*?)(\w+)\s*\[\s*\]\s*;")


def why_not():
    """Why this machine cannot run the emulator; None if it can."""
    if sys.platform != "linux":
        return f"the emulator runs on Linux only, this is {sys.platform}; elsewhere use WSL, a container or a GPU"
    if platform.machine() not in ("x86_64", "aarch64"):
        return f"the emulator knows x86-64 and arm64 processors, this is {platform.machine()}"
    if compiler() is None:
        return "the emulator needs a C++ compiler: install g++ (apt install g++) or clang, or set CXX"
    return None


@functools.cache
def compiler():
    """The compiler's command as a tuple of words, None where there is none."""
    if os.environ.get("CXX"):
        command = tuple(shlex.split(os.environ["CXX"]))
        return command if shutil.which(command[0]) else None
    found = next(filter(None, map(shutil.which, ("g++", "clang++"))), None)
    return (found,) if found else None


@functools.cache
def compiler_identity():
    """What tells one compiler from another."""
    result = subprocess.run([*compiler(), "--version"], capture_output=True, text=True)
    return " ".join(compiler()) + result.stdout


@functools.cache
def cache_folder():
    """The folder for compiled code, created if need be; a temporary one where it cannot be written."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(os.environ.get("MINITORCH_EMULATOR_CACHE") or Path(base) / "minitorch" / "emulator")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        folder = tempfile.mkdtemp(prefix="minitorch-emulator-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)


@functools.cache
def runtime_text():
    """All files of the runtime in one text, for the hash."""
    files = sorted(path for path in RUNTIME.rglob("*") if path.suffix in (".h", ".cpp"))
    return "".join(f"{path.name}\n{path.read_text(encoding='utf-8')}" for path in files)


def runtime_library():
    """Path of the compiled runtime."""
    reason = why_not()
    if reason:
        raise NotSupportedError(reason)
    flags = [*COMMON, *FOR_RUNTIME]
    name = f"runtime-{digest(runtime_text(), flags)}.so"
    # One text for all of it: reading the C++ library's headers is what takes the time.
    text = "".join(f'#include "{path.name}"\n' for path in sorted(RUNTIME.glob("*.cpp")))
    link_flags = ["-shared", f"-Wl,-soname,{name}"]
    return build_once(name, None, text, [*flags, f"-I{RUNTIME}", "-c", "-x", "c++", "-"], link_flags)


def kernel_library(path, source, defines, check):
    """Path of the compiled kernels of a .cu file.

    Args:
        path: the file, for messages.
        source: its text.
        defines: dict of what the preprocessor replaces.
        check: compile for check mode.

    Raises:
        CompileError: with the compiler's words and the lines of the file.
        NotSupportedError: no compiler, or not Linux.
    """
    runtime = runtime_library()
    text = translation_unit(Path(path).name, source)
    flags = [*COMMON, *FOR_KERNELS, *(check_flags() if check else FAST), *define_flags(defines)]
    name = f"{Path(path).stem}-{digest(text, flags + LINK)}.so"
    compile_flags, link_flags = [*flags, f"-I{RUNTIME}", "-c", "-x", "c++", "-"], [*LINK, str(runtime), "-lm"]
    return build_once(name, path, text, compile_flags, link_flags, source)


def warnings(path, source, defines):
    """What the compiler finds odd in a .cu file: a list of line number and text, in the order of the lines."""
    text = translation_unit(Path(path).name, source)
    flags = [*COMMON, *FOR_KERNELS, *define_flags(defines), *WARNINGS, "-O1"]
    flags.remove("-w")
    command = [*compiler(), *flags, f"-I{RUNTIME}", "-S", "-o", os.devnull, "-x", "c++", "-"]
    output = subprocess.run(command, input=text, capture_output=True, text=True, env=in_english()).stderr
    found = sorted((line, re.sub(r" \[-W\S+\]$", "", text)) for line, text in messages(path, output, "warning"))
    return list(dict.fromkeys(found))


def define_flags(defines):
    """The compiler's arguments for what the preprocessor replaces."""
    return [f"-D{name}={value}" for name, value in sorted(defines.items())]


def check_flags():
    """The flags of check mode, without the calls at the beginning and end of each function, which nobody needs.

    GCC must be told to leave the variables in their order, so that gaps stay between the shared ones.
    """
    option = "tsan-instrument-func-entry-exit=0"
    if "clang" in compiler_identity():
        return [*CHECK, "-mllvm", f"-{option}"]
    return [*CHECK, f"--param={option}", "-fno-toplevel-reorder"]


def translation_unit(name, source):
    """The C++ text for a .cu text: what CUDA has built in, the text itself, and an entry for each kernel."""
    found = kernels(source)
    plain = blank(source)
    within = dict.fromkeys("::".join(namespaces(plain, kernel.body[0])) for kernel in found.values())
    entries = "".join(f"using namespace {name};\n" for name in within if name)
    entries += "".join(f"MINITORCH_KERNEL({kernel})\n" for kernel in found)
    library = '#include "c_library.h"\n' if HEADER.search(blank(source, keep_strings=True)) else ""
    text = rewritten(source, found)
    return f'#include "cuda.h"\n{library}#line 1 "{name}"\n{text}\n#line 1 "entries"\n{entries}'


def rewritten(source, found):
    """The text with those things changed that no macro can; every line stays where it is."""
    plain = blank(source)
    changes = [(match.span(), "__shared__") for match in STATIC_SHARED.finditer(plain)]
    changes += [(match.span(), "MINITORCH_GLOBAL") for match in VARIABLE.finditer(plain)]
    changes += [(match.span(), "") for match in HEADER.finditer(blank(source, keep_strings=True))]
    gaps = itertools.count()
    for start, begin, end in shared_declarations(plain):
        changes.append(((start, start), f"MINITORCH_GAP({next(gaps)}) "))
        several = SEVERAL_SHARED.fullmatch(plain, begin, end)
        for comma in re.finditer(",", plain[several.end("head") : end]) if several else ():
            span = (several.end("head") + comma.start(), several.end("head") + comma.end())
            head = " ".join((plain[start:begin].replace("static", "") + several.group("head")).split())
            changes.append((span, f"; MINITORCH_GAP({next(gaps)}) {head} "))
    for match in SHARED_ARRAY.finditer(plain):
        c_type, name = match.groups()
        inside = in_function(plain, match.start())
        pointer = f"{c_type}* {name} = ({c_type}*)minitorch_shared;"
        changes.append((match.span(), pointer if inside else f"static MinitorchDynamicShared<{c_type}> {name};"))
    for kernel in found.values():
        for match in RETURN.finditer(plain, *kernel.body):
            changes.append((match.span(), "{ minitorch_return(__LINE__); return; }"))
    host = host_parts(plain)
    changes = [change for change in changes if not any(start <= change[0][0] < end for start, end in host)]
    changes += [(span, "") for span in host]
    for (start, end), text in sorted(changes, reverse=True):
        source = source[:start] + text + "\n" * plain.count("\n", start, end) + source[end:]
    return source


def shared_declarations(plain):
    """Of each declaration of static shared variables: where it begins, ``__shared__`` stands, and it ends."""
    text = DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", ";", match.group()), plain)
    for match in re.finditer(r"\b__shared__\b", text):
        start = max(text.rfind(end, 0, match.start()) for end in ";{}") + 1
        if not re.search(r"\b(extern|template)\b", text[start : match.start()]):
            yield start + len(text[start:]) - len(text[start:].lstrip()), match.start(), text.find(";", match.end())


def in_function(plain, position):
    """Whether a position lies within more braces than those of namespaces and of ``extern "C" { ... }``."""
    depth = plain.count("{", 0, position) - plain.count("}", 0, position)
    return depth > len(scopes(plain, position))


def scopes(plain, position):
    """The openings of the namespaces, and of ``extern "C" {``, that a position lies in."""
    blocks = SCOPE.finditer(plain[:position])
    return [block.group() for block in blocks if matching(plain, block.end() - 1, "{}") > position]


def namespaces(plain, position):
    """The names of the namespaces that a position lies in, from the outermost."""
    names = [re.match(r"namespace\s+([\w:]+)", opening) for opening in scopes(plain, position)]
    return [match.group(1) for match in names if match]


def digest(text, flags):
    """A short name for a text, the flags it is compiled with, the runtime and the compiler."""
    everything = "\0".join([text, *flags, runtime_text(), compiler_identity()])
    return hashlib.sha256(everything.encode()).hexdigest()[:24]


def build_once(name, path, text, compile_flags, link_flags, source=""):
    """Path of a library in the cache; built if it is not there.

    Two processes may build the same at the same time, each in a folder of its own; the last one's stays. Compiling
    and linking are two steps, since the compiler would add the libraries of its sanitizers to the second.
    """
    target = cache_folder() / name
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(prefix="building-", dir=cache_folder()) as folder:
        run_compiler([*compile_flags, "-o", "code.o"], folder, text, path, source)
        run_compiler(["code.o", *link_flags, "-o", name], folder, None, path, source)
        os.replace(Path(folder) / name, target)
    return target


def run_compiler(arguments, folder, text, path, source):
    """Run the compiler, and raise what it says."""
    command = [*compiler(), *arguments]
    result = subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, env=in_english())
    if result.returncode:
        raise compile_error(path, result.stderr, source)


def in_english():
    """The environment, in which the compiler is to speak the language that `messages` understands."""
    return {**os.environ, "LC_ALL": "C"}


def compile_error(path, output, source):
    """The exception for what the compiler says about a file, whose text is `source`."""
    if path is None:
        return NotSupportedError(f"the emulator's runtime does not compile with {' '.join(compiler())}:\n{output}")
    name = Path(path).name
    errors = in_other_words(messages(path, output, "error"), source)
    if not errors:
        return CompileError(f"{name} does not compile:\n{output[:4000]}", file=name)
    lines = "\n".join(f"  line {line}: {text}" for line, text in errors[:10])
    return CompileError(f"{name} does not compile:\n{lines}", file=name, line=errors[0][0])


def messages(path, output, kind):
    """The compiler's messages of a kind about the .cu file: a list of line number and text, without repetitions."""
    name = re.escape(Path(path).name)
    found = re.findall(rf"^{name}:(\d+)(?::\d+)?: (?:fatal )?{kind}: (.*)$", output, re.MULTILINE)
    return list(dict.fromkeys((int(line), text) for line, text in found))
