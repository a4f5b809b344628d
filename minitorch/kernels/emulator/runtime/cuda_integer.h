// Integer functions, minimum and maximum, and conversions between numbers and their bits.
#pragma once

// The same overloads as CUDA has, so that what is ambiguous there is ambiguous here.
#define MINITORCH_MINMAX(R, A, B)                                                                                   \
    static inline R min(A x, B y) { return (R)x < (R)y ? (R)x : (R)y; }                                             \
    static inline R max(A x, B y) { return (R)x > (R)y ? (R)x : (R)y; }
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
static inline float min(float x, float y) { return fminf(x, y); }
static inline float max(float x, float y) { return fmaxf(x, y); }
static inline double min(double x, double y) { return fmin(x, y); }
static inline double max(double x, double y) { return fmax(x, y); }
static inline double min(float x, double y) { return fmin((double)x, y); }
static inline double max(float x, double y) { return fmax((double)x, y); }
static inline double min(double x, float y) { return fmin(x, (double)y); }
static inline double max(double x, float y) { return fmax(x, (double)y); }

static inline int __popc(unsigned int x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned int)x); }
static inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }

static inline unsigned int __brev(unsigned int x) {
    unsigned int result = 0;
    for (int bit = 0; bit < 32; ++bit) result |= ((x >> bit) & 1u) << (31 - bit);
    return result;
}
static inline unsigned long long __brevll(unsigned long long x) {
    return (unsigned long long)__brev((unsigned int)x) << 32 | __brev((unsigned int)(x >> 32));
}

static inline int __mulhi(int x, int y) { return (int)(((long long)x * y) >> 32); }
static inline unsigned int __umulhi(unsigned int x, unsigned int y) {
    return (unsigned int)(((unsigned long long)x * y) >> 32);
}
static inline long long __mul64hi(long long x, long long y) { return (long long)(((__int128)x * y) >> 64); }
static inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
    return (unsigned long long)(((unsigned __int128)x * y) >> 64);
}
static inline int __mul24(int x, int y) { return (int)(((unsigned)x << 8 >> 8) * ((unsigned)y << 8 >> 8)); }
static inline unsigned int __umul24(unsigned int x, unsigned int y) { return (x & 0xffffffu) * (y & 0xffffffu); }
static inline unsigned int __sad(int x, int y, unsigned int z) {
    return (x < y ? (unsigned)y - (unsigned)x : (unsigned)x - (unsigned)y) + z;
}
static inline unsigned int __funnelshift_l(unsigned int low, unsigned int high, unsigned int shift) {
    return (unsigned int)((((unsigned long long)high << 32 | low) << (shift & 31)) >> 32);
}
static inline unsigned int __funnelshift_r(unsigned int low, unsigned int high, unsigned int shift) {
    return (unsigned int)(((unsigned long long)high << 32 | low) >> (shift & 31));
}
static inline unsigned int __byte_perm(unsigned int x, unsigned int y, unsigned int selector) {
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
static inline To minitorch_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "the same number of bits");
    To to;
    __builtin_memcpy(&to, &from, sizeof to);
    return to;
}
static inline int __float_as_int(float x) { return minitorch_bits<int>(x); }
static inline unsigned int __float_as_uint(float x) { return minitorch_bits<unsigned int>(x); }
static inline float __int_as_float(int x) { return minitorch_bits<float>(x); }
static inline float __uint_as_float(unsigned int x) { return minitorch_bits<float>(x); }
static inline long long __double_as_longlong(double x) { return minitorch_bits<long long>(x); }
static inline double __longlong_as_double(long long x) { return minitorch_bits<double>(x); }
static inline int __double2hiint(double x) { return (int)(__double_as_longlong(x) >> 32); }
static inline int __double2loint(double x) { return (int)__double_as_longlong(x); }
static inline double __hiloint2double(int high, int low) {
    return __longlong_as_double((long long)((unsigned long long)(unsigned int)high << 32 | (unsigned int)low));
}

// Rounded conversions; the GPU saturates where C++ leaves the result open. NaN becomes 0.
template <class To, class From>
static inline To minitorch_saturate(From x) {
    const bool is_signed = To(-1) < To(0);
    const To most = is_signed ? To(~(1ull << (8 * sizeof(To) - 1))) : To(~0ull);
    const To least = To(~most);
    if (!(x == x)) return To(0);
    if (x >= (From)most) return most;
    if (x <= (From)least) return least;
    return (To)x;
}
#define MINITORCH_ROUNDED(name, From, To)                                                                           \
    static inline To name##_rn(From x) { return minitorch_saturate<To>(rint(x)); }                                  \
    static inline To name##_rz(From x) { return minitorch_saturate<To>(trunc(x)); }                                 \
    static inline To name##_ru(From x) { return minitorch_saturate<To>(ceil(x)); }                                  \
    static inline To name##_rd(From x) { return minitorch_saturate<To>(floor(x)); }
MINITORCH_ROUNDED(__float2int, float, int)
MINITORCH_ROUNDED(__float2uint, float, unsigned int)
MINITORCH_ROUNDED(__float2ll, float, long long)
MINITORCH_ROUNDED(__float2ull, float, unsigned long long)
MINITORCH_ROUNDED(__double2int, double, int)
MINITORCH_ROUNDED(__double2uint, double, unsigned int)
MINITORCH_ROUNDED(__double2ll, double, long long)
MINITORCH_ROUNDED(__double2ull, double, unsigned long long)
#undef MINITORCH_ROUNDED
static inline float __int2float_rn(int x) { return (float)x; }
static inline float __uint2float_rn(unsigned int x) { return (float)x; }
static inline float __ll2float_rn(long long x) { return (float)x; }
static inline float __ull2float_rn(unsigned long long x) { return (float)x; }
static inline double __int2double_rn(int x) { return x; }
static inline double __uint2double_rn(unsigned int x) { return x; }
static inline double __ll2double_rn(long long x) { return (double)x; }
static inline double __ull2double_rn(unsigned long long x) { return (double)x; }
static inline float __double2float_rn(double x) { return (float)x; }
