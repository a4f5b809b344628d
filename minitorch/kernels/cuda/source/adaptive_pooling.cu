// Adaptive average and maximum pooling of (N, C, H, W) arrays to (N, C, OH, OW), forward and backward.
//
// Window i of n over a length L goes from floor(i L / n) to ceil((i + 1) L / n); neighbours may overlap.
// Forward gives a window to a team of threads, a warp where windows are large (the mean of a whole plane, at the end
// of a network and in squeeze-and-excitation) and a single thread where they are small; a block is (team, windows).
// Lanes of a team read neighbouring numbers of a row (coalesced) and join what they found through each other's
// registers, without shared memory. Backward gathers, as in pooling.cu: no atomic addition.

#ifndef real
#define real float  // the launcher compiles this text once with float and once with double
#endif

#define ALL_LANES 0xffffffffu
#define PLANES 4
#define BLOCK 256  // threads of a block; __launch_bounds__(BLOCK, 4): registers for 4 blocks at once, as in pooling.cu
#define BATCH 4  // numbers that a thread asks for before it uses the first: memory is slow to answer, so ask early.
                 // Beyond the end it asks for the last row again: a question without an `if` lets the next one start.

// In 32 bits, in which a GPU divides several times as fast as in 64: (length + 1) * windows must stay below 2^31.
__device__ int window_start(int i, int length, int windows) { return i * length / windows; }

__device__ int window_stop(int i, int length, int windows) { return ((i + 1) * length + windows - 1) / windows; }

// The windows over position `at` of an axis: first .. last.
__device__ void windows_over(int at, int length, int windows, int& first, int& last) {
    first = at * windows / length;
    last = ((at + 1) * windows - 1) / length;
}

// A window of a plane, and the way of one lane through it: the numbers lane, lane + team, ... in reading order.
struct Window {
    int top, left, rows, columns, row, column, step_rows, step_columns;

    __device__ Window(int i, int height, int width, int out_height, int out_width) {
        int down = i / out_width, along = i % out_width;
        top = window_start(down, height, out_height);
        left = window_start(along, width, out_width);
        rows = window_stop(down, height, out_height) - top;
        columns = window_stop(along, width, out_width) - left;
        row = threadIdx.x / columns;
        column = threadIdx.x % columns;
        step_rows = blockDim.x / columns;
        step_columns = blockDim.x % columns;
    }

    __device__ void step() {
        row += step_rows;
        column += step_columns;
        if (column >= columns) {
            column -= columns;
            row += 1;
        }
    }
};

// The mean of each window. Reads a plane about once, writes each mean: 4 bytes and an addition a number in float32.
extern "C" __global__ void adaptive_avg_pool2d(const real* __restrict__ x, real* __restrict__ y, long long planes,
                                               int height, int width, int out_height, int out_width) {
    int windows = out_height * out_width;
    long long number = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    // Lanes of the last warp that have no window of their own follow the last one: all 32 take part in the shuffles.
    long long mine = min(number, planes * windows - 1);
    Window window(mine % windows, height, width, out_height, out_width);
    x += mine / windows * height * width + window.top * width + window.left;
    real total = 0;
    while (window.row < window.rows) {
        real value[BATCH];
        bool inside[BATCH];
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            inside[k] = k == 0 || window.row < window.rows;
            value[k] = x[min(window.row, window.rows - 1) * width + window.column];
            window.step();
        }
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            if (inside[k]) total += value[k];
        }
    }
    for (int offset = blockDim.x / 2; offset > 0; offset /= 2) total += __shfl_down_sync(ALL_LANES, total, offset);
    if (threadIdx.x == 0 && number == mine) y[number] = total / ((real)window.rows * window.columns);
}

// The maximum of each window and its index in the flattened plane. The first of equal numbers counts, the last of
// several NaN. Bytes as above, and 4 for each index.
extern "C" __global__ void adaptive_max_pool2d(const real* __restrict__ x, real* __restrict__ y,
                                               int* __restrict__ indices, long long planes, int height, int width,
                                               int out_height, int out_width) {
    int windows = out_height * out_width;
    long long number = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    long long mine = min(number, planes * windows - 1);  // as above
    Window window(mine % windows, height, width, out_height, out_width);
    x += mine / windows * height * width;
    real best = 0;
    int index = -1;  // none yet
    while (window.row < window.rows) {
        real value[BATCH];
        int place[BATCH];
        bool inside[BATCH];
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            inside[k] = k == 0 || window.row < window.rows;
            place[k] = (window.top + min(window.row, window.rows - 1)) * width + window.left + window.column;
            value[k] = x[place[k]];
            window.step();
        }
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            if (inside[k] && (index < 0 || value[k] > best || value[k] != value[k])) {
                best = value[k];
                index = place[k];
            }
        }
    }
    for (int offset = blockDim.x / 2; offset > 0; offset /= 2) {
        real value = __shfl_down_sync(ALL_LANES, best, offset);
        int place = __shfl_down_sync(ALL_LANES, index, offset);
        bool nan = value != value, best_nan = best != best;
        bool better = nan || best_nan ? nan && (!best_nan || place > index)
                                      : value > best || (value == best && place < index);
        if (place >= 0 && better) {
            best = value;
            index = place;
        }
    }
    if (threadIdx.x == 0 && number == mine) {
        y[number] = best;
        indices[number] = index;
    }
}

// The gradient of each place of the input: the sum over the windows with it, each over its size. A thread owns a place
// and goes through the planes, PLANES at a time. Reads the gradients at least once, writes each number once: 4 bytes
// for a window and for a number in float32, a multiplication and an addition a window.
extern "C" __global__ void __launch_bounds__(BLOCK, 4)
adaptive_avg_pool2d_grad(const real* __restrict__ grad, real* __restrict__ grad_x, long long planes, int height,
                         int width, int out_height, int out_width) {
    int size = height * width, windows = out_height * out_width;
    for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < size; i += gridDim.y * blockDim.x) {
        int first_row, last_row, first_column, last_column;
        windows_over(i / width, height, out_height, first_row, last_row);
        windows_over(i % width, width, out_width, first_column, last_column);
        for (long long plane = ((long long)blockIdx.x * blockDim.y + threadIdx.y) * PLANES; plane < planes;
             plane += (long long)gridDim.x * blockDim.y * PLANES) {
            real total[PLANES] = {};
            for (int row = first_row; row <= last_row; row++) {
                int rows = window_stop(row, height, out_height) - window_start(row, height, out_height);
                for (int column = first_column; column <= last_column; column++) {
                    int columns = window_stop(column, width, out_width) - window_start(column, width, out_width);
                    real share = 1 / ((real)rows * columns);
#pragma unroll
                    for (int k = 0; k < PLANES; k++) {
                        long long start = min(plane + k, planes - 1) * windows;
                        total[k] += grad[start + row * out_width + column] * share;
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

// The gradient of each place of the input: the sum over the windows that chose it. Threads as above; bytes as above,
// and 4 for each index.
extern "C" __global__ void __launch_bounds__(BLOCK, 4)
adaptive_max_pool2d_grad(const real* __restrict__ grad, const int* __restrict__ indices, real* __restrict__ grad_x,
                         long long planes, int height, int width, int out_height, int out_width) {
    int size = height * width, windows = out_height * out_width;
    for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < size; i += gridDim.y * blockDim.x) {
        int first_row, last_row, first_column, last_column;
        windows_over(i / width, height, out_height, first_row, last_row);
        windows_over(i % width, width, out_width, first_column, last_column);
        for (long long plane = ((long long)blockIdx.x * blockDim.y + threadIdx.y) * PLANES; plane < planes;
             plane += (long long)gridDim.x * blockDim.y * PLANES) {
            real total[PLANES] = {};
            for (int row = first_row; row <= last_row; row++) {
                for (int column = first_column; column <= last_column; column++) {
#pragma unroll
                    for (int k = 0; k < PLANES; k++) {
                        long long window = min(plane + k, planes - 1) * windows + row * out_width + column;
                        real value = grad[window];
                        total[k] += indices[window] == i ? value : 0;
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
