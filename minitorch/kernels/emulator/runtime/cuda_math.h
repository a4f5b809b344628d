// Mathematical functions, for float and double.
#pragma once

// Each function of the C library under its own names, and with the double's name also for float.
#define MINITORCH_UNARY(name)                                                                                       \
    extern "C" double name(double) noexcept;                                                                        \
    extern "C" float name##f(float) noexcept;                                                                       \
    static inline float name(float x) { return name##f(x); }
#define MINITORCH_BINARY(name)                                                                                      \
    extern "C" double name(double, double) noexcept;                                                                \
    extern "C" float name##f(float, float) noexcept;                                                                \
    static inline float name(float x, float y) { return name##f(x, y); }

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
static inline float fma(float x, float y, float z) { return fmaf(x, y, z); }
static inline float pow(float x, int n) { return powf(x, (float)n); }
static inline double pow(double x, int n) { return pow(x, (double)n); }
static inline float ldexp(float x, int n) { return ldexpf(x, n); }

static inline int abs(int x) { return x < 0 ? -x : x; }
static inline long abs(long x) { return x < 0 ? -x : x; }
static inline long long abs(long long x) { return x < 0 ? -x : x; }
static inline float abs(float x) { return fabsf(x); }
static inline double abs(double x) { return fabs(x); }

#define MINITORCH_CLASSIFY(name)                                                                                    \
    static inline bool name(float x) { return __builtin_##name(x); }                                                \
    static inline bool name(double x) { return __builtin_##name(x); }
MINITORCH_CLASSIFY(isnan) MINITORCH_CLASSIFY(isinf) MINITORCH_CLASSIFY(isfinite) MINITORCH_CLASSIFY(signbit)
#undef MINITORCH_CLASSIFY

static inline float nanf(const char*) { return __builtin_nanf(""); }
static inline double nan(const char*) { return __builtin_nan(""); }

// Functions that only CUDA has.
#define MINITORCH_BOTH(name, expression)                                                                            \
    static inline float name##f(float x) { typedef float T; return expression; }                                    \
    static inline double name(double x) { typedef double T; return expression; }                                    \
    static inline float name(float x) { return name##f(x); }
#define MINITORCH_PI 3.14159265358979323846
MINITORCH_BOTH(rsqrt, T(1) / sqrt(x))
MINITORCH_BOTH(rcbrt, T(1) / cbrt(x))
MINITORCH_BOTH(exp10, pow(T(10), x))
MINITORCH_BOTH(sinpi, sin(T(MINITORCH_PI) * fmod(x, T(2))))
MINITORCH_BOTH(cospi, cos(T(MINITORCH_PI) * fmod(x, T(2))))
MINITORCH_BOTH(normcdf, T(0.5) * erfc(-x * T(0.70710678118654752440)))
#undef MINITORCH_BOTH

static inline void sincos(double x, double* sine, double* cosine) { *sine = sin(x), *cosine = cos(x); }
static inline void sincosf(float x, float* sine, float* cosine) { *sine = sinf(x), *cosine = cosf(x); }
static inline void sincos(float x, float* sine, float* cosine) { sincosf(x, sine, cosine); }
static inline float fdividef(float x, float y) { return x / y; }

// Intrinsics. On a GPU those that begin with two underscores and have no rounding in their name are less accurate.
static inline float __expf(float x) { return expf(x); }
static inline float __exp10f(float x) { return exp10f(x); }
static inline float __logf(float x) { return logf(x); }
static inline float __log2f(float x) { return log2f(x); }
static inline float __log10f(float x) { return log10f(x); }
static inline float __sinf(float x) { return sinf(x); }
static inline float __cosf(float x) { return cosf(x); }
static inline float __tanf(float x) { return tanf(x); }
static inline void __sincosf(float x, float* sine, float* cosine) { sincosf(x, sine, cosine); }
static inline float __powf(float x, float y) { return powf(x, y); }
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }
static inline float __fadd_rn(float x, float y) { return x + y; }
static inline float __fsub_rn(float x, float y) { return x - y; }
static inline float __fmul_rn(float x, float y) { return x * y; }
static inline float __fdiv_rn(float x, float y) { return x / y; }
static inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __frsqrt_rn(float x) { return 1.0f / sqrtf(x); }
static inline double __dadd_rn(double x, double y) { return x + y; }
static inline double __dsub_rn(double x, double y) { return x - y; }
static inline double __dmul_rn(double x, double y) { return x * y; }
static inline double __ddiv_rn(double x, double y) { return x / y; }
static inline double __fma_rn(double x, double y, double z) { return fma(x, y, z); }
static inline double __drcp_rn(double x) { return 1.0 / x; }
static inline double __dsqrt_rn(double x) { return sqrt(x); }
