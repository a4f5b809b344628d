"""Functions that work number by number, run over blocks of large arrays by all threads."""

import numpy as np

from minitorch.kernels.cpu.parallel import parallel_for
from minitorch.memory import SMALL, empty

BLOCK = 262_144  # numbers; smaller blocks would fit the cache better, but their calls fight for the interpreter lock
_WORTH_SPLITTING = 2 * BLOCK  # below it, waking a thread costs more than it saves


def add(a, b):
    """a + b, with broadcasting; two large arrays of one shape are shared among the threads."""
    if type(a) is np.ndarray and type(b) is np.ndarray and a.nbytes >= SMALL and _match(a, b):
        return elementwise(np.add, a, b)
    return a + b


def _match(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and a.flags.c_contiguous and b.flags.c_contiguous


def elementwise(function, *arrays):
    """A new array of the first one's shape and dtype that `function(*arrays, out)` fills."""
    out = empty(arrays[0].shape, arrays[0].dtype)
    in_place(function, *arrays, out)
    return out


def in_place(function, *arrays):
    """Call `function` on matching blocks of the arrays, which have one shape; it writes into some of them."""
    if arrays[0].size < _WORTH_SPLITTING or not all(a.flags.c_contiguous for a in arrays):
        function(*arrays)
        return
    flat = [a.reshape(-1) for a in arrays]
    parallel_for(lambda start, stop: function(*[a[start:stop] for a in flat]), flat[0].size, BLOCK)
