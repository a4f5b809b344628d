// What threads of a block do together: barriers, and exchange within a warp. Each function learns the line of the .cu
// file that calls it, which says whether two threads have met at the same one.
#pragma once

#define MINITORCH_LINE int line = __builtin_LINE()

#include "operations.h"

MINITORCH_INLINE void __syncthreads(MINITORCH_LINE) { minitorch_barrier(MINITORCH_SYNC, 0, line); }
MINITORCH_INLINE int __syncthreads_count(int predicate, MINITORCH_LINE) {
    return minitorch_barrier(MINITORCH_COUNT, predicate != 0, line);
}
MINITORCH_INLINE int __syncthreads_and(int predicate, MINITORCH_LINE) {
    return minitorch_barrier(MINITORCH_AND, predicate != 0, line);
}
MINITORCH_INLINE int __syncthreads_or(int predicate, MINITORCH_LINE) {
    return minitorch_barrier(MINITORCH_OR, predicate != 0, line);
}

MINITORCH_INLINE void __syncwarp(unsigned mask = 0xffffffffu, MINITORCH_LINE) {
    minitorch_warp(MINITORCH_SYNCWARP, mask, 0, 0, line);
}
MINITORCH_INLINE unsigned __ballot_sync(unsigned mask, int predicate, MINITORCH_LINE) {
    return (unsigned)minitorch_warp(MINITORCH_BALLOT, mask, predicate != 0, 0, line);
}
MINITORCH_INLINE int __any_sync(unsigned mask, int predicate, MINITORCH_LINE) {
    return (int)minitorch_warp(MINITORCH_ANY, mask, predicate != 0, 0, line);
}
MINITORCH_INLINE int __all_sync(unsigned mask, int predicate, MINITORCH_LINE) {
    return (int)minitorch_warp(MINITORCH_ALL, mask, predicate != 0, 0, line);
}
MINITORCH_INLINE unsigned __activemask(MINITORCH_LINE) { return minitorch_activemask(line); }

template <class T>
MINITORCH_INLINE unsigned long long minitorch_pack(T value) {
    static_assert(sizeof(T) <= 8, "a shuffle moves 4 or 8 bytes");
    unsigned long long bits = 0;
    __builtin_memcpy(&bits, &value, sizeof value);
    return bits;
}

template <class T>
MINITORCH_INLINE T minitorch_shuffle(unsigned mask, T value, int source, int line) {
    unsigned long long bits = minitorch_warp(MINITORCH_SHUFFLE, mask, minitorch_pack(value), source, line);
    T result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
}

// Within groups of `width` lanes; a lane whose source would lie outside of its group keeps its own value.
template <class T>
MINITORCH_INLINE T __shfl_sync(unsigned mask, T value, int source, int width = 32, MINITORCH_LINE) {
    int lane = minitorch_lane();
    return minitorch_shuffle(mask, value, (lane & ~(width - 1)) | (source & (width - 1)), line);
}
template <class T>
MINITORCH_INLINE T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, MINITORCH_LINE) {
    int lane = minitorch_lane();
    bool inside = delta <= (unsigned)(lane & (width - 1));
    return minitorch_shuffle(mask, value, inside ? lane - (int)delta : lane, line);
}
template <class T>
MINITORCH_INLINE T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, MINITORCH_LINE) {
    int lane = minitorch_lane();
    bool inside = (lane & (width - 1)) + (unsigned long long)delta < (unsigned)width;
    return minitorch_shuffle(mask, value, inside ? lane + (int)delta : lane, line);
}
template <class T>
MINITORCH_INLINE T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, MINITORCH_LINE) {
    int lane = minitorch_lane(), source = lane ^ lane_mask;
    bool inside = source >= 0 && source <= (lane | (width - 1));  // an earlier group may be read, a later one not
    return minitorch_shuffle(mask, value, inside ? source : lane, line);
}
template <class T>
MINITORCH_INLINE unsigned __match_any_sync(unsigned mask, T value, MINITORCH_LINE) {
    return (unsigned)minitorch_warp(MINITORCH_MATCH, mask, minitorch_pack(value), 0, line);
}

// Blocks run one after another and threads take turns only where they wait, so memory is always in order. Check mode
// does not take a fence for a barrier, but knows what a fence and an atomic operation behind it put in order.
#ifdef MINITORCH_CHECK
#define MINITORCH_FENCE(whole_device) minitorch_fence(whole_device)
#else
#define MINITORCH_FENCE(whole_device) (void)0
#endif
MINITORCH_INLINE void __threadfence() { MINITORCH_FENCE(1); }
MINITORCH_INLINE void __threadfence_block() { MINITORCH_FENCE(0); }
MINITORCH_INLINE void __threadfence_system() { MINITORCH_FENCE(1); }
MINITORCH_INLINE void __nanosleep(unsigned) { minitorch_spin(); }
MINITORCH_INLINE long long clock64() { return minitorch_clock(); }
MINITORCH_INLINE int clock() { return (int)(minitorch_clock() & 0x7fffffff); }

#define assert(condition) ((condition) ? (void)0 : minitorch_fail(#condition, __LINE__))
MINITORCH_INLINE void __trap(MINITORCH_LINE) { minitorch_fail("__trap()", line); }
extern "C" int printf(const char*, ...);
