// Where the arrays and the dynamic shared memory of a launch lie. Each array is copied to a slot of its own in a large
// range of addresses. It ends where pages begin that must not be touched, so that the first access past the end
// (rounded up to 16 bytes) is noticed in fast mode too; canaries stand before the start and in the rounding.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime.h"

extern "C" __attribute__((visibility("default"))) char* minitorch_shared;
char* minitorch_shared;

namespace emulator {

char* arena;
Slot slots[slot_count];
int slots_used;

namespace {

constexpr size_t end_in_slot = size_t(448) << 20;  // where an array ends, with room for wrong indices
constexpr size_t canary = 256;
constexpr size_t shared_most = 64 * 1024;
constexpr uint32_t pointer_table = 2;              // as read_only: holds numbers of arrays, from 1, to become addresses
constexpr size_t kept = size_t(8) << 20;           // a slot that has taken more gives it back after the launch

char* shared_area;

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

bool reserve() {
    if (arena) return true;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* range = mmap(nullptr, slot_bytes * slot_count, PROT_NONE, flags, -1, 0);
    void* shared = mmap(nullptr, shared_most + 2 * page, PROT_NONE, flags, -1, 0);
    if (range == MAP_FAILED || shared == MAP_FAILED) return false;
    arena = static_cast<char*>(range);
    shared_area = static_cast<char*>(shared) + page;
    mprotect(shared_area, shared_most, PROT_READ | PROT_WRITE);
    return true;
}

// Gives each array a slot; arrays that share memory share the slot. False if there are not enough.
bool assign_slots() {
    std::vector<Array*> sorted;
    for (uint64_t i = 0; i < launch->array_count; ++i) sorted.push_back(&launch->arrays[i]);
    std::sort(sorted.begin(), sorted.end(), [](Array* a, Array* b) {
        return (a->bytes != 0) != (b->bytes != 0) ? a->bytes == 0 : a->source < b->source;  // empty ones first
    });
    slots_used = 0;
    for (Array* array : sorted) {
        Slot* slot = slots_used ? &slots[slots_used - 1] : nullptr;
        if (!slot || slot->bytes == 0 || array->bytes == 0 || slot->source + slot->bytes <= array->source) {
            if (slots_used == int(slot_count)) return false;
            slot = &slots[slots_used++];
            slot->source = array->source;
            slot->bytes = 0;
            slot->read_only = true;
            slot->item = array->item;
        }
        size_t end = size_t(array->source - slot->source) + array->bytes;
        slot->bytes = std::max(slot->bytes, end);
        slot->read_only = slot->read_only && array->read_only;
        slot->item = std::min(slot->item, array->item);
        array->slot = slots_used - 1;
    }
    return true;
}

// The copy begins at the same place modulo 16 as the original does, so that a kernel that asks finds the same.
bool fill_slot(Slot& slot, size_t number) {
    char* limit = arena + number * slot_bytes + end_in_slot;
    size_t past = (reinterpret_cast<uintptr_t>(slot.source) + slot.bytes) % 16;
    slot.start = limit - (past ? 16 - past : 0) - slot.bytes;
    slot.end = limit;
    size_t needed = round_up(size_t(limit - slot.start) + canary, page);
    if (needed > end_in_slot) return false;
    if (needed > slot.taken) {
        if (mprotect(limit - needed, needed, PROT_READ | PROT_WRITE)) return false;
        slot.taken = needed;
    }
    fill_poison(slot.start - canary, canary);
    fill_poison(slot.start + slot.bytes, size_t(limit - slot.start) - slot.bytes);
    memcpy(slot.start, slot.source, slot.bytes);
    return true;
}

bool is_poison(const char* begin, uint64_t bytes) {
    const char* pattern = reinterpret_cast<const char*>(&poison);
    for (uint64_t i = 0; i < bytes; ++i) {
        if (begin[i] != pattern[reinterpret_cast<uintptr_t>(begin + i) % 4]) return false;
    }
    return true;
}

size_t shared_rounded() { return round_up(launch->shared_bytes, 16); }

}  // namespace

void fill_poison(char* begin, uint64_t bytes) {
    const char* pattern = reinterpret_cast<const char*>(&poison);
    uint64_t i = 0;
    for (; i < bytes && reinterpret_cast<uintptr_t>(begin + i) % 4; ++i) {
        begin[i] = pattern[reinterpret_cast<uintptr_t>(begin + i) % 4];
    }
    for (; i + 4 <= bytes; i += 4) *reinterpret_cast<uint32_t*>(begin + i) = poison;
    for (; i < bytes; ++i) begin[i] = pattern[reinterpret_cast<uintptr_t>(begin + i) % 4];
}

const char* place_arrays() {
    if (!reserve()) return "the system gives no address space (see ulimit -v)";
    if (!assign_slots()) return "more than 1024 arrays";
    for (int i = 0; i < slots_used; ++i) {
        if (!fill_slot(slots[i], size_t(i))) return "an array is larger than 448 MB, or memory is full";
    }
    for (uint64_t i = 0; i < launch->array_count; ++i) {
        Array& array = launch->arrays[i];
        const Slot& slot = slots[array.slot];
        array.start = slot.start + (array.source - slot.source);
    }
    for (uint64_t i = 0; i < launch->array_count; ++i) {
        const Array& table = launch->arrays[i];
        uint64_t* entries = reinterpret_cast<uint64_t*>(table.start);
        for (uint64_t k = 0; table.read_only == pointer_table && k < table.bytes / sizeof *entries; ++k) {
            if (entries[k]) entries[k] = reinterpret_cast<uint64_t>(launch->arrays[entries[k] - 1].start);
        }
    }
    minitorch_shared = launch->dynamic = shared_area + shared_most - shared_rounded();
    return nullptr;
}

void bring_back_arrays() {
    for (int i = 0; i < slots_used; ++i) {
        Slot& slot = slots[i];
        if (!slot.read_only && report->fault == Fault::none) memcpy(slot.source, slot.start, slot.bytes);
        if (slot.taken > kept) {
            madvise(slot.end - slot.taken, slot.taken, MADV_DONTNEED);
        }
    }
}

int slot_of(uintptr_t address) {
    uintptr_t offset = address - reinterpret_cast<uintptr_t>(arena);
    if (!arena || offset >= slot_bytes * size_t(slots_used)) return -1;
    return int(offset / slot_bytes);
}

bool canaries_intact(int* number) {
    for (int i = 0; i < slots_used; ++i) {
        const Slot& slot = slots[i];
        char* past = slot.start + slot.bytes;
        *number = i;
        if (!is_poison(slot.start - canary, canary) || !is_poison(past, uint64_t(slot.end - past))) return false;
    }
    return true;
}

uintptr_t new_poison() {
    for (int i = 0; i < slots_used; ++i) {
        const Slot& slot = slots[i];
        for (size_t at = 0; !slot.read_only && at + sizeof poison <= slot.bytes; at += sizeof poison) {
            uint32_t before, after;
            memcpy(&before, slot.source + at, sizeof before);
            memcpy(&after, slot.start + at, sizeof after);
            if (after == poison && before != poison) return reinterpret_cast<uintptr_t>(slot.start + at);
        }
    }
    return 0;
}

void prepare_shared() {
    for (uint64_t i = 0; i < launch->shared_count; ++i) fill_poison(launch->shared[i].begin, launch->shared[i].bytes);
    if (launch->shared_bytes == 0) return;
    size_t before = shared_most - shared_rounded() < canary ? shared_most - shared_rounded() : canary;
    fill_poison(minitorch_shared - before, before + shared_rounded());
}

bool shared_canary_intact() {
    if (launch->shared_bytes == 0) return true;
    size_t before = shared_most - shared_rounded() < canary ? shared_most - shared_rounded() : canary;
    char* past = minitorch_shared + launch->shared_bytes;
    return is_poison(minitorch_shared - before, before) && is_poison(past, shared_rounded() - launch->shared_bytes);
}

bool near_dynamic_shared(uintptr_t address) {
    return shared_area && address - (uintptr_t(shared_area) - page) < shared_most + 2 * page;
}

}  // namespace emulator
