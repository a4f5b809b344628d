// Qualifiers, vector types and the built-in variables.
#pragma once

#define __global__
#define __device__
#define __host__
#ifdef MINITORCH_CHECK
#define __forceinline__ inline  // a function of its own, so that a report can tell the line within it
#else
#define __forceinline__ inline __attribute__((always_inline))
#endif
#define MINITORCH_INLINE static inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define alignas(n) __attribute__((aligned(n)))  // which may also stand behind __shared__
#define __restrict__ __restrict

// A shared variable is a static one: blocks run one after another. `used` keeps the compiler from reasoning about its
// contents, which the emulator fills with a poison before each block. It must stay without an initial value, as in
// CUDA, so that it lands in .bss, which holds nothing else.
#define __shared__ static __attribute__((used))

// In check mode no shared variable begins where another one ends.
#ifdef MINITORCH_CHECK
#define MINITORCH_GAP(n) static __attribute__((used)) char minitorch_gap_##n[64];
#else
#define MINITORCH_GAP(n)
#endif

// Variables at file scope that outlive a block are kept out of .bss.
#define __constant__ __attribute__((used, section("minitorch_constant")))
#define __managed__
#define MINITORCH_GLOBAL __attribute__((used, section("minitorch_global")))  // `__device__` before a variable

typedef decltype(sizeof(0)) size_t;
typedef decltype((char*)0 - (char*)0) ptrdiff_t;
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
typedef unsigned long uintptr_t;
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;

#ifdef MINITORCH_CHECK  // the runtime's, which look at the memory first
#define memcpy __tsan_memcpy
#define memmove __tsan_memmove
#define memset __tsan_memset
#endif
extern "C" void* memcpy(void*, const void*, size_t);
extern "C" void* memmove(void*, const void*, size_t);
extern "C" void* memset(void*, int, size_t);

#define MINITORCH_VECTORS(T, name, align2, align4)                                                                  \
    struct name##1 { T x; };                                                                                        \
    struct alignas(align2) name##2 { T x, y; };                                                                     \
    struct name##3 { T x, y, z; };                                                                                  \
    struct alignas(align4) name##4 { T x, y, z, w; };                                                               \
    MINITORCH_INLINE name##1 make_##name##1(T x) { return {x}; }                                                       \
    MINITORCH_INLINE name##2 make_##name##2(T x, T y) { return {x, y}; }                                               \
    MINITORCH_INLINE name##3 make_##name##3(T x, T y, T z) { return {x, y, z}; }                                       \
    MINITORCH_INLINE name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }

MINITORCH_VECTORS(signed char, char, 2, 4)
MINITORCH_VECTORS(unsigned char, uchar, 2, 4)
MINITORCH_VECTORS(short, short, 4, 8)
MINITORCH_VECTORS(unsigned short, ushort, 4, 8)
MINITORCH_VECTORS(int, int, 8, 16)
MINITORCH_VECTORS(unsigned int, uint, 8, 16)
MINITORCH_VECTORS(long long, longlong, 16, 16)
MINITORCH_VECTORS(unsigned long long, ulonglong, 16, 16)
MINITORCH_VECTORS(float, float, 8, 16)
MINITORCH_VECTORS(double, double, 16, 16)
#undef MINITORCH_VECTORS

struct dim3 {
    unsigned int x, y, z;
    constexpr dim3(unsigned int x = 1, unsigned int y = 1, unsigned int z = 1) : x(x), y(y), z(z) {}
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

// Declared const because a thread never sees them change: the compiler may keep them in registers, which each thread
// has for itself, and check mode has nothing to look at. (Their type must have no constructor for that.)
extern "C" const uint3 threadIdx, blockIdx, blockDim, gridDim;
constexpr int warpSize = 32;

// The dynamic shared memory. `extern __shared__ T name[];` is rewritten before compilation: within a function to
// `T* name = (T*)minitorch_shared;`, at file scope to an object of the type below.
extern "C" char* const minitorch_shared;

template <class T>
struct MinitorchDynamicShared {
    operator T*() const { return (T*)minitorch_shared; }
};

// Loads and stores with a hint for the cache.
#define __ldg(pointer) (*(pointer))
#define __ldca(pointer) (*(pointer))
#define __ldcg(pointer) (*(pointer))
#define __ldcs(pointer) (*(pointer))
#define __stcg(pointer, value) ((void)(*(pointer) = (value)))
#define __stcs(pointer, value) ((void)(*(pointer) = (value)))
#define __stwt(pointer, value) ((void)(*(pointer) = (value)))
