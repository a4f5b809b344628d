"""The CUDA text without a GPU: NVRTC compiles every file for every architecture, and the files keep their rules."""

import concurrent.futures
import multiprocessing
import re
from pathlib import Path

import pytest

from minitorch.kernels.cuda import launcher
from minitorch.kernels.signature import blank, kernels

FILES = sorted(launcher.SOURCE.glob("*.cu"))
ARCHITECTURES = (70, 75, 80, 86, 89, 90)
# What is compiled: float for each, for one of them as the text stands; double for the first and the last.
VARIANTS = [(architecture, None if architecture == 80 else "float") for architecture in ARCHITECTURES]
VARIANTS += [(70, "double"), (90, "double")]
# What NVRTC does not have without headers, or what other architectures or the emulator lack.
FORBIDDEN = re.compile(
    r"\b(INFINITY|NAN|(FLT|DBL|INT|LONG|LLONG)_(MAX|MIN)|u?int(8|16|32|64)_t|size_t|assert|printf|std|M_PI|NULL|"
    r"long double)\b"
)
RESOURCES = re.compile(
    r"entry function '(?P<kernel>\w+)'.*?(?P<spilled>\d+) bytes spill stores.*?Used (?P<registers>\d+) registers",
    re.DOTALL,
)
REGISTERS = 65536  # of a multiprocessor, and so of a block
# Bytes, for heads of more than 64 numbers: in double a thread's sums alone fill its 255 registers.
SPILLED_IN_DOUBLE = {"attention_query_grad": 64, "attention_key_grad": 1300}


def name_of(path):
    return path.stem


def compile_with_nvrtc(path, architecture, real):
    """(whether it compiled, what the compiler said), through the binding that needs no driver."""
    nvrtc = pytest.importorskip("cupy_backends.cuda.libs.nvrtc", reason="needs nvrtc")
    program = nvrtc.createProgram(path.read_text(encoding="utf-8"), path.name, (), ())
    options = [f"--gpu-architecture=sm_{architecture}", "--std=c++17", "--ptxas-options=-v"]
    options += [f"-Dreal={real}"] if real else []
    try:
        nvrtc.compileProgram(program, tuple(options))
        return len(nvrtc.getCUBIN(program)) > 0, nvrtc.getProgramLog(program)
    except nvrtc.NVRTCError:
        return False, nvrtc.getProgramLog(program)
    finally:
        nvrtc.destroyProgram(program)


@pytest.fixture(scope="module")
def compiled():
    """A function from file, architecture and type to the result; all are begun at once, on all cores."""
    nvrtc = pytest.importorskip("cupy_backends.cuda.libs.nvrtc", reason="needs nvrtc")
    try:
        nvrtc.getVersion()
    except Exception as error:  # the library itself is missing, which shows as one of several types
        pytest.skip(f"needs nvrtc: {error}")
    pool = concurrent.futures.ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))
    jobs = {(path, *variant): pool.submit(compile_with_nvrtc, path, *variant) for path in FILES for variant in VARIANTS}
    yield lambda *key: jobs[key].result()
    pool.shutdown(cancel_futures=True)


def test_there_are_files():
    assert len(FILES) >= 10


@pytest.mark.parametrize("architecture, real", VARIANTS)
@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_file_compiles(compiled, path, architecture, real):
    done, log = compiled(path, architecture, real)
    assert done, log
    warnings = [line for line in log.splitlines() if "warning" in line and "are deprecated" not in line]
    assert not warnings


@pytest.mark.parametrize("architecture, real", VARIANTS)
@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_registers_suffice(compiled, path, architecture, real):
    """Nothing is spilled to memory, and a block of any size gets its registers unless ``__launch_bounds__`` names the
    largest."""
    bounded = set(re.findall(r"__launch_bounds__\s*\([^)]*\)\s*(\w+)\s*\(", blank(path.read_text())))
    found = {match["kernel"]: match for match in RESOURCES.finditer(compiled(path, architecture, real)[1])}
    assert found.keys() == kernels(path.read_text()).keys()
    for kernel, match in found.items():
        allowed = SPILLED_IN_DOUBLE.get(kernel, 0) if real == "double" else 0
        assert int(match["spilled"]) <= allowed, f"{kernel} spills {match['spilled']} bytes"
        assert int(match["registers"]) * launcher.LARGEST_BLOCK_SIZE <= REGISTERS or kernel in bounded, (
            f"{kernel} needs {match['registers']} registers: declare __launch_bounds__"
        )


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_rules_of_a_file(path):
    text = path.read_text(encoding="utf-8")
    plain = blank(text)
    assert "#include" not in plain
    assert re.match(r"(//[^\n]*\n|/\*.*?\*/\n)+\s*#ifndef real\n#define real float\b", text, re.DOTALL)
    assert not FORBIDDEN.findall(plain)
    assert len(set(re.findall(r"extern\s+__shared__\s+([^;]*);", plain))) <= 1, "shared arrays of one file clash"
    found = kernels(text)
    assert found and all(kernel.extern_c for kernel in found.values())
    assert all(len(line) <= 120 for line in text.splitlines())


# What the comments at a file's head and before a kernel together must speak of.
EXPLAINED = {
    "what a block does": r"\bblocks?\b",
    "what a thread does": r"\b(threads?|lanes?|teams?|warps?)\b",
    "what is in shared memory": r"shared memory|nothing is shared",
    "which accesses are coalesced": r"coalesced",
    "the least bytes": r"\bbytes?\b|once through memory|traffic",
    "the least arithmetic": r"\b(flops?|additions?|multiplications?|comparisons?|operations|exp)\b",
}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_kernel_is_explained(path):
    text = path.read_text(encoding="utf-8")
    lines, head = text.splitlines(), text[: text.index("#ifndef real")]
    for kernel in kernels(text).values():
        end = kernel.line - 1
        while "__global__" not in lines[end]:
            end -= 1
        start = end
        while lines[start - 1].lstrip().startswith("//"):
            start -= 1
        assert start < end, f"{kernel.name} needs a comment before it"
        words = head + "\n".join(lines[start:end])
        for what, pattern in EXPLAINED.items():
            assert re.search(pattern, words, re.IGNORECASE), f"{kernel.name}: the comment does not say {what}"


CALLERS = [path.read_text() for path in sorted(Path(launcher.__file__).parent.glob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_kernel_is_launched(path):
    """The names stand side by side in a file of Python."""
    for kernel in kernels(path.read_text()):
        assert any(f'"{path.stem}"' in text and f'"{kernel}"' in text for text in CALLERS), f"nothing launches {kernel}"


def test_every_launch_has_its_kernel():
    launches = [pair for text in CALLERS for pair in re.findall(r'\blaunch\(\s*"(\w+)",\s*"(\w+)"', text)]
    assert len(launches) >= 10
    for stem, kernel in launches:
        assert kernel in kernels((launcher.SOURCE / f"{stem}.cu").read_text())
