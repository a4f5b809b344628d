// Maximum and average pooling of (N, C, H, W) arrays, here (planes, height, width), forward and backward.
//
// In all four kernels a thread owns one place of a plane, works out once which numbers (or which windows) belong to it,
// and goes through the planes with that, PLANES at a time: the indices cost more than the numbers, and PLANES
// independent numbers are on their way from memory at once. A block is (places, groups of PLANES planes). Neighbouring
// threads own neighbouring places (coalesced); what the stride skips in one load of a warp, the next takes from the
// cache. Backward gathers: each place of the input asks the windows over it, so no two threads write the same number
// and none has to add atomically. No shared memory.

#ifndef real
#define real float  // the launcher compiles this text once with float and once with double
#endif

#define PLANES 4
#define BLOCK 256  // threads of a block; __launch_bounds__(BLOCK, n) has the compiler use no more registers than let n
                   // blocks run on a multiprocessor at once, for only many threads hide how slow memory is
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 750
constexpr int MOST = 4;  // blocks: a multiprocessor of this generation has room for 1024 threads
#else
constexpr int MOST = 6;
#endif
constexpr int MANY = sizeof(real) == 4 ? MOST : 3, SOME = sizeof(real) == 4 ? 4 : 3;

// Where each of the next PLANES planes of `size` numbers starts; beyond the last plane, the last one again.
__device__ void starts_of_planes(long long plane, long long planes, long long size, long long (&starts)[PLANES]) {
#pragma unroll
    for (int k = 0; k < PLANES; k++) starts[k] = min(plane + k, planes - 1) * size;
}

// Which windows of a pooling lie over position `at` of an axis: first .. last. A window spans `extent` positions.
__device__ void windows_over(int at, int padding, int extent, int stride, int windows, int& first, int& last) {
    first = at + padding < extent ? 0 : (at + padding - extent) / stride + 1;
    last = min(windows - 1, (at + padding) / stride);
}

// How many positions of an axis an average divides by.
__device__ int counted(int start, int kernel, int length, int padding, bool count_include_pad) {
    int stop = min(start + kernel, length + padding);
    return count_include_pad ? stop - start : min(stop, length) - max(start, 0);
}

// The maximum of each window and, as its code, the place p * KW + q in the window that it came from: in `codes`, or in
// `wide_codes` where a window has more than 256 places (the other one is null). The first of equal numbers counts, the
// last of several NaN; padding is never chosen; a window of nothing but padding gives -infinity. Reads a plane at least
// once and writes maxima and codes: in float32, 4 bytes for a number, 5 for a window, a comparison for each place.
extern "C" __global__ void __launch_bounds__(BLOCK, MANY)
max_pool2d(const real* __restrict__ x, real* __restrict__ y, unsigned char* __restrict__ codes,
           int* __restrict__ wide_codes, long long planes, int height, int width, int out_height, int out_width,
           int kernel_height, int kernel_width, int stride_height, int stride_width, int padding_height,
           int padding_width, int dilation_height, int dilation_width) {
    int windows = out_height * out_width;
    for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < windows; i += gridDim.y * blockDim.x) {
        int top = i / out_width * stride_height - padding_height;
        int left = i % out_width * stride_width - padding_width;
        for (long long plane = ((long long)blockIdx.x * blockDim.y + threadIdx.y) * PLANES; plane < planes;
             plane += (long long)gridDim.x * blockDim.y * PLANES) {
            long long starts[PLANES];
            starts_of_planes(plane, planes, (long long)height * width, starts);
            real best[PLANES];
            int code[PLANES];
#pragma unroll
            for (int k = 0; k < PLANES; k++) {
                best[k] = -1 / (real)0;
                code[k] = -1;
            }
            for (int p = 0; p < kernel_height; p++) {
                int h = top + p * dilation_height;
                if (h < 0 || h >= height) continue;
                for (int q = 0; q < kernel_width; q++) {
                    int w = left + q * dilation_width;
                    if (w < 0 || w >= width) continue;
                    real value[PLANES];
#pragma unroll
                    for (int k = 0; k < PLANES; k++) value[k] = x[starts[k] + h * width + w];
#pragma unroll
                    for (int k = 0; k < PLANES; k++) {
                        if (code[k] < 0 || value[k] > best[k] || value[k] != value[k]) {
                            best[k] = value[k];
                            code[k] = p * kernel_width + q;
                        }
                    }
                }
            }
#pragma unroll
            for (int k = 0; k < PLANES; k++) {
                if (k == 0 || plane + k < planes) {
                    long long window = (plane + k) * windows + i;
                    y[window] = best[k];
                    if (codes) codes[window] = max(code[k], 0);
                    else wide_codes[window] = max(code[k], 0);
                }
            }
        }
    }
}

// The gradient of each place of the input: the sum over the windows that chose it. Reads gradients and codes at least
// once and writes the input's gradient once: in float32, 5 bytes for a window, 4 for a number, an addition a window.
extern "C" __global__ void __launch_bounds__(BLOCK, MANY)
max_pool2d_grad(const real* __restrict__ grad, const unsigned char* __restrict__ codes,
                const int* __restrict__ wide_codes, real* __restrict__ grad_x, long long planes, int height, int width,
                int out_height, int out_width, int kernel_height, int kernel_width, int stride_height,
                int stride_width, int padding_height, int padding_width, int dilation_height, int dilation_width) {
    int size = height * width;
    int extent_height = (kernel_height - 1) * dilation_height + 1;
    int extent_width = (kernel_width - 1) * dilation_width + 1;
    for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < size; i += gridDim.y * blockDim.x) {
        int h = i / width, w = i % width, first_row, last_row, first_column, last_column;
        windows_over(h, padding_height, extent_height, stride_height, out_height, first_row, last_row);
        windows_over(w, padding_width, extent_width, stride_width, out_width, first_column, last_column);
        for (long long plane = ((long long)blockIdx.x * blockDim.y + threadIdx.y) * PLANES; plane < planes;
             plane += (long long)gridDim.x * blockDim.y * PLANES) {
            long long starts[PLANES];
            starts_of_planes(plane, planes, (long long)out_height * out_width, starts);
            real total[PLANES] = {};
            for (int row = first_row; row <= last_row; row++) {
                int down = h + padding_height - row * stride_height;
                if (down % dilation_height != 0) continue;
                for (int column = first_column; column <= last_column; column++) {
                    int along = w + padding_width - column * stride_width;
                    if (along % dilation_width != 0) continue;
                    int code = down / dilation_height * kernel_width + along / dilation_width;
                    int window = row * out_width + column;
                    real value[PLANES];
                    int chosen[PLANES];
#pragma unroll
                    for (int k = 0; k < PLANES; k++) {
                        value[k] = grad[starts[k] + window];
                        if (codes) chosen[k] = codes[starts[k] + window];
                    }
#pragma unroll
                    for (int k = 0; k < PLANES; k++) {
                        if (!codes) chosen[k] = wide_codes[starts[k] + window];
                        if (chosen[k] == code) total[k] += value[k];
                    }
                }
            }
#pragma unroll
            for (int k = 0; k < PLANES; k++) {
                if (k == 0 || plane + k < planes) grad_x[(plane + k) * size + i] = total[k];
            }
        }
    }
}

// The mean of each window: its sum over `divisor`, or, if that is 0, over how many positions it has (with or without
// padding). Reads a plane at least once, writes each mean: in float32, 4 bytes for a number and for a window, an
// addition for each place.
extern "C" __global__ void __launch_bounds__(BLOCK, SOME)
avg_pool2d(const real* __restrict__ x, real* __restrict__ y, long long planes, int height, int width, int out_height,
           int out_width, int kernel_height, int kernel_width, int stride_height, int stride_width, int padding_height,
           int padding_width, bool count_include_pad, int divisor) {
    int windows = out_height * out_width;
    for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < windows; i += gridDim.y * blockDim.x) {
        int top = i / out_width * stride_height - padding_height;
        int left = i % out_width * stride_width - padding_width;
        int rows = counted(top, kernel_height, height, padding_height, count_include_pad);
        int columns = counted(left, kernel_width, width, padding_width, count_include_pad);
        real share = divisor ? divisor : (real)rows * columns;
        for (long long plane = ((long long)blockIdx.x * blockDim.y + threadIdx.y) * PLANES; plane < planes;
             plane += (long long)gridDim.x * blockDim.y * PLANES) {
            long long starts[PLANES];
            starts_of_planes(plane, planes, (long long)height * width, starts);
            real total[PLANES] = {};
            for (int h = max(top, 0); h < min(top + kernel_height, height); h++) {
                for (int w = max(left, 0); w < min(left + kernel_width, width); w++) {
#pragma unroll
                    for (int k = 0; k < PLANES; k++) total[k] += x[starts[k] + h * width + w];
                }
            }
#pragma unroll
            for (int k = 0; k < PLANES; k++) {
                if (k == 0 || plane + k < planes) y[(plane + k) * windows + i] = total[k] / share;
            }
        }
    }
}

// The gradient of each place of the input: the sum over the windows with it, each divided as its mean was. Reads the
// gradients at least once, writes the input's gradient once: in float32, 4 bytes for a window and for a number, a
// multiplication and an addition a window.
extern "C" __global__ void __launch_bounds__(BLOCK, SOME)
avg_pool2d_grad(const real* __restrict__ grad, real* __restrict__ grad_x, long long planes, int height, int width,
                int out_height, int out_width, int kernel_height, int kernel_width, int stride_height,
                int stride_width, int padding_height, int padding_width, bool count_include_pad, int divisor) {
    int size = height * width;
    for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < size; i += gridDim.y * blockDim.x) {
        int h = i / width, w = i % width, first_row, last_row, first_column, last_column;
        windows_over(h, padding_height, kernel_height, stride_height, out_height, first_row, last_row);
        windows_over(w, padding_width, kernel_width, stride_width, out_width, first_column, last_column);
        for (long long plane = ((long long)blockIdx.x * blockDim.y + threadIdx.y) * PLANES; plane < planes;
             plane += (long long)gridDim.x * blockDim.y * PLANES) {
            long long starts[PLANES];
            starts_of_planes(plane, planes, (long long)out_height * out_width, starts);
            real total[PLANES] = {};
            for (int row = first_row; row <= last_row; row++) {
                int top = row * stride_height - padding_height;
                int rows = counted(top, kernel_height, height, padding_height, count_include_pad);
                for (int column = first_column; column <= last_column; column++) {
                    int left = column * stride_width - padding_width;
                    int columns = counted(left, kernel_width, width, padding_width, count_include_pad);
                    real share = 1 / (divisor ? divisor : (real)rows * columns);
#pragma unroll
                    for (int k = 0; k < PLANES; k++) {
                        total[k] += grad[starts[k] + row * out_width + column] * share;
                    }
                }
            }
#pragma unroll
            for (int k = 0; k < PLANES; k++) {
                if (k == 0 || plane + k < planes) grad_x[(plane + k) * size + i] = total[k];
            }
        }
    }
}
