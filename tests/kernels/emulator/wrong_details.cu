// Kernels that students write: types, masks, counters and loops.
// Before each: what it does wrong, and its launch (grid, block, shared bytes, arguments).
// A line that may be named has a mark.

// RaceError of (1, 64, 0, floats(64), zeros(64))
extern "C" __global__ void flags_of_bool(const float* x, float* y) {
    __shared__ bool seen[8];
    int t = threadIdx.x;
    if (t < 8) seen[t] = false;  // <- here
    if (x[t] > 5) seen[t % 8] = true;  // <- here
    __syncthreads();
    y[t] = seen[t % 8];
}

// RaceError of (1, 64, 0, np.arange(64, dtype=np.uint8), np.zeros(64, np.uint8))
extern "C" __global__ void bytes_shifted_in_shared(const unsigned char* x, unsigned char* y) {
    __shared__ unsigned char s[65];
    int t = threadIdx.x;
    s[t] = x[t];  // <- here
    if (t == 0) s[64] = 0;
    __syncthreads();
    s[t] = s[t + 1];  // <- here
    __syncthreads();
    y[t] = s[t];
}

// RaceError of (1, 64, 0, floats(64), zeros(64))
struct Node { float value; int next[3]; };
extern "C" __global__ void array_in_a_struct_in_shared(const float* x, float* y) {
    __shared__ Node nodes[4][16];
    int t = threadIdx.x;
    nodes[t / 16][t % 16].value = x[t];  // <- here
    nodes[t / 16][t % 16].next[2] = t;
    y[t] = nodes[3 - t / 16][t % 16].value;  // <- here
}

// MisalignedError of (1, 1, 0, np.zeros(9, np.uint8), np.zeros(2))
extern "C" __global__ void double_in_bytes(unsigned char* x, double* y) {
    y[0] = *(double*)(x + 1);  // <- here
}

// MisalignedError of (1, 4, 52, ints(4), np.zeros(4), 1)
extern "C" __global__ void ints_then_doubles_in_dynamic_shared(const int* x, double* y, int n) {
    extern __shared__ char room[];
    int* head = (int*)room;
    double* tail = (double*)(head + n);
    if (threadIdx.x == 0) head[0] = x[0];
    tail[threadIdx.x] = x[threadIdx.x];  // <- here
    __syncthreads();
    y[threadIdx.x] = tail[3 - threadIdx.x] + head[0];
}

// OutOfBoundsError of (1, 32, 0, floats(63), zeros(63), 63)
extern "C" __global__ void float2_store_at_an_odd_end(const float* x, float* y, int n) {
    int i = 2 * threadIdx.x;
    if (i < n) *(float2*)(y + i) = make_float2(x[i], 0);  // <- here
}

// OutOfBoundsError of (1, 16, 0, ints(16), zeros(16))
extern "C" __global__ void ints_read_as_long_long(const int* x, float* y) {
    y[threadIdx.x] = ((const long long*)x)[threadIdx.x];  // <- here
}

// OutOfBoundsError of (1, 1, 0, zeros(8))
extern "C" __global__ void memset_counts_bytes_of_more(float* y) {
    __shared__ float s[8];
    memset(s, 0, 12 * sizeof(float));  // <- here
    y[0] = s[7];
}

// OutOfBoundsError of (1, 32, 0, floats(32), zeros(32), 32)
extern "C" __global__ void dynamic_shared_not_asked_for(const float* x, float* y, int n) {
    extern __shared__ double wide[];
    int t = threadIdx.x;
    wide[t] = x[t];  // <- here
    __syncthreads();
    y[t] = wide[31 - t];
}

// OutOfBoundsError of (1, 32, 128, floats(32), zeros(32))
__device__ void fill(float* s, int n) {
    for (int i = 0; i <= n; ++i) s[i] = i;  // <- here
}
extern "C" __global__ void dynamic_filled_by_a_helper(const float* x, float* y) {
    extern __shared__ float dynamic[];
    if (threadIdx.x == 0) fill(dynamic, 32);
    __syncthreads();
    y[threadIdx.x] = dynamic[threadIdx.x];
}

// DivergenceError of (1, 40, 0, floats(40), zeros(1), 40)
extern "C" __global__ void shuffle_mask_of_a_partial_warp_from_n(const float* x, float* y, int n) {
    int t = threadIdx.x;
    unsigned mask = t < 32 ? 0xffffffffu : (1u << (n % 32 - 1)) - 1;  // one lane is left out
    float v = x[t];
    for (int d = 16; d > 0; d /= 2) v += __shfl_down_sync(mask, v, d);  // <- here
    if (t % 32 == 0) atomicAdd(y, v);
}

// DivergenceError of (1, 40, 0, floats(40), zeros(1), 40)
extern "C" __global__ void shuffle_mask_right_but_lanes_missing(const float* x, float* y, int n) {
    int t = threadIdx.x;
    unsigned mask = __ballot_sync(0xffffffffu, t < n);
    float v = x[t];
    for (int d = 16; d > 0; d /= 2) v += __shfl_down_sync(mask, v, d);  // <- here
    if (t % 32 == 0) atomicAdd(y, v);
}

// DivergenceError of (1, 64, 0, floats(64), int_zeros(64))
extern "C" __global__ void two_kinds_of_barrier(const float* x, int* y) {
    int t = threadIdx.x;
    if (t < 32) __syncthreads();  // <- here
    else y[t] = __syncthreads_count(x[t] > 40);  // <- here
}

// DivergenceError of (1, 64, 0, floats(64), zeros(64), 64)
extern "C" __global__ void barrier_after_break_on_data(const float* x, float* y, int n) {
    __shared__ float s[64];
    int t = threadIdx.x;
    s[t] = x[t];
    while (true) {
        __syncthreads();  // <- here
        float v = s[(t + 1) % 64];
        if (v < 10) break;
        __syncthreads();  // <- here
        s[t] = v / 2;
    }
    y[t] = s[t];
}

// RaceError of (1, 64, 0, floats(64), zeros(1), 64)
extern "C" __global__ void last_warp_with_volatile_alone(const float* x, float* y, int n) {
    __shared__ volatile float s[64];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    if (t < 32) {
        s[t] += s[t + 32];  // <- here
        s[t] += s[t + 16];  // <- here
        s[t] += s[t + 8];  // <- here
    }
    if (t == 0) y[0] = s[0];
}

// RaceError of (1, 64, 0, floats(64), zeros(64), 64)
extern "C" __global__ void flag_set_by_one_read_by_all(const float* x, float* y, int n) {
    __shared__ int found;
    int t = threadIdx.x;
    if (t == 0) found = 0;
    __syncthreads();
    if (x[t] == 40) found = 1;  // <- here
    if (found) y[t] = 1;  // <- here
}

// RaceError of (1, 64, 0, floats(64), zeros(64), int_zeros(1), 64)
extern "C" __global__ void compaction_counter_without_atomic(const float* x, float* y, int* count, int n) {
    if (x[threadIdx.x] > 30) {
        int place = (*count)++;  // <- here
        y[place] = x[threadIdx.x];
    }
}

// OutOfBoundsError of (1, 32, 0, np.array([0, 3, 7, 11], I), floats(11), zeros(32), 32)
extern "C" __global__ void sparse_row_pointer_one_short(const int* start, const float* v, float* y, int rows) {
    int r = threadIdx.x;
    if (r > 3) return;
    float sum = 0;
    for (int i = start[r]; i < start[r + 1]; ++i) sum += v[i];  // <- here
    y[r] = sum;
}

// RaceError of (2, 32, 0, zeros(1), zeros(2))
extern "C" __global__ void read_after_the_own_atomic(float* sum, float* y) {
    if (threadIdx.x == 0) {
        atomicAdd(sum, 1.0f);  // <- here
        y[blockIdx.x] = *sum;  // <- here
    }
}

// RaceError of (2, 32, 0, zeros(32), 32)
extern "C" __global__ void zeroed_by_each_block_before_atomics(float* y, int n) {
    y[threadIdx.x] = 0;  // <- here
    __syncthreads();
    atomicAdd(&y[threadIdx.x], 1.0f);  // <- here
}

// KernelArithmeticError of (1, 1, 0, int_zeros(4), 2147483647)
extern "C" __global__ void grid_size_rounded_up_overflows(int* y, int n) {
    int blocks = (n + 255) / 256;  // <- here
    y[0] = blocks;
}

// EndlessLoopError of (1, 32, 0, floats(32), zeros(32), 32)
extern "C" __global__ void unsigned_countdown_never_negative(const float* x, float* y, int n) {
    for (unsigned i = n - 1; i >= 0; --i)  // <- here
        if (i < (unsigned)n) y[threadIdx.x] += x[i];  // <- here
}

// EndlessLoopError of (1, 32, 0, floats(32), zeros(1), 32)
extern "C" __global__ void halving_that_rounds_up(const float* x, float* y, int n) {
    __shared__ float s[32];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (int d = n / 2; d > 0; d = (d + 1) / 2) {  // <- here
        if (t < d) s[t] += s[t + d];  // <- here
        __syncthreads();  // <- here
    }
    y[0] = s[0];
}

// EndlessLoopError of (1, 32, 0, zeros(32))
extern "C" __global__ void float_step_too_small(float* y) {
    float v = 1e8f;
    while (v < 1.1e8f) v += 1;  // <- here
    y[threadIdx.x] = v;
}

// EndlessLoopError of (1, 1, 0, int_zeros(4), 5)
extern "C" __global__ void list_with_a_cycle(int* next, int n) {
    int i = 0, steps = 0;
    while (i != 3) {  // <- here
        i = next[i];  // <- here
        steps++;  // <- here
    }
    next[3] = steps;
}

// RaceError of (1, 64, 0, ints(16))
extern "C" __global__ void bytes_of_an_int_array(int* y) {
    unsigned char* bytes = (unsigned char*)y;
    bytes[threadIdx.x] = 1;  // <- here
    if (threadIdx.x == 40) bytes[0] = 2;  // <- here
}

// RaceError of (1, (8, 8), 0, floats(64), zeros(64))
struct Tile {
    float v[8][9];
    __device__ void put(int r, int c, float x) { v[r][c] = x; }  // <- here
    __device__ float get(int r, int c) const { return v[r][c]; }  // <- here
};
extern "C" __global__ void methods_of_a_shared_struct(const float* x, float* y) {
    __shared__ Tile tile;
    tile.put(threadIdx.y, threadIdx.x, x[threadIdx.y * 8 + threadIdx.x]);
    y[threadIdx.y * 8 + threadIdx.x] = tile.get(threadIdx.x, threadIdx.y);
}

// OutOfBoundsError of (1, (32, 4), 4096, floats(128), zeros(128))
extern "C" __global__ void dynamic_as_rows_of_33(const float* x, float* y) {
    extern __shared__ float room[];
    float (*tile)[33] = (float (*)[33])room;
    for (int r = threadIdx.y; r < 32; r += 4) tile[r][threadIdx.x] = x[threadIdx.y * 32 + threadIdx.x];  // <- here
    __syncthreads();
    y[threadIdx.y * 32 + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}

// DivergenceError of (1, (20, 3), 0, floats(60), zeros(3))
extern "C" __global__ void rows_of_20_are_no_warps(const float* x, float* y) {
    float v = x[threadIdx.y * 20 + threadIdx.x];
    for (int d = 16; d > 0; d /= 2) v += __shfl_down_sync(0xffffffffu, v, d);  // <- here
    if (threadIdx.x == 0) y[threadIdx.y] = v;
}

// DivergenceError of (1, 64, 0, ints(64))
extern "C" __global__ void barrier_behind_a_goto(int* y) {
    if (y[threadIdx.x] > 50) goto end;
    y[threadIdx.x] = 1;
    __syncthreads();  // <- here
end:
    y[threadIdx.x] += 1;
}

// DivergenceError of (1, 64, 0, ints(64))
extern "C" __global__ void barrier_behind_a_short_circuit(int* y) {
    if (y[threadIdx.x] > 3 && __syncthreads_or(y[threadIdx.x] > 60)) y[threadIdx.x] = 1;  // <- here
}

// OutOfBoundsError of (1, 1, 0, floats(64), zeros(1), 64)
extern "C" __global__ void pointer_walks_past_the_end(const float* x, float* y, int n) {
    const float* end = x + n;
    float sum = 0;
    for (const float* p = x; p <= end; ++p) sum += *p;  // <- here
    *y = sum;
}

// RaceError of (1, 64, 0, floats(64), zeros(64))
extern "C" __global__ void variance_overwrites_the_mean(const float* x, float* y) {
    __shared__ float value;
    if (threadIdx.x == 0) value = x[5];
    __syncthreads();
    float mean = value;  // <- here
    if (threadIdx.x == 0) value = x[6];  // <- here
    __syncthreads();
    y[threadIdx.x] = (x[threadIdx.x] - mean) / value;
}

// RaceError of (2, 32, 0, floats(2, 32), zeros(2), zeros(1))
extern "C" __global__ void loss_summed_by_thread_zero_of_each_block(const float* x, float* part, float* loss) {
    float v = x[blockIdx.x * 32 + threadIdx.x];
    for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(0xffffffffu, v, d);
    if (threadIdx.x == 0) {
        part[blockIdx.x] = v;  // <- here
        if (blockIdx.x == gridDim.x - 1)
            for (int b = 0; b < gridDim.x; ++b) *loss += part[b];  // <- here
    }
}

// KernelArithmeticError of (1, 1, 0, int_zeros(1), 50)
extern "C" __global__ void factorial_in_int(int* y, int n) {
    int product = 1;
    for (int i = 2; i <= n; ++i) product *= i;  // <- here
    y[0] = product;
}

// RaceError of (1, 4, 0, np.array([0, 1, 1, 3], I), floats(4, 8), zeros(4, 8), 4)
extern "C" __global__ void embedding_gradient_without_atomic(const int* id, const float* g, float* table, int n) {
    int t = threadIdx.x;
    for (int c = 0; c < 8; ++c) table[id[t] * 8 + c] += g[t * 8 + c];  // <- here
}
