"""Dropout by counters; the CPU kernel says which number gets which random word."""

from minitorch.kernels.cuda.half import in_float32
from minitorch.kernels.cuda.launcher import BLOCK, contiguous, empty, grid_for, launch

WORDS = 8  # of 32 bits, from one counter


@in_float32
def dropout(x, threshold, scale, key):
    """x times the scale where the random word of a place is at least the threshold, times 0 elsewhere."""
    y = empty(x.shape, x.dtype, x)
    counters = -(-x.size // WORDS)
    launch(
        "dropout", "dropout", grid_for(counters, like=x), BLOCK,
        contiguous(x), y, x.size, counters, *key, threshold, scale,
    )  # fmt: skip
    return y
