// Fences and the atomic operations that follow them; see fences.h.
#include "fences.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "order.h"

namespace emulator {
namespace {

struct Fence {
    uint32_t interval, clock;  // 0 for none
};

// The last fences of a thread: for its block, and for the whole device.
struct Fences {
    Fence of_block, of_device;
};

// What an atomic operation behind a fence hands on.
struct Handed {
    uint32_t block, interval;
    uint16_t thread;
    Fences fences;
    uint32_t met[32];          // what the thread knew of the clocks of its warp
};

struct Crossing;

// All that had been handed on at an address when a thread came there.
struct View {
    const Crossing* crossing;
    size_t count;
    uint32_t interval, clock;
    uint16_t thread;
};

struct Link {
    size_t position;           // in `handed`
    View view;                 // what was taken over elsewhere before that, and is handed on, too
};

// An address at which atomic operations meet.
struct Crossing {
    uintptr_t address;
    std::vector<Handed> handed;
    std::vector<Link> links;
    std::unordered_map<uint32_t, std::vector<size_t>> of_block;  // positions in `handed`
    std::unordered_map<uint64_t, size_t> last;                   // of a block's thread
};

bool any;                                                    // whether there has been a fence in this launch
std::unordered_map<uintptr_t, Crossing> crossings;
std::unordered_map<uint32_t, std::vector<Fences>> fences_of; // by the number of the block, then of the thread
std::vector<View> views;                                     // of the threads of this block

bool before(const Access& access, const Fence& fence) {
    return access.interval < fence.interval || (access.interval == fence.interval && access.clock <= fence.clock);
}

bool is_visible(const View& view) {
    return view.interval != interval || in_order(view.thread, view.clock, number_of(current));
}

// Whether an access lies before an atomic operation, with a fence between the two.
bool covers(const Handed& handed, const Access& access, bool is_atomic_there) {
    const bool own_block = handed.block == block_number;
    const Fence& fence = own_block ? handed.fences.of_block : handed.fences.of_device;
    if (access.thread == handed.thread) {
        return is_atomic_there ? access.interval <= handed.interval : before(access, fence);
    }
    const bool met = access.thread / 32 == handed.thread / 32 && access.clock <= handed.met[access.thread % 32];
    if (access.interval > handed.interval || (access.interval == handed.interval && !met)) return false;
    if (access.interval <= fence.interval) return true;
    const Fences& own = fences_of[handed.block][access.thread];
    return before(access, own_block ? own.of_block : own.of_device);
}

bool finds(const Crossing& crossing, size_t count, const Access& access, bool is_atomic_there, int depth = 0) {
    auto found = crossing.of_block.find(block_of_interval(access.interval));
    if (found != crossing.of_block.end()) {
        for (size_t position : found->second) {
            if (position < count && covers(crossing.handed[position], access, is_atomic_there)) return true;
        }
    }
    for (const Link& link : crossing.links) {
        if (link.position >= count || depth > 16) break;
        if (finds(*link.view.crossing, link.view.count, access, is_atomic_there, depth + 1)) return true;
    }
    return false;
}

// Whether the same has been handed on already: a thread that tries to get a lock comes again and again.
bool is_known(const Crossing& crossing, const Handed& handed, uint64_t key) {
    auto found = crossing.last.find(key);
    if (found == crossing.last.end()) return false;
    const Handed& old = crossing.handed[found->second];
    return old.interval == handed.interval && memcmp(&old.fences, &handed.fences, sizeof old.fences) == 0 &&
           memcmp(old.met, handed.met, sizeof old.met) == 0;
}

void take_over(const Crossing& crossing) {
    const uint16_t self = uint16_t(number_of(current));
    for (const View& view : views) {
        if (view.crossing == &crossing && view.thread == self && view.count == crossing.handed.size()) return;
    }
    if (!crossing.handed.empty()) {
        views.push_back({&crossing, crossing.handed.size(), interval, clocks[self], self});
    }
}

void hand_on(Crossing& crossing) {
    const int self = number_of(current);
    auto found = fences_of.find(block_number);
    if (found == fences_of.end()) return;
    Handed handed = {block_number, interval, uint16_t(self), found->second[size_t(self)], {}};
    memcpy(handed.met, met_warp[self], sizeof handed.met);
    const uint64_t key = uint64_t(block_number) << 10 | uint64_t(self);
    if (!handed.fences.of_block.interval || is_known(crossing, handed, key)) return;
    for (const View& view : views) {
        if (view.crossing == &crossing || !is_visible(view)) continue;
        const bool is_new = std::none_of(crossing.links.begin(), crossing.links.end(), [&](const Link& link) {
            return link.view.crossing == view.crossing && link.view.count >= view.count;
        });
        if (is_new) crossing.links.push_back({crossing.handed.size(), view});
    }
    crossing.last[key] = crossing.handed.size();
    crossing.of_block[block_number].push_back(crossing.handed.size());
    crossing.handed.push_back(handed);
}

}  // namespace

void begin_fences() {
    any = false;
    crossings.clear();
    fences_of.clear();
}

void begin_block_fences() { views.clear(); }

void fence(bool whole_device) {
    busy = any = true;
    const int self = number_of(current);
    std::vector<Fences>& fences = fences_of[block_number];
    fences.resize(size_t(thread_count));
    const Fence now = {interval, clocks[self]++};
    fences[size_t(self)].of_block = now;
    if (whole_device) fences[size_t(self)].of_device = now;
    busy = false;
}

void meet_at(uintptr_t address) {
    if (!any) return;
    busy = true;
    Crossing& crossing = crossings[address];
    crossing.address = address;
    take_over(crossing);
    hand_on(crossing);
    busy = false;
}

bool handed_over(const Access& access, Kind kind, uintptr_t address) {
    if (!any) return false;
    for (const View& view : views) {
        const bool is_atomic_there = kind != Kind::read && view.crossing->address == address;
        if (is_visible(view) && finds(*view.crossing, view.count, access, is_atomic_there)) return true;
    }
    return false;
}

}  // namespace emulator

#pragma GCC visibility push(default)
extern "C" void minitorch_fence(int whole_device) { emulator::fence(whole_device != 0); }
#pragma GCC visibility pop
