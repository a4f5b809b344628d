// What the code of a kernel calls in the runtime. Both sides include this.
#pragma once

enum MinitorchBarrier { MINITORCH_SYNC, MINITORCH_COUNT, MINITORCH_AND, MINITORCH_OR };
enum MinitorchWarp {
    MINITORCH_SYNCWARP, MINITORCH_SHUFFLE, MINITORCH_BALLOT, MINITORCH_ANY, MINITORCH_ALL, MINITORCH_MATCH
};

#pragma GCC visibility push(default)
extern "C" {
// Waits for all threads of the block; returns what the kind makes of the predicates.
int minitorch_barrier(int kind, int predicate, int line);
// Waits for the lanes in the mask; a shuffle returns the value of the lane `source`.
unsigned long long minitorch_warp(int kind, unsigned mask, unsigned long long value, int source, int line);
// The lanes of the warp that have come to this line while nothing else of the warp can go on.
unsigned minitorch_activemask(int line);
int minitorch_lane();
// Called by what a thread does while it waits for another one's write; lets others go on from time to time.
void minitorch_spin();
long long minitorch_clock();
// In check mode, before an atomic operation; before a compare-and-swap, while the thread may still have to wait; and at
// a fence.
void minitorch_atomic(const void* address, unsigned size, int line);
void minitorch_compare(const void* address, unsigned size);
void minitorch_fence(int whole_device);
// Put before each `return;` of a kernel, so that a thread that is missed elsewhere can be explained.
void minitorch_return(int line);
[[noreturn]] void minitorch_fail(const char* text, int line);
}
#pragma GCC visibility pop
