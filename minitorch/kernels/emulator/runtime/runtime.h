// The state of a launch, shared by the files of the runtime. There is one launch at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "operations.h"

namespace emulator {

struct Index {
    uint32_t x, y, z;
};

enum class State : uint8_t { fresh, ready, at_barrier, at_warp, at_activemask, finished };

struct Fiber;

// A CUDA thread of the block that is running. What it waits for is kept here until the others have come.
struct Thread {
    int number;
    Index index;
    int kind;              // which barrier or warp operation
    int line;              // where it waits
    int returned;          // the line of the return by which it left the kernel; 0 for the closing brace
    uint32_t mask;         // warp operations: the lanes that must come
    int source;            // shuffles: the lane to read
    uint64_t value;        // what it brings
    uint64_t result;       // what it gets
    Fiber* fiber;          // where it stands while it waits
};

// What went wrong. Python puts it into words (report.py), and knows the same layout.
enum class Fault : int32_t {
    none, out_of_bounds, before_or_after, write_to_const, misaligned, stack_overflow, illegal, division, endless,
    barrier_diverged, barrier_left, warp_diverged, warp_left, warp_masks, warp_not_in_mask, deadlock, failed,
    race, uninitialised, index, shift, overflow, shared_bounds, shuffle_undefined
};

struct Place {
    uint32_t block[3], thread[3];
    int32_t line;        // 0 where only the position in the code is known
    int32_t access;      // 0 read, 1 write, 2 atomic
    uint64_t code;       // position in the compiled kernel, from its beginning
};

struct Report {
    Fault fault;
    int32_t slot;        // number of the array, -1 for none
    Place here, other;
    uint64_t address;
    int64_t values[4];
    char text[256];
    uint64_t callers[8]; // further positions in the kernel's code that may have led to `here`
};

// An array that is given to the kernel. It is copied to a place of its own, between canaries and guard pages.
struct Array {
    char* source;        // NumPy's memory
    uint64_t bytes;
    uint32_t item;       // bytes of an element
    uint32_t read_only;
    char* start;         // the copy: what the kernel gets
    int64_t slot;        // its number; arrays that share memory have the same
};

// Where a copy lies: one for each array, or for several that share memory.
struct Slot {
    char* source;
    size_t bytes;
    char* start;
    char* end;           // rounded up
    size_t taken;        // bytes of memory below the end
    uint32_t item;       // bytes of the smallest element
    bool read_only;
};

struct Range {
    char* begin;
    uint64_t bytes;
};

enum Order { forward, reverse, random };

struct Launch {
    void (*entry)(void**);
    void** arguments;
    uint32_t grid[3], block[3];
    uint64_t shared_bytes;
    int32_t order, check;
    uint64_t seed;
    double seconds;      // of processor time without a thread having finished
    Array* arrays;
    uint64_t array_count;
    Range* shared;       // the static shared variables of this kernel
    uint64_t shared_count;
    uint64_t* ignored;   // check mode: positions in the code whose races are intended, as pairs (first, second)
    uint64_t ignored_count;
    char* dynamic;       // the dynamic shared memory
    char *bss_begin, *bss_end;        // the shared variables of all kernels of the file
    char *global_begin, *global_end;  // its variables at file scope
    char *constant_begin, *constant_end;  // and those in constant memory
    uintptr_t code_begin, code_end, image_end;  // the compiled kernel: its code, and all of it
};

extern Launch* launch;            // null while nothing runs
extern Report* report;
extern Thread threads[1024];
extern State states[1024];        // of the threads; apart from the rest so that a look at all of them is quick
extern Thread* current;
extern int thread_count;
extern uint32_t block_number;     // counted along x, then y, then z
extern uint64_t finished_threads; // of the whole launch: a sign of progress
extern volatile bool busy;        // while the runtime changes what must not be left half changed

// Addresses for each array: a number of megabytes without divisors, so that an index that is wrong by 2**32, as an
// unsigned one below 0 is, does not lead into the memory of another array.
constexpr size_t slot_bytes = size_t(509) << 20;
constexpr size_t slot_count = 1024;
extern char* arena;               // slot n begins at arena + n * slot_bytes
extern Slot slots[slot_count];
extern int slots_used;

constexpr size_t page = 4096;            // of memory
constexpr size_t stack_bytes = 128 * 1024;  // of a thread: address space; memory is taken page by page as it is used
constexpr uint32_t poison = 0x7fffffff;  // NaN as float and as double, the largest int

inline int number_of(const Thread* thread) { return thread->number; }
inline State& state_of(const Thread* thread) { return states[number_of(thread)]; }
inline int warp_of(const Thread* thread) { return number_of(thread) / 32; }
inline int lane_of(const Thread* thread) { return number_of(thread) % 32; }
// The lanes of a warp that the block has.
inline uint32_t lanes_of_warp(int warp) {
    int lanes = thread_count - 32 * warp;
    return lanes >= 32 ? 0xffffffffu : (1u << lanes) - 1;
}

// scheduler.cpp
void run_blocks();
void wait();                       // lets others run until the current thread is ready again
bool stack_holds(uintptr_t address);
bool own_stack_holds(uintptr_t address);  // the one of the current thread
uintptr_t stack_end(uintptr_t address);  // of the stack that holds it
[[noreturn]] void leave();         // gives up the launch, from any fiber or from a signal handler
[[noreturn]] void drop();          // gives up the current thread alone

// report.cpp
void begin_report();               // a launch begins
Place place_of(const Thread* thread, int line);
[[noreturn]] void fail(Fault fault, Place here, Place other = {}, int64_t first = 0, int64_t second = 0);
[[noreturn]] void fail_with(const Report& found);
[[noreturn]] void fail_stuck();

// warp.cpp
void reset_warps();
bool release_activemask();         // true if somebody can go on
void begin_shuffles();             // a launch begins
bool report_undefined_shuffle(uintptr_t address);  // whether a shuffle's result was undefined; if so, the report tells

// memory.cpp
const char* place_arrays();        // null, or why not
void bring_back_arrays();
int slot_of(uintptr_t address);    // the array whose neighbourhood holds the address, -1 for none
bool canaries_intact(int* slot);
uintptr_t new_poison();            // where in an array the kernel has written poison, 0 for nowhere
void prepare_shared();             // poisons the shared memory of a block
bool shared_canary_intact();
bool near_dynamic_shared(uintptr_t address);

// fault.cpp
extern uintptr_t runtime_begin, runtime_end;  // the code of this library
bool install_handlers();
void remove_handlers();

// order.cpp
void begin_order();                // a launch begins
bool order_runs_out();             // true if so much has been counted that everything remembered must be forgotten
void forget_order();
void begin_block_order();
void order_barrier();              // all threads of the block have met
void order_warp(int warp, uint32_t lanes);

// shadow.cpp
bool begin_check();                // a launch in check mode begins
extern bool begins_again;          // the launch was given up, and is to be begun again from the start
void end_check();
bool has_read_uninitialised();     // whether somebody in the block has read uninitialised memory
bool report_uninitialised();       // as above; if so, the report tells of it
void report_doubtful();            // fails if the current thread has read what others update atomically

void fill_poison(char* begin, uint64_t bytes);

}  // namespace emulator
