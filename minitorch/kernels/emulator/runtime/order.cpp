// Keeps the clocks of a block's threads; see order.h.
#include "order.h"

#include <algorithm>
#include <cstring>

namespace emulator {

uint32_t clocks[1024];
uint32_t met_block[1024];
uint32_t met_warp[1024][32];

void begin_order() {
    std::fill(clocks, clocks + thread_count, 1);
    std::fill(met_block, met_block + thread_count, 0);
    memset(met_warp, 0, sizeof met_warp[0] * size_t(thread_count));
}

void order_barrier() {
    for (int i = 0; i < thread_count; ++i) met_block[i] = clocks[i]++;
}

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

}  // namespace emulator
