// Dropout without a stored mask: a number is kept or not by a random word that anyone can compute anew from the key of
// the call and the number's place, so that the backward gets the same mask as the forward.
//
// The words come from Philox 4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): ten rounds of
// multiplying and mixing turn a counter and a key into 256 random bits. Of its variants this is the one that NumPy has,
// too, so that the CPU draws the same masks.
#ifndef real
#define real float
#endif

typedef unsigned long long word64;

constexpr int WORDS = 8;  // of 32 bits, from one counter

// The words of a counter and a key, lower half first.
__device__ void philox(word64 counter, word64 key0, word64 key1, unsigned int (&words)[WORDS]) {
    const word64 multiplier0 = 0xD2E7470EE14C6C93ull, multiplier1 = 0xCA5A826395121157ull;
    word64 c[4] = {counter, 0, 0, 0};
    for (int round = 0; round < 10; ++round) {
        const word64 high0 = __umul64hi(multiplier0, c[0]), low0 = multiplier0 * c[0];
        const word64 high1 = __umul64hi(multiplier1, c[2]), low1 = multiplier1 * c[2];
        c[0] = high1 ^ c[1] ^ key0;
        c[1] = low1;
        c[2] = high0 ^ c[3] ^ key1;
        c[3] = low0;
        key0 += 0x9E3779B97F4A7C15ull;
        key1 += 0xBB67AE8584CAA73Bull;
    }
#pragma unroll
    for (int i = 0; i < WORDS; ++i) words[i] = (unsigned int)(c[i / 2] >> i % 2 * 32);
}

// y = x * scale where the word of the place is at least `threshold`, x * 0 elsewhere. Thread t, counted through all
// blocks, takes counter t + 1 and with its eight words the places t, t + counters, t + 2 counters, ...: neighbouring
// threads have neighbouring places in all eight reads and writes, which are coalesced. Nothing is in shared memory, for
// no thread reads what another wrote. Each number is read and written once, 8 bytes, for an eighth of about 200 integer
// operations.
extern "C" __global__ void __launch_bounds__(256)
dropout(const real* __restrict__ x, real* y, long long n, long long counters, unsigned long long key0,
        unsigned long long key1, unsigned int threshold, real scale) {
    const long long step = (long long)gridDim.x * blockDim.x;
    for (long long t = (long long)blockIdx.x * blockDim.x + threadIdx.x; t < counters; t += step) {
        unsigned int words[WORDS];
        philox(t + 1, key0, key1, words);
#pragma unroll
        for (int i = 0; i < WORDS; ++i) {
            const long long place = t + i * counters;
            if (place < n) y[place] = x[place] * (words[i] >= threshold ? scale : (real)0);
        }
    }
}
