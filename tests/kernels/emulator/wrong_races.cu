// Kernels that students write: races within a warp, within a block and between blocks.
// Before each: what it does wrong, and its launch (grid, block, shared bytes, arguments).
// A line that may be named has a mark.

// RaceError of (4, 64, 0, ints(200), int_zeros(200), 200)
constexpr int R = 3;
extern "C" __global__ void stencil_missing_barrier(const int* in, int* out, int n) {
    __shared__ int temp[64 + 2 * R];
    int g = threadIdx.x + blockIdx.x * blockDim.x;
    int l = threadIdx.x + R;
    temp[l] = g < n ? in[g] : 0;  // <- here
    if (threadIdx.x < R) {
        temp[l - R] = g >= R ? in[g - R] : 0;  // <- here
        temp[l + 64] = g + 64 < n ? in[g + 64] : 0;  // <- here
    }
    int sum = 0;
    for (int o = -R; o <= R; o++)
        sum += temp[l + o];  // <- here
    if (g < n) out[g] = sum;
}

// RaceError of (1, 128, 0, floats(128), zeros(128), 128)
extern "C" __global__ void scan_missing_mid_barrier(const float* x, float* y, int n) {
    __shared__ float s[128];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (int d = 1; d < 128; d *= 2) {
        if (t >= d) s[t] += s[t - d];  // <- here
        __syncthreads();
    }
    y[t] = s[t];
}

// RaceError of ((3, 3), (8, 8), 0, floats(24, 24), floats(24, 24), zeros(24, 24), 24)
#define T 8
extern "C" __global__ void matmul_missing_second_barrier(const float* A, const float* B, float* C, int N) {
    __shared__ float As[T][T];
    __shared__ float Bs[T][T];
    int row = blockIdx.y * T + threadIdx.y;
    int col = blockIdx.x * T + threadIdx.x;
    float acc = 0.f;
    for (int m = 0; m < N / T; ++m) {
        As[threadIdx.y][threadIdx.x] = A[row * N + m * T + threadIdx.x];  // <- here
        Bs[threadIdx.y][threadIdx.x] = B[(m * T + threadIdx.y) * N + col];  // <- here
        __syncthreads();
        for (int k = 0; k < T; ++k)
            acc += As[threadIdx.y][k] * Bs[k][threadIdx.x];  // <- here
    }
    C[row * N + col] = acc;
}
#undef T

// RaceError of (1, 64, 512, floats(64), ints(64)[::-1].copy(), zeros(64), 64)
extern "C" __global__ void carved_arrays_overlap_race(const float* x, const int* idx, float* y, int n) {
    extern __shared__ char memory[];
    float* values = (float*)memory;
    int* places = (int*)(memory + n);  // should be n * sizeof(float)
    int t = threadIdx.x;
    values[t] = x[t];  // <- here
    places[t] = idx[t];  // <- here
    __syncthreads();
    y[t] = values[places[t]];
}

// RaceError of (4, 64, 0, floats(200), zeros(1), 200)
extern "C" __global__ void race_between_blocks_sum(const float* x, float* y, int n) {
    __shared__ float s[64];
    int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    s[t] = i < n ? x[i] : 0;
    __syncthreads();
    for (int d = 32; d > 0; d /= 2) {
        if (t < d) s[t] += s[t + d];
        __syncthreads();
    }
    if (t == 0) *y += s[0];  // <- here
}

// RaceError of (4, 32, 0, floats(128), 128)
extern "C" __global__ void race_between_blocks_in_place(float* x, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float v = i + 1 < n ? x[i + 1] : 0;  // <- here
    __syncthreads();
    x[i] = v;  // <- here
}

// RaceError of (8, 32, 0, floats(8), zeros(8), zeros(1), 8)
__device__ unsigned int count = 0;
extern "C" __global__ void last_block_without_fence(const float* x, volatile float* parts, float* y, int n) {
    __shared__ bool last;
    if (threadIdx.x == 0) {
        parts[blockIdx.x] = x[blockIdx.x];  // <- here
        last = atomicInc(&count, gridDim.x) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && threadIdx.x == 0) {
        float sum = 0;
        for (int b = 0; b < gridDim.x; ++b) sum += parts[b];  // <- here
        *y = sum;
        count = 0;
    }
}

// RaceError of (1, 64, 0, ints(64) % 8, int_zeros(8), 64)
extern "C" __global__ void race_within_a_warp_histogram(const int* x, int* bins, int n) {
    __shared__ int local[8];
    int t = threadIdx.x;
    if (t < 8) local[t] = 0;
    __syncthreads();
    local[x[t]]++;  // <- here
    __syncthreads();
    if (t < 8) atomicAdd(&bins[t], local[t]);
}

// RaceError of (1, 64, 0, int_zeros(1), ints(64), 64)
extern "C" __global__ void atomic_and_plain_mix(int* y, const int* x, int n) {
    int t = threadIdx.x;
    if (t == 0) y[0] = 0;  // <- here
    atomicAdd(&y[0], x[t]);  // <- here
}

// RaceError of (1, 64, 0, int_zeros(1), ints(64), 64)
extern "C" __global__ void atomic_in_shared_no_zero_barrier(int* y, const int* x, int n) {
    __shared__ int sum;
    int t = threadIdx.x;
    if (t == 0) sum = 0;  // <- here
    atomicAdd(&sum, x[t]);  // <- here
    __syncthreads();
    if (t == 0) y[0] = sum;
}

// RaceError of (1, 64, 0, int_zeros(1), ints(64), 64)
extern "C" __global__ void atomic_read_without_barrier(int* y, const int* x, int n) {
    __shared__ int sum;
    int t = threadIdx.x;
    if (t == 0) sum = 0;
    __syncthreads();
    atomicAdd(&sum, x[t]);  // <- here
    if (t == 0) y[0] = sum;  // <- here
}

// RaceError of (1, 64, 0, floats(64), zeros(1), 64)
struct Accumulator {
    float* place;
    __device__ void add(float v) { *place += v; }  // <- here
};
extern "C" __global__ void struct_helper_race(const float* x, float* y, int n) {
    Accumulator a{y};
    a.add(x[threadIdx.x]);
}

// RaceError of (1, 64, 0, floats(64), zeros(64), 64)
extern "C" __global__ void missing_barrier_after_broadcast(const float* x, float* y, int n) {
    __shared__ float s[32];
    __shared__ float top;
    int t = threadIdx.x;
    float m = x[t];
    for (int d = 16; d > 0; d /= 2) m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, d));
    if (t % 32 == 0) s[t / 32] = m;
    __syncthreads();
    if (t == 0) top = fmaxf(s[0], s[1]);  // <- here
    y[t] = expf(x[t] - top);  // <- here
}

// RaceError of (1, 64, 0, floats(64), zeros(64), 64)
__device__ float block_sum(float v) {
    __shared__ float s[2];
    for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(0xffffffffu, v, d);
    if (threadIdx.x % 32 == 0) s[threadIdx.x / 32] = v;  // <- here
    __syncthreads();
    return s[0] + s[1];  // <- here
}
extern "C" __global__ void missing_barrier_between_two_reductions(const float* x, float* y, int n) {
    float mean = block_sum(x[threadIdx.x]) / n;
    float d = x[threadIdx.x] - mean;
    float var = block_sum(d * d) / n;
    y[threadIdx.x] = d * rsqrtf(var + 1e-5f);
}

// RaceError of (8, 32, 0, floats(8), zeros(8), zeros(1))
__device__ unsigned int done_a = 0;
extern "C" __global__ void fence_of_the_block_only(const float* x, float* parts, float* y) {
    if (threadIdx.x == 0) {
        parts[blockIdx.x] = x[blockIdx.x];  // <- here
        __threadfence_block();
        if (atomicAdd(&done_a, 1u) == gridDim.x - 1)
            for (int b = 0; b < gridDim.x; ++b) *y += parts[b];  // <- here
    }
}

// RaceError of (8, 32, 0, floats(8), zeros(8), zeros(1))
__device__ unsigned int done_b = 0;
extern "C" __global__ void fence_before_the_write(const float* x, float* parts, float* y) {
    if (threadIdx.x == 0) {
        __threadfence();
        parts[blockIdx.x] = x[blockIdx.x];  // <- here
        if (atomicAdd(&done_b, 1u) == gridDim.x - 1)
            for (int b = 0; b < gridDim.x; ++b) *y += parts[b];  // <- here
    }
}

// RaceError of (4, 32, 0, floats(128), zeros(128), zeros(1))
__device__ unsigned int done_c = 0;
extern "C" __global__ void fence_but_other_threads_writes(const float* x, float* parts, float* y) {
    int i = blockIdx.x * 32 + threadIdx.x;
    parts[i] = x[i];  // <- here
    if (threadIdx.x == 0) {
        __threadfence();
        if (atomicAdd(&done_c, 1u) == gridDim.x - 1)
            for (int b = 0; b < 32 * gridDim.x; ++b) *y += parts[b];  // <- here
    }
}

// RaceError of (4, 32, 0, floats(128), zeros(128), zeros(1))
__device__ unsigned int done_d = 0;
extern "C" __global__ void last_block_s_counter_in_another_block_s_hands(const float* x, float* parts, float* y) {
    __shared__ bool last;
    parts[blockIdx.x * 32 + threadIdx.x] = x[threadIdx.x];  // <- here
    __threadfence();
    if (threadIdx.x == 0) last = atomicAdd(&done_d, 1u) == gridDim.x - 1;
    __syncthreads();
    if (last) {
        float sum = 0;
        for (int b = 0; b < gridDim.x; ++b) sum += parts[b * 32 + threadIdx.x];  // <- here
        atomicAdd(y, sum);
    }
}

// RaceError of (4, 1, 0, zeros(1), zeros(4))
__device__ int lock_a = 0;
extern "C" __global__ void unlocked_read(float* sum, float* y) {
    while (atomicCAS(&lock_a, 0, 1) != 0) {}
    __threadfence();
    *sum += 1;  // <- here
    __threadfence();
    atomicExch(&lock_a, 0);
    y[blockIdx.x] = *sum;  // <- here
}

// RaceError of (4, 1, 0, zeros(1))
__device__ int lock_b = 0;
extern "C" __global__ void lock_without_fence(float* sum) {
    while (atomicCAS(&lock_b, 0, 1) != 0) {}
    *sum += 1;  // <- here
    atomicExch(&lock_b, 0);
}

// RaceError of (1, 64, 0, ints(64), int_zeros(1))
extern "C" __global__ void test_before_atomic(const int* x, int* y) {
    if (x[threadIdx.x] > *y)  // <- here
        atomicMax(y, x[threadIdx.x]);  // <- here
}

// RaceError of (1, 64, 0, ints(64), int_zeros(2))
extern "C" __global__ void cas_of_another_address(const int* x, int* y) {
    int old = y[0];  // <- here
    atomicCAS(y + 1, old, x[threadIdx.x]);
    atomicAdd(y, 1);  // <- here
}

// RaceError of (2, 64, 0, floats(128), zeros(128), zeros(128), 128)
extern "C" __global__ void two_kernels_in_one_phase_two_reads_other_blocks(const float* x, float* a, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    a[i] = 2 * x[i];  // <- here
    __syncthreads();
    y[i] = a[n - 1 - i];  // <- here
}

// RaceError of (1, 64, 0, int_zeros(1))
__device__ void bump(int* p) {
    *p += 1;  // <- here
}
extern "C" __global__ void race_in_a_helper_called_from_two_places(int* y) {
    if (threadIdx.x < 32) bump(y);
    else bump(y);
}

// RaceError of (1, 64, 0, np.arange(64, dtype=np.uint8), np.zeros(32, np.uint8), 64)
extern "C" __global__ void bytes_of_one_word(const unsigned char* x, unsigned char* y, int n) {
    y[threadIdx.x / 2] = x[threadIdx.x];  // <- here
}
