// How the runtime calls a kernel: MINITORCH_KERNEL(name) stands behind the text of the .cu file for each of them.
#pragma once

// One letter for each C type, as in Python's struct module, after a P for a pointer or a T for a table of pointers and a
// c for const; vectors have their length behind it.
template <class T> struct MinitorchType { static constexpr char text[] = "x"; };  // unknown
#define MINITORCH_TYPE(T, letter)                                                                                   \
    template <> struct MinitorchType<T> { static constexpr char text[] = letter; };                                 \
    template <> struct MinitorchType<T*> { static constexpr char text[] = "P" letter; };                            \
    template <> struct MinitorchType<const T*> { static constexpr char text[] = "Pc" letter; };                     \
    template <> struct MinitorchType<T* const*> { static constexpr char text[] = "T" letter; };                     \
    template <> struct MinitorchType<const T* const*> { static constexpr char text[] = "Tc" letter; };
MINITORCH_TYPE(bool, "?") MINITORCH_TYPE(char, "b") MINITORCH_TYPE(signed char, "b") MINITORCH_TYPE(unsigned char, "B")
MINITORCH_TYPE(short, "h") MINITORCH_TYPE(unsigned short, "H") MINITORCH_TYPE(int, "i") MINITORCH_TYPE(unsigned, "I")
MINITORCH_TYPE(long, "q") MINITORCH_TYPE(unsigned long, "Q")
MINITORCH_TYPE(long long, "q") MINITORCH_TYPE(unsigned long long, "Q")
MINITORCH_TYPE(float, "f") MINITORCH_TYPE(double, "d")
#define MINITORCH_VECTOR(T, letter)                                                                                 \
    MINITORCH_TYPE(T##2, letter "2") MINITORCH_TYPE(T##3, letter "3") MINITORCH_TYPE(T##4, letter "4")
MINITORCH_VECTOR(char, "b") MINITORCH_VECTOR(uchar, "B") MINITORCH_VECTOR(short, "h") MINITORCH_VECTOR(ushort, "H")
MINITORCH_VECTOR(int, "i") MINITORCH_VECTOR(uint, "I") MINITORCH_VECTOR(longlong, "q") MINITORCH_VECTOR(ulonglong, "Q")
MINITORCH_VECTOR(float, "f") MINITORCH_VECTOR(double, "d")
#undef MINITORCH_TYPE
#undef MINITORCH_VECTOR

template <class T> struct MinitorchPlain { typedef T type; };
template <class T> struct MinitorchPlain<const T> { typedef T type; };
template <class T> struct MinitorchPlain<T*> { typedef T* type; };
template <class T> struct MinitorchPlain<volatile T*> { typedef T* type; };
template <class T> struct MinitorchPlain<const volatile T*> { typedef const T* type; };
template <class T> struct MinitorchPlain<T* __restrict> : MinitorchPlain<T*> {};

template <int... I> struct MinitorchIndices {};
template <int N, int... I> struct MinitorchCount : MinitorchCount<N - 1, N - 1, I...> {};
template <int... I> struct MinitorchCount<0, I...> { typedef MinitorchIndices<I...> type; };

template <class... P, int... I>
__attribute__((no_sanitize("thread"))) MINITORCH_INLINE void minitorch_call(
    void (*kernel)(P...), void** arguments, MinitorchIndices<I...>) {
    kernel(*(typename MinitorchPlain<P>::type*)arguments[I]...);
}

template <class... P>
MINITORCH_INLINE const char* const* minitorch_types(void (*)(P...)) {
    static const char* const texts[] = {MinitorchType<typename MinitorchPlain<P>::type>::text..., nullptr};
    return texts;
}

template <class... P>
MINITORCH_INLINE typename MinitorchCount<sizeof...(P)>::type minitorch_indices(void (*)(P...)) { return {}; }

#define MINITORCH_KERNEL(name)                                                                                      \
    extern "C" __attribute__((visibility("default"), no_sanitize("thread"))) void minitorch_run_##name(             \
        void** minitorch_arguments) {                                                                               \
        minitorch_call(&name, minitorch_arguments, minitorch_indices(&name));                                       \
    }                                                                                                               \
    extern "C" __attribute__((visibility("default"))) const char* const* minitorch_types_##name() {                 \
        return minitorch_types(&name);                                                                              \
    }

// The linker's names for the bounds of .bss, where the shared variables are, of the variables at file scope, and of
// those in constant memory.
#define MINITORCH_HIDDEN extern "C" __attribute__((visibility("hidden"), weak)) char
MINITORCH_HIDDEN __bss_start[], _end[], __start_minitorch_global[], __stop_minitorch_global[],
    __start_minitorch_constant[], __stop_minitorch_constant[];
extern "C" __attribute__((visibility("default"))) char* minitorch_bound(int which) {
    char* const bounds[] = {__bss_start, _end, __start_minitorch_global, __stop_minitorch_global,
                            __start_minitorch_constant, __stop_minitorch_constant};
    return bounds[which];
}
