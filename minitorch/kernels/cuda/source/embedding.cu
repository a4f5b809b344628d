// Rows of a table by number, and the gradient to the table. Neither kernel has anything in shared memory.
#ifndef real
#define real float
#endif

// y[i] = weight[index[i]], rows of `size` numbers. A team of blockDim.x threads, at most a warp, copies one row, lane
// beside lane, so that reads and writes are coalesced; a block copies blockDim.y rows. It reads each row and writes it:
// 8 bytes a number, no flops.
extern "C" __global__ void embedding(const real* __restrict__ weight, const long long* __restrict__ index, real* y,
                                     long long count, int size) {
    const long long i = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (i >= count) return;
    const long long from = index[i] * size, to = i * size;
#pragma unroll 4
    for (int c = threadIdx.x; c < size; c += blockDim.x) y[to + c] = weight[from + c];
}

// The gradient of a row is the sum of the gradients of all places that read it. `number` are the row numbers in rising
// order and `order` the places that they come from, so those of one row lie together, and always in the same order: the
// result is the same in every run, and no two threads write to one place. The team at the first of them, blocks are as
// above, adds up all; the other teams have nothing to do. It reads the gradients once, coalesced, and writes the rows
// that were read, 4 bytes a number each time, for one addition a number read; a row that is read by most places is the
// work of one team alone. With by_count the sum is divided by how many there were; the row `padding` (-1 for none)
// stays as it is.
extern "C" __global__ void embedding_grad(const real* __restrict__ grad, const long long* __restrict__ number,
                                          const long long* __restrict__ order, real* weight_grad, long long count,
                                          int size, long long padding, bool by_count) {
    const long long first = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (first >= count) return;
    const long long row = number[first];
    if (row == padding || (first > 0 && number[first - 1] == row)) return;
    long long last = first, beyond = count;  // the last place of this row, by bisection
    while (beyond - last > 1) {
        const long long middle = last + (beyond - last) / 2;
        if (number[middle] == row)
            last = middle;
        else
            beyond = middle;
    }
    for (int c = threadIdx.x; c < size; c += blockDim.x) {
        real sum = 0;
#pragma unroll 4
        for (long long i = first; i < beyond; ++i) sum += grad[order[i] * size + c];
        weight_grad[row * size + c] = by_count ? sum / (beyond - first) : sum;
    }
}
