"""Memory for large arrays on the CPU, kept from one training step to the next.

A step makes the same large arrays again and again. The C library gives large blocks back to the operating system as
soon as they are free, and the system hands out zeroed pages one by one at the first touch: for a small network that
takes as long as the arithmetic. Here blocks stay: `empty` hands out a block of the wanted size again once no array
refers to it any more. Nobody has to give anything back, since Python counts the references to every block.
"""

import itertools
import math
import sys
import threading

import numpy as np

SMALL = 64 * 1024  # bytes; below, the C library does the same by itself
_IDLE_LIMIT = 256 * 1024 * 1024  # bytes of idle blocks that may be kept, if that is more than what is in use
_RECENT = 4

_UNUSED = 3  # references to a block in its list when no array has it: the list, a variable, and getrefcount itself


class _Blocks:
    """All blocks by size, each list in the order in which they were last handed out."""

    def __init__(self):
        self.by_size = {}
        self.bytes = 0
        self.lock = threading.Lock()

    def take(self, size):
        with self.lock:
            blocks = self.by_size.setdefault(size, [])
            block = _take_unused(blocks)
            if block is None:
                self._make_room(size)
                block = np.empty(size, np.uint8)
                self.bytes += size
            blocks.append(block)
        return block

    def _make_room(self, size):
        """Drop all idle blocks if they have become more than the limit and than half of all."""
        if self.bytes + size < _IDLE_LIMIT:
            return
        idle = sum(n * sum(sys.getrefcount(b) == _UNUSED for b in blocks) for n, blocks in self.by_size.items())
        if idle > max(_IDLE_LIMIT, self.bytes // 2):
            self.drop_idle()

    def drop_idle(self):
        for n, blocks in list(self.by_size.items()):
            used = [b for b in blocks if sys.getrefcount(b) > _UNUSED]
            self.bytes -= n * (len(blocks) - len(used))
            blocks[:] = used


def _take_unused(blocks):
    """Remove an unused block from the list: one of the last handed out, as during backward, else the first found."""
    last = len(blocks) - 1
    for i in itertools.chain(range(last, max(last - _RECENT, -1), -1), range(last + 1)):
        block = blocks[i]
        if sys.getrefcount(block) == _UNUSED:
            del blocks[i]
            return block
        del block
    return None


_blocks = _Blocks()


def empty(shape, dtype):
    """An uninitialised C-contiguous array; a large one may use the memory of an array that is gone."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < SMALL:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, _blocks.take(size))


def release():
    """Give all idle blocks back to the C library."""
    with _blocks.lock:
        _blocks.drop_idle()


def is_writable(array):
    """Whether the numbers of an array may be written one by one: not read-only, and no two in the same memory."""
    flags = array.flags
    if not getattr(flags, "writeable", True):  # CuPy has no such flag
        return False
    return flags.c_contiguous or not any(step == 0 and n > 1 for n, step in zip(array.shape, array.strides))


def owns_memory(array):
    """Whether no other array refers to the memory of this one (whose own references are not looked at)."""
    base = array.base
    if base is None:
        return True
    blocks = _blocks.by_size.get(base.nbytes, ())
    return sys.getrefcount(base) == _UNUSED + 1 and any(base is block for block in blocks)
