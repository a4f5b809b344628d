"""Arrays that share memory, intended races, poison and the order of threads."""

import numpy as np
import pytest

from minitorch.kernels import emulator

MODES = {
    "fast": {"check": False},
    "reverse": {"check": False, "order": "reverse"},
    "random": {"check": False, "order": "random", "seed": 1},
    "check": {"check": True},
    "check in reverse": {"check": True, "order": "reverse"},
    "check at random": {"check": True, "order": "random", "seed": 2},
}

IN_PLACE = """
extern "C" __global__ void kernel(const real* x, real* y, int n) {  // x and y may be the same array
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) y[i] = x[i] * x[i];
}
"""

LAST_BLOCK = """
extern "C" __global__ void kernel(const int* x, int* sums, int* finished, int* total, int* flag) {
    __shared__ int place;
    sums[blockIdx.x] = x[blockIdx.x];       // race intended: read by the last block, after the fence
    __threadfence();
    place = atomicAdd(finished, 1);
    if (place != gridDim.x - 1) return;
    // race intended: all blocks have come
    for (int i = 0; i < gridDim.x; ++i) *total += sums[i];
    flag[0] = 1;
}
"""


@pytest.mark.parametrize("mode", MODES)
def test_one_array_for_two_parameters(mode, write):
    x = np.arange(50, dtype=np.float32)
    emulator.launch(write(IN_PLACE), "kernel", 2, 20, [x, x, 50], **MODES[mode])
    np.testing.assert_array_equal(x, np.arange(50.0) ** 2)


@pytest.mark.parametrize("mode", MODES)
def test_arrays_that_share_memory(mode, write):
    x = np.arange(50, dtype=np.float32)
    emulator.launch(write(IN_PLACE), "kernel", 2, 20, [x[25:], x[:25], 25], **MODES[mode])
    np.testing.assert_array_equal(x, np.concatenate([np.arange(25.0, 50) ** 2, np.arange(25.0, 50)]))


@pytest.mark.parametrize("mode", MODES)
def test_intended_races_are_let_pass(mode, write):
    source = LAST_BLOCK.replace("    place = atomicAdd", "    if (threadIdx.x == 0) place = atomicAdd")
    x, one = np.arange(5, dtype=np.int32), np.zeros(1, np.int32)
    total, flag = one.copy(), one.copy()
    emulator.launch(write(source), "kernel", 5, 1, [x, x.copy(), one, total, flag], **MODES[mode])
    assert total == 10 and flag == 1


def test_unintended_races_beside_intended_ones_are_found(write):
    source = LAST_BLOCK.replace("if (place", "flag[0] = 2;  // <- here\n    if (place")
    arrays = [np.zeros(5, np.int32) for _ in range(5)]
    with pytest.raises(emulator.RaceError, match=r"flag\[0\]"):
        emulator.launch(write(source), "kernel", 5, 1, arrays, check=True)


def test_empty_arrays_and_null_pointers(write):
    source = """
    extern "C" __global__ void kernel(const float* x, float* y, const int* skip, int n) {
        for (int i = threadIdx.x; i < n; i += blockDim.x) y[i] = skip ? 0 : x[i];
    }
    """
    for check in (False, True):
        y = np.zeros(0, np.float32)
        emulator.launch(write(source), "kernel", 1, 32, [y, y, None, 0], check=check)


def test_printf_appears_on_standard_output(write, capfd):
    source = 'extern "C" __global__ void kernel(int n) { printf("thread %d of %d\\n", threadIdx.x, n); }'
    emulator.launch(write(source), "kernel", 1, 2, [7])
    assert capfd.readouterr().out == "thread 0 of 7\nthread 1 of 7\n"


def test_random_order_depends_on_the_seed(write):
    source = """
    extern "C" __global__ void kernel(int* place, int* y) {
        y[blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(place, 1);
    }
    """
    runs = []
    for seed in (0, 0, 1):
        y = np.zeros(64, np.int32)
        emulator.launch(write(source), "kernel", 4, 16, [np.zeros(1, np.int32), y], order="random", seed=seed)
        assert sorted(y) == list(range(64))
        runs.append(y.tolist())
    assert runs[0] == runs[1] != runs[2]


def test_variables_are_as_they_were_after_a_fault(write):
    source = """
    __device__ int lock = 0;
    extern "C" __global__ void kernel(int* y, int n) {
        while (atomicCAS(&lock, 0, 1) != 0) {
        }
        y[n] = 1;
        atomicExch(&lock, 0);
    }
    """
    path, y = write(source), np.zeros(1, np.int32)
    for check in (False, True):
        with pytest.raises(emulator.OutOfBoundsError):
            emulator.launch(path, "kernel", 1, 1, [y, 1000], check=check)
        emulator.launch(path, "kernel", 1, 1, [y, 0], check=check, time_limit=0.1)


def test_memory_is_poisoned(write):
    source = """
    extern "C" __global__ void kernel(const float* x, float* y, int* z) {
        __shared__ float fixed[2];
        __shared__ int whole[2];
        extern __shared__ double dynamic[];
        if (blockIdx.x == 0) fixed[threadIdx.x] = 1, dynamic[threadIdx.x] = 1, whole[threadIdx.x] = 1;
        if (blockIdx.x == 1) y[0] = fixed[threadIdx.x], y[1] = dynamic[threadIdx.x], z[0] = whole[threadIdx.x];
        y[2] = x[-1];
        y[3] = __shfl_down_sync(0xffffffffu, 1.0f, 1);
    }
    """
    y, z = np.zeros(4, np.float32), np.zeros(1, np.int32)
    emulator.launch(write(source), "kernel", 2, 1, [np.zeros(1, np.float32), y, z], shared_bytes=16)
    assert np.isnan(y).all() and z == 2**31 - 1
