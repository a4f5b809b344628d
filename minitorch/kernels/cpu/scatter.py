"""Adding at places of an array, where several numbers may meet in one place.

`np.add.at` is fast for flat arrays with flat positions alone, so positions of rows become positions of numbers.
"""

import numpy as np

from minitorch.kernels.cpu.parallel import block_size, parallel_for

BYTES = 64  # of positions and values that adding one number takes, roughly


def scatter_add(y, positions, values):
    """Add values at positions of the flattened y, in place. Positions are int64, from 0; y is C-contiguous."""
    np.add.at(y.reshape(-1), positions.reshape(-1), values.reshape(-1))


def index_add(y, positions, values):
    """Add rows of values (outer, count, inner) at positions of the middle axis of y (outer, length, inner), in place.

    Positions are int64, from 0. Threads share the outermost axis, or, where it is short, the numbers of the rows.
    """
    outer, count, inner = values.shape
    first = positions.astype(np.int64, copy=False)[:, np.newaxis] * inner

    def rows(start, stop):
        columns = first + np.arange(inner)
        for o in range(start, stop):
            np.add.at(y[o].reshape(-1), columns.reshape(-1), values[o].reshape(-1))

    def numbers(start, stop):
        columns = first + np.arange(start, stop)
        for o in range(outer):
            np.add.at(y[o].reshape(-1), columns.reshape(-1), values[o, :, start:stop].reshape(-1))

    work, many = (rows, outer) if outer > inner else (numbers, inner)
    parallel_for(work, many, block_size(many, BYTES * values.size // max(many, 1)))
