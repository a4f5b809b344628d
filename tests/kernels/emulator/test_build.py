"""The cache of compiled files, and machines that cannot run the emulator."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minitorch.kernels import emulator
from minitorch.kernels.emulator import build, program

SOURCE = 'extern "C" __global__ void kernel(int* y) { y[0] = VALUE; }'


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of its own, with the runtime in it, and nothing else remembered from the one before."""
    runtime = build.runtime_library()
    monkeypatch.setenv("MINITORCH_EMULATOR_CACHE", str(tmp_path / "cache"))
    forget()
    shutil.copy(runtime, build.cache_folder())
    yield tmp_path / "cache"
    monkeypatch.undo()
    forget()


def forget():
    for function in (build.cache_folder, build.compiler, build.compiler_identity, program._load):
        function.cache_clear()


def run(path, value=1, check=False):
    y = np.zeros(1, np.int32)
    emulator.launch(path, "kernel", 1, 1, [y], defines={"VALUE": value}, check=check)
    return int(y[0])


def libraries(folder):
    return sorted(path.name for path in folder.glob("kernels-*.so"))


def test_compiled_once_for_each_text_and_flags(cache, write, monkeypatch):
    path = write(SOURCE)
    assert run(path) == 1
    first = libraries(cache)
    assert len(first) == 1 and len(list(cache.glob("runtime-*.so"))) == 1
    monkeypatch.setattr(build, "run_compiler", lambda *arguments: pytest.fail("compiled again"))
    program._load.cache_clear()
    assert run(path) == 1
    monkeypatch.undo()
    monkeypatch.setenv("MINITORCH_EMULATOR_CACHE", str(cache))
    assert run(path, 2) == 2
    assert run(path, 2, check=True) == 2
    assert run(write(SOURCE.replace("VALUE", "VALUE + 1"))) == 2
    assert len(libraries(cache)) == 4 and first[0] in libraries(cache)
    assert not list(cache.glob("building-*"))


def test_the_cache_follows_the_runtime_and_the_compiler(cache, monkeypatch):
    names = [build.digest("text", ["-O1"])]
    names.append(build.digest("text", ["-O2"]))
    names.append(build.digest("texts", ["-O1"]))
    monkeypatch.setattr(build, "compiler_identity", lambda: "another compiler")
    names.append(build.digest("text", ["-O1"]))
    monkeypatch.setattr(build, "runtime_text", lambda: "another runtime")
    names.append(build.digest("text", ["-O1"]))
    assert len(set(names)) == 5


def test_several_processes_at_once(cache, write):
    path = write(SOURCE)
    code = (
        "import numpy as np\n"
        "from minitorch.kernels import emulator\n"
        "y = np.zeros(1, np.int32)\n"
        f"emulator.launch({str(path)!r}, 'kernel', 1, 1, [y], defines={{'VALUE': 5}})\n"
        "assert y == 5\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    processes = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(libraries(cache)) == 1 and not list(cache.glob("building-*"))


def test_a_cache_that_cannot_be_written(tmp_path, write, monkeypatch, cache):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(build, "FOR_RUNTIME", ["-O0"])  # it is compiled once more: quickly
    monkeypatch.setenv("MINITORCH_EMULATOR_CACHE", str(tmp_path / "file"))
    forget()
    assert run(write(SOURCE), 7) == 7
    folder = build.cache_folder()
    assert folder.name.startswith("minitorch-emulator-") and libraries(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_places_of_the_cache(monkeypatch, tmp_path, cache):
    monkeypatch.delenv("MINITORCH_EMULATOR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    forget()
    assert build.cache_folder() == tmp_path / "xdg" / "minitorch" / "emulator"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    forget()
    assert build.cache_folder() == tmp_path / "home" / ".cache" / "minitorch" / "emulator"


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("CXX", "/no/such/compiler", r"needs a C\+\+ compiler: install g\+\+"),
        ("PATH", "", "needs a C"),
        (None, None, "Linux"),
    ],
)
def test_machines_that_cannot(name, value, words, cache, write, monkeypatch):
    if name:
        monkeypatch.delenv("CXX", raising=False)
        monkeypatch.setenv(name, value)
    else:
        monkeypatch.setattr(sys, "platform", "darwin")
    forget()
    with pytest.raises(emulator.NotSupportedError, match=words):
        run(write(SOURCE), 9)


def test_another_compiler_by_name(cache, write, monkeypatch):
    monkeypatch.setenv("CXX", f"{build.compiler()[0]} -DUNUSED=1")
    monkeypatch.setattr(build, "FOR_RUNTIME", ["-O0"])
    forget()
    assert run(write(SOURCE), 3) == 3


def test_the_portable_switch_of_stacks(cache, write, monkeypatch):
    """The one for processors that no assembly is written for, on this one; and nothing to warn about."""
    monkeypatch.setattr(build, "FOR_RUNTIME", [*build.FOR_RUNTIME, "-Werror", "-DMINITORCH_PORTABLE"])
    source = """
    extern "C" __global__ void kernel(int* y) {
        __shared__ int s[64];
        s[threadIdx.x] = threadIdx.x;
        __syncthreads();
        y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, s[63 - threadIdx.x], 1);
    }
    """
    path = write(source)
    y = np.zeros(64, np.int32)
    for check in (False, True):
        emulator.launch(path, "kernel", 1, 64, [y], check=check)
        np.testing.assert_array_equal(y, (63 - np.arange(64)) ^ 1)
        with pytest.raises(emulator.OutOfBoundsError):
            emulator.launch(path, "kernel", 1, 64, [y[:40].copy()], check=check)


def test_every_file_of_the_runtime_is_package_data():
    setup = (Path(build.__file__).parents[3] / "setup.py").read_text(encoding="utf-8")
    assert '"minitorch.kernels.emulator": ["runtime/*.h", "runtime/*.cpp"]' in setup
    assert {path.suffix for path in build.RUNTIME.iterdir()} == {".h", ".cpp"}
