// Runs the threads of a block in turns: each has a stack of its own (a fiber) and runs until it must wait for others.
// A thread that never waits hands its fiber to the next one, so that a kernel without barriers costs no switch at all.
#include <sys/mman.h>

#include <algorithm>
#include <random>
#include <vector>

#include "context.h"
#include "runtime.h"

namespace emulator {

Launch* launch;
Report* report;
Thread threads[1024];
State states[1024];
Thread* current;
int thread_count;
uint32_t block_number;
uint64_t finished_threads;
volatile bool busy;

struct Fiber {
    Context context;
    Fiber* next_free;
};

}  // namespace emulator

// The variables that a kernel reads. It sees them as constants: see cuda_types.h.
#pragma GCC visibility push(default)
extern "C" {
emulator::Index threadIdx, blockIdx, blockDim, gridDim;
}
#pragma GCC visibility pop

namespace emulator {
namespace {

constexpr size_t stride = stack_bytes + page;

Fiber fibers[1024];
Fiber* free_fibers;
int fibers_made;
char* stacks;  // for 1024 fibers, each with a page below it that must not be touched
Context main_context;

uint16_t order[1024];  // in which the threads of a block get their turn
int turn;              // position in `order` of the current thread
int unfinished;
int arrived;           // threads at the barrier
int agreed;            // those of them whose predicate holds
int outcome;           // of the last barrier: read by all before the next one can be over
Thread* first_at_barrier;
std::mt19937_64 generator;

void run_threads();

Fiber* take_fiber() {
    if (free_fibers) {
        Fiber* fiber = free_fibers;
        free_fibers = fiber->next_free;
        return fiber;
    }
    Fiber* fiber = &fibers[fibers_made];
    char* bottom = stacks + stride * size_t(fibers_made++) + page;
    mprotect(bottom, stack_bytes, PROT_READ | PROT_WRITE);
    fiber->context.prepare(bottom, bottom + stack_bytes, run_threads);
    return fiber;
}

// After an abort every stack may hold remains of a thread: all fibers begin anew.
void reset_fibers() {
    for (int i = 0; i < fibers_made; ++i) {
        char* bottom = stacks + stride * size_t(i) + page;
        fibers[i].context.prepare(bottom, bottom + stack_bytes, run_threads);
        fibers[i].next_free = i + 1 < fibers_made ? &fibers[i + 1] : nullptr;
    }
    free_fibers = fibers_made ? &fibers[0] : nullptr;
}

void make_current(Thread* thread) {
    current = thread;
    threadIdx = thread->index;
}

// The next thread that can run, and its turn; null where all have finished or wait.
Thread* next_thread() {
    for (int i = 0; i < thread_count; ++i) {
        if (++turn == thread_count) turn = 0;
        const int number = order[turn];
        if (states[number] <= State::ready) return &threads[number];
    }
    return nullptr;
}

// As above, but if nobody can run although some have not finished, either lets some go on or gives up.
Thread* next_thread_or_fail() {
    Thread* next = next_thread();
    if (!next && unfinished > 0) {
        if (release_activemask()) return next_thread();
        fail_stuck();
    }
    return next;
}

// The fiber that holds, or is to hold, a thread.
Fiber* fiber_of(Thread* thread) {
    if (state_of(thread) == State::fresh) {
        thread->fiber = take_fiber();
        state_of(thread) = State::ready;
    }
    return thread->fiber;
}

// The main function of each fiber: runs threads to their end, one after another.
void run_threads() {
    for (;;) {
        Fiber* own = current->fiber;
        launch->entry(launch->arguments);
        if (launch->check) report_doubtful();
        state_of(current) = State::finished;
        ++finished_threads;
        --unfinished;
        Thread* next = next_thread_or_fail();
        if (next && state_of(next) == State::fresh) {
            next->fiber = own;
            state_of(next) = State::ready;
            make_current(next);
            continue;
        }
        own->next_free = free_fibers;
        free_fibers = own;
        if (next) {
            make_current(next);
            own->context.switch_to(next->fiber->context);
        } else {
            own->context.switch_to(main_context);
        }
    }
}

void set_order() {
    for (int i = 0; i < thread_count; ++i) {
        order[i] = uint16_t(launch->order == Order::reverse ? thread_count - 1 - i : i);
    }
    if (launch->order == Order::random) std::shuffle(order, order + thread_count, generator);
}

void run_block() {
    prepare_shared();
    reset_warps();
    if (launch->check) begin_block_order();
    std::fill(states, states + thread_count, State::fresh);
    for (int i = 0; i < thread_count; ++i) threads[i].returned = 0;
    if (launch->order == Order::random) set_order();
    unfinished = thread_count;
    arrived = agreed = 0;
    turn = -1;
    Thread* first = next_thread();
    Fiber* fiber = fiber_of(first);
    make_current(first);
    main_context.switch_to(fiber->context);
}

}  // namespace

void wait() {
    Thread* self = current;
    Thread* next = next_thread_or_fail();
    if (next == self) return;
    Fiber* fiber = fiber_of(next);
    make_current(next);
    self->fiber->context.switch_to(fiber->context);
}

void leave() {
    Context abandoned;
    abandoned.switch_to(main_context);
    __builtin_unreachable();
}

void drop() {
    state_of(current) = State::finished;
    ++finished_threads;
    --unfinished;
    Thread* next = next_thread_or_fail();
    if (!next) {
        report_uninitialised();
        leave();
    }
    Fiber* fiber = fiber_of(next);
    make_current(next);
    Context abandoned;
    abandoned.switch_to(fiber->context);
    __builtin_unreachable();
}

bool stack_holds(uintptr_t address) {
    return address - reinterpret_cast<uintptr_t>(stacks) < stride * 1024;
}

bool own_stack_holds(uintptr_t address) {
    const size_t number = size_t(current->fiber - fibers);
    return address - (reinterpret_cast<uintptr_t>(stacks) + stride * number) < stride;
}

uintptr_t stack_end(uintptr_t address) {
    const uintptr_t begin = reinterpret_cast<uintptr_t>(stacks);
    return begin + ((address - begin) / stride + 1) * stride;
}

void run_blocks() {
    if (!stacks) {
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        stacks = static_cast<char*>(mmap(nullptr, stride * 1024, PROT_NONE, flags, -1, 0));
    }
    const uint32_t* grid = launch->grid;
    const uint32_t* block = launch->block;
    thread_count = int(block[0] * block[1] * block[2]);
    for (int i = 0; i < thread_count; ++i) {
        uint32_t n = uint32_t(i);
        threads[i].number = i;
        threads[i].index = {n % block[0], n / block[0] % block[1], n / block[0] / block[1]};
    }
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], block[2]};
    generator.seed(launch->seed);
    set_order();
    reset_fibers();
    finished_threads = 0;
    uint64_t blocks = uint64_t(grid[0]) * grid[1] * grid[2];
    std::vector<uint32_t> sequence;
    if (launch->order == Order::random) {
        sequence.resize(blocks);
        for (uint64_t i = 0; i < blocks; ++i) sequence[i] = uint32_t(i);
        std::shuffle(sequence.begin(), sequence.end(), generator);
    }
    for (uint64_t i = 0; i < blocks && report->fault == Fault::none; ++i) {
        uint64_t b = launch->order == Order::reverse ? blocks - 1 - i : i;
        if (launch->order == Order::random) b = sequence[i];
        block_number = uint32_t(b);
        blockIdx = {uint32_t(b % grid[0]), uint32_t(b / grid[0] % grid[1]), uint32_t(b / grid[0] / grid[1])};
        run_block();
        if (begins_again) return;
        if (launch->check && report->fault == Fault::none) report_uninitialised();
        if (report->fault == Fault::none && !shared_canary_intact()) {
            report->fault = Fault::before_or_after;
            report->slot = -1;
        }
    }
}

}  // namespace emulator

using namespace emulator;

#pragma GCC visibility push(default)
extern "C" {

int minitorch_barrier(int kind, int predicate, int line) {
    Thread* self = current;
    if (launch->check) report_doubtful();
    self->kind = kind;
    self->line = line;
    state_of(self) = State::at_barrier;
    if (arrived == 0) first_at_barrier = self;
    if (first_at_barrier->line != line || first_at_barrier->kind != kind) {
        fail(Fault::barrier_diverged, place_of(first_at_barrier, first_at_barrier->line), place_of(self, line));
    }
    agreed += predicate;
    if (++arrived < thread_count) {
        wait();
        return outcome;
    }
    outcome = kind == MINITORCH_COUNT ? agreed : kind == MINITORCH_AND ? agreed == thread_count : agreed > 0;
    arrived = agreed = 0;
    std::fill(states, states + thread_count, State::ready);
    if (launch->check) {
        if (report_uninitialised()) leave();
        order_barrier();
    }
    if (launch->order == Order::random) {
        set_order();
        wait();  // not always the last to come is the first to go on
    }
    return outcome;
}

int minitorch_lane() { return lane_of(current); }

// A thread that tries to get a lock must let its holder run. Only every 16th call does, for the sake of speed.
void minitorch_spin() {
    static unsigned calls;
    if (++calls % 16 == 0) wait();
}

void minitorch_return(int line) { current->returned = line; }

}
#pragma GCC visibility pop
