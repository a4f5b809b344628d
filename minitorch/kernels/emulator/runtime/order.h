// Which accesses of a block are in order. Each thread has a clock that goes on whenever it has met others, at
// __syncthreads or __syncwarp. An access is known by its thread and the clock at its time; it lies before everything
// that a thread does which has met that thread since, directly or through others.
#pragma once

#include "runtime.h"

namespace emulator {

extern uint32_t clocks[1024];         // of each thread, now; they begin at 1
extern uint32_t met_block[1024];      // the clock of each thread when the block last met
extern uint32_t met_warp[1024][32];   // what each thread knows of the clocks of its warp

// Whether what `thread` did at the time `clock` lies before what `self` does now; both are in the running block.
inline bool in_order(int thread, uint32_t clock, int self) {
    return thread == self || clock <= met_block[thread] ||
           (thread / 32 == self / 32 && clock <= met_warp[self][thread % 32]);
}

}  // namespace emulator
