// The functions that the compiler calls, in check mode, for each access to memory (those of ThreadSanitizer) and where
// arithmetic goes wrong (those of UndefinedBehaviorSanitizer). The libraries that usually bring them are not linked.
#include <cstring>

#include "fences.h"

using namespace emulator;

namespace {

// The position of the instruction that called, relative to the beginning of the kernel's library.
inline uint32_t position(void* return_address) {
    return uint32_t(reinterpret_cast<uintptr_t>(return_address) - 1 - launch->code_begin);
}

template <Kind kind>
inline void check(const void* address, size_t size, void* return_address) {
    check_access<kind>(reinterpret_cast<uintptr_t>(address), size, position(return_address));
}

[[noreturn]] void fail_misaligned(const void* address, size_t alignment, Place place) {
    report->address = reinterpret_cast<uintptr_t>(address);
    report->slot = slot_of(report->address);
    fail(Fault::misaligned, place, {}, int64_t(alignment));
}

// Where the compiler takes the address for aligned. It has checks of its own, but GCC's overlook a constant offset.
template <Kind kind>
inline void check_aligned(const void* address, size_t size, void* return_address) {
    const uintptr_t alignment = size < 8 ? size : 8;  // of 16 bytes, two doubles for example, not more is known
    if (__builtin_expect(reinterpret_cast<uintptr_t>(address) % alignment != 0, 0)) {
        Place place = place_of(current, 0);
        place.code = position(return_address);
        place.access = int32_t(kind);
        fail_misaligned(address, alignment, place);
    }
    check<kind>(address, size, return_address);
}

}  // namespace

#define MINITORCH_ACCESS(name, size, kind)                                                                          \
    void __tsan_##name##size(void* address) { check<Kind::kind>(address, size, __builtin_return_address(0)); }
#define MINITORCH_ALIGNED(name, size, kind)                                                                         \
    void __tsan_##name##size(void* address) { check_aligned<Kind::kind>(address, size, __builtin_return_address(0)); }
#define MINITORCH_SIZE(size)                                                                                        \
    MINITORCH_ALIGNED(read, size, read)                                                                             \
    MINITORCH_ALIGNED(write, size, write)                                                                           \
    MINITORCH_ACCESS(unaligned_read, size, read)                                                                    \
    MINITORCH_ACCESS(unaligned_write, size, write)                                                                  \
    MINITORCH_ACCESS(volatile_read, size, read)                                                                     \
    MINITORCH_ACCESS(volatile_write, size, write)

#pragma GCC visibility push(default)
extern "C" {

MINITORCH_SIZE(1)
MINITORCH_SIZE(2)
MINITORCH_SIZE(4)
MINITORCH_SIZE(8)
MINITORCH_SIZE(16)

void __tsan_read_range(void* address, size_t size) { check<Kind::read>(address, size, __builtin_return_address(0)); }
void __tsan_write_range(void* address, size_t size) { check<Kind::write>(address, size, __builtin_return_address(0)); }
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

void* __tsan_memcpy(void* to, const void* from, size_t size) {
    check<Kind::read>(from, size, __builtin_return_address(0));
    check<Kind::write>(to, size, __builtin_return_address(0));
    return memcpy(to, from, size);
}
void* __tsan_memmove(void* to, const void* from, size_t size) {
    check<Kind::read>(from, size, __builtin_return_address(0));
    check<Kind::write>(to, size, __builtin_return_address(0));
    return memmove(to, from, size);
}
void* __tsan_memset(void* to, int value, size_t size) {
    check<Kind::write>(to, size, __builtin_return_address(0));
    return memset(to, value, size);
}

void minitorch_atomic(const void* address, unsigned size, int line) {
    meet_at(reinterpret_cast<uintptr_t>(address));
    check_access<Kind::atomic>(reinterpret_cast<uintptr_t>(address), size, uint32_t(line) | 0x80000000u);
}
void minitorch_compare(const void* address, unsigned size) {
    forgive_read(reinterpret_cast<uintptr_t>(address), size);
}

}
#pragma GCC visibility pop

// What the compiler hands over with its complaints.
namespace {

struct Location {
    const char* file;
    uint32_t line, column;
};

struct Type {
    uint16_t kind, info;   // kind 0: an integer; info: 1 if signed, plus twice the logarithm of its bits
    char name[1];          // in quotes
};

int64_t number(const Type* type, uintptr_t value) {
    int bits = 1 << (type->info >> 1);
    if (type->kind != 0 || bits > 64) return 0;
    if (!(type->info & 1) || bits == 64) return int64_t(value);
    return int64_t(value << (64 - bits)) >> (64 - bits);
}

// The line is that of the .cu file, unless the place is in one of the runtime's headers: then the position tells which
// line called it.
Place place_at(const Location& location, void* return_address) {
    size_t length = strlen(location.file);
    bool header = length > 2 && strcmp(location.file + length - 2, ".h") == 0;
    Place place = place_of(current, header ? 0 : int(location.line));
    place.code = position(return_address);
    return place;
}

void keep_name(const Type* type) { strncpy(report->text, type->name, sizeof report->text - 1); }

struct Bounds {
    Location location;
    const Type *array, *index;
};
struct Arithmetic {
    Location location;
    const Type* type;
};
struct Shift {
    Location location;
    const Type *left, *right;
};
struct Mismatch {
    Location location;
    const Type* type;
    unsigned char log_alignment, kind;
};

[[noreturn]] void overflow(const Arithmetic* data, uintptr_t left, uintptr_t right, int sign, void* return_address) {
    keep_name(data->type);
    report->values[2] = sign;
    fail(Fault::overflow, place_at(data->location, return_address), {}, number(data->type, left),
         number(data->type, right));
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

void __ubsan_handle_out_of_bounds_abort(Bounds* data, uintptr_t index) {
    keep_name(data->array);
    fail(Fault::index, place_at(data->location, __builtin_return_address(0)), {}, number(data->index, index));
}
void __ubsan_handle_add_overflow_abort(Arithmetic* data, uintptr_t left, uintptr_t right) {
    overflow(data, left, right, '+', __builtin_return_address(0));
}
void __ubsan_handle_sub_overflow_abort(Arithmetic* data, uintptr_t left, uintptr_t right) {
    overflow(data, left, right, '-', __builtin_return_address(0));
}
void __ubsan_handle_mul_overflow_abort(Arithmetic* data, uintptr_t left, uintptr_t right) {
    overflow(data, left, right, '*', __builtin_return_address(0));
}
void __ubsan_handle_negate_overflow_abort(Arithmetic* data, uintptr_t value) {
    overflow(data, 0, value, '-', __builtin_return_address(0));
}
void __ubsan_handle_divrem_overflow_abort(Arithmetic* data, uintptr_t, uintptr_t) {
    fail(Fault::division, place_at(data->location, __builtin_return_address(0)));
}
void __ubsan_handle_shift_out_of_bounds_abort(Shift* data, uintptr_t left, uintptr_t right) {
    keep_name(data->left);
    fail(Fault::shift, place_at(data->location, __builtin_return_address(0)), {}, number(data->left, left),
         number(data->right, right));
}
void __ubsan_handle_type_mismatch_v1_abort(Mismatch* data, uintptr_t address) {
    keep_name(data->type);
    report->address = address;
    Place place = place_at(data->location, __builtin_return_address(0));
    place.access = data->kind == 1;  // 0 a load, 1 a store
    if (address == 0) fail(Fault::out_of_bounds, place);
    fail_misaligned(reinterpret_cast<const void*>(address), size_t(1) << data->log_alignment, place);
}

}
#pragma GCC visibility pop
