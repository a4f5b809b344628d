// Check mode: looks at every access to memory. Is it within an array, is it in order with what others did there, and
// has shared memory been written before it is read?
#include "shadow.h"

#include <sys/mman.h>

#include <algorithm>
#include <unordered_set>

#include "order.h"

extern "C" char* minitorch_shared;

namespace emulator {
namespace {

// Memory with cells: 1 << shift bytes each.
struct Region {
    uintptr_t begin, bytes;
    Cell* cells;
    int shift;
    bool shared;
};

Region arrays[slot_count];
Region shared[256];   // the shared variables, the dynamic array last
int shared_regions;
int last_shared;      // where the last access was: most come to the same place again
struct Mapping {
    void* memory;
    size_t bytes;
};
Mapping mappings[slot_count + 256];
int mapping_count;
std::unordered_set<uint64_t> ignored;
// The first read of uninitialised shared memory. It is reported when the threads next meet: if another thread writes
// there until then, the fault is a race, a missing barrier.
Report uninitialised;

Cell* new_cells(size_t count) {
    size_t bytes = (count + 1) * sizeof(Cell);
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    mappings[mapping_count++] = {memory, bytes};
    return static_cast<Cell*>(memory);
}

bool make_region(Region* region, const void* begin, size_t bytes, uint32_t item, bool is_shared) {
    *region = {uintptr_t(begin), bytes, nullptr, item >= 4 ? 2 : item == 2 ? 1 : 0, is_shared};
    uintptr_t first = region->begin >> region->shift, last = (region->begin + bytes) >> region->shift;
    region->cells = new_cells(last - first + 1);
    return region->cells != nullptr;
}

Place other_place(const Access& access, Kind kind) {
    Place place = place_of(&threads[access.thread], 0);
    const uint32_t* grid = launch->grid;
    uint32_t b = access.block;
    place.block[0] = b % grid[0], place.block[1] = b / grid[0] % grid[1], place.block[2] = b / grid[0] / grid[1];
    place.access = int32_t(kind);
    if (access.code >> 31) {
        place.line = int32_t(access.code & 0x7fffffff);
    } else {
        place.code = access.code;
    }
    return place;
}

Place this_place(Kind kind, uint32_t code) {
    Access access = {block_number, 0, code, uint16_t(number_of(current)), 0, 0};
    return other_place(access, kind);
}

[[noreturn]] __attribute__((noinline, cold)) void fail_access(Fault fault, uintptr_t address, size_t size, Kind kind,
                                                              uint32_t code) {
    report->address = address;
    report->slot = slot_of(address);
    fail(fault, this_place(kind, code), {}, int64_t(size));
}

__attribute__((noinline, cold)) void race(const Access& access, Kind other, uintptr_t address, size_t size, Kind kind,
                                          uint32_t code) {
    if (ignored.count(uint64_t(access.code) << 32 | code)) return;
    report->address = address;
    report->slot = slot_of(address);
    report->values[2] = int64_t(size);
    fail(Fault::race, this_place(kind, code), other_place(access, other), access.code, code);
}

__attribute__((noinline, cold)) void note_uninitialised(uintptr_t address, size_t size, Kind kind, uint32_t code) {
    if (uninitialised.fault != Fault::none) return;
    uninitialised.fault = Fault::uninitialised;
    uninitialised.slot = -1;
    uninitialised.here = this_place(kind, code);
    uninitialised.address = address;
    uninitialised.values[0] = int64_t(size);
}

// Whether there was such an access in this launch (for shared memory: in this block), of one of the bytes, that is not
// in order with the current thread.
inline bool conflicts(const Access& access, uint8_t bytes, bool is_shared, int self) {
    if (access.code == 0 || !(access.bytes & bytes)) return false;
    if (access.block != block_number) return !is_shared;
    return !in_order(access.thread, access.clock, self);
}

// Remembers an access beside up to one other, so that the two come from blocks, warps or threads as different as can
// be. One that lies before the new one need not be kept: what is in order with the new one is with it, too.
inline void remember(Access (&kept)[2], const Access& access, bool is_shared) {
    for (Access& old : kept) {
        if (!conflicts(old, 0xff, is_shared, access.thread)) {
            old = access;
            return;
        }
    }
    if (kept[0].block != access.block || kept[0].thread / 32 != access.thread / 32) {
        kept[1] = access;
    } else {
        kept[0] = access;
    }
}

inline void check_cell(Cell& cell, const Access& access, Kind kind, const Region& region, uintptr_t address,
                       size_t size) {
    const int self = access.thread;
    const bool is_shared = region.shared;
    if (is_shared && kind != Kind::write) {
        uint8_t written = cell.write.code && cell.write.block == block_number ? cell.write.initialised : 0;
        if (access.bytes & ~written) note_uninitialised(address, size, kind, access.code);
    }
    if (conflicts(cell.write, access.bytes, is_shared, self)) {
        race(cell.write, Kind::write, address, size, kind, access.code);
    }
    if (kind != Kind::atomic) {
        for (const Access& atomic : cell.atomics) {
            if (conflicts(atomic, access.bytes, is_shared, self)) {
                race(atomic, Kind::atomic, address, size, kind, access.code);
            }
        }
    }
    if (kind == Kind::read) {
        remember(cell.reads, access, is_shared);
        return;
    }
    for (const Access& read : cell.reads) {
        if (conflicts(read, access.bytes, is_shared, self)) race(read, Kind::read, address, size, kind, access.code);
    }
    if (kind == Kind::atomic) {
        remember(cell.atomics, access, is_shared);
        return;
    }
    uint8_t before = cell.write.code && cell.write.block == block_number ? cell.write.initialised : 0;
    cell.write = access;
    cell.write.initialised = before | access.bytes;
}

void check_region(const Region& region, uintptr_t address, size_t size, Kind kind, uint32_t code) {
    const uintptr_t piece = uintptr_t(1) << region.shift;
    const uintptr_t first = region.begin >> region.shift;
    const int self = number_of(current);
    for (uintptr_t at = address; at < address + size;) {
        uintptr_t next = (at & ~(piece - 1)) + piece;
        uintptr_t end = std::min(next, address + size);
        uint8_t bytes = uint8_t(((1u << (end - at)) - 1) << (at & (piece - 1)));
        Access access = {block_number, clocks[self], code, uint16_t(self), bytes, 0};
        check_cell(region.cells[(at >> region.shift) - first], access, kind, region, address, size);
        at = next;
    }
}

inline bool holds(const Region& region, uintptr_t address, size_t size) {
    return address >= region.begin && address + size <= region.begin + region.bytes;
}

const Region* shared_region(uintptr_t address, size_t size) {
    if (shared_regions && holds(shared[last_shared], address, size)) return &shared[last_shared];
    for (int i = 0; i < shared_regions; ++i) {
        if (holds(shared[i], address, size)) {
            last_shared = i;
            return &shared[i];
        }
    }
    return nullptr;
}

bool in_shared_variables(uintptr_t address) { return address >= launch->bss_begin && address < launch->bss_end; }

}  // namespace

void check_access(uintptr_t address, size_t size, Kind kind, uint32_t code) {
    const uintptr_t offset = address - uintptr_t(arena);
    if (offset < slot_bytes * size_t(slots_used)) {
        const size_t number = offset / slot_bytes;
        const Slot& slot = slots[number];
        if (address < uintptr_t(slot.start) || address + size > uintptr_t(slot.start) + slot.bytes) {
            fail_access(Fault::out_of_bounds, address, size, kind, code);
        }
        if (!slot.read_only) {
            check_region(arrays[number], address, size, kind, code);
        } else if (kind != Kind::read) {
            fail_access(Fault::write_to_const, address, size, kind, code);
        }
        return;
    }
    if (const Region* region = shared_region(address, size)) {
        check_region(*region, address, size, kind, code);
    } else if (stack_holds(address)) {
        return;
    } else if (in_shared_variables(address) || near_dynamic_shared(address)) {
        fail_access(Fault::shared_bounds, address, size, kind, code);
    } else if (address >= launch->code_begin && address < launch->image_end) {
        return;  // a constant, or a variable at file scope
    } else {
        fail_access(Fault::out_of_bounds, address, size, kind, code);
    }
}

bool begin_check() {
    for (int i = 0; i < slots_used; ++i) {
        const Slot& slot = slots[i];
        if (!slot.read_only && !make_region(&arrays[i], slot.start, slot.bytes, slot.item, false)) return false;
    }
    shared_regions = last_shared = 0;
    uninitialised = {};
    for (uint64_t i = 0; i < launch->shared_count && i < 255; ++i) {
        const Range& range = launch->shared[i];
        if (!make_region(&shared[shared_regions++], range.begin, range.bytes, 4, true)) return false;
    }
    if (launch->shared_bytes) {
        if (!make_region(&shared[shared_regions++], minitorch_shared, launch->shared_bytes, 4, true)) return false;
    }
    ignored.clear();
    for (uint64_t i = 0; i < launch->ignored_count; ++i) {
        ignored.insert(launch->ignored[2 * i] << 32 | launch->ignored[2 * i + 1]);
    }
    return true;
}

bool report_uninitialised() {
    if (uninitialised.fault == Fault::none) return false;
    *report = uninitialised;
    uninitialised.fault = Fault::none;
    return true;
}

void end_check() {
    for (int i = 0; i < mapping_count; ++i) munmap(mappings[i].memory, mappings[i].bytes);
    mapping_count = 0;
}

}  // namespace emulator
