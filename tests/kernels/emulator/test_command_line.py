"""``python -m minitorch.kernels.emulator``: what it prints, writes and returns."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from minitorch.kernels import emulator
from minitorch.kernels.emulator import build
from minitorch.kernels.emulator.command_line import main

ADD = """
extern "C" __global__ void add(const real* x, real* y, int n, float scale) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] += x[i] * scale;
}
"""
TWO = ADD + 'extern "C" __global__ void other(const real* bias, bool* y, bool flag) { y[0] = !bias && flag; }\n'


@pytest.fixture
def call(tmp_path, capsys):
    """A function that runs the command in a folder with ``in.npz``; returns status, output and errors."""
    x = np.arange(100, dtype=np.float32)
    np.savez(tmp_path / "in.npz", x=x, y=np.ones(100, np.float32), n=100, half=0.5, other=3)

    def call(source, *arguments):
        path = tmp_path / "mine.cu"
        path.write_text(source, encoding="utf-8")
        status = main([str(path), *(str(argument).replace("@", f"{tmp_path}/") for argument in arguments)])
        return (status, *capsys.readouterr())

    return call


RUN = ("--grid", 4, "--block", 32)
ADD_RUN = ("--arrays", "@in.npz", "--set", "scale=2", *RUN)


def test_lists_and_compiles(call):
    status, output, errors = call(TWO)
    assert status == 0 and not errors
    assert "line 2: add(const real* x, real* y, int n, float scale)" in output
    assert "line 6: other(const real* bias, bool* y, const bool flag)".replace("const bool flag", "bool flag") in output


def test_runs_and_tells_what_changed(call, tmp_path):
    status, output, errors = call(ADD, *ADD_RUN, "--output", "@out.npz")
    assert status == 0 and not errors
    assert "add ran in check mode without a fault" in output
    assert "y: float32 (100,), 99 of 100 elements changed, min 1, max 199, 0 NaN" in output
    assert "no such parameter: half, other" in output
    with np.load(tmp_path / "out.npz") as file:
        np.testing.assert_array_equal(file["y"], 1 + 2 * np.arange(100))
        np.testing.assert_array_equal(file["x"], np.arange(100))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.npz", "mine.cu", "out.npz"]


def test_a_fault_is_reported(call, tmp_path):
    status, output, errors = call(ADD.replace("i < n", "i <= n"), *ADD_RUN, "--output", "@out.npz")
    assert status == 1
    place = r"mine.cu line 4, block \(3, 0, 0\), thread \(4, 0, 0\)"
    assert re.search(rf"OutOfBoundsError: kernel add, {place}: reads [xy]\[100\], past the end", errors)
    assert not (tmp_path / "out.npz").exists()


def test_fast_mode_misses_a_race(call):
    racy = ADD.replace("y[i] +=", "y[0] =")
    assert call(racy, *ADD_RUN)[0] == 1
    status, output, _ = call(racy, *ADD_RUN, "--fast")
    assert status == 0 and "ran in fast mode" in output


def test_time_limit(call):
    endless = 'extern "C" __global__ void spin(volatile int* y) { while (y == y) {} }'
    status, _, errors = call(endless, "--set", "y=null", "--grid", 1, "--block", 1, "--time-limit", 0.05)
    assert status == 1 and "EndlessLoopError" in errors


def test_a_machine_without_a_compiler(call, monkeypatch):
    monkeypatch.setattr(build, "why_not", lambda: "no compiler here")
    status, _, errors = call(ADD)
    assert status == 2 and errors == "NotSupportedError: no compiler here\n"


def test_define_shared_and_null(call, tmp_path):
    np.savez(tmp_path / "in.npz", y=np.zeros(8))
    source = """
    extern "C" __global__ void fill(const int* skip, real* y) {
        extern __shared__ real s[];
        s[threadIdx.x] = skip ? 0 : threadIdx.x;
        y[threadIdx.x] = s[threadIdx.x];
    }
    """
    arguments = ("--arrays", "@in.npz", "--set", "skip=null", "--grid", 1, "--block", 8, "--define", "real=double")
    assert call(source, *arguments, "--shared", 64)[0] == 0
    status, _, errors = call(source, *arguments, "--shared", 56)
    assert status == 1 and "shared memory" in errors
    status, _, errors = call(source, *arguments[:-2], "--shared", 64)
    assert status == 2 and "--define real=double" in errors


PROGRAM = """
#include <iostream>
#include <vector>
#include <cuda_runtime.h>
using namespace std;
#define CHECK(call) { cudaError_t e = call; if (e != cudaSuccess) { printf("no\\n"); exit(1); } }

struct Options { std::string name; };
__host__ __device__ inline int blocks(int n) { return (n + 31) / 32; }
void fill(vector<float>& v) { for (auto& x : v) x = 1; }
static float random_number() { return rand() / (float)RAND_MAX; }

namespace mine {
__global__ void add(const float* x, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i <= n) y[i] += x[i] + 0 * blocks(n);
}
}  // namespace mine

template <typename T>
void run(T* x, T* y, int n) { mine::add<<<blocks(n), 32>>>(x, y, n); }

int main() {
    float *x, *y;
    CHECK(cudaMalloc(&x, 400));
    CHECK(cudaMalloc(&y, 400));
    run(x, y, 100);
    return 0;
}
"""


def test_a_whole_program_is_run_without_its_host_part(call):
    source = PROGRAM.replace("}  // namespace mine", "}  // namespace mine\nusing namespace mine;")
    status, output, errors = call(source, "--arrays", "@in.npz", *RUN)
    assert status == 1 and "mine.cu line 16, block (3, 0, 0), thread (4, 0, 0): reads" in errors
    assert call(source.replace("<=", "<"), "--arrays", "@in.npz", *RUN)[0] == 0


def test_files_and_sizes_that_cannot_be_used(call, tmp_path, capsys):
    assert main([str(tmp_path / "none.cu")]) == 2 and "there is no file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        call(ADD, "--grid", "many", "--block", 3)
    assert "expected a number, or several as in 16,16, got 'many'" in capsys.readouterr().err


def test_warnings_are_shown_without_noise(call):
    source = """
    #pragma unroll_everything
    template <typename T> __device__ void twice(T* y) { int spare; *y *= 2; }
    __global__ void kernel(float* y, const float* not_needed, int n) {
        float sum;
        for (int i = 0; i < blockDim.x; ++i) sum += y[i];
        int idle;
        if (threadIdx.x < n) twice(y), twice(&sum), twice(&n);
        y[0] = sum;
    }
    """
    status, output, errors = call(source)
    warnings = re.findall("mine.cu line (.*)", output)
    assert status == 0 and not errors and not re.search(r"\[-W|signed|parameter|pragma", output)
    assert warnings == sorted(set(warnings))
    assert "7: warning: unused variable 'idle'" in warnings and "3: warning: unused variable 'spare'" in warnings
    call(ADD)
    assert "warning" not in call(ADD)[1]


def test_a_kernel_that_is_run_from_python_prints_no_warnings(write, capfd):
    emulator.launch(write(ADD.replace("const int i", "int idle; const int i")), "add", 1, 1, [None, None, 0, 1.0])
    assert capfd.readouterr() == ("", "")


def test_templates_are_listed(call):
    template = "template <typename T>\n__global__ void scale(T* y, T by) { *y *= by; }\n"
    status, output, _ = call(template + ADD)
    assert status == 0 and "line 4: add(" in output and "not a kernel: scale in line 2 is a template" in output
    assert 'extern "C" __global__ void scale_float(float* y, float by) { scale<float>(y, by); }' in output


def test_a_struct_is_named_before_values_are_asked_for(call):
    source = "struct Size { int n; };\n__global__ void fill(float* y, Size size) { y[0] = size.n; }"
    status, output, errors = call(source, *RUN)
    assert status == 2 and "line 2: fill(float* y, Size size)" in output
    assert "cannot pass 'size' of type 'Size'" in errors and "no value" not in errors


BAD = {
    "compile error": (ADD.replace("n, float", "n float"), (), r"mine.cu does not compile:\n  line 2"),
    "no kernel": ("int x;", (), "no function is declared __global__ void"),
    "template": ("template <typename T> __global__ void f(T* x) {}", (), "has no kernel: f in line 1 is a template"),
    "no grid": (ADD, ("--block", 3), "give both --grid and --block"),
    "which kernel": (TWO, RUN, "give --kernel, one of add, other"),
    "unknown kernel": (TWO, ("--kernel", "sub", *RUN), "no kernel 'sub'"),
    "nothing for a pointer": (ADD, RUN, r"no value for 'const real\* x': give it by --arrays"),
    "nothing for a number": (ADD, ("--arrays", "@in.npz", *RUN), "no value for 'float scale'.*in.npz has x, y, n"),
    "text for a pointer": (ADD, ("--set", "x=3", *RUN), "is a pointer"),
    "fraction for int": (ADD, (*ADD_RUN, "--set", "n=1.5"), "'int n' needs a number of int32, got '1.5'"),
    "int too large": (ADD, (*ADD_RUN, "--set", "n=3000000000"), "must be a number of int32, 3000000000 is none"),
    "word for float": (ADD, (*ADD_RUN, "--set", "scale=two"), "needs a number of float32, got 'two'"),
    "too many threads": (ADD, (*ADD_RUN[:-1], 2048), "block must be"),
    "missing file": (ADD, ("--arrays", "@none.npz", *RUN), "there is no file .*none.npz"),
    "not an .npz": (ADD, ("--arrays", "@mine.cu", *RUN), "."),
}
WRONG_FILES = {"compile error", "no kernel", "template"}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_without_a_traceback(case, call):
    source, arguments, words = BAD[case]
    status, _, errors = call(source, *arguments)
    assert status == (1 if case in WRONG_FILES else 2)
    assert re.search(words, errors) and "Traceback" not in errors


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("x", np.zeros(100), "save it as x.astype"),
        ("n", np.zeros(3, np.int32), "'int n' is a number, got an array of shape"),
        ("n", 10.5, "'int n' must be a number of int32, 10.5 is none"),
        ("scale", 0.1, "'float scale' must be a number of float32, 0.1 is none"),
    ],
)
def test_arrays_that_do_not_fit(name, value, words, call, tmp_path):
    arrays = {"x": np.zeros(100, np.float32), "y": np.zeros(100, np.float32), "n": 100, "scale": 0.5}
    np.savez(tmp_path / "in.npz", **{**arrays, name: value})
    status, _, errors = call(ADD, "--arrays", "@in.npz", *RUN)
    assert status == 2 and words in errors


def test_pickled_arrays_are_refused(call, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.array([object()], dtype=object))
    status, _, errors = call(ADD, "--arrays", "@in.npz", *RUN)
    assert status == 2 and "allow_pickle" in errors


def test_the_command_itself(tmp_path):
    def run(*arguments):
        command = [sys.executable, "-m", "minitorch.kernels.emulator", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    (tmp_path / "mine.cu").write_text(ADD)
    assert run(str(tmp_path / "mine.cu")).returncode == 0
    assert "--arrays FILE.npz" in run("--help").stdout
    assert "Exit status: 0 if nothing is wrong; 1 if" in run("--help").stdout
    assert [run(*arguments).returncode for arguments in ((), ("--nonsense",), ("none.cu",))] == [2, 2, 2]
