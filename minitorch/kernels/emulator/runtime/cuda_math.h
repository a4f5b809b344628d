// Mathematical functions, for float and double.
#pragma once

// Each function of the C library under its own names, and with the double's name also for float.
#define MINITORCH_UNARY(name)                                                                                       \
    extern "C" double name(double) noexcept;                                                                        \
    extern "C" float name##f(float) noexcept;                                                                       \
    MINITORCH_INLINE float name(float x) { return name##f(x); }
#define MINITORCH_BINARY(name)                                                                                      \
    extern "C" double name(double, double) noexcept;                                                                \
    extern "C" float name##f(float, float) noexcept;                                                                \
    MINITORCH_INLINE float name(float x, float y) { return name##f(x, y); }

MINITORCH_UNARY(sqrt) MINITORCH_UNARY(cbrt) MINITORCH_UNARY(exp) MINITORCH_UNARY(exp2) MINITORCH_UNARY(expm1)
MINITORCH_UNARY(log) MINITORCH_UNARY(log2) MINITORCH_UNARY(log10) MINITORCH_UNARY(log1p)
MINITORCH_UNARY(sin) MINITORCH_UNARY(cos) MINITORCH_UNARY(tan)
MINITORCH_UNARY(asin) MINITORCH_UNARY(acos) MINITORCH_UNARY(atan)
MINITORCH_UNARY(sinh) MINITORCH_UNARY(cosh) MINITORCH_UNARY(tanh)
MINITORCH_UNARY(asinh) MINITORCH_UNARY(acosh) MINITORCH_UNARY(atanh)
MINITORCH_UNARY(erf) MINITORCH_UNARY(erfc) MINITORCH_UNARY(lgamma) MINITORCH_UNARY(tgamma)
MINITORCH_UNARY(ceil) MINITORCH_UNARY(floor) MINITORCH_UNARY(trunc) MINITORCH_UNARY(round)
MINITORCH_UNARY(rint) MINITORCH_UNARY(nearbyint) MINITORCH_UNARY(fabs)
MINITORCH_BINARY(pow) MINITORCH_BINARY(fmod) MINITORCH_BINARY(remainder) MINITORCH_BINARY(atan2)
MINITORCH_BINARY(hypot) MINITORCH_BINARY(fmin) MINITORCH_BINARY(fmax) MINITORCH_BINARY(fdim)
MINITORCH_BINARY(copysign) MINITORCH_BINARY(nextafter)
#undef MINITORCH_UNARY
#undef MINITORCH_BINARY

extern "C" double fma(double, double, double) noexcept;
extern "C" float fmaf(float, float, float) noexcept;
extern "C" double ldexp(double, int) noexcept;
extern "C" float ldexpf(float, int) noexcept;
extern "C" double frexp(double, int*) noexcept;
extern "C" float frexpf(float, int*) noexcept;
MINITORCH_INLINE float fma(float x, float y, float z) { return fmaf(x, y, z); }
MINITORCH_INLINE float pow(float x, int n) { return powf(x, (float)n); }
MINITORCH_INLINE double pow(double x, int n) { return pow(x, (double)n); }
MINITORCH_INLINE float ldexp(float x, int n) { return ldexpf(x, n); }

MINITORCH_INLINE int abs(int x) { return x < 0 ? -x : x; }
MINITORCH_INLINE long abs(long x) { return x < 0 ? -x : x; }
MINITORCH_INLINE long long abs(long long x) { return x < 0 ? -x : x; }
MINITORCH_INLINE float abs(float x) { return fabsf(x); }
MINITORCH_INLINE double abs(double x) { return fabs(x); }

#define MINITORCH_CLASSIFY(name)                                                                                    \
    MINITORCH_INLINE bool name(float x) { return __builtin_##name(x); }                                                \
    MINITORCH_INLINE bool name(double x) { return __builtin_##name(x); }
MINITORCH_CLASSIFY(isnan) MINITORCH_CLASSIFY(isinf) MINITORCH_CLASSIFY(isfinite) MINITORCH_CLASSIFY(signbit)
#undef MINITORCH_CLASSIFY

MINITORCH_INLINE float nanf(const char*) { return __builtin_nanf(""); }
MINITORCH_INLINE double nan(const char*) { return __builtin_nan(""); }

// Functions that only CUDA has.
#define MINITORCH_BOTH(name, expression)                                                                            \
    MINITORCH_INLINE float name##f(float x) { typedef float T; return expression; }                                    \
    MINITORCH_INLINE double name(double x) { typedef double T; return expression; }                                    \
    MINITORCH_INLINE float name(float x) { return name##f(x); }
#define MINITORCH_PI 3.14159265358979323846
MINITORCH_BOTH(rsqrt, T(1) / sqrt(x))
MINITORCH_BOTH(rcbrt, T(1) / cbrt(x))
MINITORCH_BOTH(exp10, pow(T(10), x))
MINITORCH_BOTH(sinpi, sin(T(MINITORCH_PI) * fmod(x, T(2))))
MINITORCH_BOTH(cospi, cos(T(MINITORCH_PI) * fmod(x, T(2))))
MINITORCH_BOTH(normcdf, T(0.5) * erfc(-x * T(0.70710678118654752440)))
#undef MINITORCH_BOTH

MINITORCH_INLINE void sincos(double x, double* sine, double* cosine) { *sine = sin(x), *cosine = cos(x); }
MINITORCH_INLINE void sincosf(float x, float* sine, float* cosine) { *sine = sinf(x), *cosine = cosf(x); }
MINITORCH_INLINE void sincos(float x, float* sine, float* cosine) { sincosf(x, sine, cosine); }
MINITORCH_INLINE float fdividef(float x, float y) { return x / y; }

// Intrinsics. On a GPU those that begin with two underscores and have no rounding in their name are less accurate.
MINITORCH_INLINE float __expf(float x) { return expf(x); }
MINITORCH_INLINE float __exp10f(float x) { return exp10f(x); }
MINITORCH_INLINE float __logf(float x) { return logf(x); }
MINITORCH_INLINE float __log2f(float x) { return log2f(x); }
MINITORCH_INLINE float __log10f(float x) { return log10f(x); }
MINITORCH_INLINE float __sinf(float x) { return sinf(x); }
MINITORCH_INLINE float __cosf(float x) { return cosf(x); }
MINITORCH_INLINE float __tanf(float x) { return tanf(x); }
MINITORCH_INLINE void __sincosf(float x, float* sine, float* cosine) { sincosf(x, sine, cosine); }
MINITORCH_INLINE float __powf(float x, float y) { return powf(x, y); }
MINITORCH_INLINE float __fdividef(float x, float y) { return x / y; }
MINITORCH_INLINE float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }
MINITORCH_INLINE float __fadd_rn(float x, float y) { return x + y; }
MINITORCH_INLINE float __fsub_rn(float x, float y) { return x - y; }
MINITORCH_INLINE float __fmul_rn(float x, float y) { return x * y; }
MINITORCH_INLINE float __fdiv_rn(float x, float y) { return x / y; }
MINITORCH_INLINE float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
MINITORCH_INLINE float __frcp_rn(float x) { return 1.0f / x; }
MINITORCH_INLINE float __fsqrt_rn(float x) { return sqrtf(x); }
MINITORCH_INLINE float __frsqrt_rn(float x) { return 1.0f / sqrtf(x); }
MINITORCH_INLINE double __dadd_rn(double x, double y) { return x + y; }
MINITORCH_INLINE double __dsub_rn(double x, double y) { return x - y; }
MINITORCH_INLINE double __dmul_rn(double x, double y) { return x * y; }
MINITORCH_INLINE double __ddiv_rn(double x, double y) { return x / y; }
MINITORCH_INLINE double __fma_rn(double x, double y, double z) { return fma(x, y, z); }
MINITORCH_INLINE double __drcp_rn(double x) { return 1.0 / x; }
MINITORCH_INLINE double __dsqrt_rn(double x) { return sqrt(x); }
