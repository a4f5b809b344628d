"""Kernels that are wrong, each in one way: the report names what is wrong and where, and the next launch works.

In the texts a remark ``// <- here`` marks the line that the report must name, and ``// <- there`` that of the other
thread where two are involved.
"""

import re
from dataclasses import dataclass, field

import numpy as np
import pytest
from kernels.emulator.gathered import gather

from minitorch.kernels import emulator


@dataclass
class Wrong:
    """A wrong kernel, its launch, and what must be said about it."""

    source: str
    error: type
    words: str
    arguments: list = field(default_factory=lambda: [np.zeros(64, np.float32), np.arange(64, dtype=np.float32), 64])
    grid: object = 1
    block: object = 64
    shared: int = 0
    both: bool = False  # found in fast mode, too
    block_index: tuple = None
    thread: tuple = None
    other_thread: tuple = None


HEAD = 'extern "C" __global__ void kernel(float* y, const float* x, int n) {\n    const int t = threadIdx.x;\n'
WITH_TWO = [np.zeros(2, np.int32), np.arange(64, dtype=np.int32), 64]
INT_HEAD = HEAD.replace("float", "int")

WRONG = {
    # outside of arrays
    "write past the end": Wrong(
        HEAD + "    if (t <= n) y[t] = 1;  // <- here\n}", emulator.OutOfBoundsError,
        r"writes y\[64\], past the end; y has 64 elements of float32", block=65, both=True, thread=(64, 0, 0),
    ),
    "read past the end": Wrong(
        HEAD + "    if (t + 1 <= n)\n        y[t] = x[t + 1];  // <- here\n}", emulator.OutOfBoundsError,
        r"reads x\[64\], past the end", both=True, thread=(63, 0, 0),
    ),
    "read before the start": Wrong(
        HEAD + "    y[t] = x[t - 1];  // <- here\n}", emulator.OutOfBoundsError,
        r"reads x\[-1\], before the start", thread=(0, 0, 0),
    ),
    "unsigned index below 0": Wrong(
        HEAD + "    y[t] = x[threadIdx.x - 1];  // <- here\n}", emulator.OutOfBoundsError,
        r"reads x\[4294967295\], past the end \(-1 in unsigned arithmetic\)", both=True, thread=(0, 0, 0),
    ),
    "write before the start": Wrong(
        HEAD + "    y[t - 1] = x[t];  // <- here\n}", emulator.OutOfBoundsError,
        r"writes y\[-1\], before the start", both=True, thread=(0, 0, 0),
    ),
    "far away": Wrong(
        HEAD + "    if (t == 5) y[t * 1000000ll] = 1;  // <- here\n}", emulator.OutOfBoundsError,
        r"writes y\[5000000\], past the end", both=True, thread=(5, 0, 0),
    ),
    "second block past the end": Wrong(
        HEAD + "    const int i = blockIdx.x * blockDim.x + t;\n    y[i] = x[i];  // <- here\n}",
        emulator.OutOfBoundsError,
        r"reads x\[64\]|writes y\[64\]", grid=(2, 1), block=48, both=True, block_index=(1, 0, 0), thread=(16, 0, 0),
    ),
    "in a function": Wrong(
        "__device__ float next(const float* p, int i) {\n    return p[i + 1];  // <- here\n}\n" + HEAD
        + "    y[t] = next(x, t);\n}", emulator.OutOfBoundsError, r"reads x\[64\]", both=True,
    ),
    "rows and columns exchanged": Wrong(
        'extern "C" __global__ void kernel(float* y, int rows, int columns) {\n'
        "    y[threadIdx.x * rows + threadIdx.y] = 1;  // <- here\n}", emulator.OutOfBoundsError,
        r"writes y\[\d+\].*y has 35 elements of float32, shape \(7, 5\)", [np.zeros((7, 5), np.float32), 7, 5],
        block=(7, 5), both=True,
    ),
    "null pointer": Wrong(
        HEAD + "    y[t] = x[t];  // <- here\n}", emulator.OutOfBoundsError, r"null pointer \(None was given for x\)",
        [np.zeros(64, np.float32), None, 64], both=True,
    ),
    "atomic past the end": Wrong(
        INT_HEAD + "    atomicAdd(y + x[t], 1);  // <- here\n}", emulator.OutOfBoundsError,
        r"(updates atomically|reads) y\[2\]", WITH_TWO, both=True, thread=(2, 0, 0),
    ),
    "shared array, wrong index": Wrong(
        HEAD + "    __shared__ float s[32];\n    s[t] = x[t];  // <- here\n    __syncthreads();\n    y[t] = s[t];\n}",
        emulator.OutOfBoundsError, r"index 32 is past the end of s, an array of type 'float ?\[32\]'",
        thread=(32, 0, 0),
    ),
    "shared array by a pointer": Wrong(
        HEAD + "    __shared__ float s[40];\n    float* p = s;\n    p[t] = x[t];  // <- here\n    __syncthreads();\n"
        "    y[t] = p[t];\n}", emulator.OutOfBoundsError, r"past the end of the shared array s", thread=(40, 0, 0),
    ),
    "dynamic shared memory too small": Wrong(
        HEAD + "    extern __shared__ float s[];\n    s[t] = x[t];  // <- here\n    __syncthreads();\n"
        "    y[t] = s[t];\n}",
        emulator.OutOfBoundsError, r"writes shared s\[60\], past the end of the dynamic .* shared_bytes=240",
        shared=4 * 60, both=True, thread=(60, 0, 0),
    ),
    "local array": Wrong(
        HEAD + "    float window[4];\n    for (int i = 0; i <= 4; ++i)\n        window[i] = x[i];  // <- here\n"
        "    y[t] = window[t % 4];\n}",
        emulator.OutOfBoundsError, r"index 4 is past the end of window, an array of type 'float ?\[4\]'",
    ),
    "local array of another thread": Wrong(
        HEAD + "    __shared__ float* pointers[64];\n    float own[2] = {1, 2};\n    pointers[t] = own;\n"
        "    __syncthreads();\n"
        "    y[t] = pointers[63 - t][0];  // <- here\n}", emulator.OutOfBoundsError, r"belongs to no array",
    ),
    "write through const away": Wrong(
        HEAD + "    const_cast<float*>(x)[t] = 1;  // <- here\n}", emulator.ReadOnlyError, r"writes x\[0\], .* const",
    ),
    "float4 at an odd place": Wrong(
        HEAD + "    float4 v = *reinterpret_cast<const float4*>(x + 1);  // <- here\n    y[t] = v.x;\n}",
        emulator.MisalignedError, r"multiple",
    ),
    # races
    "missing barrier": Wrong(
        HEAD + "    __shared__ float s[64];\n    s[t] = x[t];  // <- here\n    y[t] = s[63 - t];  // <- there\n}",
        emulator.RaceError, r"race within a block: writes shared s\[\d+\], which thread .* reads .*__syncthreads",
    ),
    "missing second barrier": Wrong(
        HEAD + "    __shared__ float s[64];\n    for (int i = 0; i < 3; ++i) {\n        s[t] = x[t] + i;  // <- here\n"
        "        __syncthreads();\n        y[t] += s[63 - t];  // <- there\n    }\n}", emulator.RaceError,
        r"race within a block: (writes|reads) shared s\[",
    ),
    "missing barrier in a tree": Wrong(
        HEAD + "    __shared__ float s[64];\n    s[t] = x[t];\n    __syncthreads();\n"
        "    for (int d = 32; d > 0; d /= 2)\n        if (t < d) s[t] += s[t + d];  // <- here\n"
        "    if (t == 0) y[0] = s[0];\n}", emulator.RaceError, r"race within a warp: .* shared s\[\d+\]",
    ),
    "missing __syncwarp": Wrong(
        HEAD + "    __shared__ float s[32];\n    s[t] = x[t];  // <- here\n    y[t] = s[t ^ 1];  // <- there\n}",
        emulator.RaceError, r"race within a warp: writes shared s\[1\], which thread \(0, 0, 0\) reads in line 5; no "
        r"__syncwarp", block=32, thread=(1, 0, 0), other_thread=(0, 0, 0),
    ),
    "missing second __syncwarp": Wrong(
        HEAD + "    __shared__ float s[32];\n    for (int i = 0; i < 2; ++i) {\n        s[t] = x[t] + i;  // <- here\n"
        "        __syncwarp();\n        y[t] += s[t ^ 1];  // <- there\n    }\n}", emulator.RaceError,
        r"race within a warp: .* shared s\[\d+\]", block=32,
    ),
    "a reader in another warp": Wrong(
        HEAD + "    float v = y[0];  // <- there\n    __syncwarp();\n    if (t == 45) y[0] = v + 1;  // <- here\n}",
        emulator.RaceError, r"race within a block: (writes|reads) y\[0\]",
    ),
    "__syncwarp for too few lanes": Wrong(
        HEAD + "    __shared__ float s[32];\n    s[t] = x[t];  // <- here\n"
        "    __syncwarp(t < 16 ? 0x0000ffffu : 0xffff0000u);\n    y[t] = s[31 - t];  // <- there\n}",
        emulator.RaceError, r"race within a warp", block=32,
    ),
    "__syncwarp instead of a barrier": Wrong(
        HEAD + "    __shared__ float s[64];\n    s[t] = x[t];  // <- here\n    __syncwarp();\n"
        "    y[t] = s[63 - t];  // <- there\n}", emulator.RaceError, r"race within a block",
    ),
    "a shuffle is no barrier": Wrong(
        HEAD + "    __shared__ float s[32];\n    s[t] = x[t];  // <- here\n"
        "    float v = __shfl_xor_sync(0xffffffffu, x[t], 1);\n    y[t] = v + s[t ^ 1];  // <- there\n}",
        emulator.RaceError, r"race within a warp.*a shuffle does not", block=32,
    ),
    "sum without atomics": Wrong(
        HEAD + "    y[0] += x[t];  // <- here\n}", emulator.RaceError, r"race within a warp: .* y\[0\]",
        thread=(1, 0, 0), other_thread=(0, 0, 0),
    ),
    "atomic and plain": Wrong(
        INT_HEAD + "    atomicAdd(y, x[t]);  // <- there\n    if (t == 63) y[1] = y[0];  // <- here\n}",
        emulator.RaceError,
        r"reads y\[0\], which thread .* updates atomically", WITH_TWO,
    ),
    "between blocks": Wrong(
        HEAD + "    y[t] = blockIdx.x;  // <- here\n}", emulator.RaceError,
        r"race between blocks: writes y\[0\], which thread \(0, 0, 0\) of block \(0, 0, 0\) writes", grid=2,
        block_index=(1, 0, 0),
    ),
    "between blocks, read": Wrong(
        HEAD + "    y[blockIdx.x * 2 + t] = y[(blockIdx.x * 2 + t + 2) % n];  // <- here\n}", emulator.RaceError,
        r"race between blocks", grid=3, block=2,
    ),
    "a fence is no barrier": Wrong(
        HEAD + "    y[t] = x[t];  // <- here\n    __threadfence();\n    if (t > 0) y[t - 1] += 1;  // <- there\n}",
        emulator.RaceError, r"race within a warp",
    ),
    "variable at file scope": Wrong(
        "__device__ int counter;\n" + HEAD + "    counter += 1;  // <- here\n    y[t] = 1;\n}", emulator.RaceError,
        r"race within a warp: reads the variable counter, which thread \(0, 0, 0\) writes", thread=(1, 0, 0),
    ),
    # uninitialised
    "shared memory never written": Wrong(
        HEAD + "    __shared__ float s[64];\n    if (t > 0) s[t] = x[t];\n    __syncthreads();\n"
        "    y[t] = s[63 - t];  // <- here\n}", emulator.UninitialisedError,
        r"reads shared s\[0\], which is uninitialised", thread=(63, 0, 0),
    ),
    "sum that does not begin at 0": Wrong(
        INT_HEAD + "    __shared__ int sum;\n    atomicAdd(&sum, x[t]);  // <- here\n    __syncthreads();\n"
        "    if (t == 0) y[0] = sum;\n}", emulator.UninitialisedError, r"shared sum, which is uninitialised", WITH_TWO,
    ),
    "left over from the block before": Wrong(
        HEAD + "    extern __shared__ float s[];\n    if (blockIdx.x == 0) s[t] = 1;\n    __syncthreads();\n"
        "    if (blockIdx.x == 1) y[t] = s[t];  // <- here\n}", emulator.UninitialisedError,
        r"reads shared s\[\d+\], which is uninitialised", grid=2, shared=256, block_index=(1, 0, 0),
    ),
    "uninitialised index": Wrong(
        INT_HEAD + "    __shared__ int s[64];\n    y[t] = x[s[t]];  // <- here\n}", emulator.UninitialisedError,
        r"shared s\[0\], which is uninitialised", [np.zeros(64, np.int32), np.zeros(64, np.int32), 64],
    ),
    # barriers, shuffles, endless loops
    "early return": Wrong(
        HEAD + "    __shared__ float s[64];\n    if (t >= n)\n        return;  // <- there\n    s[t] = x[t];\n"
        "    __syncthreads();  // <- here\n    y[t] = s[t ^ 1];\n}", emulator.DivergenceError,
        r"barrier.*thread \(50, 0, 0\) does not come: it has returned in line 5",
        [np.zeros(64, np.float32), np.zeros(64, np.float32), 50], both=True, thread=(0, 0, 0), other_thread=(50, 0, 0),
    ),
    "barrier within a condition": Wrong(
        HEAD + "    if (t < 10) {\n        y[t] = 1;\n        __syncthreads();  // <- here\n    }\n}",
        emulator.DivergenceError, r"thread \(10, 0, 0\) does not come: it has come to the end", both=True,
    ),
    "two barriers": Wrong(
        HEAD + "    if (t % 2 == 0)\n        __syncthreads();  // <- here\n    else\n"
        "        __syncthreads();  // <- there\n"
        "    y[t] = 1;\n}", emulator.DivergenceError, r"thread \(1, 0, 0\) waits at another one, in line 6", both=True,
        thread=(0, 0, 0), other_thread=(1, 0, 0),
    ),
    "barriers in loops of different length": Wrong(
        HEAD + "    for (int i = 0; i < 2 + t / 32; ++i)\n        __syncthreads();  // <- here\n    y[t] = 1;\n}",
        emulator.DivergenceError, r"does not come: it has come to the end", both=True,
    ),
    "divergent shuffle": Wrong(
        HEAD + "    float v = x[t];\n    if (t < 16)\n        v += __shfl_down_sync(0xffffffffu, v, 8);  // <- here\n"
        "    y[t] = v;\n}", emulator.DivergenceError, r"shuffle with mask 0xffffffff for thread \(16, 0, 0\)", block=32,
        both=True, thread=(0, 0, 0), other_thread=(16, 0, 0),
    ),
    "shuffles in two branches": Wrong(
        HEAD + "    float v = x[t];\n    if (t < 16)\n"
        "        v += __shfl_xor_sync(0xffffffffu, v, 1);  // <- here\n    else\n"
        "        v -= __shfl_xor_sync(0xffffffffu, v, 1);  // <- there\n    y[t] = v;\n}", emulator.DivergenceError,
        r"waits in line 7 instead", block=32, both=True,
    ),
    "lanes with different masks": Wrong(
        HEAD + "    const unsigned mask = t < 16 ? 0xffffffffu : 0xfffffff0u;\n"
        "    y[t] = __shfl_xor_sync(mask, x[t], 1);  // <- here // <- there\n}", emulator.DivergenceError,
        r"mask 0xffffffff .* mask 0xfffffff0|lane 0 takes part", block=32, both=True,
    ),
    "lane outside of its mask": Wrong(
        HEAD + "    y[t] = __shfl_sync(0x0000ffffu, x[t], 0);  // <- here\n}", emulator.DivergenceError,
        r"lane 16 takes part .* mask 0x0000ffff leaves it out", block=32, both=True, thread=(16, 0, 0),
    ),
    "early return before a vote": Wrong(
        HEAD + "    if (t >= 20) return;  // <- there\n    y[t] = __any_sync(0xffffffffu, x[t] > 3);  // <- here\n}",
        emulator.DivergenceError, r"__any_sync .* for thread \(20, 0, 0\).*has returned in line 3", block=32, both=True,
    ),
    "shuffle against barrier": Wrong(
        HEAD + "    float v = x[t];\n    if (t < 16)\n        v = __shfl_sync(0xffffffffu, v, 0);  // <- here\n"
        "    else\n"
        "        __syncthreads();  // <- there\n    y[t] = v;\n}",
        emulator.DeadlockError, r"deadlock", block=32, both=True,
    ),
    "endless loop": Wrong(
        HEAD + "    float v = x[t];\n    while (v >= 0) v = v * 0.5f + x[0] * 0;  // <- here\n    y[t] = v;\n}",
        emulator.EndlessLoopError, r"endless loop", both=True,
    ),
    "endless loop with a barrier": Wrong(
        HEAD + "    while (n > 0) __syncthreads();  // <- here\n    y[t] = 1;\n}", emulator.EndlessLoopError,
        r"endless loop", both=True,
    ),
    "lock that is never freed": Wrong(
        INT_HEAD + "    while (atomicCAS(y, 0, 1) != 0)  // <- here\n        ;\n    y[1] = 1;\n}",
        emulator.EndlessLoopError,
        r"endless loop", WITH_TWO, both=True,
    ),
    # arithmetic and the rest
    "division by zero": Wrong(
        INT_HEAD + "    y[0] = 5 / x[t];  // <- here\n}", emulator.KernelArithmeticError, r"division by zero", WITH_TWO,
        block=1, both=True,
    ),
    "signed overflow": Wrong(
        INT_HEAD + "    y[0] = 2147483600 + n;  // <- here\n}", emulator.KernelArithmeticError,
        r"overflow: (2147483600 \+ 64|64 \+ 2147483600) does not fit into type 'int'", WITH_TWO, block=1,
    ),
    "product that overflows": Wrong(
        INT_HEAD + "    long long i = 100000000 * n;  // <- here\n    y[0] = i % 2;\n}", emulator.KernelArithmeticError,
        r"overflow: 100000000 \* 64|overflow: 64 \* 100000000", WITH_TWO, block=1,
    ),
    "shift too far": Wrong(
        INT_HEAD + "    y[0] = 1 << n;  // <- here\n}",
        emulator.KernelArithmeticError, r"shift of 1 .* by 64 bits", WITH_TWO,
        block=1,
    ),
    "recursion without end": Wrong(
        "__device__ int deeper(const int* x, int n) {\n    volatile int room[100];\n    room[0] = n;\n"
        "    return n < 0 ? 0 : deeper(x, n + 1) + room[x[0]];\n}\n" + INT_HEAD + "    y[0] = deeper(x, n);\n}",
        emulator.StackOverflowError, r"stack overflow", WITH_TWO, block=1, both=True,
    ),
    "assertion": Wrong(
        HEAD + "    assert(n < 10);  // <- here\n    y[t] = 1;\n}", emulator.KernelAssertionError, r"n < 10", both=True,
    ),
}  # fmt: skip

GOOD = 'extern "C" __global__ void kernel(int* y) { y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, threadIdx.x, 1); }'


NAMES = list(WRONG)
TEXT, BEFORE = gather([wrong.source for wrong in WRONG.values()])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The file with all of them."""
    path = tmp_path_factory.mktemp("wrong") / "kernels.cu"
    path.write_text(TEXT, encoding="utf-8")
    return path


def marked(name, mark):
    """Numbers of the lines of a kernel with a mark."""
    lines = WRONG[name].source.splitlines()
    return [BEFORE[NAMES.index(name)] + number for number, line in enumerate(lines, 1) if mark in line]


def start(path, name, **mode):
    """Launch a wrong kernel; returns the exception and the arguments."""
    wrong = WRONG[name]
    arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in wrong.arguments]
    kernel = f"kernel_{NAMES.index(name)}"
    limit = 0.05 if wrong.error is emulator.EndlessLoopError else 5
    with pytest.raises(emulator.KernelError) as caught:
        emulator.launch(path, kernel, wrong.grid, wrong.block, arguments, wrong.shared, time_limit=limit, **mode)
    assert caught.value.kernel == kernel and f"kernel {kernel}" in str(caught.value)
    return caught.value, arguments


def judge(name, error):
    """Check what is said about a wrong kernel."""
    wrong, message = WRONG[name], str(error)
    assert type(error) is wrong.error, error
    words = re.sub(r"(?<=line )(\d+)", lambda match: str(BEFORE[NAMES.index(name)] + int(match[1])), wrong.words)
    assert re.search(words, message), message
    here, there = marked(name, "<- here"), marked(name, "<- there")
    assert error.file == "kernels.cu" and "kernels.cu" in message
    assert "block (" in message and "thread (" in message
    if here:
        # Of two threads that race either may be named first.
        lines = (error.line, error.other_line) if there else (error.line,)
        allowed = [(here[0], there[0]), (there[0], here[0])] if there else [(here[0],)]
        assert lines in allowed, message
        assert f"line {error.line}" in message
    assert wrong.block_index in (None, error.block), message
    assert wrong.thread in (None, error.thread), message
    assert wrong.other_thread in (None, error.other_thread), message


@pytest.mark.parametrize("name", WRONG)
def test_check_mode_says_what_is_wrong(name, path):
    error, arguments = start(path, name, check=True)
    judge(name, error)
    for before, after in zip(WRONG[name].arguments, arguments):
        np.testing.assert_array_equal(before, after)  # nothing is written back


@pytest.mark.parametrize("name", [name for name, wrong in WRONG.items() if wrong.both])
def test_fast_mode_says_what_is_wrong(name, path):
    judge(name, start(path, name, check=False)[0])


@pytest.mark.parametrize("order", ["reverse", "random"])
@pytest.mark.parametrize("name", WRONG)
def test_every_order_finds_it(name, order, path):
    error, _ = start(path, name, check=True, order=order, seed=3)
    assert type(error) is WRONG[name].error, error


@pytest.mark.parametrize("check", [False, True])
def test_the_next_launch_works(check, path, write):
    good = write(GOOD, "good.cu")
    for name, wrong in WRONG.items():
        if check or wrong.both:
            start(path, name, check=check)
            y = np.zeros(40, np.int32)
            emulator.launch(good, "kernel", 1, 40, [y], check=check)
            np.testing.assert_array_equal(y, np.arange(40) ^ 1, err_msg=name)


def test_a_write_through_const_away_changes_nothing_in_fast_mode(path):
    kernel, x = f"kernel_{NAMES.index('write through const away')}", np.arange(64, dtype=np.float32)
    emulator.launch(path, kernel, 1, 64, [np.zeros(64, np.float32), x, 64], check=False)
    np.testing.assert_array_equal(x, np.arange(64))


def test_a_loop_that_gives_way_to_others_is_placed_whenever_it_is_looked_at(path):
    kernel = f"kernel_{NAMES.index('lock that is never freed')}"
    line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if "atomicCAS(y, 0, 1) != 0" in text)
    for limit in np.linspace(0.002, 0.005, 60):  # where one thread gives way to the next, frames do not tell
        with pytest.raises(emulator.EndlessLoopError) as caught:
            arguments = [np.zeros(2, np.int32), np.arange(64, dtype=np.int32), 64]
            emulator.launch(path, kernel, 1, 64, arguments, check=False, time_limit=limit)
        assert caught.value.line == line


def test_there_are_enough_of_them():
    assert len(WRONG) >= 25
