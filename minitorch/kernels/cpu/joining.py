"""Arrays joined along an axis."""

import numpy as np

from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for
from minitorch.memory import empty

_WORTH_SPLITTING = 2 * 1024 * 1024  # bytes


def concatenate(arrays, axis):
    """As `np.concatenate`; a large result is shared among the threads."""
    dtype, first = np.result_type(*arrays), arrays[0]
    shape = (*first.shape[:axis], sum(a.shape[axis] for a in arrays), *first.shape[axis + 1 :])
    out = empty(shape, dtype)
    if axis == 0 or out.nbytes < _WORTH_SPLITTING:
        return np.concatenate(arrays, axis, out=out)

    def join(start, stop):
        np.concatenate([a[start:stop] for a in arrays], axis, out=out[start:stop])

    parallel_for(join, len(out), -(-len(out) // get_num_threads()))
    return out
