// Channel shuffle of (N, C, ...) arrays, here (images, groups * each, size), and its inverse.

#ifndef real
#define real float  // the launcher compiles this text once with float and once with double
#endif

#define BATCH 4  // numbers that a thread asks for before it uses the first: memory is slow to answer, so ask early

// Deals the channels of `groups` groups out in turn: channel g * each + k goes to k * groups + g. The inverse is the
// shuffle with the numbers of groups and channels of a group exchanged.
//
// A block has neighbouring places of the output image and some of the images. A thread owns one place, works out once
// where its number comes from, and goes through images, BATCH at a time: in all of them the way is the same.
// Neighbouring threads own neighbouring places of a plane, and planes stay whole: reads and writes are coalesced. No
// shared memory. Beyond the last image a thread reads that again: reads without an `if` can all start at once. Reads
// and writes each number once, 8 bytes in float32, for no flops.
extern "C" __global__ void channel_shuffle(const real* __restrict__ x, real* __restrict__ y, int images, int groups,
                                           int each, int size) {
    int columns = groups * each * size;
    for (unsigned j = blockIdx.x * blockDim.x + threadIdx.x; j < columns; j += gridDim.x * blockDim.x) {
        int channel = j / size;
        int source = (channel % groups * each + channel / groups) * size + j % size;
        for (int n = blockIdx.y * BATCH; n < images; n += gridDim.y * BATCH) {
            real value[BATCH];
#pragma unroll
            for (int k = 0; k < BATCH; k++) value[k] = x[(long long)min(n + k, images - 1) * columns + source];
#pragma unroll
            for (int k = 0; k < BATCH; k++) {
                if (k == 0 || n + k < images) y[(long long)(n + k) * columns + j] = value[k];
            }
        }
    }
}
