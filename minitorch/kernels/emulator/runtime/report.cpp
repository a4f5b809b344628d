// Fills in the report of a fault and gives up the launch.
#include <cstring>

#include "runtime.h"

namespace emulator {

Place place_of(const Thread* thread, int line) {
    const uint32_t* grid = launch->grid;
    uint32_t b = block_number;
    Place place = {};
    place.block[0] = b % grid[0], place.block[1] = b / grid[0] % grid[1], place.block[2] = b / grid[0] / grid[1];
    place.thread[0] = thread->index.x, place.thread[1] = thread->index.y, place.thread[2] = thread->index.z;
    place.line = line;
    return place;
}

namespace {

bool dropped;  // in this launch

// What was undefined may have caused the rest, a wrong index for example.
void explain_otherwise() {
    if (!launch->check || report->fault == Fault::race) return;
    const bool poisoned = report->values[0] == int64_t(poison) || report->values[1] == int64_t(poison);
    if (report->fault == Fault::overflow && poisoned && report_undefined_shuffle(0)) return;
    if (!has_read_uninitialised()) return;
    // If it is another thread that writes there, too late, then the others will show it.
    if (!dropped) {
        dropped = true;
        *report = {};
        report->slot = -1;
        drop();
    }
    report_uninitialised();
}

}  // namespace

void begin_report() {
    *report = {};
    report->slot = -1;
    dropped = false;
}

void fail(Fault fault, Place here, Place other, int64_t first, int64_t second) {
    report->fault = fault;
    report->here = here;
    report->other = other;
    report->values[0] = first;
    report->values[1] = second;
    explain_otherwise();
    leave();
}

void fail_with(const Report& found) {
    *report = found;
    leave();
}

namespace {

// A lane of the mask that has not come to the operation for which the thread waits.
const Thread* missing_lane(const Thread* thread) {
    int warp = warp_of(thread);
    uint32_t present = thread->mask & lanes_of_warp(warp);
    for (int lane = 0; lane < 32; ++lane) {
        const Thread* other = &threads[32 * warp + lane];
        if (!(present >> lane & 1)) continue;
        if (state_of(other) == State::at_warp && other->kind == thread->kind && other->line == thread->line &&
            other->mask == thread->mask) {
            continue;
        }
        return other;
    }
    return nullptr;
}

}  // namespace

// Nobody can go on. Where a thread has returned, that is the cause; otherwise two threads wait at different places.
void fail_stuck() {
    const Thread* waits = nullptr;
    const Thread* left = nullptr;
    for (int i = 0; i < thread_count; ++i) {
        const Thread* thread = &threads[i];
        if (state_of(thread) == State::finished && !left) left = thread;
        if (state_of(thread) != State::at_warp) continue;
        const Thread* other = missing_lane(thread);
        if (!other) continue;
        if (state_of(other) == State::finished) {
            fail(Fault::warp_left, place_of(thread, thread->line), place_of(other, other->returned), thread->mask,
                 thread->kind);
        }
        if (!waits) waits = thread;
    }
    if (waits) {
        const Thread* other = missing_lane(waits);
        Fault fault = state_of(other) == State::at_barrier ? Fault::deadlock
                      : other->line == waits->line      ? Fault::warp_masks
                                                        : Fault::warp_diverged;
        int64_t second = fault == Fault::warp_masks ? other->mask : waits->kind;
        fail(fault, place_of(waits, waits->line), place_of(other, other->line), waits->mask, second);
    }
    for (int i = 0; i < thread_count && left; ++i) {
        if (states[i] != State::at_barrier) continue;
        fail(Fault::barrier_left, place_of(&threads[i], threads[i].line), place_of(left, left->returned));
    }
    fail(Fault::deadlock, place_of(current, current->line));
}

}  // namespace emulator

using namespace emulator;

extern "C" void minitorch_fail(const char* text, int line) {
    strncpy(report->text, text, sizeof report->text - 1);
    fail(Fault::failed, place_of(current, line));
}
