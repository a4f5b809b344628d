// Normalisation within each sample: layer, group, instance and RMS norm are one operation.
//
// The input is (images, channels, size), its channels in groups; a row, one group of one image, stands in one piece in
// memory and is normalised by its own statistics. Layer norm: size 1, one group. Instance norm: a group for each
// channel. RMS norm: layer norm that takes no mean away. The gradients to weight and bias are sums over channels and
// stand with those of batch normalisation (normalization.cu, channel_sums_of_groups).
//
// In all kernels here a block is (threads of a row, rows): a warp for each short row, 256 threads for a long one.
// Neighbouring threads read and write neighbouring numbers: coalesced.

#ifndef real
#define real float  // the launcher compiles this text once with float and once with double
#endif

#define WARP 32
#define ALL_LANES 0xffffffffu
#define BATCH 4  // numbers that a thread asks for before it uses the first: memory is slow to answer, so ask early.
                 // Beyond the end it asks for the last one again: a question without an `if` lets the next one start.

// Count, mean and sum of squared distances from the mean of some numbers.
struct Moments {
    real count, mean, square;
};

// Join two sets of numbers (Chan et al. 1979); a single number has the moments {1, number, 0}.
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

__device__ Moments from_first_lane(Moments part) {
    return {__shfl_sync(ALL_LANES, part.count, 0), __shfl_sync(ALL_LANES, part.mean, 0),
            __shfl_sync(ALL_LANES, part.square, 0)};
}

// Sums of a row's gradient, and of its products with the normalised input.
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

__device__ Sums from_first_lane(Sums part) {
    return {__shfl_sync(ALL_LANES, part.grad, 0), __shfl_sync(ALL_LANES, part.product, 0)};
}

// Join the parts of the 32 threads of a warp by halves: 16 + 16, 8 + 8, ... The registers of other threads are read
// directly, without shared memory. Lane 0 gets the whole.
template <typename Part>
__device__ Part over_lanes(Part part) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) merge(part, from_lane_below(part, offset));
    return part;
}

// Join the parts of all threads of a row; every one gets the whole. Where a row has several warps, these meet in
// shared memory, and each then joins all of their parts again for itself, which saves a second barrier.
template <typename Part>
__device__ Part over_row(Part part, Part* by_warp) {
    part = over_lanes(part);
    if (blockDim.x > WARP) {
        int lane = threadIdx.x % WARP;
        if (lane == 0) by_warp[threadIdx.x / WARP] = part;
        __syncthreads();
        part = {};
        if (lane < blockDim.x / WARP) part = by_warp[lane];
        part = over_lanes(part);
    }
    return from_first_lane(part);
}

// The channel that a thread is in, followed along a row in steps of blockDim.x without a division for each number.
struct Channel {
    int size, number, place, step_channels, step_places;

    __device__ Channel(int first, int size) : size(size) {
        number = first + threadIdx.x / size;
        place = threadIdx.x % size;
        step_channels = blockDim.x / size;
        step_places = blockDim.x % size;
    }

    __device__ void step() {
        number += step_channels;
        place += step_places;
        if (place >= size) {
            place -= size;
            number += 1;
        }
    }
};

// y = (x - mean) / sqrt(var + eps) * weight + bias, with the mean and the (biased) variance of each row; not centred:
// the mean is 0 and the variance the mean square. A thread takes every blockDim.x-th number of its row: neighbours read
// neighbours (coalesced). The second reading comes from the cache if the row fits. Shared memory: a part for each warp.
// Reads each number once or twice and writes it once: at least 8 bytes and about 15 flops each in float32.
extern "C" __global__ void group_norm(const real* __restrict__ x, const real* __restrict__ weight,
                                      const real* __restrict__ bias, real* __restrict__ y, real* mean, real* var,
                                      long long rows, int groups, int channels, int size, real eps, bool centred) {
    __shared__ Moments by_warp[WARP];
    long long row = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;  // a whole warp, of a block that has no barrier
    int length = channels * size;
    x += row * length;
    y += row * length;
    Moments part = {0, 0, 0};
    int step = blockDim.x;
    for (int i = threadIdx.x; i < length; i += step * BATCH) {
        real value[BATCH];
#pragma unroll
        for (int k = 0; k < BATCH; k++) value[k] = x[min(i + k * step, length - 1)];
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            if (k == 0 || i + k * step < length) merge(part, {1, value[k], 0});
        }
    }
    part = over_row(part, by_warp);
    real variance = part.square / part.count;
    if (!centred) {
        variance += part.mean * part.mean;
        part.mean = 0;
    }
    if (threadIdx.x == 0) {
        mean[row] = part.mean;
        var[row] = variance;
    }
    real inverse_std = 1 / sqrt(variance + eps);
    Channel channel(row % groups * channels, size);
    for (int i = threadIdx.x; i < length; i += step * BATCH) {
        real value[BATCH];
#pragma unroll
        for (int k = 0; k < BATCH; k++) value[k] = x[min(i + k * step, length - 1)];
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            if (k == 0 || i + k * step < length) {
                real normal = (value[k] - part.mean) * inverse_std;
                if (weight) normal *= weight[channel.number];
                y[i + k * step] = bias ? normal + bias[channel.number] : normal;
                channel.step();
            }
        }
    }
}

// The gradient to x. With xhat = (x - mean) / std and g = grad * weight:
// grad_x = (g - mean of g - xhat * mean of (g * xhat)) / std; not centred, the mean of g is left out.
// Notes 1 / std of each row for the gradient to the weight. Threads, shared memory and access as in group_norm; reads
// two numbers once or twice and writes one: at least 12 bytes and about 12 flops each in float32.
extern "C" __global__ void group_norm_grad(const real* __restrict__ grad, const real* __restrict__ x,
                                           const real* __restrict__ weight, const real* mean, const real* var,
                                           real* __restrict__ grad_x, real* inverse_stds, long long rows, int groups,
                                           int channels, int size, real eps, bool centred) {
    __shared__ Sums by_warp[WARP];
    long long row = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;  // a whole warp, of a block that has no barrier
    int length = channels * size;
    grad += row * length;
    x += row * length;
    grad_x += row * length;
    real centre = mean[row], inverse_std = 1 / sqrt(var[row] + eps);
    Sums part = {0, 0};
    Channel channel(row % groups * channels, size);
    int step = blockDim.x;
    for (int i = threadIdx.x; i < length; i += step * BATCH) {
        real g[BATCH], value[BATCH];
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            g[k] = grad[min(i + k * step, length - 1)];
            value[k] = x[min(i + k * step, length - 1)];
        }
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            if (k == 0 || i + k * step < length) {
                if (weight) g[k] *= weight[channel.number];
                merge(part, {g[k], g[k] * (value[k] - centre) * inverse_std});
                channel.step();
            }
        }
    }
    part = over_row(part, by_warp);
    if (threadIdx.x == 0) inverse_stds[row] = inverse_std;
    real of_grad = centred ? part.grad / length : 0, of_x = part.product / length;
    channel = Channel(row % groups * channels, size);
    for (int i = threadIdx.x; i < length; i += step * BATCH) {
        real g[BATCH], value[BATCH];
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            g[k] = grad[min(i + k * step, length - 1)];
            value[k] = x[min(i + k * step, length - 1)];
        }
#pragma unroll
        for (int k = 0; k < BATCH; k++) {
            if (k == 0 || i + k * step < length) {
                if (weight) g[k] *= weight[channel.number];
                grad_x[i + k * step] = (g[k] - of_grad - (value[k] - centre) * inverse_std * of_x) * inverse_std;
                channel.step();
            }
        }
    }
}
