// Exchange among the lanes of a warp. Lanes that come to the same operation, at the same line and with the same mask,
// form a meeting; when all lanes of the mask have come, each gets its result and goes on.
#include "runtime.h"

namespace emulator {
namespace {

struct Meeting {
    int kind, line;
    uint32_t mask, arrived;
};

struct Warp {
    Meeting meetings[32];
    int count;
};

Warp warps[32];
Report undefined;  // the first shuffle of the launch that read from a lane which took no part

Meeting* meeting_of(Warp& warp, int kind, int line, uint32_t mask) {
    for (int i = 0; i < warp.count; ++i) {
        Meeting& meeting = warp.meetings[i];
        if (meeting.kind == kind && meeting.line == line && meeting.mask == mask) return &meeting;
    }
    Meeting& meeting = warp.meetings[warp.count++];
    meeting = {kind, line, mask, 0};
    return &meeting;
}

void note_undefined(const Thread& thread) {
    if (undefined.fault != Fault::none) return;
    undefined.fault = Fault::shuffle_undefined;
    undefined.slot = -1;
    undefined.here = place_of(&thread, thread.line);
    undefined.values[0] = thread.mask, undefined.values[1] = thread.source;
}

// The result of each lane that takes part. What a shuffle reads from a lane that does not is not defined in CUDA. Right
// kernels throw it away; a poison tells whether it reaches an array.
void exchange(Thread* lanes, int kind, uint32_t present) {
    uint32_t ballot = 0;
    for (int lane = 0; lane < 32; ++lane) {
        if (present >> lane & 1 && lanes[lane].value) ballot |= 1u << lane;
    }
    for (int lane = 0; lane < 32; ++lane) {
        if (!(present >> lane & 1)) continue;
        Thread& thread = lanes[lane];
        switch (kind) {
            case MINITORCH_SHUFFLE:
                thread.result = uint64_t(poison) << 32 | poison;
                if (thread.source >= 0 && thread.source < 32 && present >> thread.source & 1) {
                    thread.result = lanes[thread.source].value;
                } else {
                    note_undefined(thread);
                }
                break;
            case MINITORCH_BALLOT: thread.result = ballot; break;
            case MINITORCH_ANY: thread.result = ballot != 0; break;
            case MINITORCH_ALL: thread.result = ballot == present; break;
            case MINITORCH_MATCH:
                thread.result = 0;
                for (int other = 0; other < 32; ++other) {
                    if (present >> other & 1 && lanes[other].value == thread.value) thread.result |= 1u << other;
                }
                break;
            default: break;
        }
    }
}

}  // namespace

void reset_warps() {
    for (int warp = 0; 32 * warp < thread_count; ++warp) warps[warp].count = 0;
}

void begin_shuffles() { undefined = {}; }

bool report_undefined_shuffle(uintptr_t address) {
    if (undefined.fault == Fault::none) return false;
    *report = undefined;
    report->address = address;
    report->slot = address ? slot_of(address) : -1;
    return true;
}

bool release_activemask() {
    for (int i = 0; i < thread_count; ++i) {
        if (states[i] != State::at_activemask) continue;
        int warp = i / 32, line = threads[i].line;
        uint32_t together = 0;
        for (int j = 32 * warp; j < 32 * warp + 32 && j < thread_count; ++j) {
            if (states[j] == State::at_activemask && threads[j].line == line) together |= 1u << (j % 32);
        }
        for (int lane = 0; lane < 32; ++lane) {
            if (!(together >> lane & 1)) continue;
            threads[32 * warp + lane].result = together;
            states[32 * warp + lane] = State::ready;
        }
        return true;
    }
    return false;
}

}  // namespace emulator

using namespace emulator;

#pragma GCC visibility push(default)
extern "C" {

unsigned long long minitorch_warp(int kind, unsigned mask, unsigned long long value, int source, int line) {
    Thread* self = current;
    int number = warp_of(self), lane = lane_of(self);
    if (!(mask >> lane & 1)) {
        self->mask = mask;
        fail(Fault::warp_not_in_mask, place_of(self, line), {}, mask, lane);
    }
    if (launch->check) report_doubtful();
    self->kind = kind;
    self->line = line;
    self->mask = mask;
    self->source = source;
    self->value = value;
    state_of(self) = State::at_warp;
    Warp& warp = warps[number];
    Meeting* meeting = meeting_of(warp, kind, line, mask);
    meeting->arrived |= 1u << lane;
    uint32_t present = mask & lanes_of_warp(number);
    if (meeting->arrived != present) {
        wait();
        return self->result;
    }
    *meeting = warp.meetings[--warp.count];
    Thread* lanes = &threads[32 * number];
    exchange(lanes, kind, present);
    for (int other = 0; other < 32; ++other) {
        if (present >> other & 1) states[32 * number + other] = State::ready;
    }
    // Only __syncwarp puts memory in order; CUDA promises nothing of the kind for shuffles and votes.
    if (launch->check && kind == MINITORCH_SYNCWARP) order_warp(number, present);
    if (launch->order == Order::random) wait();
    return self->result;
}

unsigned minitorch_activemask(int line) {
    current->line = line;
    state_of(current) = State::at_activemask;
    Thread* self = current;
    wait();
    return unsigned(self->result);
}

}
#pragma GCC visibility pop
