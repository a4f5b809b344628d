"""Dropout by counters: the mask follows from a key and is not stored.

Philox 4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") makes 8 words of 32 bits from a
counter and a key. Of n places, number t + i * counters, where counters = ceil(n / 8), has word i of counter t + 1. So
threads share the counters, and a GPU draws the same mask.
"""

import numpy as np

from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for

WORDS = 8
LEAST, MOST = 4096, 32768  # counters of a block: enough to be worth a thread, and few enough for the cache


def dropout(x, threshold, scale, key):
    """x times the scale where the random word of a place is at least the threshold, times 0 elsewhere.

    Args:
        threshold: 0 to 2**32 - 1, the probability of 0 in units of 2**-32.
        key: two integers below 2**64, drawn anew for each mask.
    """
    y = np.empty(x.shape, x.dtype)
    counters, scale = -(-x.size // WORDS), x.dtype.type(scale)
    full, rest = divmod(x.size, max(counters, 1))  # runs of `counters` places, and what is left of the next one
    ends = full * counters
    (source, source_end), (result, result_end) = (
        (a.reshape(-1)[:ends].reshape(full, counters), a.reshape(-1)[ends:]) for a in (x, y)
    )

    def block(start, stop):
        raw = np.random.Philox(counter=start, key=np.array(key, np.uint64)).random_raw(4 * (stop - start))
        words = raw.view(np.uint32).reshape(-1, WORDS)
        factor = np.greater_equal(words.T, threshold, order="C") * scale
        np.multiply(source[:, start:stop], factor[:full], out=result[:, start:stop])
        if start < rest:
            tail = slice(start, min(stop, rest))
            np.multiply(source_end[tail], factor[full, : tail.stop - start], out=result_end[tail])

    parallel_for(block, counters, min(max(-(-counters // get_num_threads()), LEAST), MOST))
    return y
