// Kernels that students write: accesses outside of arrays, before they are written, of wrong addresses.
// Before each: what it does wrong, and its launch (grid, block, shared bytes, arguments).
// A line that may be named has a mark.

// OutOfBoundsError of (2, 64, 0, floats(100), zeros(100), 100)
extern "C" __global__ void negative_via_size_t(const float* x, float* y, int n) {
    size_t i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        y[i] = x[i] - x[i - 1];  // <- here
}

// OutOfBoundsError of ((2, 2, 2), (4, 4, 4), 0, int_zeros(5, 6, 7), 5, 6, 7)
extern "C" __global__ void grid_too_large_3d(int* out, int d, int h, int w) {
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    int z = blockIdx.z * blockDim.z + threadIdx.z;
    if (x < w && y < h)
        out[(z * h + y) * w + x] = 1;  // <- here
}

// OutOfBoundsError of (1, 32, 0, floats(10), np.array([1, 2, -5, 3], I), zeros(4), 4)
extern "C" __global__ void gather_bad_index(const float* table, const int* idx, float* out, int n) {
    int i = threadIdx.x;
    if (i < n) out[i] = table[idx[i]];  // <- here
}

// OutOfBoundsError of (1, 64, 0, floats(64), zeros(64), 64)
extern "C" __global__ void shared_halo_write_off_by_one(const float* x, float* y, int n) {
    __shared__ float s[64 + 2];
    int t = threadIdx.x;
    s[t + 1] = x[t];
    if (t == 0) s[0] = 0;
    if (t == 63) s[t + 3] = 0;  // <- here
    __syncthreads();
    y[t] = s[t] + s[t + 1];
}

// OutOfBoundsError of (1, 64, 0, floats(64), zeros(64), 64)
extern "C" __global__ void shared_2d_row_overrun_into_next_row(const float* x, float* y, int n) {
    __shared__ float s[4][16];
    int t = threadIdx.x;
    s[t / 16][t % 16 + 1] = x[t];  // <- here
    __syncthreads();
    y[t] = s[t / 16][t % 16];
}

// OutOfBoundsError of (1, 64, 256, floats(64), zeros(64), 64)
extern "C" __global__ void dynamic_shared_negative(const float* x, float* y, int n) {
    extern __shared__ float s[];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    y[t] = s[t - 1];  // <- here
}

// OutOfBoundsError of (1, 64, 512, floats(64), ints(64)[::-1].copy(), zeros(64), 64)
extern "C" __global__ void carved_arrays_past_end(const float* x, const int* idx, float* y, int n) {
    extern __shared__ char memory[];
    float* values = (float*)memory;
    int* places = (int*)&values[n + 1];
    int t = threadIdx.x;
    values[t] = x[t];
    places[t] = idx[t];  // <- here
    __syncthreads();
    y[t] = values[places[t]];
}

// UninitialisedError of (1, 64, 512, floats(64), zeros(64), 64)
extern "C" __global__ void carved_uninit(const float* x, float* y, int n) {
    extern __shared__ float s[];
    float* a = s;
    float* b = s + n;
    int t = threadIdx.x;
    a[t] = x[t];
    if (t < n - 1) b[t] = x[t] * 2;
    __syncthreads();
    y[t] = a[t] + b[n - 1 - t];  // <- here
}

// UninitialisedError of (2, 64, 0, zeros(2), floats(100), 100)
extern "C" __global__ void uninit_shared_tail_of_tile(float* y, const float* x, int n) {
    __shared__ float s[64];
    int t = threadIdx.x, i = blockIdx.x * 64 + t;
    if (i < n) s[t] = x[i];
    __syncthreads();
    float sum = 0;
    for (int j = 0; j < 64; ++j) sum += s[j];  // <- here
    if (t == 0) y[blockIdx.x] = sum;
}

// MisalignedError of (1, 8, 0, floats(64), zeros(8), 2)
extern "C" __global__ void misaligned_float4(const float* x, float* y, int n) {
    int i = threadIdx.x;
    const float4* p = reinterpret_cast<const float4*>(x + n);
    float4 a = p[i];  // <- here
    y[i] = a.x + a.y;
}

// MisalignedError of (1, 8, 0, floats(64), zeros(8))
extern "C" __global__ void misaligned_shared_float4(const float* x, float* y) {
    __shared__ float s[8][5];
    int i = threadIdx.x;
    for (int j = 0; j < 5; ++j) s[i][j] = x[j];
    float4 a = *(float4*)&s[i][0];  // <- here
    y[i] = a.x;
}

// OutOfBoundsError of (1, 17, 0, floats(64), zeros(64), 64)
extern "C" __global__ void float4_past_the_end(const float4* x, float4* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float4 a = x[i];  // <- here
    a.x *= 2;
    y[i] = a;  // <- here
}

// OutOfBoundsError of (1, 64, 0, floats(64), zeros(64), 64)
template <typename T, int N>
__device__ T window(const T* p, int i) {
    T sum = 0;
    for (int j = 0; j < N; ++j)
        sum += p[i + j];  // <- here
    return sum;
}
extern "C" __global__ void template_helper_oob(const float* x, float* y, int n) {
    int i = threadIdx.x;
    y[i] = window<float, 3>(x, i);
}

// OutOfBoundsError of (1, (8, 8), 0, floats(8, 8), zeros(8, 8), 8)
#define AT(a, r, c) a[(r) * n + (c)]
extern "C" __global__ void macro_oob(const float* x, float* y, int n) {
    int r = threadIdx.y, c = threadIdx.x;
    AT(y, r, c) = AT(x, r, c + 1) + AT(x, r + 1, c);  // <- here
}
#undef AT

// OutOfBoundsError of (1, 64, 0, floats(64), zeros(64), 64)
__constant__ float weights[3] = {0.25f, 0.5f, 0.25f};
extern "C" __global__ void constant_memory_oob(const float* x, float* y, int n) {
    int i = threadIdx.x;
    float sum = 0;
    for (int k = 0; k <= 3; ++k)
        sum += weights[k] * x[i];  // <- here
    y[i] = sum;
}

// ReadOnlyError of (1, 1, 0, zeros(64))
__constant__ float factors[3] = {0.25f, 0.5f, 0.25f};
extern "C" __global__ void constant_memory_write(float* y) {
    ((float*)factors)[0] = 1;  // <- here
    y[threadIdx.x] = factors[0];
}

// OutOfBoundsError of (1, 64, 0, floats(64), zeros(64), 64)
__device__ float scratch[32];
extern "C" __global__ void device_array_oob(const float* x, float* y, int n) {
    int i = threadIdx.x;
    scratch[i] = x[i];  // <- here
    y[i] = scratch[i];
}

// OutOfBoundsError of (2, 64, 0, floats(100), floats(5), zeros(100), 100, 5)
extern "C" __global__ void conv_halo_ragged_read(const float* x, const float* w, float* y, int n, int k) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float sum = 0;
    for (int j = 0; j < k; ++j)
        sum += w[j] * x[i + j - k / 2];  // <- here
    y[i] = sum;
}

// OutOfBoundsError of (5, 64, 0, floats(5, 40), zeros(5, 40), 5, 40)
extern "C" __global__ void softmax_row_stride_wrong(const float* x, float* y, int rows, int columns) {
    int row = blockIdx.x, column = threadIdx.x;
    if (column < columns)
        y[row * blockDim.x + column] = x[row * columns + column];  // <- here
}

// UninitialisedError of (1, (8, 8), 0, floats(8, 8), zeros(8, 8), 8)
extern "C" __global__ void uninit_second_half_of_a_tile(const float* x, float* y, int n) {
    __shared__ float tile[8][8];
    int c = threadIdx.x, r = threadIdx.y;
    if (r < 4) tile[r][c] = x[r * 8 + c];
    __syncthreads();
    y[r * 8 + c] = tile[c][r];  // <- here
}

// UninitialisedError of (1, 32, 0, zeros(32))
struct PairXY { float a; int b; };
extern "C" __global__ void uninit_struct_field(float* y) {
    __shared__ PairXY pairs[32];
    int t = threadIdx.x;
    pairs[t].a = t;
    __syncthreads();
    y[t] = pairs[31 - t].a + pairs[t].b;  // <- here
}

// KernelArithmeticError of (1, 1, 0, zeros(64), 100000, 100000)
extern "C" __global__ void index_64_bit_index_from_32_bit_product(float* y, int n, int stride) {
    long long i = n * stride + threadIdx.x;  // <- here
    if (i < n) y[i] = 1;
}

// OutOfBoundsError of (1, 40, 0, floats(40), zeros(40))
__device__ void put(float* s, int i, float v) {
    s[i] = v;  // <- here
}
extern "C" __global__ void shared_array_through_helper_past_the_end(const float* x, float* y) {
    __shared__ float s[32];
    put(s, threadIdx.x, x[threadIdx.x]);
    __syncthreads();
    y[threadIdx.x] = s[threadIdx.x % 32];
}

// OutOfBoundsError of (1, 64, 0, floats(64), zeros(64), 64)
extern "C" __global__ void lambda_past_the_end(const float* x, float* y, int n) {
    auto at = [&](int i) {
        return x[i];  // <- here
    };
    y[threadIdx.x] = at(threadIdx.x) + at(threadIdx.x + 1);
}

// OutOfBoundsError of (1, 32, 0, np.arange(63.0), np.zeros(32), 63)
extern "C" __global__ void double2_past_the_end(const double* x, double* y, int n) {
    int i = threadIdx.x;
    double2 v = ((const double2*)x)[i];  // <- here
    y[i] = v.x + v.y;
}

// OutOfBoundsError of (1, 21, 0, np.zeros(62, np.uint8), 62)
struct RGB { unsigned char r, g, b; };
extern "C" __global__ void memcpy_style_struct_store_past_end(unsigned char* out, int n) {
    RGB* p = (RGB*)out;
    int i = threadIdx.x;
    p[i] = RGB{1, 2, 3};  // <- here
}

// OutOfBoundsError of (1, 1, 0, zeros(6))
extern "C" __global__ void copy_of_too_many_bytes(float* y) {
    float v[8];
    memset(v, 0, sizeof v);
    memcpy(y, v, sizeof v);  // <- here
}

// OutOfBoundsError of (1, 16, 0, floats(16), zeros(16))
__device__ float third(const float* p, int i) {
    return p[i + 2];  // <- here
}
extern "C" __global__ void from_one_shared_array_into_the_next(const float* x, float* y) {
    __shared__ float first[16], unused[16];
    __shared__ __align__(16) float second[16];
    int i = threadIdx.x;
    first[i] = second[i] = unused[i] = x[i];
    __syncthreads();
    y[i] = third(first, i) + third(second, i);
}

// StackOverflowError of (1, 4, 0, int_zeros(4))
__device__ int fact(int n) {
    volatile int here[64];
    here[n & 63] = n;  // <- here
    return n == 0 ? 1 : here[n & 63] * fact(n - 1);  // <- here
}
extern "C" __global__ void infinite_recursion_helper(int* y) { y[threadIdx.x] = fact(threadIdx.x - 1); }
