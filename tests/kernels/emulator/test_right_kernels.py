"""Kernels that are right: their results are NumPy's, in every order of threads, and check mode finds nothing."""

import numpy as np
import pytest
from kernels.emulator.gathered import gather

from minitorch.kernels import emulator

MODES = {
    "fast": {"check": False},
    "reverse": {"check": False, "order": "reverse"},
    "random": {"check": False, "order": "random", "seed": 1},
    "check": {"check": True},
    "check in reverse": {"check": True, "order": "reverse"},
    "check at random": {"check": True, "order": "random", "seed": 2},
}

MATMUL = """
extern "C" __global__ void kernel(
    const real* __restrict__ a, const real* __restrict__ b, real* __restrict__ c, int m, int n, int k) {
    __shared__ real left[8][9], right[8][9];
    const int x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * 8 + y, column = blockIdx.x * 8 + x;
    real sum = 0;
    for (int first = 0; first < k; first += 8) {
        left[y][x] = row < m && first + x < k ? a[row * k + first + x] : real(0);
        right[y][x] = column < n && first + y < k ? b[(first + y) * n + column] : real(0);
        __syncthreads();
#pragma unroll
        for (int j = 0; j < 8; ++j) sum += left[y][j] * right[j][x];
        __syncthreads();
    }
    if (row < m && column < n) c[row * n + column] = sum;
}
"""

REDUCE = """
template <typename T>
__device__ __forceinline__ T warp_sum(T v) {
    for (int d = 16; d > 0; d >>= 1) v += __shfl_xor_sync(0xffffffffu, v, d);
    return v;
}
extern "C" __global__ void __launch_bounds__(256) kernel(const real* x, real* y, long long n) {
    __shared__ real parts[32];
    const int lane = threadIdx.x % warpSize, warp = threadIdx.x / warpSize, warps = blockDim.x / warpSize;
    real v = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) v += x[blockIdx.x * n + i];
    v = warp_sum(v);
    if (lane == 0) parts[warp] = v;
    __syncthreads();
    if (warp > 0) return;
    v = warp_sum(lane < warps ? parts[lane] : real(0));
    if (lane == 0) y[blockIdx.x] = v;
}
"""

SCAN = """
extern "C" __global__ void kernel(const int* x, int* y, int n) {
    extern __shared__ int sums[];
    const int t = threadIdx.x;
    sums[t] = t < n ? x[t] : 0;
    __syncthreads();
    for (int d = 1; d < blockDim.x; d *= 2) {
        int before = t >= d ? sums[t - d] : 0;
        __syncthreads();
        sums[t] += before;
        __syncthreads();
    }
    if (t < n) y[t] = sums[t];
}
"""

HISTOGRAM = """
extern "C" __global__ void kernel(const int* x, int* y, int n) {
    __shared__ int bins[10];
    if (threadIdx.x < 10) bins[threadIdx.x] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) atomicAdd(&bins[x[i]], 1);
    __syncthreads();
    if (threadIdx.x < 10) atomicAdd(y + threadIdx.x, bins[threadIdx.x]);
}
"""

TRANSPOSE = """
extern "C" __global__ void kernel(const real* x, real* y, int rows, int columns) {
    __shared__ real tile[16][17];
    int column = blockIdx.x * 16 + threadIdx.x, row = blockIdx.y * 16 + threadIdx.y;
    if (row < rows && column < columns) tile[threadIdx.y][threadIdx.x] = x[row * columns + column];
    __syncthreads();
    int to_column = blockIdx.y * 16 + threadIdx.x, to_row = blockIdx.x * 16 + threadIdx.y;
    if (to_row < columns && to_column < rows) y[to_row * rows + to_column] = tile[threadIdx.x][threadIdx.y];
}
"""

WARP_SCAN = """
extern "C" __global__ void kernel(const int* x, int* y) {  // within each warp, the last of which is not full
    const int lane = threadIdx.x % 32;
    int v = x[threadIdx.x];
    for (int d = 1; d < 32; d *= 2) {
        int before = __shfl_up_sync(0xffffffffu, v, d);
        if (lane >= d) v += before;
    }
    y[threadIdx.x] = v;
}
"""

GROUPS = """
extern "C" __global__ void kernel(const double* x, double* y) {
    const int t = threadIdx.x;
    y[t] = __shfl_sync(0xffffffffu, x[t], 2, 8);                   // the third of each eight
    y[32 + t] = __shfl_down_sync(0xffffffffu, x[t], 1, 4);         // the next one, within four
    y[64 + t] = __shfl_xor_sync(0xffffffffu, x[t], 5);
    y[96 + t] = __shfl_up_sync(0xffffffffu, x[t], 2u, 16);
    const unsigned half = t < 16 ? 0x0000ffffu : 0xffff0000u;      // each half of the warp for itself
    double v = x[t];
    if (t < 16) {
        for (int d = 8; d > 0; d /= 2) v += __shfl_xor_sync(half, v, d);
    } else {
        for (int d = 8; d > 0; d /= 2) v = max(v, __shfl_xor_sync(half, v, d));
    }
    y[128 + t] = v;
}
"""

VOTES = """
extern "C" __global__ void kernel(const int* x, int* y) {
    const int t = threadIdx.x;
    const unsigned ballot = __ballot_sync(0xffffffffu, x[t] > 4);
    const int any = __any_sync(0xffffffffu, x[t] == 9), all = __all_sync(0xffffffffu, x[t] >= 0);
    const int count = __syncthreads_count(x[t] > 4), one = __syncthreads_or(x[t] == 3);
    const int each = __syncthreads_and(x[t] < 9);
    const unsigned same = __match_any_sync(0xffffffffu, x[t] % 3);
    y[8 * t] = __popc(ballot), y[8 * t + 1] = any, y[8 * t + 2] = all;
    y[8 * t + 3] = count, y[8 * t + 4] = one, y[8 * t + 5] = each, y[8 * t + 6] = __popc(same);
    y[8 * t + 7] = 0;
    if (x[t] % 2) y[8 * t + 7] = __popc(__activemask());
}
"""

VECTORS = """
extern "C" __global__ void kernel(const float* x, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (4 * i + 3 >= n) {
        for (int j = 4 * i; j < n; ++j) y[j] = 2 * __ldg(x + j);
        return;
    }
    float4 v = reinterpret_cast<const float4*>(x)[i];
    reinterpret_cast<float4*>(y)[i] = make_float4(2 * v.x, 2 * v.y, 2 * v.z, 2 * v.w);
}
"""

LOCK = """
extern "C" __global__ void kernel(int* lock, int* total, unsigned long long* most, const int* x) {
    while (atomicCAS(lock, 0, 1) != 0) {
    }
    atomicAdd(total, x[threadIdx.x]);
    __threadfence();
    atomicExch(lock, 0);
    unsigned long long old = 0, seen;
    do {
        seen = old;
        old = atomicCAS(most, seen, max(seen, (unsigned long long)x[threadIdx.x]));
    } while (old != seen);
}
"""

ATOMICS = """
extern "C" __global__ void kernel(int* i, unsigned* u, float* f, double* d) {
    int t = blockIdx.x * blockDim.x + threadIdx.x;
    atomicMax(i, t), atomicMin(i + 1, -t), atomicOr(i + 2, 1 << (t % 8)), atomicAnd(i + 3, ~(1 << (t % 4)));
    atomicXor(i + 4, t), atomicSub(i + 5, 2);
    atomicInc(u, 6u), atomicDec(u + 1, 9u), atomicAdd(u + 2, 1u), atomicMax(u + 3, (unsigned)t);
    atomicAdd(f, 0.5f), atomicAdd(d, 0.25);
}
"""

INDICES = """
__constant__ int factors[3] = {1, 10, 100};
extern "C" __global__ void kernel(int* y) {
    int block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    int size = blockDim.x * blockDim.y * blockDim.z;
    y[block * size + thread] = factors[0] * threadIdx.x + factors[1] * threadIdx.y + factors[2] * threadIdx.z
                               + 1000 * blockIdx.x + 10000 * blockIdx.y + 100000 * blockIdx.z;
}
"""

WARP_SHARED = """
extern "C" __global__ void kernel(const real* x, real* y) {  // each warp turns its row around, without a barrier
    __shared__ real rows[3][32];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    for (int round = 0; round < 3; ++round) {
        rows[warp][lane] = x[round * blockDim.x + threadIdx.x];
        __syncwarp();
        y[round * blockDim.x + threadIdx.x] = rows[warp][31 - lane];
        __syncwarp();
    }
}
"""

SMALL_TYPES = """
extern "C" __global__ void kernel(const unsigned char* x, bool* big, short* half, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) big[i] = x[i] > 100, half[i] = x[i] / 2;
}
"""

SHARED_BYTES = """
extern "C" __global__ void kernel(const unsigned char* x, unsigned char* y) {  // four elements in each word
    __shared__ unsigned char s[50];
    s[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}
"""

FUNCTIONS = """
__device__ int calls;
struct Pair {
    float first;
    int second;
    __device__ float sum() const { return first + second; }
};
__device__ __noinline__ int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
extern "C" __global__ void kernel(float* y) {
    static __shared__ Pair pairs[4];
    __shared__ alignas(16) float more[4];
    const int t = threadIdx.x;
    pairs[t] = Pair{0.5f, t};
    more[t] = 3.0f * t;
    __syncthreads();
    Pair other = pairs[3 - t];
    auto square = [](float v) { return v * v; };
    y[t] = other.sum() + square(more[3 - t]) + fibonacci(t + 5);
    atomicAdd(&calls, 1);
}
"""

rng = np.random.default_rng(0)


def reals(*shape):
    return rng.standard_normal(shape)


def integers(high, *shape):
    return rng.integers(0, high, shape, dtype=np.int32)


def grouped(x):
    """What GROUPS makes of the 32 numbers x."""
    lane = np.arange(32)
    down = np.where(lane % 4 < 3, lane + 1, lane)
    up = np.where(lane % 16 >= 2, lane - 2, lane)
    halves = np.concatenate([np.full(16, x[:16].sum()), np.full(16, x[16:].max())])
    return np.concatenate([x[lane // 8 * 8 + 2], x[np.minimum(down, 31)], x[lane ^ 5], x[up], halves])


def votes(x):
    """What VOTES makes of 40 numbers: a full warp, and one of 8 lanes."""
    y = np.zeros((40, 8), np.int32)
    for warp in (slice(0, 32), slice(32, 40)):
        lanes = x[warp]
        y[warp, 0], y[warp, 1], y[warp, 2] = (lanes > 4).sum(), (lanes == 9).any(), (lanes >= 0).all()
        y[warp, 6] = (lanes[:, None] % 3 == lanes % 3).sum(1)
        y[warp, 7] = np.where(lanes % 2, (lanes % 2).sum(), 0)
    y[:, 3], y[:, 4], y[:, 5] = (x > 4).sum(), (x == 3).any(), (x < 9).all()
    return y


def indices(grid, block):
    """What INDICES writes."""
    bz, by, bx, tz, ty, tx = np.indices((*grid[::-1], *block[::-1]), dtype=np.int32)
    return tx + 10 * ty + 100 * tz + 1000 * bx + 10000 * by + 100000 * bz


A, B, X = reals(13, 21), reals(21, 11), reals(3, 500)
COUNTED, ROW, VOTED = integers(10, 700), integers(100, 45), integers(10, 40)
BYTES = rng.integers(0, 256, 77, dtype=np.uint8)
F = np.float32

# source, grid, block, bytes of shared memory, arguments (arrays of reals take the type of the run), and for each
# array that is written its number among the arguments and what it must hold then
CASES = {
    "tiled matrix product": (MATMUL, (2, 2), (8, 8), 0, [A, B, np.zeros((13, 11)), 13, 11, 21], {2: A @ B}),
    "sum by shuffles": (REDUCE, 3, 96, 0, [X, np.zeros(3), 500], {1: X.sum(1)}),
    "sum by one warp": (REDUCE, 3, 32, 0, [X, np.zeros(3), 500], {1: X.sum(1)}),
    "scan": (SCAN, 1, 64, 256, [ROW, np.zeros(45, np.int32), 45], {1: ROW.cumsum()}),
    "histogram": (HISTOGRAM, 3, 50, 0, [COUNTED, np.zeros(10, np.int32), 700], {1: np.bincount(COUNTED, minlength=10)}),
    "transposition": (TRANSPOSE, (2, 3), (16, 16), 0, [reals(35, 19), np.zeros((19, 35)), 35, 19], {1: None}),
    "scan of a warp that is not full": (
        WARP_SCAN, 1, 45, 0, [ROW, np.zeros(45, np.int32)],
        {1: np.concatenate([ROW[:32].cumsum(), ROW[32:].cumsum()])},
    ),
    "shuffles in groups": (GROUPS, 1, 32, 0, [X[0, :32].copy(), np.zeros(160)], {1: grouped(X[0, :32])}),
    "votes": (VOTES, 1, 40, 0, [VOTED, np.zeros((40, 8), np.int32)], {1: votes(VOTED)}),
    "float4": (VECTORS, 2, 8, 0, [X[0, :50].astype(F), np.zeros(50, F), 50], {1: 2 * X[0, :50].astype(F)}),
    "lock": (
        LOCK, 1, 45, 0, [np.zeros(1, np.int32), np.zeros(1, np.int32), np.zeros(1, np.uint64), ROW],
        {0: [0], 1: [ROW.sum()], 2: [ROW.max()]},
    ),
    "atomics": (
        ATOMICS, 2, 20, 0,
        [np.array([0, 0, 0, 63, 0, 80], np.int32), np.zeros(4, np.uint32), np.zeros(1, F), np.zeros(1)],
        {0: [39, -39, 255, 48, 0, 0], 1: [5, 0, 40, 39], 2: [20], 3: [10]},
    ),
    "indices in three dimensions": (
        INDICES, (2, 3, 2), (3, 2, 4), 0, [np.zeros((2, 3, 2, 4, 2, 3), np.int32)], {0: indices((2, 3, 2), (3, 2, 4))},
    ),
    "warps with rows of their own": (
        WARP_SHARED, 1, 96, 0, [X[0, :288].copy(), np.zeros(288)], {1: X[0, :288].reshape(9, 32)[:, ::-1].ravel()},
    ),
    "bytes": (
        SMALL_TYPES, 2, 40, 0, [BYTES, np.zeros(77, bool), np.zeros(77, np.int16), 77], {1: BYTES > 100, 2: BYTES // 2},
    ),
    "shared bytes": (SHARED_BYTES, 1, 50, 0, [BYTES[:50].copy(), np.zeros(50, np.uint8)], {1: BYTES[:50][::-1]}),
    "structures and functions": (
        FUNCTIONS, 1, 4, 0, [np.zeros(4, F)], {0: [3.5 + 81 + 5, 2.5 + 36 + 8, 1.5 + 9 + 13, 0.5 + 0 + 21]},
    ),
}  # fmt: skip
CASES["transposition"][5][1] = CASES["transposition"][4][0].T


NAMES = list(CASES)
RUNS = [(name, "float") for name in CASES] + [(name, "double") for name in CASES if "real*" in CASES[name][0]]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The file with all of them."""
    path = tmp_path_factory.mktemp("right") / "kernels.cu"
    path.write_text(gather([case[0] for case in CASES.values()])[0], encoding="utf-8")
    return path


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name, real", RUNS)
def test_results_are_those_of_numpy(name, mode, real, path):
    source, grid, block, shared_bytes, values, expected = CASES[name]
    dtype = {"float": np.float32, "double": np.float64}[real]
    takes_real = "real*" in source
    arguments = [
        (v.astype(dtype) if takes_real and v.dtype == np.float64 else v.copy()) if isinstance(v, np.ndarray) else v
        for v in values
    ]
    kernel = f"kernel_{NAMES.index(name)}"
    emulator.launch(path, kernel, grid, block, arguments, shared_bytes, defines={"real": real}, **MODES[mode])
    tolerance = 1e-4 if real == "float" else 1e-12
    for number, value in expected.items():
        np.testing.assert_allclose(arguments[number], value, rtol=tolerance, atol=tolerance)
    for number, before in enumerate(values):
        if number not in expected and isinstance(before, np.ndarray):
            np.testing.assert_array_equal(arguments[number], before.astype(arguments[number].dtype))
