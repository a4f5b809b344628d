// Optimizer steps over many parameters in one launch. The arrays of all parameters come as tables of pointers, and a
// table of chunks says which array and which of its numbers each block treats: block b those of array chunk_array[b]
// from chunk_start[b] on, at most `chunk` of them. Its threads take neighbouring numbers, so all accesses are
// coalesced. No number is read twice, and nothing is shared between threads; launching one kernel for a hundred small
// arrays is what saves time.
#ifndef real
#define real float
#endif

// The gradient as the rule sees it.
__device__ real change_of(real grad, real parameter, real weight_decay, bool maximize) {
    const real change = maximize ? -grad : grad;
    return weight_decay != 0 ? change + weight_decay * parameter : change;
}

// velocity = momentum velocity + (1 - dampening) change, and parameter -= lr velocity; with nesterov lr (change +
// momentum velocity), without velocities (null) lr change. Reads three numbers and writes two, 20 bytes a parameter,
// for at most 7 flops.
extern "C" __global__ void sgd(real* const* parameters, const real* const* grads, real* const* velocities,
                               const long long* __restrict__ sizes, const int* __restrict__ chunk_array,
                               const long long* __restrict__ chunk_start, int chunk, real lr, real momentum,
                               real undampened, real weight_decay, bool nesterov, bool maximize) {
    const int array = chunk_array[blockIdx.x];
    const long long start = chunk_start[blockIdx.x], end = min(sizes[array], start + chunk);
    real* parameter = parameters[array];
    const real* grad = grads[array];
    real* velocity = velocities ? velocities[array] : 0;
#pragma unroll 4
    for (long long i = start + threadIdx.x; i < end; i += blockDim.x) {
        const real old = parameter[i];
        real change = change_of(grad[i], old, weight_decay, maximize);
        if (velocity) {
            const real speed = momentum * velocity[i] + undampened * change;
            velocity[i] = speed;
            change = nesterov ? change + momentum * speed : speed;
        }
        parameter[i] = old - lr * change;
    }
}

// The averages of the gradient and of its square move, and parameter -= step_size average / (sqrt(square) / root +
// eps), where step_size = lr / (1 - beta1^t) and root = sqrt(1 - beta2^t) make up for averages that began at 0. With
// largest squares (amsgrad, else null) these stand in the denominator. `shrink` is what decoupled weight decay leaves
// of a parameter. Reads four numbers and writes three, 28 bytes a parameter, for about 15 flops.
extern "C" __global__ void adam(real* const* parameters, const real* const* grads, real* const* averages,
                                real* const* squares, real* const* largest_squares, const long long* __restrict__ sizes,
                                const int* __restrict__ chunk_array, const long long* __restrict__ chunk_start,
                                int chunk, real step_size, real root, real beta1, real rest1, real beta2, real rest2,
                                real eps, real weight_decay, real shrink, bool maximize) {
    const int array = chunk_array[blockIdx.x];
    const long long start = chunk_start[blockIdx.x], end = min(sizes[array], start + chunk);
    real *parameter = parameters[array], *average = averages[array], *square = squares[array];
    const real* grad = grads[array];
    real* largest = largest_squares ? largest_squares[array] : 0;
#pragma unroll 2
    for (long long i = start + threadIdx.x; i < end; i += blockDim.x) {
        const real old = parameter[i], change = change_of(grad[i], old, weight_decay, maximize);
        const real first = beta1 * average[i] + rest1 * change;
        real second = beta2 * square[i] + rest2 * (change * change);
        average[i] = first;
        square[i] = second;
        if (largest) {
            const real before = largest[i];
            second = before >= second ? before : second;  // NaN in either one stays
            second = before != before ? before : second;
            largest[i] = second;
        }
        parameter[i] = shrink * old - step_size * (first / (sqrt(second) / root + eps));
    }
}
