// What fences and atomic operations put in order between threads that meet at no barrier: the last block that sums what
// all blocks have left, a lock, a flag. A thread that executes a fence and then an atomic operation hands on, at that
// address, what lay before the fence; a thread whose atomic operation comes to the address later takes it over.
#pragma once

#include "shadow.h"

namespace emulator {

void begin_fences();          // a launch begins
void begin_block_fences();
void fence(bool whole_device);              // the current thread executes one
void meet_at(uintptr_t address);            // the current thread is about to execute an atomic operation
// Whether an access that has happened was handed over to the current thread.
bool handed_over(const Access& access, Kind kind, uintptr_t address);

}  // namespace emulator
