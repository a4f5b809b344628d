// Kernels that students write: barriers and shuffles that not all threads reach, and loops without an end.
// Before each: what it does wrong, and its launch (grid, block, shared bytes, arguments).
// A line that may be named has a mark.

// DivergenceError of (2, 64, 0, floats(100), zeros(100), 100)
extern "C" __global__ void early_return_in_guard(const float* x, float* y, int n) {
    __shared__ float s[64];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    s[threadIdx.x] = x[i];
    __syncthreads();  // <- here
    y[i] = s[blockDim.x - 1 - threadIdx.x];
}

// DivergenceError of (1, 64, 0, floats(100), zeros(100), 100)
extern "C" __global__ void barrier_in_divergent_loop(const float* x, float* y, int n) {
    __shared__ float s[64];
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        s[threadIdx.x] = x[i];
        __syncthreads();  // <- here
        y[i] = s[63 - threadIdx.x];
        __syncthreads();
    }
}

// DivergenceError of (1, 64, 0, zeros(64), 64)
extern "C" __global__ void barrier_in_switch(float* y, int n) {
    int t = threadIdx.x;
    switch (t / 32) {
        case 0: y[t] = 1; __syncthreads(); break;  // <- here
        case 1: y[t] = 2; __syncthreads(); break;  // <- here
    }
}

// DivergenceError of (1, 64, 0, ints(64) % 5, int_zeros(64), 64)
extern "C" __global__ void break_before_barrier(const int* x, int* y, int n) {
    for (int i = 0; i < 4; ++i) {
        if (x[threadIdx.x] == i) break;
        y[threadIdx.x] += 1;
        __syncthreads();  // <- here
    }
}

// DivergenceError of (2, 64, 0, zeros(1), floats(100), 100)
extern "C" __global__ void divergent_shuffle_reduce_in_guard(float* y, const float* x, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        float v = x[i];
        for (int d = 16; d > 0; d >>= 1)
            v += __shfl_down_sync(0xffffffff, v, d);  // <- here
        if (threadIdx.x % 32 == 0) atomicAdd(y, v);
    }
}

// DivergenceError of (1, 32, 0, int_zeros(32), ints(32) % 3, 32)
extern "C" __global__ void ballot_in_loop(int* y, const int* x, int n) {
    int t = threadIdx.x;
    for (int i = 0; i < x[t]; ++i)
        y[t] += __popc(__ballot_sync(0xffffffffu, 1));  // <- here
}

// DivergenceError of (1, 32, 0, zeros(32), floats(32), 32)
extern "C" __global__ void shuffle_wrong_mask_reads_inactive(float* y, const float* x, int n) {
    int t = threadIdx.x;
    if (t < 20) {
        float v = x[t];
        v += __shfl_down_sync(0x000fffffu, v, 16);  // <- here
        y[t] = v;
    }
}

// DivergenceError of (1, 20, 0, zeros(1), floats(20), 20)
extern "C" __global__ void shuffle_nonexistent_lanes(float* y, const float* x, int n) {
    float v = x[threadIdx.x];
    for (int d = 16; d > 0; d >>= 1)
        v += __shfl_down_sync(0xffffffffu, v, d);  // <- here
    if (threadIdx.x == 0) *y = v;
}

// DivergenceError of (1, 32, 0, zeros(32), floats(32), 32)
extern "C" __global__ void syncwarp_in_divergent_branch_full_mask(float* y, const float* x, int n) {
    __shared__ float s[32];
    int t = threadIdx.x;
    if (t < 8) {
        s[t] = x[t];
        __syncwarp();  // <- here
        y[t] = s[7 - t];
    }
}

// EndlessLoopError of (1, 64, 0, zeros(64), floats(64), 64, 0)
extern "C" __global__ void endless_stride_zero(float* y, const float* x, int n, int step) {
    for (int i = threadIdx.x; i < n; i += step)  // <- here
        y[i] = 2 * x[i];  // <- here
}

// EndlessLoopError of (1, 64, 0, int_zeros(1), int_zeros(64))
extern "C" __global__ void spin_on_flag_never_set(volatile int* flag, int* y) {
    if (threadIdx.x == 0) {
        while (*flag == 0) {  // <- here
        }
    }
    y[threadIdx.x] = 1;
}

// EndlessLoopError of (2, 1, 0, int_zeros(1), int_zeros(2))
extern "C" __global__ void spin_for_later_block(int* done, int* y) {
    if (blockIdx.x == 0)
        while (atomicAdd(done, 0) == 0) {}  // <- here
    else
        atomicAdd(done, 1);
    y[blockIdx.x] = 1;
}

// DivergenceError of (1, 64, 0, zeros(64))
__device__ void sync_half(int t) {
    if (t < 32)
        __syncthreads();  // <- here
}
extern "C" __global__ void barrier_in_device_helper(float* y) {
    sync_half(threadIdx.x);
    y[threadIdx.x] = 1;
}

// DivergenceError of (2, 64, 0, floats(70), zeros(3), 70)
extern "C" __global__ void warp_shuffle_result_of_exited_lanes(const float* x, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float v = x[i];
    for (int d = 16; d > 0; d /= 2)
        v += __shfl_xor_sync(0xffffffffu, v, d);  // <- here
    if (i % 32 == 0) y[i / 32] = v;
}

// DivergenceError of (1, 32, 0, ints(32), int_zeros(32))
extern "C" __global__ void mask_from_ballot_inside_the_branch(const int* x, int* y) {
    int t = threadIdx.x;
    if (x[t] % 2) {
        unsigned mask = __ballot_sync(0xffffffffu, 1);  // <- here
        y[t] = __popc(mask);
    }
}

// DivergenceError of (1, 24, 0, ints(24), int_zeros(1))
extern "C" __global__ void int_shuffle_from_nowhere_overflows(const int* x, int* y) {
    int v = x[threadIdx.x] + 1;
    for (int d = 16; d > 0; d /= 2)
        v += __shfl_down_sync(0xffffffffu, v, d);  // <- here
    if (threadIdx.x == 0) *y = v;
}

// DivergenceError of (1, 64, 0, np.array([1, 3], I), int_zeros(64))
extern "C" __global__ void barrier_count_differs_by_warp_in_while(const int* x, int* y) {
    int t = threadIdx.x, n = x[t / 32];
    while (n-- > 0) {
        y[t] += 1;
        __syncthreads();  // <- here
    }
}

// DivergenceError of (1, 64, 0, floats(2, 64), zeros(64), 2)
extern "C" __global__ void continue_skips_barrier(const float* x, float* y, int n) {
    for (int i = 0; i < n; ++i) {
        if (x[i * 64 + threadIdx.x] < 5) continue;
        __syncthreads();  // <- here
        y[threadIdx.x] += 1;
    }
}

// EndlessLoopError of (1, 2, 0, int_zeros(1))
__device__ int lock_1 = 0, lock_2 = 0;
extern "C" __global__ void deadlock_of_two_locks(int* y) {
    int* a = threadIdx.x % 2 ? &lock_1 : &lock_2;
    int* b = threadIdx.x % 2 ? &lock_2 : &lock_1;
    while (atomicCAS(a, 0, 1) != 0) {}  // <- here
    __syncthreads();  // <- here
    while (atomicCAS(b, 0, 1) != 0) {}  // <- here
    y[0] = 1;
}

// EndlessLoopError of (1, 32, 0, int_zeros(1))
__device__ int lock_3 = 0;
extern "C" __global__ void barrier_inside_a_lock(int* y) {
    while (atomicCAS(&lock_3, 0, 1) != 0) {}  // <- here
    y[0] += 1;
    __syncthreads();  // <- here
    atomicExch(&lock_3, 0);
}
