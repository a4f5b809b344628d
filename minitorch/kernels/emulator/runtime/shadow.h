// What is remembered of each piece of memory in check mode: who wrote and read it last.
#pragma once

#include "runtime.h"

namespace emulator {

enum class Kind : int32_t { read, write, atomic };

// An access that has happened. `code` is a position in the kernel, or, with the highest bit set, a line.
struct Access {
    uint32_t interval;   // see order.h; 0 for none
    uint32_t clock, code;
    uint16_t thread;
    uint8_t bytes;       // which of the piece's bytes, one bit for each
    uint8_t initialised; // of a write to shared memory: which bytes have been written in this block
};

// The shadow of a piece of memory: of 4 bytes, or of an element if that is smaller. Two reads (and two atomic updates)
// by different threads are enough to notice a later write that is not in order with all of them: it can be in order
// with one only because it comes from the same thread, and then not with the other.
struct Cell {
    Access write, reads[2];
};

// Apart from the rest, since most memory sees none.
struct AtomicCell {
    Access updates[2];
};

// Checks one access, and remembers it. Does not return if it is a fault.
template <Kind kind>
void check_access(uintptr_t address, size_t size, uint32_t code);

// Forgets that the current thread has read there: a compare-and-swap checks now whether what it read still holds.
void forgive_read(uintptr_t address, size_t size);

}  // namespace emulator
