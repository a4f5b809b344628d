// Squeeze-and-excitation scaling: each plane of (N, C, ...), here (planes, size), times its gate; forward and backward.
// (The squeeze, the mean of each plane, is adaptive_avg_pool2d with one window.)
//
// A block is (team, planes): a team of threads, a warp unless planes are smaller, walks along its plane. Neighbouring
// threads read neighbouring numbers (coalesced); small planes lie next to each other.

#ifndef real
#define real float  // the launcher compiles this text once with float and once with double
#endif

#define ALL_LANES 0xffffffffu
#define BATCH 4  // numbers that a thread asks for before it uses the first: memory is slow to answer, so ask early.
                 // Beyond the end it asks for the last one again: a question without an `if` lets the next one start.

// y = x * gate. Where planes are large and few, gridDim.y blocks share them. No shared memory. Reads and writes each
// number once: 8 bytes and a multiplication each in float32.
extern "C" __global__ void channel_scale(const real* __restrict__ x, const real* __restrict__ gate,
                                         real* __restrict__ y, long long planes, int size) {
    for (long long plane = (long long)blockIdx.x * blockDim.y + threadIdx.y; plane < planes;
         plane += (long long)gridDim.x * blockDim.y) {
        real factor = gate[plane];
        int step = gridDim.y * blockDim.x;
        for (int i = blockIdx.y * blockDim.x + threadIdx.x; i < size; i += step * BATCH) {
            real value[BATCH];
#pragma unroll
            for (int k = 0; k < BATCH; k++) value[k] = x[plane * size + min(i + k * step, size - 1)];
#pragma unroll
            for (int k = 0; k < BATCH; k++) {
                if (k == 0 || i + k * step < size) y[plane * size + i + k * step] = value[k] * factor;
            }
        }
    }
}

// grad_x = grad * gate, and the gradient to the gate: the sum of grad * x over the plane, joined by the team through
// each other's registers, without shared memory. Reads two numbers and writes one: 12 bytes and 3 flops in float32.
extern "C" __global__ void channel_scale_grad(const real* __restrict__ grad, const real* __restrict__ x,
                                              const real* __restrict__ gate, real* __restrict__ grad_x,
                                              real* __restrict__ grad_gate, long long planes, int size) {
    long long plane = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    real total = 0;
    if (plane < planes) {
        real factor = gate[plane];
        int step = blockDim.x;
        for (int i = threadIdx.x; i < size; i += step * BATCH) {
            real g[BATCH], value[BATCH];
#pragma unroll
            for (int k = 0; k < BATCH; k++) {
                g[k] = grad[plane * size + min(i + k * step, size - 1)];
                value[k] = x[plane * size + min(i + k * step, size - 1)];
            }
#pragma unroll
            for (int k = 0; k < BATCH; k++) {
                if (k == 0 || i + k * step < size) {
                    grad_x[plane * size + i + k * step] = g[k] * factor;
                    total += g[k] * value[k];
                }
            }
        }
    }
    // All 32 threads of a warp take part, also those beyond the last plane.
    for (int offset = blockDim.x / 2; offset > 0; offset /= 2) total += __shfl_down_sync(ALL_LANES, total, offset);
    if (threadIdx.x == 0 && plane < planes) grad_gate[plane] = total;
}
