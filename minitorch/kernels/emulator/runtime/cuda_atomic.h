// Atomic operations. Threads take turns only where they wait, so a plain read and write is atomic. The overloads are
// those of CUDA: there is no atomicAdd for long long, for example.
#pragma once

#ifdef MINITORCH_CHECK
#define MINITORCH_BEFORE_ATOMIC minitorch_atomic(address, sizeof *address, line)
#define MINITORCH_BEFORE_COMPARE minitorch_compare(address, sizeof *address)
// The runtime hears of the access as of an atomic one.
#define MINITORCH_UNSEEN __attribute__((no_sanitize("thread")))
#else
#define MINITORCH_BEFORE_ATOMIC (void)line
#define MINITORCH_BEFORE_COMPARE (void)0
#define MINITORCH_UNSEEN
#endif

#define MINITORCH_ATOMIC(name, T, result)                                                                           \
    MINITORCH_UNSEEN static inline T name(T* address, T value, MINITORCH_LINE) {                                    \
        MINITORCH_BEFORE_ATOMIC;                                                                                    \
        T old = *address;                                                                                           \
        *address = result;                                                                                          \
        return old;                                                                                                 \
    }
#define MINITORCH_INTEGERS(name, result)                                                                            \
    MINITORCH_ATOMIC(name, int, result)                                                                             \
    MINITORCH_ATOMIC(name, unsigned int, result)                                                                    \
    MINITORCH_ATOMIC(name, unsigned long long, result)

MINITORCH_ATOMIC(atomicAdd, int, (int)((unsigned int)old + (unsigned int)value))
MINITORCH_ATOMIC(atomicAdd, unsigned int, old + value)
MINITORCH_ATOMIC(atomicAdd, unsigned long long, old + value)
MINITORCH_ATOMIC(atomicAdd, float, old + value)
MINITORCH_ATOMIC(atomicAdd, double, old + value)
MINITORCH_ATOMIC(atomicSub, int, (int)((unsigned int)old - (unsigned int)value))
MINITORCH_ATOMIC(atomicSub, unsigned int, old - value)
MINITORCH_INTEGERS(atomicMin, value < old ? value : old)
MINITORCH_ATOMIC(atomicMin, long long, value < old ? value : old)
MINITORCH_INTEGERS(atomicMax, value > old ? value : old)
MINITORCH_ATOMIC(atomicMax, long long, value > old ? value : old)
MINITORCH_INTEGERS(atomicAnd, old & value)
MINITORCH_INTEGERS(atomicOr, old | value)
MINITORCH_INTEGERS(atomicXor, old ^ value)
MINITORCH_ATOMIC(atomicInc, unsigned int, old >= value ? 0u : old + 1u)
MINITORCH_ATOMIC(atomicDec, unsigned int, old == 0u || old > value ? value : old - 1u)

// A lock is built from these two: let others go on while a thread tries again and again.
#define MINITORCH_EXCHANGE(T)                                                                                       \
    MINITORCH_UNSEEN static inline T atomicExch(T* address, T value, MINITORCH_LINE) {                              \
        minitorch_spin();                                                                                           \
        MINITORCH_BEFORE_ATOMIC;                                                                                    \
        T old = *address;                                                                                           \
        *address = value;                                                                                           \
        return old;                                                                                                 \
    }
#define MINITORCH_COMPARE(T)                                                                                        \
    MINITORCH_UNSEEN static inline T atomicCAS(T* address, T compare, T value, MINITORCH_LINE) {                    \
        MINITORCH_BEFORE_COMPARE;                                                                                   \
        minitorch_spin();                                                                                           \
        MINITORCH_BEFORE_ATOMIC;                                                                                    \
        T old = *address;                                                                                           \
        if (old == compare) *address = value;                                                                       \
        return old;                                                                                                 \
    }
MINITORCH_EXCHANGE(int)
MINITORCH_EXCHANGE(unsigned int)
MINITORCH_EXCHANGE(unsigned long long)
MINITORCH_EXCHANGE(float)
MINITORCH_COMPARE(int)
MINITORCH_COMPARE(unsigned int)
MINITORCH_COMPARE(unsigned long long)
MINITORCH_COMPARE(unsigned short)

#undef MINITORCH_ATOMIC
#undef MINITORCH_INTEGERS
#undef MINITORCH_EXCHANGE
#undef MINITORCH_COMPARE
