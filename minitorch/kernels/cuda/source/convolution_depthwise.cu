// Depthwise convolution: each channel is convolved by itself, by `multiplier` filters of one channel each. With few
// multiplications for each number, memory traffic decides the time: every number of an image should come from memory
// once, although up to KH * KW windows read it.
//
// So a block fetches a tile, the part of a plane (one channel of one image) that its outputs need, into shared memory:
// a small memory (tens of KB) within the multiprocessor that all threads of the block see. The rim that the tile has
// in common with its neighbours is all that is fetched twice. Neighbouring threads fetch neighbouring numbers of a
// row: the reads are coalesced, 32 threads are served by a few wide transfers.
//
// A block has blockDim.z planes, blockDim.x columns and blockDim.y * STRIP rows: a thread has STRIP results, one below
// the other, so that a number it reads from the tile serves up to STRIP of them. How much shared memory that takes is
// worked out by the caller, with the formulas that stand here.
//
// __launch_bounds__(threads, blocks) promises how many threads a block has at most, and asks the compiler to be so
// sparing with registers that a multiprocessor can hold this many blocks: while one waits, others run.
#ifndef real
#define real float  // the launcher compiles once with float, once with double
#endif

constexpr int STRIP = 4;      // rows of a thread
constexpr int TAPS = 9;       // taps that a block of the gradient to the weight sums at a time
constexpr int THREADS = 256;  // of a block, at most
constexpr int BLOCKS = sizeof(real) == 4 ? 3 : 2;  // that a multiprocessor is to hold at once

// The threads of one plane of the block copy a tile of `plane`, from (top, left) on; 0 outside of the plane. A thread
// first starts a batch of reads and then writes down what they bring, so that it waits for memory once, not each time.
__device__ void fetch(real* tile, int tile_height, int tile_width, const real* plane, int top, int left, int height,
                      int width, bool exists) {
    constexpr int BATCH = STRIP + 1;  // a strip, and a share of the rim
    const int end = min(height, top + tile_height);
    for (int j = threadIdx.x; j < tile_width; j += blockDim.x) {
        const int column = left + j;
        const bool column_exists = exists && 0 <= column && column < width;
        for (int i = threadIdx.y; i < tile_height; i += BATCH * blockDim.y) {
            real batch[BATCH];
#pragma unroll
            for (int k = 0; k < BATCH; ++k) {
                const int row = top + i + k * blockDim.y;
                const bool inside = column_exists && 0 <= row && row < end;
                batch[k] = inside ? plane[row * width + column] : 0;
            }
#pragma unroll
            for (int k = 0; k < BATCH; ++k) {
                const int row = i + k * blockDim.y;
                if (row < tile_height) {
                    tile[row * tile_width + j] = batch[k];
                }
            }
        }
    }
}

// The geometry of one axis.
struct Axis {
    int kernel, stride, dilation;
};

// A thread's sums over the taps. KERNEL, of both axes, and STRIDE, of the rows, are given where they are known while
// compiling (then the dilation is 1), or are 0. Known, the loops are unrolled, and each number of the tile is read
// into a register once instead of once for each of the STRIP sums that need it.
template <int KERNEL, int STRIDE>
__device__ void correlate(const real* tile, int tile_width, const real* filter, Axis rows, Axis columns,
                          real (&sums)[STRIP]) {
    const int kernel_height = KERNEL ? KERNEL : rows.kernel, kernel_width = KERNEL ? KERNEL : columns.kernel;
    const int stride = STRIDE ? STRIDE : rows.stride;
    const int row_dilation = KERNEL ? 1 : rows.dilation, column_dilation = KERNEL ? 1 : columns.dilation;
#pragma unroll
    for (int i = 0; i < kernel_height; ++i) {
#pragma unroll
        for (int j = 0; j < kernel_width; ++j) {
            const real weight = filter[i * kernel_width + j];
#pragma unroll
            for (int r = 0; r < STRIP; ++r) {
                sums[r] += weight * tile[(r * stride + i * row_dilation) * tile_width + j * column_dilation];
            }
        }
    }
}

// y[n, o, i, j] = bias[o] + sum over taps (p, q) of weight[o, p, q] * x[n, o / multiplier, i * stride + p * dilation -
//                 padding, ...], outside of x 0.
//
// Block (x, y, z): blockDim.z planes of y, and the tile (y, z) of each. Reads and writes are coalesced. Least traffic:
// x read and y written once; 2 * KH * KW flops for each number of y, 18 for 8 bytes with a 3 x 3 kernel: a GPU that
// makes 20 flops in the time of 1 byte waits for memory.
extern "C" __global__ void __launch_bounds__(THREADS, 4) depthwise_conv2d(
    const real* __restrict__ x,       // (N, C, H, W)
    const real* __restrict__ weight,  // (C * multiplier, KH, KW)
    const real* __restrict__ bias,    // (C * multiplier,) or null
    real* __restrict__ y,             // (N, C * multiplier, OH, OW)
    int planes,                       // of y: N * C * multiplier
    int channels, int multiplier, int height, int width, int out_height, int out_width, int kernel_height,
    int kernel_width, int stride_height, int stride_width, int pad_top, int pad_left, int dilation_height,
    int dilation_width) {
    extern __shared__ real shared[];
    const Axis rows = {kernel_height, stride_height, dilation_height};
    const Axis columns = {kernel_width, stride_width, dilation_width};
    const int tile_height = (blockDim.y * STRIP - 1) * stride_height + (kernel_height - 1) * dilation_height + 1;
    const int tile_width = (blockDim.x - 1) * stride_width + (kernel_width - 1) * dilation_width + 1;
    real* tile = shared + threadIdx.z * tile_height * tile_width;
    const int plane = blockIdx.x * blockDim.z + threadIdx.z;
    const int first_row = blockIdx.y * blockDim.y * STRIP, first_column = blockIdx.z * blockDim.x;

    fetch(tile, tile_height, tile_width, x + (long long)(plane / multiplier) * height * width,
          first_row * stride_height - pad_top, first_column * stride_width - pad_left, height, width, plane < planes);
    __syncthreads();  // the tile is complete
    if (plane >= planes) {
        return;
    }

    const int filter = plane % (channels * multiplier);
    const real* taps = weight + filter * kernel_height * kernel_width;
    const real* window = tile + threadIdx.y * STRIP * stride_height * tile_width + threadIdx.x * stride_width;
    const bool plain = kernel_height == kernel_width && dilation_height == 1 && dilation_width == 1;
    real sums[STRIP] = {};
    if (plain && kernel_height == 3 && stride_height == 1) {
        correlate<3, 1>(window, tile_width, taps, rows, columns, sums);
    } else if (plain && kernel_height == 3 && stride_height == 2) {
        correlate<3, 2>(window, tile_width, taps, rows, columns, sums);
    } else if (plain && kernel_height == 5 && stride_height == 1) {
        correlate<5, 1>(window, tile_width, taps, rows, columns, sums);
    } else {
        correlate<0, 0>(window, tile_width, taps, rows, columns, sums);
    }

    const int column = first_column + threadIdx.x;
    for (int r = 0; r < STRIP; ++r) {
        const int row = first_row + threadIdx.y * STRIP + r;
        if (row < out_height && column < out_width) {
            y[((long long)plane * out_height + row) * out_width + column] = sums[r] + (bias ? bias[filter] : 0);
        }
    }
}

// Along one axis: which windows meet the positions from `first` on, and where in the tile of their gradients.
struct Reach {
    int first_window;  // of the tile: the lowest that meets one of the positions
    int lead;          // (window - first_window) * stride = position - first + lead - tap * dilation

    __device__ Reach(int first, int padding, Axis axis) {
        const int span = (axis.kernel - 1) * axis.dilation, lowest = first + padding - span;
        // Rounded down, while C++ rounds towards 0; lowest is at least -span, so this quotient is not negative.
        first_window = (lowest + span * axis.stride) / axis.stride - span;
        lead = lowest - first_window * axis.stride + span;
    }
};

// What a plane of dx gathers from: its filters, and for each a plane of grad whose tile begins at (top, left).
struct Sources {
    const real *weight, *grad;
    int filters, height, width, top, left;
    bool exist;
};

// A thread's sums over filters and taps, of the gradients of the windows that meet its positions: row + r and column
// count from the first window of the tile, in positions. A position is met where the quotient by the stride is exact.
// For one filter after the other, the block fetches the tile of grad and each thread gathers from it.
template <int KERNEL, int STRIDE>
__device__ void gather(const Sources& from, real* tile, int tile_height, int tile_width, Axis rows, Axis columns,
                       int row, int column, real (&sums)[STRIP]) {
    const int kernel_height = KERNEL ? KERNEL : rows.kernel, kernel_width = KERNEL ? KERNEL : columns.kernel;
    const unsigned row_stride = STRIDE ? STRIDE : rows.stride, column_stride = STRIDE ? STRIDE : columns.stride;
    const int row_dilation = KERNEL ? 1 : rows.dilation, column_dilation = KERNEL ? 1 : columns.dilation;
    constexpr int UNROLL = STRIDE == 1 ? KERNEL : 1;  // rows of taps; with a stride they have no reads in common
    for (int m = 0; m < from.filters; ++m) {
        fetch(tile, tile_height, tile_width, from.grad + (long long)m * from.height * from.width, from.top, from.left,
              from.height, from.width, from.exist);
        __syncthreads();  // the tile is complete
        const real* taps = from.weight + m * kernel_height * kernel_width;
#pragma unroll UNROLL
        for (int i = 0; i < kernel_height; ++i) {
#pragma unroll
            for (int r = 0; r < STRIP; ++r) {
                const unsigned down = row + r - i * row_dilation;
                if (down % row_stride == 0) {
                    const real* line = tile + down / row_stride * tile_width;
#pragma unroll
                    for (int j = 0; j < kernel_width; ++j) {
                        const unsigned across = column - j * column_dilation;
                        if (across % column_stride == 0) {
                            sums[r] += taps[i * kernel_width + j] * line[across / column_stride];
                        }
                    }
                }
            }
        }
        __syncthreads();  // all have read it: it may be overwritten
    }
}

// dx[n, c, h, w] = sum over the multiplier's filters o and taps (p, q) of weight[o, p, q] * grad[n, o, i, j],
//                  where i * stride = h + padding - p * dilation, and j likewise.
//
// Written as a loop over grad, threads of overlapping windows would add to the same number of dx. Here a thread owns
// its numbers of dx and gathers. Block (x, y, z): blockDim.z planes of dx, and the tile (y, z) of each; see
// `gather`. Traffic and flops as for the convolution.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) depthwise_conv2d_input_grad(
    const real* __restrict__ grad,    // (N, C * multiplier, OH, OW)
    const real* __restrict__ weight,  // (C * multiplier, KH, KW)
    real* __restrict__ dx,            // (N, C, H, W)
    int planes,                       // of dx: N * C
    int channels, int multiplier, int height, int width, int out_height, int out_width, int kernel_height,
    int kernel_width, int stride_height, int stride_width, int pad_top, int pad_left, int dilation_height,
    int dilation_width) {
    extern __shared__ real shared[];
    const Axis rows = {kernel_height, stride_height, dilation_height};
    const Axis columns = {kernel_width, stride_width, dilation_width};
    // Positions that the tile must meet, and up to stride - 1 more, for it begins at a window.
    const int positions_down = blockDim.y * STRIP + (kernel_height - 1) * dilation_height + stride_height - 1;
    const int positions_across = blockDim.x + (kernel_width - 1) * dilation_width + stride_width - 1;
    const int tile_height = (positions_down - 1) / stride_height + 1;
    const int tile_width = (positions_across - 1) / stride_width + 1;
    real* tile = shared + threadIdx.z * tile_height * tile_width;
    const int plane = blockIdx.x * blockDim.z + threadIdx.z, out_plane = out_height * out_width;
    const int first_row = blockIdx.y * blockDim.y * STRIP, first_column = blockIdx.z * blockDim.x;
    const Reach down(first_row, pad_top, rows), across(first_column, pad_left, columns);
    const int row = threadIdx.y * STRIP + down.lead, column = threadIdx.x + across.lead;
    const bool square = kernel_height == kernel_width && stride_height == stride_width &&
                        dilation_height == 1 && dilation_width == 1;
    real sums[STRIP] = {};

    const Sources from = {weight + plane % channels * multiplier * kernel_height * kernel_width,
                          grad + (long long)plane * multiplier * out_plane, multiplier, out_height, out_width,
                          down.first_window, across.first_window, plane < planes};
    if (square && kernel_height == 3 && stride_height == 1) {
        gather<3, 1>(from, tile, tile_height, tile_width, rows, columns, row, column, sums);
    } else if (square && kernel_height == 3 && stride_height == 2) {
        gather<3, 2>(from, tile, tile_height, tile_width, rows, columns, row, column, sums);
    } else if (square && kernel_height == 5 && stride_height == 1) {
        gather<5, 1>(from, tile, tile_height, tile_width, rows, columns, row, column, sums);
    } else {
        gather<0, 0>(from, tile, tile_height, tile_width, rows, columns, row, column, sums);
    }

    const int written_column = first_column + threadIdx.x;
    for (int r = 0; r < STRIP; ++r) {
        const int written_row = first_row + threadIdx.y * STRIP + r;
        if (plane < planes && written_row < height && written_column < width) {
            dx[((long long)plane * height + written_row) * width + written_column] = sums[r];
        }
    }
}

// The sums of all threads of the block are added up and written: `count` of them, or TAPS if there are more. Within a
// warp of 32 threads they are added by shuffles, which pass registers from thread to thread: each adds what the thread
// 16 further has, then 8, 4, 2 and 1, until the first has all. Between warps they go through shared memory.
__device__ void write_block_sums(const real (&sums)[TAPS], real* destination, int count) {
    __shared__ real warp_sums[TAPS][THREADS / 32];
    const int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    const int lane = thread % 32, warp = thread / 32, warps = blockDim.x * blockDim.y * blockDim.z / 32;
#pragma unroll
    for (int t = 0; t < TAPS; ++t) {
        real sum = sums[t];
        for (int distance = 16; distance > 0; distance /= 2) {
            sum += __shfl_down_sync(0xffffffffu, sum, distance);
        }
        if (lane == 0) {
            warp_sums[t][warp] = sum;
        }
    }
    __syncthreads();
    if (thread < TAPS && thread < count) {
        real total = 0;
        for (int w = 0; w < warps; ++w) {
            total += warp_sums[thread][w];
        }
        destination[thread] = total;
    }
}

// dweight[o, p, q] = sum over images n and windows (i, j) of grad[n, o, i, j] * x[n, o / multiplier, i * stride +
//                    p * dilation - padding, ...]
//
// Few results, each a sum over all windows of all images. Block (x, y): filter and TAPS of its taps (x; a 3 x 3 kernel
// has just these), and every gridDim.y-th tile of the windows (y). A block has blockDim.z images at a time; for each
// tile it fetches what the windows read of x, and every thread adds to its own TAPS sums what its strip of windows
// gives, so that one number of grad, read once, serves TAPS sums. At the end the sums of the threads are added up. Each
// y writes its own copy of dweight, and sum_slices.cu adds them: always in the same order.
//
// Least traffic: grad and x read once; 2 * KH * KW flops for each number of grad.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) depthwise_conv2d_weight_grad(
    const real* __restrict__ grad,  // (N, C * multiplier, OH, OW)
    const real* __restrict__ x,     // (N, C, H, W)
    real* __restrict__ dweight,     // (gridDim.y, C * multiplier, KH, KW)
    int images, int channels, int multiplier, int height, int width, int out_height, int out_width, int kernel_height,
    int kernel_width, int stride_height, int stride_width, int pad_top, int pad_left, int dilation_height,
    int dilation_width) {
    extern __shared__ real shared[];
    const int tile_height = (blockDim.y * STRIP - 1) * stride_height + (kernel_height - 1) * dilation_height + 1;
    const int tile_width = (blockDim.x - 1) * stride_width + (kernel_width - 1) * dilation_width + 1;
    real* tile = shared + threadIdx.z * tile_height * tile_width;
    const real* window = tile + threadIdx.y * STRIP * stride_height * tile_width + threadIdx.x * stride_width;
    const int taps = kernel_height * kernel_width, parts = (taps + TAPS - 1) / TAPS;
    const int filters = channels * multiplier, filter = blockIdx.x / parts, first_tap = blockIdx.x % parts * TAPS;

    int offsets[TAPS];  // from a window's first number to the one of the tap, in the tile
#pragma unroll
    for (int t = 0; t < TAPS; ++t) {
        const int tap = first_tap + t;
        const int tap_row = tap / kernel_width, tap_column = tap % kernel_width;
        offsets[t] = tap < taps ? tap_row * dilation_height * tile_width + tap_column * dilation_width : 0;
    }

    const int rows_of_block = blockDim.y * STRIP;
    const int tiles_down = (out_height + rows_of_block - 1) / rows_of_block;
    const int tiles_across = (out_width + blockDim.x - 1) / blockDim.x;
    const int tiles = (images + blockDim.z - 1) / blockDim.z * tiles_down * tiles_across;
    real sums[TAPS] = {};
    for (int index = blockIdx.y; index < tiles; index += gridDim.y) {
        const int image = index / (tiles_across * tiles_down) * blockDim.z + threadIdx.z;
        const int first_row = index / tiles_across % tiles_down * rows_of_block;
        const int first_column = index % tiles_across * blockDim.x;
        const int row = first_row + threadIdx.y * STRIP, column = first_column + threadIdx.x;
        fetch(tile, tile_height, tile_width, x + ((long long)image * channels + filter / multiplier) * height * width,
              first_row * stride_height - pad_top, first_column * stride_width - pad_left, height, width,
              image < images);
        const int strip = image < images && column < out_width ? out_height - row : 0;  // windows from row on
        const real* values = grad + (((long long)image * filters + filter) * out_height + row) * out_width + column;
        real value[STRIP] = {};
#pragma unroll
        for (int r = 0; r < STRIP; ++r) {
            if (r < strip) {
                value[r] = values[r * out_width];
            }
        }
        __syncthreads();  // the tile is complete
#pragma unroll
        for (int r = 0; r < STRIP; ++r) {
#pragma unroll
            for (int t = 0; r < strip && t < TAPS; ++t) {
                sums[t] += value[r] * window[r * stride_height * tile_width + offsets[t]];
            }
        }
        __syncthreads();  // all have read it: it may be overwritten
    }
    const long long copy = (long long)blockIdx.y * filters + filter;
    write_block_sums(sums, dweight + copy * taps + first_tap, taps - first_tap);
}
