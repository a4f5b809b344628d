// Counts the intervals, and keeps the clocks of a block's threads; see order.h.
#include "order.h"

#include "fences.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace emulator {

uint32_t interval;
uint32_t first_of_launch, first_of_block;
uint32_t clocks[1024];
uint32_t met_warp[1024][32];

namespace {

struct Beginning {
    uint32_t interval, block;
};
std::vector<Beginning> beginnings;

}  // namespace

void begin_order() {
    beginnings.clear();
    first_of_launch = interval + 1;
}

bool order_runs_out() { return interval > 0x80000000u; }

void forget_order() { interval = 0; }

void begin_block_order() {
    begin_block_fences();
    first_of_block = ++interval;
    beginnings.push_back({interval, block_number});
    std::fill(clocks, clocks + thread_count, 1);
    memset(met_warp, 0, sizeof met_warp[0] * size_t(thread_count));
}

void order_barrier() { ++interval; }

void order_warp(int warp, uint32_t lanes) {
    uint32_t together[32] = {};
    const int first = 32 * warp;
    for (int lane = 0; lane < 32; ++lane) {
        if (!(lanes >> lane & 1)) continue;
        for (int other = 0; other < 32; ++other) {
            together[other] = std::max(together[other], met_warp[first + lane][other]);
        }
    }
    for (int lane = 0; lane < 32; ++lane) {
        if (lanes >> lane & 1) together[lane] = clocks[first + lane]++;
    }
    for (int lane = 0; lane < 32; ++lane) {
        if (lanes >> lane & 1) memcpy(met_warp[first + lane], together, sizeof together);
    }
}

uint32_t block_of_interval(uint32_t number) {
    auto after = std::upper_bound(beginnings.begin(), beginnings.end(), number,
                                  [](uint32_t n, const Beginning& beginning) { return n < beginning.interval; });
    return (after - 1)->block;
}

}  // namespace emulator
