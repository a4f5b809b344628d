// Batch normalisation of (N, C, ...) arrays, here (images, channels, size), with or without a ReLU behind it.
//
// Both directions are sums over each channel, and then one pass over all numbers. The sums come in two stages: blocks
// sum slices of the channels, then one warp for each channel sums what the slices gave. No number of a sum depends on
// which block was faster, so the same input gives the same bits every time. Neighbouring threads read and write
// neighbouring numbers of the arrays (coalesced); the sums of slices are few. Only first stages use shared memory.

#ifndef real
#define real float  // the launcher compiles this text once with float and once with double
#endif

#define WARP 32
#define ALL_LANES 0xffffffffu
#define BLOCK 256  // threads of a block that sums, at most
#define BATCH 4    // numbers that a thread asks for before it uses the first: memory is slow to answer, so ask early.
                   // Beyond the end it asks for the last one again: a question without an `if` lets the next one start.

// Count, mean and sum of squared distances from the mean of some numbers.
struct Moments {
    real count, mean, square;
};

// Take one more number in (Welford 1962): unlike E[x^2] - E[x]^2 this subtracts no two large numbers.
__device__ void add(Moments& part, real value) {
    part.count += 1;
    real delta = value - part.mean;
    part.mean += delta / part.count;
    part.square += delta * (value - part.mean);
}

// Join two sets of numbers (Chan et al. 1979).
__device__ void merge(Moments& part, Moments other) {
    if (other.count == 0) return;
    real count = part.count + other.count, share = other.count / count, delta = other.mean - part.mean;
    part.square += other.square + delta * delta * part.count * share;
    part.mean += delta * share;
    part.count = count;
}

__device__ Moments from_lane_below(Moments part, int offset) {
    return {__shfl_down_sync(ALL_LANES, part.count, offset), __shfl_down_sync(ALL_LANES, part.mean, offset),
            __shfl_down_sync(ALL_LANES, part.square, offset)};
}

// Sums of a gradient, and of its products with the normalised (or plain) input.
struct Sums {
    real grad, product;
};

__device__ void merge(Sums& part, Sums other) {
    part.grad += other.grad;
    part.product += other.product;
}

__device__ Sums from_lane_below(Sums part, int offset) {
    return {__shfl_down_sync(ALL_LANES, part.grad, offset), __shfl_down_sync(ALL_LANES, part.product, offset)};
}

// Join the parts of the 32 threads of a warp by halves: 16 + 16, 8 + 8, ... The registers of other threads are read
// directly, without shared memory. Lane 0 gets the whole.
template <typename Part>
__device__ Part over_lanes(Part part) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) merge(part, from_lane_below(part, offset));
    return part;
}

// How a thread walks over its share of a group of neighbouring channels.
//
// In each image the group is `columns` numbers side by side; image after image they make one line. A block takes the
// line in steps of `width` numbers, one for each thread: neighbouring threads read neighbouring numbers (coalesced).
// Where a row of the line is shorter than the block, width is a multiple of it, so that a thread stays in its column
// and with it in its channel. The few threads beyond `width` walk along, but nobody asks what they found.
struct Walk {
    int columns, width, image, column, step_images, step_columns;

    __device__ Walk(int columns, long long steps) : columns(columns) {
        int rows = int(blockDim.x) / columns;
        width = rows > 0 ? rows * columns : blockDim.x;
        step_images = width / columns;
        step_columns = width % columns;
        long long start = steps * width + threadIdx.x;
        image = start / columns;
        column = start % columns;
    }

    __device__ void step() {
        image += step_images;
        column += step_columns;
        if (column >= columns) {
            column -= columns;
            image += 1;
        }
    }
};

// Join what the threads of a block found for one channel of its group; called by a whole warp, lane 0 gets the whole.
template <typename Part>
__device__ Part of_channel(const Part* found, Walk walk, int channel, int size) {
    int entries = walk.step_images > 0 ? walk.step_images * size : walk.width;
    Part part = {};
    for (int e = threadIdx.x % WARP; e < entries; e += WARP) {
        merge(part, found[e / size * walk.columns + channel * size + e % size]);
    }
    return over_lanes(part);
}

// Moments of every channel, first stage. Block (b, s) takes slice s, `rounds` steps (a multiple of BATCH), of the b-th
// group of channels; a thread takes one number a step. Shared memory holds what each thread found, so that a warp can
// join those of one channel. Reads each number once: 4 bytes and about 10 flops each in float32.
extern "C" __global__ void batch_norm_statistics(const real* __restrict__ x, real* counts, real* means, real* squares,
                                                 int images, int channels, int size, int group, int rounds) {
    __shared__ Moments found[BLOCK];
    int first = blockIdx.x * group, here = min(group, channels - first);
    Walk walk(here * size, (long long)blockIdx.y * rounds);
    const real* start = x + (long long)first * size;
    long long row = (long long)channels * size;
    Moments own = {0, 0, 0};
    for (int round = 0; round < rounds; round += BATCH) {
        real value[BATCH];
        bool inside[BATCH];
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            inside[k] = walk.image < images;
            value[k] = start[min(walk.image, images - 1) * row + walk.column];
            walk.step();
        }
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            if (inside[k]) add(own, value[k]);
        }
    }
    found[threadIdx.x] = own;
    __syncthreads();
    for (int c = threadIdx.x / WARP; c < here; c += blockDim.x / WARP) {
        Moments part = of_channel(found, walk, c, size);
        if (threadIdx.x % WARP == 0) {
            long long place = (long long)blockIdx.y * channels + first + c;
            counts[place] = part.count;
            means[place] = part.mean;
            squares[place] = part.square;
        }
    }
}

// Moments of every channel, second stage: mean and biased variance. A block is (32, channels a block): each warp joins
// the slices of one channel. Reads 3 numbers, 12 bytes, a slice and channel for about 10 flops: little.
extern "C" __global__ void batch_norm_finish(const real* counts, const real* means, const real* squares, real* mean,
                                             real* var, int slices, int channels) {
    int c = blockIdx.x * blockDim.y + threadIdx.y;
    if (c >= channels) return;  // a whole warp, and no barrier follows
    Moments part = {0, 0, 0};
    for (int s = threadIdx.x; s < slices; s += WARP) {
        long long place = (long long)s * channels + c;
        merge(part, {counts[place], means[place], squares[place]});
    }
    part = over_lanes(part);
    if (threadIdx.x == 0) {
        mean[c] = part.mean;
        var[c] = part.square / part.count;
    }
}

// What is done to the numbers of one channel: y = (x - mean) * scale + shift.
struct Affine {
    real mean, scale, shift, inverse_std;

    // Of the statistics and the parameters, each of which may be missing (null): without var, weight is the scale.
    __device__ Affine(int c, const real* means, const real* vars, const real* weight, const real* bias, real eps) {
        mean = means ? means[c] : 0;
        inverse_std = vars ? 1 / sqrt(vars[c] + eps) : 1;
        scale = weight ? weight[c] * inverse_std : inverse_std;
        shift = bias ? bias[c] : 0;
    }

    __device__ real operator()(real x) const { return (x - mean) * scale + shift; }

    // The gradient behind the ReLU, if there is one: it passes where the ReLU's input is between 0 and the limit, or
    // NaN.
    __device__ real before_relu(real grad, real x, bool relu, real limit) const {
        if (!relu) return grad;
        real value = (*this)(x);
        return value <= 0 || value >= limit ? 0 : grad;
    }
};

// y = (x - mean) * scale + shift, or the ReLU of it, cut off at a limit unless that is NaN. A thread owns one place of
// an image (its channel and its pixel) and goes through images, BATCH at a time, so that it works out scale and shift
// once. Neighbouring threads own neighbouring places (coalesced). Reads and writes each number once: 8 bytes and 3
// flops each in float32.
extern "C" __global__ void channel_affine(const real* __restrict__ x, const real* mean, const real* var,
                                          const real* weight, const real* bias, real* __restrict__ y, int images,
                                          int channels, int size, real eps, bool relu, real limit) {
    int columns = channels * size;
    for (unsigned j = blockIdx.x * blockDim.x + threadIdx.x; j < columns; j += gridDim.x * blockDim.x) {
        Affine affine(j / size, mean, var, weight, bias, eps);
        for (int n = blockIdx.y * BATCH; n < images; n += gridDim.y * BATCH) {
            real value[BATCH];
#pragma unroll
            for (int k = 0; k < BATCH; k++) value[k] = affine(x[(long long)min(n + k, images - 1) * columns + j]);
#pragma unroll
            for (int k = 0; k < BATCH; k++) {
                real result = !relu ? value[k] : value[k] <= 0 ? 0 : value[k] >= limit ? limit : value[k];
                if (k == 0 || n + k < images) y[(long long)(n + k) * columns + j] = result;
            }
        }
    }
}

// Each warp joins and writes the sums of some of the block's channels, `here` of them from the `first`.
__device__ void write_sums(const Sums* found, Walk walk, int first, int here, int size, int channels, real* grads,
                           real* products) {
    for (int c = threadIdx.x / WARP; c < here; c += blockDim.x / WARP) {
        Sums part = of_channel(found, walk, c, size);
        if (threadIdx.x % WARP == 0) {
            long long place = (long long)blockIdx.y * channels + first + c;
            grads[place] = part.grad;
            products[place] = part.product;
        }
    }
}

// Sums over every channel of the gradient and of its products with x - mean, first stage; behind a ReLU only where the
// gradient passes it. Blocks, threads and shared memory as in batch_norm_statistics. Reads two numbers each once:
// 8 bytes and 3 flops (with ReLU 6) a pair in float32.
extern "C" __global__ void channel_sums(const real* __restrict__ grad, const real* __restrict__ x, const real* mean,
                                        const real* var, const real* weight, const real* bias, real* grads,
                                        real* products, int images, int channels, int size, int group, int rounds,
                                        real eps, bool relu, real limit) {
    __shared__ Sums found[BLOCK];
    int first = blockIdx.x * group, here = min(group, channels - first);
    Walk walk(here * size, (long long)blockIdx.y * rounds);
    Affine affine(first + walk.column / size, mean, var, weight, bias, eps);
    long long offset = (long long)first * size, row = (long long)channels * size;
    Sums own = {0, 0};
    for (int round = 0; round < rounds; round += BATCH) {
        real g[BATCH], value[BATCH];
        bool inside[BATCH];
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            inside[k] = walk.image < images;
            long long place = offset + min(walk.image, images - 1) * row + walk.column;
            g[k] = grad[place];
            value[k] = x[place];
            walk.step();
        }
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            real passed = affine.before_relu(g[k], value[k], relu, limit);
            if (inside[k]) merge(own, {passed, passed * (value[k] - affine.mean)});
        }
    }
    found[threadIdx.x] = own;
    __syncthreads();
    write_sums(found, walk, first, here, size, channels, grads, products);
}

// The same for group and layer normalisation, whose statistics belong to an image and a group of channels: sums over
// every channel of the gradient and of its products with (x - mean) / std. At least 8 bytes and 4 flops a pair.
extern "C" __global__ void channel_sums_of_groups(const real* __restrict__ grad, const real* __restrict__ x,
                                                  const real* __restrict__ mean, const real* __restrict__ inverse_std,
                                                  real* grads, real* products, int images, int channels, int size,
                                                  int groups, int group, int rounds) {
    __shared__ Sums found[BLOCK];
    int first = blockIdx.x * group, here = min(group, channels - first);
    Walk walk(here * size, (long long)blockIdx.y * rounds);
    int statistic = (first + walk.column / size) / (channels / groups);
    long long offset = (long long)first * size, row = (long long)channels * size;
    Sums own = {0, 0};
    for (int round = 0; round < rounds; round += BATCH) {
        real g[BATCH], normal[BATCH];
        bool inside[BATCH];
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            inside[k] = walk.image < images;
            long long image = min(walk.image, images - 1), place = offset + image * row + walk.column;
            g[k] = grad[place];
            normal[k] = (x[place] - mean[image * groups + statistic]) * inverse_std[image * groups + statistic];
            walk.step();
        }
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            if (inside[k]) merge(own, {g[k], g[k] * normal[k]});
        }
    }
    found[threadIdx.x] = own;
    __syncthreads();
    write_sums(found, walk, first, here, size, channels, grads, products);
}

// Second stage of both: the gradients to bias and weight. Blocks and threads as in batch_norm_finish. With var the
// products become those with (x - mean) / std. 8 bytes and 2 flops a slice and channel.
extern "C" __global__ void channel_sums_finish(const real* grads, const real* products, const real* var,
                                               real* grad_bias, real* grad_weight, int slices, int channels,
                                               real eps) {
    int c = blockIdx.x * blockDim.y + threadIdx.y;
    if (c >= channels) return;  // a whole warp, and no barrier follows
    Sums part = {0, 0};
    for (int s = threadIdx.x; s < slices; s += WARP) {
        long long place = (long long)s * channels + c;
        merge(part, {grads[place], products[place]});
    }
    part = over_lanes(part);
    if (threadIdx.x == 0) {
        grad_bias[c] = part.grad;
        grad_weight[c] = var ? part.product / sqrt(var[c] + eps) : part.product;
    }
}

// The gradient to x: scale * (g - grad_bias / n - (x - mean) / std * grad_weight / n) where the statistics came from x
// itself, which is when grad_bias and grad_weight are given; else scale * g. Blocks and threads as in channel_affine.
// Reads two numbers and writes one: 12 bytes and 7 flops each in float32.
extern "C" __global__ void channel_affine_grad(const real* __restrict__ grad, const real* __restrict__ x,
                                               const real* mean, const real* var, const real* weight,
                                               const real* bias, const real* grad_bias, const real* grad_weight,
                                               real* __restrict__ grad_x, int images, int channels, int size,
                                               real eps, bool relu, real limit) {
    int columns = channels * size;
    for (unsigned j = blockIdx.x * blockDim.x + threadIdx.x; j < columns; j += gridDim.x * blockDim.x) {
        int c = j / size;
        Affine affine(c, mean, var, weight, bias, eps);
        real share = 1 / ((real)images * size);
        real constant = grad_bias ? grad_bias[c] * share : 0;
        real of_x = grad_weight ? grad_weight[c] * affine.inverse_std * share : 0;
        for (int n = blockIdx.y * BATCH; n < images; n += gridDim.y * BATCH) {
            real g[BATCH], value[BATCH];
#pragma unroll
            for (int k = 0; k < BATCH; k++) {
                g[k] = grad[(long long)min(n + k, images - 1) * columns + j];
                value[k] = x[(long long)min(n + k, images - 1) * columns + j];
            }
#pragma unroll
            for (int k = 0; k < BATCH; k++) {
                real result = affine.before_relu(g[k], value[k], relu, limit) - constant;
                if (grad_weight) result -= (value[k] - affine.mean) * of_x;
                if (k == 0 || n + k < images) grad_x[(long long)(n + k) * columns + j] = affine.scale * result;
            }
        }
    }
}
