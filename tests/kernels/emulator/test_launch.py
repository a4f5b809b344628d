"""What a launch refuses, and what stays as it was."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from minitorch.kernels import emulator

KERNEL = """
extern "C" __global__ void add(
    const real* x, real* y, int n, long long m, float scale, bool flag, unsigned char* mask) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = x[i] * scale + m;
    if (flag && mask && i < n) mask[i] = 1;
}
extern "C" __global__ void __launch_bounds__(64) bounded(int* y) { y[threadIdx.x] = 1; }
extern "C" __global__ void shared(float* y) {
    __shared__ float large[10000];
    extern __shared__ float more[];
    large[threadIdx.x] = more[threadIdx.x] = 1;
    y[threadIdx.x] = large[threadIdx.x];
}
"""


def good_arguments():
    x = np.arange(10, dtype=np.float32)
    return [x, np.zeros(10, np.float32), 10, np.int64(3), np.float32(2), True, np.zeros(10, np.uint8)]


def changed(place, value):
    arguments = good_arguments()
    arguments[place] = value
    return arguments


def frozen():
    array = np.zeros(10, np.float32)
    array.flags.writeable = False
    return array


def misplaced():
    return np.frombuffer(bytearray(41), np.float32, offset=1, count=10)


BAD_ARGUMENTS = {
    "too few": (good_arguments()[:-1], r"takes 7 arguments, \(const real\* x, .*\), got 6"),
    "too many": ([*good_arguments(), 1], r"takes 7 arguments, .* got 8"),
    "other dtype": (changed(0, np.arange(10.0)), r"'const real\* x' must be .* float32, .* array of float64, shape"),
    "not contiguous": (changed(0, np.zeros((10, 2), np.float32)[:, 0]), r"x' must be a C-contiguous .* strides \(8,\)"),
    "list": (changed(1, [0.0] * 10), r"'real\* y' must be .* got \[0.0, .* of type list"),
    "number for a pointer": (changed(1, np.float32(1)), r"'real\* y' must be a C-contiguous array .* of type float32"),
    "read-only": (changed(1, frozen()), r"'real\* y' is not declared const, got an array that must not be written to"),
    "at an odd address": (changed(0, misplaced()), r"x' begins at an address that 4 does not divide"),
    "array for a number": (changed(2, np.zeros(3, np.int32)), r"'int n' must be a number of type int32, got an array"),
    "float for int": (changed(2, 10.0), r"'int n' must be a number of type int32, got 10.0 of type float"),
    "None for int": (changed(2, None), r"'int n' must be a number of type int32, got None"),
    "int64 for int32": (changed(2, np.int64(10)), r"'int n' must be a number of type int32, got .*int64"),
    "too large": (changed(2, 2**31), r"'int n' must be between -2147483648 and 2147483647 .* got 2147483648"),
    "int32 for int64": (changed(3, np.int32(3)), r"'long long m' must be a number of type int64, got .*int32"),
    "double for float": (changed(4, np.float64(2)), r"'float scale' must be a number of type float32, got .*float64"),
    "number for bool": (changed(5, 1), r"'bool flag' must be a number of type bool, got 1 of type int"),
    "bool for a number": (changed(2, True), r"'int n' must be a number of type int32, got True"),
}

BAD_SIZES = {
    "no blocks": ({"grid": 0}, r"grid must be one to three integers, at least 1 .* got 0"),
    "no threads": ({"block": (32, 0)}, r"block must be .* got \(32, 0\)"),
    "float": ({"grid": 2.0}, r"grid must be .* got 2.0"),
    "four dimensions": ({"grid": (1, 1, 1, 1)}, r"grid must be one to three integers"),
    "grid too high": ({"grid": (1, 65536)}, r"grid must be .* 65535"),
    "too many threads": ({"block": (32, 33)}, r"block must have at most 1024 threads, got \(32, 33\), 1056"),
    "block too long": ({"block": 1025}, r"block must be .* 1024"),
    "block too deep": ({"block": (1, 1, 65)}, r"block must be"),
    "shared memory too large": ({"shared_bytes": 49153}, r"at most 49152 bytes of shared memory, got 0 .*49153"),
    "shared memory below 0": ({"shared_bytes": -1}, r"shared_bytes must be an integer from 0, got -1"),
    "order": ({"order": "sideways"}, r"order must be one of forward, reverse, random, got 'sideways'"),
    "time limit": ({"time_limit": 0}, r"time_limit must be seconds, above 0, got 0"),
}


@pytest.mark.parametrize("check", [False, True])
def test_good_arguments(check, write):
    arguments = good_arguments()
    emulator.launch(write(KERNEL), "add", 2, 8, arguments, check=check)
    np.testing.assert_array_equal(arguments[1], 2 * np.arange(10) + 3)
    np.testing.assert_array_equal(arguments[6], 1)


@pytest.mark.parametrize("case", BAD_ARGUMENTS)
def test_bad_arguments_are_refused(case, write):
    arguments, words = BAD_ARGUMENTS[case]
    with pytest.raises(emulator.ArgumentError, match=words) as caught:
        emulator.launch(write(KERNEL), "add", 2, 8, arguments)
    assert "kernel add" in str(caught.value) and caught.value.kernel == "add"


@pytest.mark.parametrize("case", BAD_SIZES)
def test_bad_sizes_are_refused(case, write):
    sizes, words = BAD_SIZES[case]
    arguments = good_arguments()
    with pytest.raises(emulator.ArgumentError, match=words):
        emulator.launch(write(KERNEL), "add", **{"grid": 2, "block": 8, "arguments": arguments, **sizes})
    assert not arguments[1].any()


def test_doubles_where_real_is_double(write):
    arguments = [np.arange(10.0), np.zeros(10), *good_arguments()[2:]]
    emulator.launch(write(KERNEL), "add", 2, 8, arguments, defines={"real": "double"})
    np.testing.assert_array_equal(arguments[1], 2 * np.arange(10) + 3)
    with pytest.raises(emulator.ArgumentError, match=r"x' must be a C-contiguous array of float64"):
        emulator.launch(write(KERNEL), "add", 2, 8, good_arguments(), defines={"real": "double"})


def test_kernels_that_are_not_there(write):
    with pytest.raises(emulator.ArgumentError, match="kernels.cu has no kernel 'sub'; it has add, bounded, shared"):
        emulator.launch(write(KERNEL), "sub", 1, 1, [])
    with pytest.raises(FileNotFoundError):
        emulator.launch(write(KERNEL).with_name("other.cu"), "add", 1, 1, [])


def test_launch_bounds(write):
    emulator.launch(write(KERNEL), "bounded", 1, 64, [np.zeros(64, np.int32)])
    with pytest.raises(emulator.ArgumentError, match=r"at most 64 threads \(its __launch_bounds__\), got 65"):
        emulator.launch(write(KERNEL), "bounded", 1, 65, [np.zeros(65, np.int32)])


def test_static_and_dynamic_shared_memory_together(write):
    y = np.zeros(32, np.float32)
    emulator.launch(write(KERNEL), "shared", 1, 32, [y], shared_bytes=9152)
    with pytest.raises(emulator.ArgumentError, match=r"got 40000 in the kernel's own arrays and shared_bytes=9153"):
        emulator.launch(write(KERNEL), "shared", 1, 32, [y], shared_bytes=9153)


def test_checking_and_environment(write, monkeypatch):
    source = 'extern "C" __global__ void kernel(int* y) { y[0] = threadIdx.x; }'

    def is_checked():
        try:
            emulator.launch(write(source), "kernel", 1, 2, [np.zeros(1, np.int32)])
        except emulator.RaceError:
            return True
        return False

    monkeypatch.delenv("MINITORCH_EMULATOR_CHECK", raising=False)
    assert not is_checked()
    with emulator.checking():
        assert is_checked()
        with emulator.checking(False):
            assert not is_checked()
        assert is_checked()
    assert not is_checked()
    monkeypatch.setenv("MINITORCH_EMULATOR_CHECK", "1")
    assert is_checked()
    monkeypatch.setenv("MINITORCH_EMULATOR_CHECK", "0")
    assert not is_checked()


def test_time_limit_of_the_environment(write, monkeypatch):
    monkeypatch.setenv("MINITORCH_EMULATOR_TIME_LIMIT", "0.05")
    source = 'extern "C" __global__ void kernel(volatile int* y) { while (y[0] == 0) {} }'
    with pytest.raises(emulator.EndlessLoopError):
        emulator.launch(write(source), "kernel", 1, 1, [np.zeros(1, np.int32)])


def test_a_long_kernel_is_no_endless_loop(write):
    source = """
    extern "C" __global__ void kernel(volatile int* y) {
        for (int i = 0; i < 2000; ++i) y[blockIdx.x] = y[blockIdx.x] + 1;
    }
    """
    y = np.zeros(3000, np.int32)
    emulator.launch(write(source), "kernel", 3000, 1, [y], time_limit=0.005)
    np.testing.assert_array_equal(y, 2000)


def test_launches_from_several_threads(write):
    path, errors = write(KERNEL), []

    def work():
        try:
            for _ in range(20):
                arguments = good_arguments()
                emulator.launch(path, "add", 2, 8, arguments)
                np.testing.assert_array_equal(arguments[1], 2 * np.arange(10) + 3)
                with pytest.raises(emulator.OutOfBoundsError):
                    emulator.launch(path, "add", 2, 8, changed(2, 11), check=True)
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors


def test_compile_errors_tell_the_lines(write):
    source = KERNEL + '\nextern "C" __global__ void wrong(int* y) {\n    y[0] = missing;\n    y[1] = 2\n}\n'
    with pytest.raises(emulator.CompileError, match=r"kernels.cu does not compile:\n  line \d+: .*missing") as caught:
        emulator.launch(write(source), "wrong", 1, 1, [np.zeros(2, np.int32)])
    assert caught.value.line == source.splitlines().index("    y[0] = missing;") + 1
    assert caught.value.file == "kernels.cu"


@pytest.mark.parametrize(
    "call, words", [("atomicAdd(y, 1LL)", "long"), ("y[0] = min(1LL, 2)", "min"), ("y[0] = INFINITY", "INFINITY")]
)
def test_what_cuda_does_not_have_does_not_compile(call, words, write):
    source = f'extern "C" __global__ void kernel(long long* y) {{ {call}; }}'
    with pytest.raises(emulator.CompileError, match=words):
        emulator.launch(write(source), "kernel", 1, 1, [np.zeros(1, np.int64)])


def test_a_changed_file_is_compiled_again(write):
    y = np.zeros(1, np.int32)
    for value in (1, 2222):
        path = write(f'extern "C" __global__ void kernel(int* y) {{ y[0] = {value}; }}')
        emulator.launch(path, "kernel", 1, 1, [y])
        assert y == value


def test_faults_outside_of_kernels_stay_faults(write):
    """The handlers are gone when the launch is over: a real crash still ends the process."""
    path = write(KERNEL)
    code = (
        "import ctypes, numpy as np\n"
        "from minitorch.kernels import emulator\n"
        f"emulator.launch({str(path)!r}, 'bounded', 1, 1, [np.zeros(1, np.int32)])\n"
        "ctypes.string_at(8)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert result.returncode == -11
