// The last step of a long sum: blocks have each summed a slice and written it to a copy of the result of its own, and
// this kernel adds the copies up, always in the same order. Adding with atomic additions would need no copies, but
// their order changes from run to run, and so would the last bits.
#ifndef real
#define real float  // the launcher compiles once with float, once with double
#endif

// total[i] = the sum of slices[s, i] over all s, always in the same order.
//
// A thread sums one number and goes on by as many as the grid has threads. Neighbouring threads have neighbouring
// numbers: coalesced; no shared memory. At least 4 bytes and an addition for each of the count * size numbers read, and
// 4 for each sum.
extern "C" __global__ void sum_slices(const real* __restrict__ slices, real* __restrict__ total, int count,
                                      long long size) {
    const long long step = (long long)gridDim.x * blockDim.x;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < size; i += step) {
        real sum = 0;
        for (int slice = 0; slice < count; ++slice) {
            sum += slices[slice * size + i];
        }
        total[i] = sum;
    }
}
