// Integer functions, minimum and maximum, and conversions between numbers and their bits.
#pragma once

// The same overloads as CUDA has, so that what is ambiguous there is ambiguous here.
#define MINITORCH_MINMAX(R, A, B)                                                                                   \
    MINITORCH_INLINE R min(A x, B y) { return (R)x < (R)y ? (R)x : (R)y; }                                             \
    MINITORCH_INLINE R max(A x, B y) { return (R)x > (R)y ? (R)x : (R)y; }
MINITORCH_MINMAX(int, int, int)
MINITORCH_MINMAX(unsigned int, unsigned int, unsigned int)
MINITORCH_MINMAX(unsigned int, int, unsigned int)
MINITORCH_MINMAX(unsigned int, unsigned int, int)
MINITORCH_MINMAX(long, long, long)
MINITORCH_MINMAX(unsigned long, unsigned long, unsigned long)
MINITORCH_MINMAX(unsigned long, long, unsigned long)
MINITORCH_MINMAX(unsigned long, unsigned long, long)
MINITORCH_MINMAX(long long, long long, long long)
MINITORCH_MINMAX(unsigned long long, unsigned long long, unsigned long long)
MINITORCH_MINMAX(unsigned long long, long long, unsigned long long)
MINITORCH_MINMAX(unsigned long long, unsigned long long, long long)
#undef MINITORCH_MINMAX

// fmin and fmax return the other operand where one is NaN.
MINITORCH_INLINE float min(float x, float y) { return fminf(x, y); }
MINITORCH_INLINE float max(float x, float y) { return fmaxf(x, y); }
MINITORCH_INLINE double min(double x, double y) { return fmin(x, y); }
MINITORCH_INLINE double max(double x, double y) { return fmax(x, y); }
MINITORCH_INLINE double min(float x, double y) { return fmin((double)x, y); }
MINITORCH_INLINE double max(float x, double y) { return fmax((double)x, y); }
MINITORCH_INLINE double min(double x, float y) { return fmin(x, (double)y); }
MINITORCH_INLINE double max(double x, float y) { return fmax(x, (double)y); }

MINITORCH_INLINE int __popc(unsigned int x) { return __builtin_popcount(x); }
MINITORCH_INLINE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
MINITORCH_INLINE int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned int)x); }
MINITORCH_INLINE int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
MINITORCH_INLINE int __ffs(int x) { return __builtin_ffs(x); }
MINITORCH_INLINE int __ffsll(long long x) { return __builtin_ffsll(x); }

MINITORCH_INLINE unsigned int __brev(unsigned int x) {
    unsigned int result = 0;
    for (int bit = 0; bit < 32; ++bit) result |= ((x >> bit) & 1u) << (31 - bit);
    return result;
}
MINITORCH_INLINE unsigned long long __brevll(unsigned long long x) {
    return (unsigned long long)__brev((unsigned int)x) << 32 | __brev((unsigned int)(x >> 32));
}

MINITORCH_INLINE int __mulhi(int x, int y) { return (int)(((long long)x * y) >> 32); }
MINITORCH_INLINE unsigned int __umulhi(unsigned int x, unsigned int y) {
    return (unsigned int)(((unsigned long long)x * y) >> 32);
}
MINITORCH_INLINE long long __mul64hi(long long x, long long y) { return (long long)(((__int128)x * y) >> 64); }
MINITORCH_INLINE unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
    return (unsigned long long)(((unsigned __int128)x * y) >> 64);
}
MINITORCH_INLINE int __mul24(int x, int y) { return (int)(((unsigned)x << 8 >> 8) * ((unsigned)y << 8 >> 8)); }
MINITORCH_INLINE unsigned int __umul24(unsigned int x, unsigned int y) { return (x & 0xffffffu) * (y & 0xffffffu); }
MINITORCH_INLINE unsigned int __sad(int x, int y, unsigned int z) {
    return (x < y ? (unsigned)y - (unsigned)x : (unsigned)x - (unsigned)y) + z;
}
MINITORCH_INLINE unsigned int __funnelshift_l(unsigned int low, unsigned int high, unsigned int shift) {
    return (unsigned int)((((unsigned long long)high << 32 | low) << (shift & 31)) >> 32);
}
MINITORCH_INLINE unsigned int __funnelshift_r(unsigned int low, unsigned int high, unsigned int shift) {
    return (unsigned int)(((unsigned long long)high << 32 | low) >> (shift & 31));
}
MINITORCH_INLINE unsigned int __byte_perm(unsigned int x, unsigned int y, unsigned int selector) {
    unsigned long long bytes = (unsigned long long)y << 32 | x;
    unsigned int result = 0;
    for (int i = 0; i < 4; ++i) {
        unsigned int choice = selector >> (4 * i) & 15u;
        unsigned int byte = (unsigned int)(bytes >> (8 * (choice & 7u))) & 255u;
        result |= (choice & 8u ? (byte & 128u ? 255u : 0u) : byte) << (8 * i);
    }
    return result;
}

template <class To, class From>
MINITORCH_INLINE To minitorch_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "the same number of bits");
    To to;
    __builtin_memcpy(&to, &from, sizeof to);
    return to;
}
MINITORCH_INLINE int __float_as_int(float x) { return minitorch_bits<int>(x); }
MINITORCH_INLINE unsigned int __float_as_uint(float x) { return minitorch_bits<unsigned int>(x); }
MINITORCH_INLINE float __int_as_float(int x) { return minitorch_bits<float>(x); }
MINITORCH_INLINE float __uint_as_float(unsigned int x) { return minitorch_bits<float>(x); }
MINITORCH_INLINE long long __double_as_longlong(double x) { return minitorch_bits<long long>(x); }
MINITORCH_INLINE double __longlong_as_double(long long x) { return minitorch_bits<double>(x); }
MINITORCH_INLINE int __double2hiint(double x) { return (int)(__double_as_longlong(x) >> 32); }
MINITORCH_INLINE int __double2loint(double x) { return (int)__double_as_longlong(x); }
MINITORCH_INLINE double __hiloint2double(int high, int low) {
    return __longlong_as_double((long long)((unsigned long long)(unsigned int)high << 32 | (unsigned int)low));
}

// Rounded conversions; the GPU saturates where C++ leaves the result open. NaN becomes 0.
template <class To, class From>
MINITORCH_INLINE To minitorch_saturate(From x) {
    const bool is_signed = To(-1) < To(0);
    const To most = is_signed ? To(~(1ull << (8 * sizeof(To) - 1))) : To(~0ull);
    const To least = To(~most);
    if (!(x == x)) return To(0);
    if (x >= (From)most) return most;
    if (x <= (From)least) return least;
    return (To)x;
}
#define MINITORCH_ROUNDED(name, From, To)                                                                           \
    MINITORCH_INLINE To name##_rn(From x) { return minitorch_saturate<To>(rint(x)); }                                  \
    MINITORCH_INLINE To name##_rz(From x) { return minitorch_saturate<To>(trunc(x)); }                                 \
    MINITORCH_INLINE To name##_ru(From x) { return minitorch_saturate<To>(ceil(x)); }                                  \
    MINITORCH_INLINE To name##_rd(From x) { return minitorch_saturate<To>(floor(x)); }
MINITORCH_ROUNDED(__float2int, float, int)
MINITORCH_ROUNDED(__float2uint, float, unsigned int)
MINITORCH_ROUNDED(__float2ll, float, long long)
MINITORCH_ROUNDED(__float2ull, float, unsigned long long)
MINITORCH_ROUNDED(__double2int, double, int)
MINITORCH_ROUNDED(__double2uint, double, unsigned int)
MINITORCH_ROUNDED(__double2ll, double, long long)
MINITORCH_ROUNDED(__double2ull, double, unsigned long long)
#undef MINITORCH_ROUNDED
MINITORCH_INLINE float __int2float_rn(int x) { return (float)x; }
MINITORCH_INLINE float __uint2float_rn(unsigned int x) { return (float)x; }
MINITORCH_INLINE float __ll2float_rn(long long x) { return (float)x; }
MINITORCH_INLINE float __ull2float_rn(unsigned long long x) { return (float)x; }
MINITORCH_INLINE double __int2double_rn(int x) { return x; }
MINITORCH_INLINE double __uint2double_rn(unsigned int x) { return x; }
MINITORCH_INLINE double __ll2double_rn(long long x) { return (double)x; }
MINITORCH_INLINE double __ull2double_rn(unsigned long long x) { return (double)x; }
MINITORCH_INLINE float __double2float_rn(double x) { return (float)x; }
