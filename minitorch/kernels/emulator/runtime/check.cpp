#include "runtime.h"
namespace emulator {
void check_begin() {}
void check_block() {}
void check_barrier() {}
void check_warp(int, uint32_t) {}
}
extern "C" void minitorch_atomic(const void*, unsigned, int) {}
