// Which accesses of a launch are in order. __syncthreads cuts the run of a block into intervals, which are counted: what
// two threads of a block do in different intervals is in order, what they do in the same one is not, unless they are
// lanes of a warp that has met at __syncwarp in between. For that each lane has a clock that goes on whenever it meets
// others. What is not in order by this may be so by fences and atomic operations, also between blocks: see fences.h.
#pragma once

#include "runtime.h"

namespace emulator {

extern uint32_t interval;             // the one that runs; counted on from launch to launch, from 1
extern uint32_t first_of_launch, first_of_block;
extern uint32_t clocks[1024];         // of each thread, now; they begin at 1
extern uint32_t met_warp[1024][32];   // what each thread knows of the clocks of its warp

// Whether what `thread` did at its time `clock` lies before what `self` does now, both in the running interval.
inline bool in_order(int thread, uint32_t clock, int self) {
    return thread == self || (thread / 32 == self / 32 && clock <= met_warp[self][thread % 32]);
}

// The block to which an interval belongs.
uint32_t block_of_interval(uint32_t number);

}  // namespace emulator
