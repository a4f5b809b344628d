// Turns signals that a kernel causes into reports: an access to a page that must not be touched, a division by zero, a
// trap, and the timer that ends an endless loop. Handlers are in place only while a kernel runs, and mind only the
// thread that runs it.
//
// The timer counts processor time alone: every loop takes some, and by the clock on the wall a right kernel of a
// process that was stopped, or that waits for a processor or for a reader of what it prints, would look like a loop.
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "runtime.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace emulator {

uintptr_t runtime_begin, runtime_end;

namespace {

const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
constexpr int fault_count = sizeof faults / sizeof *faults;
constexpr size_t alternate_bytes = 64 * 1024;

struct sigaction old_faults[fault_count], old_alarm;
stack_t old_stack;
char* alternate;
timer_t timer;
uint64_t progress;
int ticks_without_progress;
int looks_in_vain;  // at a loop without end, in moments in which no frame led to the kernel
thread_local bool runs_kernel;

int alarm_signal() { return SIGRTMIN + 4; }

struct Registers {
    uintptr_t code, stack, frame;
    bool write;
};

Registers registers_of(void* context) {
    const mcontext_t& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    const auto& registers = machine.gregs;
    return {uintptr_t(registers[REG_RIP]), uintptr_t(registers[REG_RSP]), uintptr_t(registers[REG_RBP]),
            (registers[REG_ERR] & 2) != 0};
#elif defined(__aarch64__)
    return {uintptr_t(machine.pc), uintptr_t(machine.sp), uintptr_t(machine.regs[29]), false};
#else
#error "the emulator knows x86-64 and arm64"
#endif
}

bool in_kernel(uintptr_t code) { return code >= launch->code_begin && code < launch->code_end; }
bool in_runtime(uintptr_t code) { return code >= runtime_begin && code < runtime_end; }

// Return addresses in the kernel, from the frames that begin at `frame`; returns how many.
int callers(uintptr_t frame, uintptr_t (&found)[9], int count) {
    const uintptr_t end = stack_holds(frame) ? stack_end(frame) : 0;
    const uintptr_t lowest = end ? end - stack_bytes : 0;
    for (uintptr_t at = frame; at >= lowest && at + 16 <= end && at % 8 == 0 && count < 9;) {
        const uintptr_t* words = reinterpret_cast<const uintptr_t*>(at);  // of the frame before, return address
        if (in_kernel(words[1])) found[count++] = words[1];
        if (words[0] <= at) break;
        at = words[0];
    }
    return count;
}

// Where the kernel is: the position itself, or, in a function that it called, the address to which that returns. Those
// that follow go into the report: the nearest may be in one of the runtime's headers.
uintptr_t kernel_position(const Registers& registers) {
    uintptr_t found[9] = {};
    int count = 0;
    if (in_kernel(registers.code)) found[count++] = registers.code + 1;
    // At the first instructions of a function, and on the way to it, its frame is still to come.
    const uintptr_t lowest = stack_holds(registers.stack) ? stack_end(registers.stack) - stack_bytes : ~uintptr_t(0);
    const uintptr_t* words = reinterpret_cast<const uintptr_t*>(registers.stack);
    for (int i = 0; i < 2 && registers.stack >= lowest; ++i) {
        if (in_kernel(words[i])) found[count++] = words[i];
    }
    count = callers(registers.frame, found, count);
    for (int i = 1; i < count; ++i) report->callers[i - 1] = found[i] - 1 - launch->code_begin;
    return count ? found[0] - 1 : 0;
}

Place here(const Registers& registers) {
    Place place = place_of(current, 0);
    uintptr_t position = kernel_position(registers);
    place.code = position ? position - launch->code_begin : 0;
    place.access = registers.write;
    return place;
}

[[noreturn]] void fail_at(uintptr_t address, int number, const siginfo_t* info, const Registers& registers) {
    report->address = address;
    report->slot = -1;
    if (number == SIGFPE) fail(Fault::division, here(registers));
    if (number == SIGILL || number == SIGTRAP) fail(Fault::illegal, here(registers));
    // Below the lowest page of a stack comes one that must not be touched; it counts as a part of the stack.
    if (stack_holds(address)) fail(Fault::stack_overflow, here(registers));
    if (number == SIGBUS || (address == 0 && info->si_code > 0 && info->si_code == SI_KERNEL)) {
        fail(Fault::misaligned, here(registers));
    }
    if (near_dynamic_shared(address)) fail(Fault::shared_bounds, here(registers));
    report->slot = slot_of(address);
    fail(Fault::out_of_bounds, here(registers));
}

void on_fault(int number, siginfo_t* info, void* context) {
    if (!runs_kernel) {  // somebody else's: as if this handler were not there
        for (int i = 0; i < fault_count; ++i) sigaction(faults[i], &old_faults[i], nullptr);
        return;
    }
    fail_at(reinterpret_cast<uintptr_t>(info->si_addr), number, info, registers_of(context));
}

void set_timer(double first, double period) {
    auto spec = [](double seconds) {
        return timespec{time_t(seconds), long((seconds - double(time_t(seconds))) * 1e9)};
    };
    itimerspec setting = {spec(period), spec(first)};
    timer_settime(timer, 0, &setting, nullptr);
}

// Twice in each limit: has any thread finished since? A library may hold a lock, or be about to: then the handler looks
// again soon, until the kernel or the runtime runs, and, for a while, until the frames tell where the kernel is: while one
// fiber gives way to another they do not.
void on_alarm(int, siginfo_t*, void* context) {
    if (!runs_kernel) return;
    if (finished_threads != progress) {
        progress = finished_threads;
        ticks_without_progress = 0;
        set_timer(launch->seconds / 2, launch->seconds / 2);
        return;
    }
    if (++ticks_without_progress < 2) return;
    Registers registers = registers_of(context);
    if (!busy && stack_holds(registers.stack) && (in_kernel(registers.code) || in_runtime(registers.code))) {
        const Place place = here(registers);
        if (place.code || ++looks_in_vain > 100) fail(Fault::endless, place);
    }
    set_timer(0.001, 0.001);
}

}  // namespace

bool install_handlers() {
    if (!alternate) {
        void* memory = mmap(nullptr, alternate_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return false;
        alternate = static_cast<char*>(memory);
    }
    stack_t stack = {};
    stack.ss_sp = alternate;
    stack.ss_size = alternate_bytes;
    sigaltstack(&stack, &old_stack);
    struct sigaction action = {};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    action.sa_sigaction = on_fault;
    for (int i = 0; i < fault_count; ++i) sigaction(faults[i], &action, &old_faults[i]);
    action.sa_sigaction = on_alarm;
    action.sa_flags |= SA_RESTART;
    sigaction(alarm_signal(), &action, &old_alarm);
    sigevent event = {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = alarm_signal();
    event.sigev_notify_thread_id = pid_t(syscall(SYS_gettid));
    progress = 0;
    ticks_without_progress = 0;
    looks_in_vain = 0;
    runs_kernel = true;
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer)) return false;
    set_timer(launch->seconds / 2, launch->seconds / 2);
    return true;
}

void remove_handlers() {
    runs_kernel = false;
    timer_delete(timer);
    // A signal of the timer that is still on its way must not meet the default action, which ends the process.
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    sigaction(alarm_signal(), &ignore, nullptr);
    if (old_alarm.sa_handler != SIG_DFL) sigaction(alarm_signal(), &old_alarm, nullptr);
    for (int i = 0; i < fault_count; ++i) sigaction(faults[i], &old_faults[i], nullptr);
    sigaltstack(&old_stack, nullptr);
}

}  // namespace emulator

extern "C" long long minitorch_clock() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}
