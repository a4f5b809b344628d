// Convolution as a matrix product whose second factor is never written: an implicit GEMM.
//
// im2col would copy every window of the images into a column, KH * KW times the memory of the images, and one product
//     y[filter, window] = sum over (channel, kernel row, kernel column) of weight[filter, ...] * columns[..., window]
// would make the convolution. Here a block computes one tile of this product and fetches what it needs of the columns
// from where the images hold it. Three kernels: the convolution (`conv2d`), its gradient to the input, which is such
// a product too (`conv2d_input_grad`), and its gradient to the weight, whose sum runs over all windows
// (`conv2d_weight_grad`). float and double; groups; any stride, padding on each side, dilation.
//
// How a product gets fast on a GPU. To compute a tile of R x C sums, step by step over the depth (the axis that is
// summed over), R + C numbers must be fetched for each R * C multiplications: the larger the tile, the less memory
// traffic. A block of threads therefore shares a tile:
//   - its threads together copy DEPTH rows of both factors into shared memory, a small memory (tens of KB) within the
//     multiprocessor that all threads of the block see, and wait for each other at a barrier;
//   - each thread multiplies its own PATCH x PATCH part of the tile. It reads 2 * PATCH numbers from shared memory for
//     PATCH * PATCH multiplications, and keeps its sums in registers, the fastest memory of all;
//   - a second barrier, and the next DEPTH rows take their place.
// Neighbouring threads fetch neighbouring numbers of the images where the stride is 1: such reads are coalesced.
#ifndef real
#define real float  // the launcher compiles once with float, once with double
#endif

constexpr int PATCH = 4;   // a thread computes PATCH x PATCH sums
constexpr int DEPTH = 16;  // rows of both factors that are in shared memory at a time
constexpr int PAD = 4;     // numbers added to a row there, so that writing down a column meets other memory banks

// A block has ROWS_OF_THREADS x COLUMNS_OF_THREADS threads, each with a patch of the tile: 16 x 16 threads make a
// tile of 64 x 64 sums, 4 x 16 threads one of 16 x 64, for products of few rows. blockDim.x tells which it is.
// __launch_bounds__(threads, blocks) promises that no block is larger, and asks the compiler to be so sparing with
// registers that a multiprocessor can hold this many blocks: while one waits for memory, the other multiplies.
constexpr int COLUMNS_OF_THREADS = 16, MOST_ROWS_OF_THREADS = 16;
constexpr int LARGE_BLOCK = MOST_ROWS_OF_THREADS * COLUMNS_OF_THREADS, BLOCKS = sizeof(real) == 4 ? 2 : 1;
constexpr int TILE_COLUMNS = PATCH * COLUMNS_OF_THREADS;
constexpr int COLUMN_PITCH = TILE_COLUMNS + PAD;
constexpr int SHARED = DEPTH * (PATCH * MOST_ROWS_OF_THREADS + PAD + COLUMN_PITCH);  // 8.5 KB as float

// A place on the depth axis, as the three digits it is made of. Moving on by a fixed step is an addition with carry,
// which is much cheaper than a division for each number that is fetched.
struct Tap {
    int channel, row, column;

    __device__ Tap(int index, int rows, int columns)
        : channel(index / (rows * columns)), row(index / columns % rows), column(index % columns) {}

    __device__ void advance(const Tap& step, int rows, int columns) {
        column += step.column;
        row += step.row;
        channel += step.channel;
        if (column >= columns) {
            column -= columns;
            ++row;
        }
        if (row >= rows) {
            row -= rows;
            ++channel;
        }
    }
};

// The tiles of both factors in shared memory: DEPTH rows each, for blocks with that many rows of threads.
template <int ROWS_OF_THREADS>
struct Tiles {
    static constexpr int THREADS = ROWS_OF_THREADS * COLUMNS_OF_THREADS, ROWS = PATCH * ROWS_OF_THREADS;
    static constexpr int ROW_PITCH = ROWS + PAD;
    static constexpr int ROWS_FETCHED = DEPTH * ROWS / THREADS, COLUMNS_FETCHED = DEPTH * TILE_COLUMNS / THREADS;
    real *rows, *columns;  // [DEPTH][ROW_PITCH], [DEPTH][COLUMN_PITCH]

    __device__ explicit Tiles(real* shared) : rows(shared), columns(shared + DEPTH * ROW_PITCH) {}

    // What each thread has fetched of the rows goes to its places: in one step of the depth.
    __device__ void write_rows(const real (&numbers)[ROWS_FETCHED]) const {
        real* place = rows + threadIdx.x % DEPTH * ROW_PITCH + threadIdx.x / DEPTH;
#pragma unroll
        for (int k = 0; k < ROWS_FETCHED; ++k) {
            place[k * (THREADS / DEPTH)] = numbers[k];
        }
    }

    // And of the columns, `step` apart.
    __device__ void write_columns(const real (&numbers)[COLUMNS_FETCHED], int first, int step) const {
#pragma unroll
        for (int k = 0; k < COLUMNS_FETCHED; ++k) {
            columns[first + k * step] = numbers[k];
        }
    }

    // Once the tiles are written, the sums of each thread grow by DEPTH steps of the product. It reads PATCH neighbours
    // of each row with one wide load; in a warp, 16 threads read the same ones of `rows`.
    __device__ void multiply(real (&sums)[PATCH][PATCH]) const {
        const real* row_part = rows + threadIdx.x / COLUMNS_OF_THREADS * PATCH;
        const real* column_part = columns + threadIdx.x % COLUMNS_OF_THREADS * PATCH;
        __syncthreads();  // the tiles are complete
#pragma unroll
        for (int k = 0; k < DEPTH; ++k) {
            real a[PATCH], b[PATCH];
#pragma unroll
            for (int i = 0; i < PATCH; ++i) {
                a[i] = row_part[k * ROW_PITCH + i];
                b[i] = column_part[k * COLUMN_PITCH + i];
            }
#pragma unroll
            for (int i = 0; i < PATCH; ++i) {
#pragma unroll
                for (int j = 0; j < PATCH; ++j) {
                    sums[i][j] += a[i] * b[j];
                }
            }
        }
        __syncthreads();  // all have read them: they may be overwritten
    }
};

// First factor: number (row, tap) of the product is values[row * row_stride + the tap's digits times their strides].
struct Filters {
    const real* values;
    int rows, row_stride, channel_stride, tap_row_stride, tap_column_stride;
};

// One axis of the images that the second factor is read from: target i meets position i * step + start + tap * spacing.
struct Axis {
    int length, taps, step, start, spacing;
};

// Second factor: for a target in some image, tap (channel, p, q) is the number of that channel where the two axes say,
// 0 outside of the image.
struct Pictures {
    const real* values;
    long long image_size;
    int images, channels;
    Axis rows, columns;
};

// One axis of the targets: there are `length`, and target i lies at i * step + start of its plane.
struct Lattice {
    int length, step, start;
};

// The product: planes of targets, one for each image and row of the product.
struct Targets {
    real* values;
    const real* bias;  // a number for each row of the product, or null
    long long image_size;
    int plane_size, width;
    Lattice rows, columns;
};

// The target with a given number, counted through the rows, the columns and the images from some image on.
struct Target {
    int image, row, column;

    __device__ Target(int first_image, int index, int height, int width)
        : image(first_image + index / (height * width)), row(index / width % height), column(index % width) {}
};

// A thread writes its patch of sums; first_target counts from the first place of first_image.
__device__ void write_patch(const Targets& targets, const real (&sums)[PATCH][PATCH], int images, int rows,
                            int first_image, int first_target, int first_row) {
#pragma unroll
    for (int j = 0; j < PATCH; ++j) {
        const Target target(first_image, first_target + j, targets.rows.length, targets.columns.length);
        if (target.image < images) {
            const int row = target.row * targets.rows.step + targets.rows.start;
            const int column = target.column * targets.columns.step + targets.columns.start;
            real* values = targets.values + target.image * targets.image_size + row * targets.width + column;
#pragma unroll
            for (int i = 0; i < PATCH; ++i) {
                if (first_row + i < rows) {
                    const real bias = targets.bias ? targets.bias[first_row + i] : 0;
                    values[(long long)(first_row + i) * targets.plane_size] = sums[i][j] + bias;
                }
            }
        }
    }
}

// One tile of the product: block (x, y) has the targets from x * TILE_COLUMNS on, counted through all images, and the
// rows from y * TILE_ROWS on. To fetch, each thread keeps one target of the tile for the whole run, whose place it
// works out once, and neighbouring threads have neighbouring targets: their reads are coalesced where the step is 1.
template <int ROWS_OF_THREADS>
__device__ void correlate(const Filters& filters, const Pictures& pictures, const Targets& targets, real* shared) {
    using Tile = Tiles<ROWS_OF_THREADS>;
    const Tile tiles(shared);
    const Axis rows = pictures.rows, columns = pictures.columns;
    const int thread = threadIdx.x, first_row = blockIdx.y * Tile::ROWS;

    // All targets together may be more than 2^31: one division in 64 bits for the block's first, then 32 are enough.
    const int plane = targets.rows.length * targets.columns.length;
    const int first_image = (long long)blockIdx.x * TILE_COLUMNS / plane;
    const int first_target = (long long)blockIdx.x * TILE_COLUMNS % plane;
    const Target target(first_image, first_target + thread % TILE_COLUMNS, targets.rows.length, targets.columns.length);
    const int top = target.row * rows.step + rows.start, left = target.column * columns.step + columns.start;
    const real* picture = pictures.values + target.image * pictures.image_size;

    Tap read(thread / TILE_COLUMNS, rows.taps, columns.taps), weigh(thread % DEPTH, rows.taps, columns.taps);
    const Tap read_step(Tile::THREADS / TILE_COLUMNS, rows.taps, columns.taps);
    const Tap weigh_step(DEPTH, rows.taps, columns.taps);
    real sums[PATCH][PATCH] = {};

    for (int depth = 0; depth < pictures.channels * rows.taps * columns.taps; depth += DEPTH) {
        // All reads are started before what they bring is written down: the thread waits for memory once.
        real numbers[Tile::COLUMNS_FETCHED], weights[Tile::ROWS_FETCHED];
#pragma unroll
        for (int k = 0; k < Tile::COLUMNS_FETCHED; ++k) {
            const int row = top + read.row * rows.spacing, column = left + read.column * columns.spacing;
            const bool inside = target.image < pictures.images && read.channel < pictures.channels && 0 <= row &&
                                row < rows.length && 0 <= column && column < columns.length;
            const long long offset = (long long)(read.channel * rows.length + row) * columns.length + column;
            numbers[k] = inside ? picture[offset] : 0;
            read.advance(read_step, rows.taps, columns.taps);
        }
        const real* filter = filters.values + (long long)weigh.channel * filters.channel_stride +
                             weigh.row * filters.tap_row_stride + weigh.column * filters.tap_column_stride;
#pragma unroll
        for (int k = 0; k < Tile::ROWS_FETCHED; ++k) {
            const int row = first_row + thread / DEPTH + k * (Tile::THREADS / DEPTH);
            const bool exists = row < filters.rows && weigh.channel < pictures.channels;
            weights[k] = exists ? filter[(long long)row * filters.row_stride] : 0;
        }
        tiles.write_columns(numbers, thread / TILE_COLUMNS * COLUMN_PITCH + thread % TILE_COLUMNS,
                            Tile::THREADS / TILE_COLUMNS * COLUMN_PITCH);
        tiles.write_rows(weights);
        weigh.advance(weigh_step, rows.taps, columns.taps);
        tiles.multiply(sums);
    }
    write_patch(targets, sums, pictures.images, filters.rows, first_image,
                first_target + thread % COLUMNS_OF_THREADS * PATCH, first_row + thread / COLUMNS_OF_THREADS * PATCH);
}

// y[n, o, i, j] = bias[o] + sum over channels c of o's group and taps (p, q) of
//                 weight[o, c, p, q] * x[n, c, i * stride + p * dilation - padding, ...]
//
// Block (x, y, z): a tile of 64 windows and 64 (or 16) filters of group z; see `correlate` for threads and memory.
// At least 2 * C/groups*KH*KW flops for each number of y; x, weight and y once through memory, while the tiles read x
// once for each 64 filters (mostly from the cache) and the weight once for each 64 windows.
extern "C" __global__ void __launch_bounds__(LARGE_BLOCK, BLOCKS) conv2d(
    const real* __restrict__ x,       // (N, groups * group_channels, H, W)
    const real* __restrict__ weight,  // (groups * group_filters, group_channels, KH, KW)
    const real* __restrict__ bias,    // (groups * group_filters,) or null
    real* __restrict__ y,             // (N, groups * group_filters, OH, OW)
    int images, int groups, int group_channels, int group_filters, int height, int width, int out_height,
    int out_width, int kernel_height, int kernel_width, int stride_height, int stride_width, int pad_top, int pad_left,
    int dilation_height, int dilation_width) {
    __align__(16) __shared__ real shared[SHARED];
    const int group = blockIdx.z, taps = kernel_height * kernel_width;
    const int plane = height * width, out_plane = out_height * out_width;
    const int first_filter = group * group_filters;

    const Filters filters = {weight + (long long)first_filter * group_channels * taps,
                             group_filters, group_channels * taps, taps, kernel_width, 1};
    const Pictures pictures = {x + (long long)group * group_channels * plane,
                               (long long)groups * group_channels * plane, images, group_channels,
                               {height, kernel_height, stride_height, -pad_top, dilation_height},
                               {width, kernel_width, stride_width, -pad_left, dilation_width}};
    const Targets targets = {y + (long long)first_filter * out_plane, bias ? bias + first_filter : bias,
                             (long long)groups * group_filters * out_plane, out_plane, out_width,
                             {out_height, 1, 0}, {out_width, 1, 0}};
    if (blockDim.x == LARGE_BLOCK) {
        correlate<MOST_ROWS_OF_THREADS>(filters, pictures, targets, shared);
    } else {
        correlate<MOST_ROWS_OF_THREADS / 4>(filters, pictures, targets, shared);
    }
}

// Which windows meet the positions at one residue modulo the stride, along one axis. Window i meets position h through
// tap p where i * stride = h + padding - p * dilation, so for one residue of h only every tap_step-th tap can.
struct Phase {
    int first_tap, taps;
    int start;      // window that meets the first of the positions, h = residue, through the first tap
    int positions;  // numbers h below length with this residue
    bool met;       // false: no tap reaches them, and their gradient is 0

    __device__ Phase(int residue, int length, int kernel, int stride, int padding, int dilation, int tap_step) {
        first_tap = 0;
        while (first_tap < kernel && (residue + padding - first_tap * dilation) % stride != 0) {
            ++first_tap;
        }
        met = first_tap < kernel;
        taps = met ? (kernel - first_tap + tap_step - 1) / tap_step : 1;
        start = (residue + padding - first_tap * dilation) / stride;
        positions = (length - residue + stride - 1) / stride;
    }
};

// dx[n, c, h, w] = sum over filters o of c's group and taps (p, q) of weight[o, c, p, q] * grad[n, o, i, j],
//                  where i * stride = h + padding - p * dilation, and j likewise.
//
// Written as a loop over grad, threads of overlapping windows would add to the same number of dx. As a gather it is a
// product of the same kind as the convolution: the channels are its rows, (filter, tap) its depth, and grad takes the
// place of x. With a stride, however, a number of dx is met by a part of the taps only. So the positions are taken in
// stride_height * stride_width phases, one for each residue; within a phase all meet the same taps, and nothing is
// multiplied by 0.
//
// Block (x, y, z): 64 positions, 64 (or 16) channels, and the group and phase z. Flops as for the convolution. Writes
// are coalesced where the stride is 1, and lie a stride apart otherwise.
extern "C" __global__ void __launch_bounds__(LARGE_BLOCK, BLOCKS) conv2d_input_grad(
    const real* __restrict__ grad,    // (N, groups * group_filters, OH, OW)
    const real* __restrict__ weight,  // (groups * group_filters, group_channels, KH, KW)
    real* __restrict__ dx,            // (N, groups * group_channels, H, W)
    int images, int groups, int group_channels, int group_filters, int height, int width, int out_height,
    int out_width, int kernel_height, int kernel_width, int stride_height, int stride_width, int pad_top, int pad_left,
    int dilation_height, int dilation_width,
    int tap_step_height, int tap_step_width) {  // stride / gcd(stride, dilation)
    __align__(16) __shared__ real shared[SHARED];
    const int column_residue = blockIdx.z % stride_width, row_residue = blockIdx.z / stride_width % stride_height;
    const int group = blockIdx.z / (stride_width * stride_height), taps = kernel_height * kernel_width;
    const int plane = height * width, out_plane = out_height * out_width;
    const int first_filter = group * group_filters;
    const Phase rows(row_residue, height, kernel_height, stride_height, pad_top, dilation_height, tap_step_height);
    const Phase columns(column_residue, width, kernel_width, stride_width, pad_left, dilation_width, tap_step_width);
    if (rows.positions * columns.positions == 0) {
        return;  // a plane smaller than the stride has no positions of this residue; all threads of the block leave
    }

    const Filters filters = {
        weight + (long long)first_filter * group_channels * taps + rows.first_tap * kernel_width + columns.first_tap,
        group_channels, taps, group_channels * taps, tap_step_height * kernel_width, tap_step_width};
    const Pictures pictures = {
        grad + (long long)first_filter * out_plane, (long long)groups * group_filters * out_plane, images,
        rows.met && columns.met ? group_filters : 0,
        {out_height, rows.taps, 1, rows.start, -(tap_step_height * dilation_height / stride_height)},
        {out_width, columns.taps, 1, columns.start, -(tap_step_width * dilation_width / stride_width)}};
    const Targets targets = {dx + (long long)group * group_channels * plane, nullptr,
                             (long long)groups * group_channels * plane, plane, width,
                             {rows.positions, stride_height, row_residue},
                             {columns.positions, stride_width, column_residue}};
    if (blockDim.x == LARGE_BLOCK) {
        correlate<MOST_ROWS_OF_THREADS>(filters, pictures, targets, shared);
    } else {
        correlate<MOST_ROWS_OF_THREADS / 4>(filters, pictures, targets, shared);
    }
}

// The arguments of the gradient to the weight, as its kernel has them.
struct WeightGradient {
    const real *grad, *x;
    real* dweight;
    int images, groups, group_channels, group_filters, height, width, out_height, out_width;
    int kernel_height, kernel_width, stride_height, stride_width, pad_top, pad_left, dilation_height, dilation_width;
    int slice_steps;
};

// One tile of the gradient to the weight, over one slice of the windows. The depth is the windows here: 16 neighbouring
// threads fetch 16 neighbouring windows for each filter of grad, and what one tap of x reads for them.
template <int ROWS_OF_THREADS>
__device__ void weight_grad(const WeightGradient& g, real* shared) {
    using Tile = Tiles<ROWS_OF_THREADS>;
    const Tile tiles(shared);
    const int thread = threadIdx.x;
    const int first_row = blockIdx.y * Tile::ROWS, first_column = blockIdx.x * TILE_COLUMNS;
    const int group = blockIdx.z % g.groups, slice = blockIdx.z / g.groups;
    const int first_filter = group * g.group_filters, first_channel = group * g.group_channels;
    const int plane = g.out_height * g.out_width;

    const Tap first_tap(first_column + thread / DEPTH, g.kernel_height, g.kernel_width);
    const Tap tap_step(Tile::THREADS / DEPTH, g.kernel_height, g.kernel_width);
    const long long first_window = (long long)slice * g.slice_steps * DEPTH + thread % DEPTH;
    int image = first_window / plane, window = first_window % plane;
    real sums[PATCH][PATCH] = {};

    for (int step = 0; step < g.slice_steps; ++step) {
        const bool exists = image < g.images;
        const real* grad = g.grad + ((long long)image * g.groups * g.group_filters + first_filter) * plane + window;
        real grads[Tile::ROWS_FETCHED], numbers[Tile::COLUMNS_FETCHED];
#pragma unroll
        for (int k = 0; k < Tile::ROWS_FETCHED; ++k) {
            const int row = first_row + thread / DEPTH + k * (Tile::THREADS / DEPTH);
            grads[k] = exists && row < g.group_filters ? grad[(long long)row * plane] : 0;
        }
        const int top = window / g.out_width * g.stride_height - g.pad_top;
        const int left = window % g.out_width * g.stride_width - g.pad_left;
        const real* picture =
            g.x + ((long long)image * g.groups * g.group_channels + first_channel) * g.height * g.width;
        Tap tap = first_tap;
#pragma unroll
        for (int k = 0; k < Tile::COLUMNS_FETCHED; ++k) {
            const int row = top + tap.row * g.dilation_height, column = left + tap.column * g.dilation_width;
            const bool inside = exists && tap.channel < g.group_channels && 0 <= row && row < g.height &&
                                0 <= column && column < g.width;
            const long long offset = (long long)(tap.channel * g.height + row) * g.width + column;
            numbers[k] = inside ? picture[offset] : 0;
            tap.advance(tap_step, g.kernel_height, g.kernel_width);
        }
        tiles.write_rows(grads);
        tiles.write_columns(numbers, thread % DEPTH * COLUMN_PITCH + thread / DEPTH, Tile::THREADS / DEPTH);
        window += DEPTH;
        while (window >= plane) {
            window -= plane;
            ++image;
        }
        tiles.multiply(sums);
    }

    const int columns = g.group_channels * g.kernel_height * g.kernel_width;
    const long long first = ((long long)slice * g.groups * g.group_filters + first_filter) * columns;
#pragma unroll
    for (int i = 0; i < PATCH; ++i) {
        const int row = first_row + thread / COLUMNS_OF_THREADS * PATCH + i;
#pragma unroll
        for (int j = 0; j < PATCH; ++j) {
            const int column = first_column + thread % COLUMNS_OF_THREADS * PATCH + j;
            if (row < g.group_filters && column < columns) {
                g.dweight[first + (long long)row * columns + column] = sums[i][j];
            }
        }
    }
}

// dweight[o, c, p, q] = sum over images n and windows (i, j) of
//                       grad[n, o, i, j] * x[n, c, i * stride + p * dilation - padding, ...]
//
// The rows of this product are the filters of a group, its columns (channel, tap), and its depth all windows of all
// images: a small result and long sums. To give work to all multiprocessors the depth is cut into slices. A block
// (x, y, z) has a tile of 64 (or 16) filters by 64 taps, group z % groups and slice z / groups of slice_steps * DEPTH
// windows, and writes its sums to the slice's own copy of dweight; sum_slices.cu adds
// these up.
//
// 2 * C/groups*KH*KW flops for each number of grad; grad and x once through memory, and dweight once for each slice.
extern "C" __global__ void __launch_bounds__(LARGE_BLOCK, BLOCKS) conv2d_weight_grad(
    const real* __restrict__ grad,  // (N, groups * group_filters, OH, OW)
    const real* __restrict__ x,     // (N, groups * group_channels, H, W)
    real* __restrict__ dweight,     // (slices, groups * group_filters, group_channels, KH, KW)
    int images, int groups, int group_channels, int group_filters, int height, int width, int out_height,
    int out_width, int kernel_height, int kernel_width, int stride_height, int stride_width, int pad_top, int pad_left,
    int dilation_height, int dilation_width, int slice_steps) {
    __align__(16) __shared__ real shared[SHARED];
    const WeightGradient gradient = {
        grad, x, dweight, images, groups, group_channels, group_filters, height, width, out_height, out_width,
        kernel_height, kernel_width, stride_height, stride_width, pad_top, pad_left, dilation_height, dilation_width,
        slice_steps};
    if (blockDim.x == LARGE_BLOCK) {
        weight_grad<MOST_ROWS_OF_THREADS>(gradient, shared);
    } else {
        weight_grad<MOST_ROWS_OF_THREADS / 4>(gradient, shared);
    }
}
