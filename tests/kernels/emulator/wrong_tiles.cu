// Kernels that students write: sums, products, stencils and histograms in tiles of shared memory.
// Before each: what it does wrong, and its launch (grid, block, shared bytes, arguments).
// A line that may be named has a mark.

// DivergenceError of (2, 64, 0, floats(100), zeros(2), 100)
extern "C" __global__ void reduce_returns_half_of_the_warps(const float* x, float* y, int n) {
    __shared__ float s[64];
    int t = threadIdx.x, i = blockIdx.x * 64 + t;
    s[t] = i < n ? x[i] : 0;
    __syncthreads();
    for (int d = 32; d > 0; d >>= 1) {
        if (t >= d) return;
        s[t] += s[t + d];
        __syncthreads();  // <- here
    }
    if (t == 0) y[blockIdx.x] = s[0];
}

// OutOfBoundsError of (1, 64, 0, floats(64), zeros(1), 64)
extern "C" __global__ void reduce_stride_one_too_wide(const float* x, float* y, int n) {
    __shared__ float s[64];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (int d = blockDim.x / 2; d > 0; d /= 2) {
        if (t <= d) s[t] += s[t + d];  // <- here
        __syncthreads();
    }
    if (t == 0) y[0] = s[0];
}

// OutOfBoundsError of (1, 64, 256, floats(64), zeros(1), 64)
extern "C" __global__ void reduce_from_the_whole_block(const float* x, float* y, int n) {
    extern __shared__ float s[];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (int d = blockDim.x; d > 0; d /= 2) {
        if (t < d) s[t] += s[t + d];  // <- here
        __syncthreads();
    }
    if (t == 0) y[0] = s[0];
}

// OutOfBoundsError of (1, 100, 0, floats(100), zeros(1), 100)
extern "C" __global__ void reduce_interleaved_odd_block(const float* x, float* y, int n) {
    __shared__ float s[100];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (int d = 1; d < blockDim.x; d *= 2) {
        if (t % (2 * d) == 0) s[t] += s[t + d];  // <- here
        __syncthreads();
    }
    if (t == 0) y[0] = s[0];
}

// RaceError of ((3, 3), (8, 8), 0, floats(24, 24), floats(24, 24), zeros(24, 24), 24)
#define W 8
extern "C" __global__ void matmul_missing_first_barrier(const float* A, const float* B, float* C, int N) {
    __shared__ float As[W][W], Bs[W][W];
    int row = blockIdx.y * W + threadIdx.y, col = blockIdx.x * W + threadIdx.x;
    float acc = 0.f;
    for (int m = 0; m < N / W; ++m) {
        As[threadIdx.y][threadIdx.x] = A[row * N + m * W + threadIdx.x];  // <- here
        Bs[threadIdx.y][threadIdx.x] = B[(m * W + threadIdx.y) * N + col];  // <- here
        for (int k = 0; k < W; ++k) acc += As[threadIdx.y][k] * Bs[k][threadIdx.x];  // <- here
        __syncthreads();
    }
    C[row * N + col] = acc;
}

// DivergenceError of ((2, 2), (8, 8), 0, floats(12, 12), floats(12, 12), zeros(12, 12), 12)
extern "C" __global__ void matmul_barrier_in_the_guard(const float* A, const float* B, float* C, int N) {
    __shared__ float As[W][W], Bs[W][W];
    int row = blockIdx.y * W + threadIdx.y, col = blockIdx.x * W + threadIdx.x;
    float acc = 0.f;
    if (row < N && col < N) {
        for (int m = 0; m < N; m += W) {
            As[threadIdx.y][threadIdx.x] = m + threadIdx.x < N ? A[row * N + m + threadIdx.x] : 0;
            Bs[threadIdx.y][threadIdx.x] = m + threadIdx.y < N ? B[(m + threadIdx.y) * N + col] : 0;
            __syncthreads();  // <- here
            for (int k = 0; k < W; ++k) acc += As[threadIdx.y][k] * Bs[k][threadIdx.x];
            __syncthreads();
        }
        C[row * N + col] = acc;
    }
}

// OutOfBoundsError of ((2, 2), (8, 8), 0, floats(12, 12), floats(12, 12), zeros(12, 12), 12)
extern "C" __global__ void matmul_no_guard_in_the_last_tile(const float* A, const float* B, float* C, int N) {
    __shared__ float As[W][W], Bs[W][W];
    int row = blockIdx.y * W + threadIdx.y, col = blockIdx.x * W + threadIdx.x;
    float acc = 0.f;
    for (int m = 0; m < N; m += W) {
        As[threadIdx.y][threadIdx.x] = A[row * N + m + threadIdx.x];  // <- here
        Bs[threadIdx.y][threadIdx.x] = B[(m + threadIdx.y) * N + col];  // <- here
        __syncthreads();
        for (int k = 0; k < W; ++k) acc += As[threadIdx.y][k] * Bs[k][threadIdx.x];
        __syncthreads();
    }
    if (row < N && col < N) C[row * N + col] = acc;
}

// UninitialisedError of ((2, 2), (8, 8), 0, floats(12, 12), floats(12, 12), zeros(12, 12), 12)
extern "C" __global__ void matmul_partial_tile_not_zeroed(const float* A, const float* B, float* C, int N) {
    __shared__ float As[W][W], Bs[W][W];
    int row = blockIdx.y * W + threadIdx.y, col = blockIdx.x * W + threadIdx.x;
    float acc = 0.f;
    for (int m = 0; m < N; m += W) {
        if (row < N && m + threadIdx.x < N) As[threadIdx.y][threadIdx.x] = A[row * N + m + threadIdx.x];
        if (col < N && m + threadIdx.y < N) Bs[threadIdx.y][threadIdx.x] = B[(m + threadIdx.y) * N + col];
        __syncthreads();
        for (int k = 0; k < W; ++k) acc += As[threadIdx.y][k] * Bs[k][threadIdx.x];  // <- here
        __syncthreads();
    }
    if (row < N && col < N) C[row * N + col] = acc;
}

// RaceError of (1, 64, 0, floats(4, 64), zeros(4, 64), 4)
extern "C" __global__ void double_buffer_refilled_too_early(const float* x, float* y, int steps) {
    __shared__ float buffer[2][64];
    int t = threadIdx.x;
    buffer[0][t] = x[t];
    __syncthreads();
    for (int i = 0; i < steps; ++i) {
        if (i + 1 < steps) buffer[i & 1][t] = x[(i + 1) * 64 + t];  // <- here
        y[i * 64 + t] = buffer[i & 1][63 - t];  // <- here
        __syncthreads();
    }
}

// OutOfBoundsError of ((1, 1), (32, 8), 0, floats(20, 30), zeros(30, 20), 20, 30)
extern "C" __global__ void transpose_guards_exchanged(const float* x, float* y, int rows, int columns) {
    __shared__ float tile[32][33];
    int c = blockIdx.x * 32 + threadIdx.x;
    for (int r = threadIdx.y; r < 32; r += 8)
        if (r < columns && c < rows) tile[r][threadIdx.x] = x[r * columns + c];  // <- here
    __syncthreads();
    for (int r = threadIdx.y; r < 32; r += 8)
        if (r < columns && c < rows) y[r * rows + c] = tile[threadIdx.x][r];  // <- here
}

// UninitialisedError of ((1, 1), (32, 8), 0, floats(20, 20), zeros(20, 20), 20, 20)
extern "C" __global__ void transpose_loads_one_row_of_four(const float* x, float* y, int rows, int columns) {
    __shared__ float tile[32][33];
    int c = threadIdx.x;
    if (threadIdx.y < rows && c < columns) tile[threadIdx.y][c] = x[threadIdx.y * columns + c];
    __syncthreads();
    for (int r = threadIdx.y; r < columns; r += 8)
        if (c < rows) y[r * rows + c] = tile[c][r];  // <- here
}

// RaceError of ((2, 2), (4, 4), 0, floats(8, 8), 8)
extern "C" __global__ void transpose_in_place_without_half(float* x, int n) {
    int r = blockIdx.y * blockDim.y + threadIdx.y, c = blockIdx.x * blockDim.x + threadIdx.x;
    float a = x[r * n + c];  // <- here
    x[c * n + r] = a;  // <- here
}

// UninitialisedError of (2, 32, 0, floats(64), zeros(64), 64)
extern "C" __global__ void stencil_right_halo_not_loaded(const float* x, float* y, int n) {
    __shared__ float s[32 + 2];
    int t = threadIdx.x, i = blockIdx.x * 32 + t;
    s[t + 1] = x[i];
    if (t == 0) s[0] = i > 0 ? x[i - 1] : 0;
    if (t == 32) s[33] = i + 1 < n ? x[i + 1] : 0;  // there is no thread 32
    __syncthreads();
    y[i] = s[t] + s[t + 1] + s[t + 2];  // <- here
}

// OutOfBoundsError of (2, 32, 0, floats(64), zeros(64), 64)
extern "C" __global__ void stencil_halo_reads_one_too_far(const float* x, float* y, int n) {
    __shared__ float s[32 + 2];
    int t = threadIdx.x, i = blockIdx.x * 32 + t;
    s[t + 1] = x[i];
    if (t == 0) s[0] = i >= 0 ? x[i - 1] : 0;  // <- here
    if (t == 31) s[33] = i + 1 <= n ? x[i + 1] : 0;  // <- here
    __syncthreads();
    y[i] = s[t] + s[t + 1] + s[t + 2];
}

// RaceError of (2, 32, 0, floats(64), 64)
extern "C" __global__ void stencil_in_place(float* x, int n) {
    __shared__ float s[34];
    int t = threadIdx.x, i = blockIdx.x * 32 + t;
    s[t + 1] = x[i];  // <- here
    if (t == 0) s[0] = i > 0 ? x[i - 1] : 0;  // <- here
    if (t == 31) s[33] = i + 1 < n ? x[i + 1] : 0;  // <- here
    __syncthreads();
    x[i] = s[t] + s[t + 1] + s[t + 2];  // <- here
}

// RaceError of (2, 64, 0, ints(128) % 10, int_zeros(10), 128)
extern "C" __global__ void histogram_atomic_forgotten_between_blocks(const int* x, int* bins, int n) {
    __shared__ int local[10];
    int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    if (t < 10) local[t] = 0;
    __syncthreads();
    if (i < n) atomicAdd(&local[x[i]], 1);
    __syncthreads();
    if (t < 10) bins[t] += local[t];  // <- here
}

// UninitialisedError of (1, 64, 0, ints(64) % 100, int_zeros(100), 64)
extern "C" __global__ void histogram_zeroes_only_as_many_as_threads(const int* x, int* bins, int n) {
    __shared__ int local[100];
    int t = threadIdx.x;
    if (t < 100) local[t] = 0;  // the block has 64 threads
    __syncthreads();
    atomicAdd(&local[x[t] + 36], 1);  // <- here
    __syncthreads();
    for (int b = t; b < 100; b += 64) bins[b] = local[b];  // <- here
}

// OutOfBoundsError of (1, 64, 0, ints(64), int_zeros(64), 64)
extern "C" __global__ void histogram_value_of_the_last_bin(const int* x, int* bins, int n) {
    __shared__ int local[63];
    int t = threadIdx.x;
    if (t < 63) local[t] = 0;
    __syncthreads();
    atomicAdd(&local[x[t]], 1);  // <- here
    __syncthreads();
    if (t < 63) bins[t] = local[t];
}

// RaceError of (1, 64, 0, floats(64), zeros(64), 64)
extern "C" __global__ void softmax_sum_reuses_the_array_of_the_maximum(const float* x, float* y, int n) {
    __shared__ float s[64];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (int d = 32; d > 0; d /= 2) {
        if (t < d) s[t] = fmaxf(s[t], s[t + d]);
        __syncthreads();
    }
    float top = s[0];  // <- here
    float e = expf(x[t] - top);
    s[t] = e;  // <- here
    __syncthreads();
    for (int d = 32; d > 0; d /= 2) {
        if (t < d) s[t] += s[t + d];
        __syncthreads();
    }
    y[t] = e / s[0];
}

// UninitialisedError of (1, 96, 0, floats(96), zeros(1), 96)
extern "C" __global__ void warp_sums_read_for_32_warps(const float* x, float* y, int n) {
    __shared__ float parts[32];
    int t = threadIdx.x;
    float v = x[t];
    for (int d = 16; d > 0; d /= 2) v += __shfl_down_sync(0xffffffffu, v, d);
    if (t % 32 == 0) parts[t / 32] = v;
    __syncthreads();
    if (t < 32) {
        v = parts[t];  // <- here
        for (int d = 16; d > 0; d /= 2) v += __shfl_down_sync(0xffffffffu, v, d);
        if (t == 0) y[0] = v;
    }
}

// UninitialisedError of (1, 33, 0, floats(33), zeros(1))
extern "C" __global__ void number_of_warps_rounded_down(const float* x, float* y) {
    __shared__ float parts[2];
    int t = threadIdx.x;
    if (t % 32 == 0 && t / 32 < blockDim.x / 32) parts[t / 32] = x[t];
    __syncthreads();
    if (t == 0) y[0] = parts[0] + parts[1];  // <- here
}

// DivergenceError of (1, 128, 0, floats(300), zeros(300), 300)
extern "C" __global__ void rows_by_warps_with_a_barrier(const float* x, float* y, int n) {
    __shared__ float s[4][32];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    for (int row = warp; row * 32 < n; row += 4) {
        s[warp][lane] = row * 32 + lane < n ? x[row * 32 + lane] : 0;
        __syncthreads();  // <- here
        if (row * 32 + lane < n) y[row * 32 + lane] = s[warp][31 - lane];
        __syncthreads();
    }
}

// OutOfBoundsError of ((2, 3), (8, 4), 0, zeros(12, 16), 12, 16)
extern "C" __global__ void block_dimensions_mixed_up(float* y, int rows, int columns) {
    int row = blockIdx.y * blockDim.x + threadIdx.y, column = blockIdx.x * blockDim.x + threadIdx.x;
    y[row * columns + column] = 1;  // <- here
}

// RaceError of ((2, 3), (8, 4), 0, zeros(12, 16), 12, 16)
extern "C" __global__ void block_dimension_y_for_x(float* y, int rows, int columns) {
    int row = blockIdx.y * blockDim.y + threadIdx.y, column = blockIdx.x * blockDim.y + threadIdx.x;
    y[row * columns + column] += 1;  // <- here
}

// RaceError of (4, 32, 0, floats(100), zeros(100), 100)
extern "C" __global__ void grid_stride_by_the_block_only(const float* x, float* y, int n) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x) y[i] += x[i];  // <- here
}
#undef W
