// Adding numbers at places of an array, where several may meet in one place: the gradient of reading by positions.
// atomicAdd reads, adds and writes without another thread coming between; in which order the threads come is open, so
// the last digits of a sum may differ from run to run. Nothing is in shared memory.
#ifndef real
#define real float
#endif

// y[position[i]] += value[i]. Each thread of a block adds one number, or several at the distance of the whole grid;
// positions and values are read coalesced, 12 bytes a number, and the additions go wherever they must, at best 8 bytes
// more.
extern "C" __global__ void scatter_add(const long long* __restrict__ position, const real* __restrict__ value, real* y,
                                       long long count) {
    const long long step = (long long)gridDim.x * blockDim.x;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step)
        atomicAdd(y + position[i], value[i]);
}

// y[o][position[j]][i] += value[o][j][i] for arrays of shapes (outer, length, inner) and (outer, count, inner). A team
// of blockDim.x threads, at most a warp, adds one row of inner numbers, lane beside lane (coalesced); a block adds
// blockDim.y rows. It reads each value and adds it: 12 bytes and an addition a number.
extern "C" __global__ void index_add(const long long* __restrict__ position, const real* __restrict__ value, real* y,
                                     long long rows, long long count, long long length, long long inner) {
    const long long row = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    const long long to = (row / count * length + position[row % count]) * inner;
#pragma unroll 4
    for (long long i = threadIdx.x; i < inner; i += blockDim.x) atomicAdd(y + to + i, value[row * inner + i]);
}
