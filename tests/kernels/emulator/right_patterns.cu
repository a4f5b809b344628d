// Patterns of right kernels, from textbooks and samples, that check mode must let pass.

__device__ unsigned int count = 0;
extern "C" __global__ void last_block_sums(const float* x, float* parts, float* y, int n) {
    __shared__ float s[64];
    __shared__ bool last;
    int t = threadIdx.x;
    float sum = 0;
    for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x) sum += x[i];
    s[t] = sum;
    __syncthreads();
    for (int d = 32; d > 0; d >>= 1) {
        if (t < d) s[t] += s[t + d];
        __syncthreads();
    }
    if (t == 0) {
        parts[blockIdx.x] = s[0];
        __threadfence();
        unsigned int ticket = atomicInc(&count, gridDim.x);
        last = ticket == gridDim.x - 1;
    }
    __syncthreads();
    if (last) {
        sum = 0;
        for (int i = t; i < gridDim.x; i += blockDim.x) sum += parts[i];
        s[t] = sum;
        __syncthreads();
        for (int d = 32; d > 0; d >>= 1) {
            if (t < d) s[t] += s[t + d];
            __syncthreads();
        }
        if (t == 0) {
            *y = s[0];
            count = 0;
        }
    }
}

extern "C" __global__ void last_block_after_fences_of_all(const float* x, volatile float* parts, unsigned* count,
                                                          float* y, int n) {
    __shared__ unsigned ticket;
    int t = threadIdx.x, i = blockIdx.x * 64 + t;
    parts[i] = i < n ? 2 * x[i] : 0;
    __threadfence();
    __syncthreads();
    if (t == 0) ticket = atomicAdd(count, 1u);
    __syncthreads();
    if (ticket == gridDim.x - 1) {
        float sum = 0;
        for (int b = 0; b < gridDim.x; ++b) sum += parts[b * 64 + t];
        atomicAdd(y, sum);
        if (t == 0) *count = 0;
    }
}

extern "C" __global__ void last_block_after_one_fence(const float* x, float* parts, unsigned* count, float* y, int n) {
    __shared__ bool last;
    int t = threadIdx.x, i = blockIdx.x * 64 + t;
    parts[i] = i < n ? 2 * x[i] : 0;
    __syncthreads();
    if (t == 0) {
        __threadfence();
        last = atomicAdd(count, 1u) == gridDim.x - 1;
    }
    __syncthreads();
    if (!last) return;
    __threadfence();
    float sum = 0;
    for (int b = 0; b < gridDim.x; ++b) sum += parts[b * 64 + t];
    atomicAdd(y, sum);
}

extern "C" __global__ void last_block_of_a_row(const float* x, float* parts, int* counts, float* y, int w) {
    int row = blockIdx.y, col = blockIdx.x;
    if (threadIdx.x == 0) {
        parts[row * gridDim.x + col] = x[row * w + col];
        __threadfence();
        if (atomicAdd(&counts[row], 1) == gridDim.x - 1) {
            float sum = 0;
            for (int i = 0; i < gridDim.x; ++i) sum += parts[row * gridDim.x + i];
            y[row] = sum;
        }
    }
}

__device__ int mutex = 0;
extern "C" __global__ void lock_between_blocks(float* sum, int* n) {
    if (threadIdx.x == 0) {
        while (atomicCAS(&mutex, 0, 1) != 0) {}
        __threadfence();
        *sum += blockIdx.x;
        *n += 1;
        __threadfence();
        atomicExch(&mutex, 0);
    }
}

__device__ int mutex_of_warp = 0;
extern "C" __global__ void lock_within_a_warp(volatile float* sum) {
    bool done = false;
    while (!done) {
        if (atomicCAS(&mutex_of_warp, 0, 1) == 0) {
            *sum = *sum + threadIdx.x;
            __threadfence();
            atomicExch(&mutex_of_warp, 0);
            done = true;
        }
    }
}

extern "C" __global__ void scan_along_blocks(const float* x, float* y, volatile float* sums, int* flags, int* ticket) {
    __shared__ float s[64];
    __shared__ int block;
    __shared__ float before;
    int t = threadIdx.x;
    if (t == 0) block = atomicAdd(ticket, 1);
    __syncthreads();
    s[t] = x[block * 64 + t];
    __syncthreads();
    for (int d = 1; d < 64; d *= 2) {
        float v = t >= d ? s[t - d] : 0;
        __syncthreads();
        s[t] += v;
        __syncthreads();
    }
    if (t == 0) {
        float p = 0;
        if (block > 0) {
            while (atomicAdd(&flags[block - 1], 0) == 0) {}
            __threadfence();
            p = sums[block - 1];
        }
        before = p;
        sums[block] = p + s[63];
        __threadfence();
        atomicExch(&flags[block], 1);
    }
    __syncthreads();
    y[block * 64 + t] = s[t] + before;
}

extern "C" __global__ void scan_in_two_buffers(const float* x, float* y, int n) {
    extern __shared__ float temp[];
    int t = threadIdx.x, pout = 0, pin = 1;
    temp[pout * n + t] = x[t];
    __syncthreads();
    for (int d = 1; d < n; d *= 2) {
        pout = 1 - pout;
        pin = 1 - pout;
        if (t >= d) temp[pout * n + t] = temp[pin * n + t] + temp[pin * n + t - d];
        else temp[pout * n + t] = temp[pin * n + t];
        __syncthreads();
    }
    y[t] = temp[pout * n + t];
}

extern "C" __global__ void scan_up_and_down(const float* x, float* y, int n) {
    extern __shared__ float temp[];
    int t = threadIdx.x, offset = 1;
    temp[2 * t] = x[2 * t];
    temp[2 * t + 1] = x[2 * t + 1];
    for (int d = n >> 1; d > 0; d >>= 1) {
        __syncthreads();
        if (t < d) {
            int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1;
            temp[b] += temp[a];
        }
        offset *= 2;
    }
    if (t == 0) temp[n - 1] = 0;
    for (int d = 1; d < n; d *= 2) {
        offset >>= 1;
        __syncthreads();
        if (t < d) {
            int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1;
            float v = temp[a];
            temp[a] = temp[b];
            temp[b] += v;
        }
    }
    __syncthreads();
    y[2 * t] = temp[2 * t];
    y[2 * t + 1] = temp[2 * t + 1];
}

template <unsigned N>
__device__ void tail(volatile float* s, unsigned t) {
    if (N >= 64) { s[t] += s[t + 32]; __syncwarp(); }
    float v = s[t + 16]; __syncwarp(); s[t] += v; __syncwarp();
    v = s[t + 8]; __syncwarp(); s[t] += v; __syncwarp();
    v = s[t + 4]; __syncwarp(); s[t] += v; __syncwarp();
    v = s[t + 2]; __syncwarp(); s[t] += v; __syncwarp();
    v = s[t + 1]; __syncwarp(); s[t] += v; __syncwarp();
}
extern "C" __global__ void sum_by_the_last_warp(const float* x, float* y) {
    __shared__ float s[256];
    unsigned t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    if (t < 128) s[t] += s[t + 128];
    __syncthreads();
    if (t < 64) s[t] += s[t + 64];
    __syncthreads();
    if (t < 32) tail<256>(s, t);
    if (t == 0) y[0] = s[0];
}

extern "C" __global__ void one_barrier_for_two_buffers(const float* x, float* y, int n) {
    __shared__ float buffer[2][64];
    int t = threadIdx.x;
    buffer[0][t] = x[t];
    __syncthreads();
    for (int i = 0; i < n; ++i) {
        if (i + 1 < n) buffer[(i + 1) % 2][t] = x[(i + 1) * 64 + t];
        y[i * 64 + t] = buffer[i % 2][63 - t];
        __syncthreads();
    }
}

#define BM 32
#define BN 32
#define BK 8
extern "C" __global__ void matrix_product_in_registers(const float* A, const float* B, float* C, int M, int N, int K) {
    __shared__ float As[BK][BM + 1];
    __shared__ float Bs[BK][BN];
    int t = threadIdx.x;
    int row = blockIdx.y * BM, col = blockIdx.x * BN;
    float acc[4][4] = {};
    for (int k0 = 0; k0 < K; k0 += BK) {
        for (int i = t; i < BM * BK; i += blockDim.x) {
            int r = i / BK, k = i % BK;
            As[k][r] = row + r < M && k0 + k < K ? A[(row + r) * K + k0 + k] : 0;
        }
        for (int i = t; i < BK * BN; i += blockDim.x) {
            int k = i / BN, c = i % BN;
            Bs[k][c] = k0 + k < K && col + c < N ? B[(k0 + k) * N + col + c] : 0;
        }
        __syncthreads();
        for (int k = 0; k < BK; ++k)
            for (int i = 0; i < 4; ++i)
                for (int j = 0; j < 4; ++j)
                    acc[i][j] += As[k][t / 8 * 4 + i] * Bs[k][t % 8 * 4 + j];
        __syncthreads();
    }
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) {
            int r = row + t / 8 * 4 + i, c = col + t % 8 * 4 + j;
            if (r < M && c < N) C[r * N + c] = acc[i][j];
        }
}
#undef BM
#undef BN
#undef BK

extern "C" __global__ void bitonic_sort(float* x) {
    __shared__ float s[256];
    unsigned t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (unsigned k = 2; k <= 256; k *= 2)
        for (unsigned j = k / 2; j > 0; j /= 2) {
            unsigned o = t ^ j;
            if (o > t && ((t & k) == 0 ? s[t] > s[o] : s[t] < s[o])) {
                float v = s[t];
                s[t] = s[o];
                s[o] = v;
            }
            __syncthreads();
        }
    x[t] = s[t];
}

__device__ int aggregated(int* counter) {
    unsigned mask = __activemask();
    int leader = __ffs(mask) - 1, lane = threadIdx.x % 32, base = 0;
    if (lane == leader) base = atomicAdd(counter, __popc(mask));
    base = __shfl_sync(mask, base, leader);
    return base + __popc(mask & ((1u << lane) - 1));
}
extern "C" __global__ void one_atomic_for_a_warp(const int* x, int* y, int* n, int size) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < size && x[i] > 20) y[aggregated(n)] = x[i];
}

extern "C" __global__ void one_atomic_for_equal_values(const int* x, int* bins) {
    int v = x[blockIdx.x * blockDim.x + threadIdx.x];
    unsigned peers = __match_any_sync(0xffffffffu, v);
    if (__ffs(peers) - 1 == threadIdx.x % 32) atomicAdd(bins + v, __popc(peers));
}

__device__ float atomicMaxFloat(float* address, float value) {
    int* p = (int*)address;
    int old = *p, assumed;
    do {
        assumed = old;
        old = atomicCAS(p, assumed, __float_as_int(fmaxf(value, __int_as_float(assumed))));
    } while (assumed != old);
    return __int_as_float(old);
}
extern "C" __global__ void maximum_by_compare_and_swap(const float* x, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicMaxFloat(y, x[i]);
}

extern "C" __global__ void barrier_of_some_blocks(const float* x, float* y, int n) {
    __shared__ float s[64];
    if (blockIdx.x * 64 >= n) return;
    int t = threadIdx.x;
    s[t] = x[blockIdx.x * 64 + t];
    if (blockIdx.x % 2 == 0) {
        __syncthreads();
        y[blockIdx.x * 64 + t] = s[63 - t];
    } else {
        y[blockIdx.x * 64 + t] = s[t];
    }
}

extern "C" __global__ void sum_by_eight_lanes(const float* x, float* y) {
    __shared__ float parts[16];
    float v = x[threadIdx.x];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    for (int d = 16; d > 0; d >>= 1) v += __shfl_down_sync(0xffffffffu, v, d);
    if (lane == 0) parts[warp] = v;
    __syncthreads();
    if (threadIdx.x < 8) {
        v = parts[threadIdx.x];
        for (int d = 4; d > 0; d >>= 1) v += __shfl_down_sync(0xffu, v, d);
        if (threadIdx.x == 0) *y = v;
    }
}

__inline__ __device__ float warpReduceSum(float val) {
    for (int offset = warpSize / 2; offset > 0; offset /= 2) val += __shfl_down_sync(0xffffffff, val, offset);
    return val;
}
__inline__ __device__ float blockReduceSum(float val) {
    static __shared__ float shared[32];
    int lane = threadIdx.x % warpSize, wid = threadIdx.x / warpSize;
    val = warpReduceSum(val);
    __syncthreads();
    if (lane == 0) shared[wid] = val;
    __syncthreads();
    val = (threadIdx.x < blockDim.x / warpSize) ? shared[lane] : 0;
    if (wid == 0) val = warpReduceSum(val);
    return val;
}
extern "C" __global__ void sum_of_a_block_twice(const float* x, float* y, int n) {
    float a = blockReduceSum(x[threadIdx.x]);
    float b = blockReduceSum(x[threadIdx.x] * x[threadIdx.x]);
    if (threadIdx.x == 0) y[0] = a, y[1] = b;
}

extern "C" __global__ void three_arrays_in_one(const double* x, const int* idx, double* y, int n) {
    extern __shared__ __align__(16) unsigned char memory[];
    double* values = reinterpret_cast<double*>(memory);
    int* places = reinterpret_cast<int*>(values + n);
    unsigned char* flags = reinterpret_cast<unsigned char*>(places + n);
    for (int t = threadIdx.x; t < n; t += blockDim.x) {
        values[t] = x[t];
        places[t] = idx[t];
        flags[t] = x[t] > 0;
    }
    __syncthreads();
    for (int t = threadIdx.x; t < n; t += blockDim.x) y[t] = flags[places[t]] ? values[places[t]] : 0;
}

extern "C" __global__ void loop_until_nobody_changes(int* d, int n) {
    __shared__ int s[64];
    int t = threadIdx.x;
    s[t] = d[t];
    __syncthreads();
    while (true) {
        int left = t > 0 ? s[t - 1] : 1000000, mine = s[t];
        bool changed = left + 1 < mine;
        __syncthreads();
        if (changed) s[t] = left + 1;
        if (!__syncthreads_or(changed)) break;
    }
    d[t] = s[t];
}

extern "C" __global__ void shared_by_memset(float* y) {
    __shared__ float rows[4][8];
    memset(rows[threadIdx.x], 0, sizeof rows[0]);
    __syncthreads();
    y[threadIdx.x] = 1 + rows[3 - threadIdx.x][threadIdx.x];
}
