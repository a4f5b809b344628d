// Check mode: looks at every access to memory. Is it within an array, is it in order with what others did there, and
// has shared memory been written before it is read?
#include "shadow.h"

#include <sys/mman.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fences.h"
#include "order.h"

namespace emulator {
namespace {

// Memory with cells: 1 << shift bytes each.
struct Region {
    uintptr_t begin, bytes;
    Cell* cells;
    AtomicCell* atomic_cells;
    int shift;
    bool shared, any_atomic;
};

Region arrays[slot_count];
Region shared_variables, dynamic_shared, global_variables;
std::vector<uint8_t> declared;  // which bytes of the file's shared memory belong to variables that the kernel can see

// All cells of a launch come from here. What is left of earlier launches is recognised by its interval, so that the
// memory need not be cleared.
char* pool;
size_t pool_bytes, pool_used;
constexpr size_t pool_kept = size_t(256) << 20;

// A cell holds the last write alone. When parts of one are written, bytes in shared memory for example, by threads that
// must not be forgotten over each other, the launch begins again with a cell for each byte.
bool bytewise;

std::unordered_set<uint64_t> ignored;
// The first read of uninitialised shared memory. It is reported when the threads next meet: if another thread writes
// there until then, the fault is a race, a missing barrier.
Report uninitialised;
// Plain reads, at most one for each thread, of what others update atomically. They are reported when the thread comes to
// a barrier or to its end, unless a compare-and-swap has checked them by then.
std::unordered_map<int, Report> doubtful;

size_t cells_of(uintptr_t begin, size_t bytes, int shift) {
    return ((begin + bytes) >> shift) - (begin >> shift) + 1;
}

void* from_pool(size_t bytes) {
    void* memory = pool + pool_used;
    pool_used += (bytes + 63) / 64 * 64;
    return memory;
}

void drop_pool() {
    if (pool) munmap(pool, pool_bytes);
    pool = nullptr;
    pool_bytes = 0;
}

// Gives cells to all regions.
bool fill_pool(Region* const* regions, int count) {
    size_t needed = 0;
    for (int i = 0; i < count; ++i) {
        size_t cells = cells_of(regions[i]->begin, regions[i]->bytes, regions[i]->shift);
        needed += cells * (sizeof(Cell) + sizeof(AtomicCell)) + 128;
    }
    if (order_runs_out()) {
        drop_pool();
        forget_order();
    }
    if (needed > pool_bytes) {
        drop_pool();
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void* memory = mmap(nullptr, needed, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (memory == MAP_FAILED) return false;
        pool = static_cast<char*>(memory);
        pool_bytes = needed;
    }
    pool_used = 0;
    for (int i = 0; i < count; ++i) {
        size_t cells = cells_of(regions[i]->begin, regions[i]->bytes, regions[i]->shift);
        regions[i]->cells = static_cast<Cell*>(from_pool(cells * sizeof(Cell)));
    }
    for (int i = 0; i < count; ++i) {
        size_t cells = cells_of(regions[i]->begin, regions[i]->bytes, regions[i]->shift);
        regions[i]->atomic_cells = static_cast<AtomicCell*>(from_pool(cells * sizeof(AtomicCell)));
    }
    return true;
}

void make_region(Region* region, const char* begin, size_t bytes, uint32_t item, bool is_shared) {
    const int shift = item >= 4 ? 2 : item == 2 ? 1 : 0;
    *region = {uintptr_t(begin), bytes, nullptr, nullptr, shift, is_shared, false};
}

Place other_place(const Access& access, Kind kind) {
    Place place = place_of(&threads[access.thread], 0);
    const uint32_t* grid = launch->grid;
    uint32_t b = block_of_interval(access.interval);
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
    Access access = {interval, 0, code, uint16_t(number_of(current)), 0, 0};
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
    if (ignored.count(uint64_t(access.code) << 32 | code) || handed_over(access, other, address)) return;
    Report found = {};
    found.fault = Fault::race;
    found.address = address;
    found.slot = slot_of(address);
    found.here = this_place(kind, code);
    found.other = other_place(access, other);
    found.values[0] = access.code, found.values[1] = code, found.values[2] = int64_t(size);
    if (kind == Kind::read && other == Kind::atomic) {
        doubtful.emplace(number_of(current), found);
        return;
    }
    fail_with(found);
}

__attribute__((noinline, cold)) void note_uninitialised(uintptr_t address, size_t size, Kind kind, uint32_t code) {
    if (uninitialised.fault != Fault::none) return;
    uninitialised.fault = Fault::uninitialised;
    uninitialised.slot = -1;
    uninitialised.here = this_place(kind, code);
    uninitialised.address = address;
    uninitialised.values[0] = int64_t(size);
}

// Whether there was such an access in this launch (for shared memory: in this block) that is not in order with what the
// current thread does.
inline bool unordered(const Access& access, bool is_shared, int self) {
    if (access.interval != interval) {
        return !is_shared && access.interval < first_of_block && access.interval >= first_of_launch;
    }
    return !in_order(access.thread, access.clock, self);
}

inline bool conflicts(const Access& access, uint8_t bytes, bool is_shared, int self) {
    return (access.bytes & bytes) && unordered(access, is_shared, self);
}

// Remembers an access beside up to one other, so that the two come from blocks, warps or threads as different as can
// be. One that lies before the new one need not be kept: what is in order with the new one is with it, too.
inline void remember(Access (&kept)[2], const Access& access, bool is_shared) {
    for (Access& old : kept) {
        if (!unordered(old, is_shared, access.thread)) {
            old = access;
            return;
        }
    }
    if (kept[0].interval != access.interval || kept[0].thread / 32 != access.thread / 32) {
        kept[1] = access;
    } else {
        kept[0] = access;
    }
}

inline uint8_t initialised_bytes(const Access& write) {
    return write.interval >= first_of_block ? write.initialised : 0;
}

template <Kind kind>
__attribute__((always_inline)) inline void check_cell(Region& region, size_t number, const Access& access,
                                                      uintptr_t address, size_t size) {
    Cell& cell = region.cells[number];
    const int self = access.thread;
    const bool is_shared = region.shared;
    if (is_shared && kind != Kind::write) {
        if (access.bytes & ~initialised_bytes(cell.write)) note_uninitialised(address, size, kind, access.code);
    }
    if (conflicts(cell.write, access.bytes, is_shared, self)) {
        race(cell.write, Kind::write, address, size, kind, access.code);
    }
    if (kind != Kind::atomic && region.any_atomic) {
        for (const Access& update : region.atomic_cells[number].updates) {
            if (conflicts(update, access.bytes, is_shared, self)) {
                race(update, Kind::atomic, address, size, kind, access.code);
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
        region.any_atomic = true;
        remember(region.atomic_cells[number].updates, access, is_shared);
        return;
    }
    const uint8_t before = initialised_bytes(cell.write);
    cell.write = access;
    cell.write.initialised = before | access.bytes;
}

template <Kind kind>
__attribute__((always_inline)) inline void check_region(Region& region, uintptr_t address, size_t size, uint32_t code) {
    const int self = number_of(current);
    const uintptr_t piece = uintptr_t(1) << region.shift;
    Access access = {interval, clocks[self], code, uint16_t(self), uint8_t((1u << piece) - 1), 0};
    size_t cell = (address >> region.shift) - (region.begin >> region.shift);
    if (((address | size) & (piece - 1)) == 0) {
        for (uintptr_t at = 0; at < size; at += piece) check_cell<kind>(region, cell++, access, address, size);
        return;
    }
    if (kind != Kind::read) {
        begins_again = bytewise = true;
        leave();
    }
    for (uintptr_t at = address; at < address + size;) {  // parts of pieces
        const uintptr_t next = (at & ~(piece - 1)) + piece;
        const uintptr_t end = std::min(next, address + size);
        access.bytes = uint8_t(((1u << (end - at)) - 1) << (at & (piece - 1)));
        check_cell<kind>(region, cell++, access, address, size);
        at = next;
    }
}

inline bool holds(const Region& region, uintptr_t address, size_t size) {
    return address >= region.begin && address + size <= region.begin + region.bytes;
}

Region* shared_region(uintptr_t address, size_t size) {
    if (holds(shared_variables, address, size)) {
        const size_t offset = address - shared_variables.begin;
        return declared[offset] && declared[offset + size - 1] ? &shared_variables : nullptr;
    }
    return holds(dynamic_shared, address, size) ? &dynamic_shared : nullptr;
}

// Also behind them, as far as a wrong index would go.
bool near_shared_variables(uintptr_t address) {
    return address - shared_variables.begin < shared_variables.bytes + (1 << 16);
}

}  // namespace

bool begins_again;

template <Kind kind>
void check_access(uintptr_t address, size_t size, uint32_t code) {
    const uintptr_t offset = address - uintptr_t(arena);
    if (offset < slot_bytes * size_t(slots_used)) {
        const size_t number = offset / slot_bytes;
        const Slot& slot = slots[number];
        if (address < uintptr_t(slot.start) || address + size > uintptr_t(slot.start) + slot.bytes) {
            fail_access(Fault::out_of_bounds, address, size, kind, code);
        }
        if (!slot.read_only) {
            check_region<kind>(arrays[number], address, size, code);
        } else if (kind != Kind::read) {
            fail_access(Fault::write_to_const, address, size, kind, code);
        }
        return;
    }
    if (Region* region = shared_region(address, size)) {
        check_region<kind>(*region, address, size, code);
    } else if (own_stack_holds(address)) {
        return;
    } else if (holds(global_variables, address, size)) {
        check_region<kind>(global_variables, address, size, code);
    } else if (address - uintptr_t(launch->constant_begin) < size_t(launch->constant_end - launch->constant_begin)) {
        if (kind != Kind::read) fail_access(Fault::write_to_const, address, size, kind, code);
    } else if (near_shared_variables(address) || near_dynamic_shared(address)) {
        fail_access(Fault::shared_bounds, address, size, kind, code);
    } else if (kind == Kind::read && address >= launch->code_begin && address < launch->image_end) {
        return;  // a constant
    } else {
        fail_access(Fault::out_of_bounds, address, size, kind, code);
    }
}

template void check_access<Kind::read>(uintptr_t, size_t, uint32_t);
template void check_access<Kind::write>(uintptr_t, size_t, uint32_t);
template void check_access<Kind::atomic>(uintptr_t, size_t, uint32_t);

void forgive_read(uintptr_t address, size_t size) {
    auto found = doubtful.find(number_of(current));
    if (found != doubtful.end() && found->second.address == address) doubtful.erase(found);
    const uintptr_t offset = address - uintptr_t(arena);
    Region* region = shared_region(address, size);
    if (offset < slot_bytes * size_t(slots_used)) {
        region = slots[offset / slot_bytes].read_only ? nullptr : &arrays[offset / slot_bytes];
    } else if (holds(global_variables, address, size)) {
        region = &global_variables;
    }
    if (!region || !holds(*region, address, size)) return;
    for (uintptr_t at = address; at < address + size; at += uintptr_t(1) << region->shift) {
        for (Access& read : region->cells[(at >> region->shift) - (region->begin >> region->shift)].reads) {
            if (read.interval == interval && read.thread == number_of(current)) read = {};
        }
    }
}

void report_doubtful() {
    if (doubtful.empty()) return;
    auto found = doubtful.find(number_of(current));
    if (found != doubtful.end()) fail_with(Report(found->second));
}

bool begin_check() {
    if (!begins_again) bytewise = false;
    begins_again = false;
    Region* regions[slot_count + 3] = {&shared_variables, &dynamic_shared, &global_variables};
    int count = 3;
    for (int i = 0; i < slots_used; ++i) {
        const Slot& slot = slots[i];
        if (slot.read_only) continue;  // nobody may write there, so that there is nothing to remember
        make_region(&arrays[i], slot.start, slot.bytes, bytewise ? 1 : slot.item, false);
        regions[count++] = &arrays[i];
    }
    const uint32_t item = bytewise ? 1 : 4;
    make_region(&shared_variables, launch->bss_begin, launch->bss_end - launch->bss_begin, item, true);
    make_region(&dynamic_shared, launch->dynamic, launch->shared_bytes, item, true);
    make_region(&global_variables, launch->global_begin, launch->global_end - launch->global_begin, 1, false);
    declared.assign(shared_variables.bytes, false);
    for (uint64_t i = 0; i < launch->shared_count; ++i) {
        const Range& range = launch->shared[i];
        std::fill_n(declared.begin() + (range.begin - launch->bss_begin), range.bytes, true);
    }
    if (!fill_pool(regions, count)) return false;
    uninitialised = {};
    doubtful.clear();
    begin_order();
    begin_fences();
    ignored.clear();
    for (uint64_t i = 0; i < launch->ignored_count; ++i) {
        ignored.insert(launch->ignored[2 * i] << 32 | launch->ignored[2 * i + 1]);
    }
    return true;
}

bool has_read_uninitialised() { return uninitialised.fault != Fault::none; }

bool report_uninitialised() {
    if (uninitialised.fault == Fault::none) return false;
    *report = uninitialised;
    uninitialised.fault = Fault::none;
    return true;
}

void end_check() {
    if (pool_bytes > pool_kept) drop_pool();
}

}  // namespace emulator
