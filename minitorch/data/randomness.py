"""Which random numbers a transform draws: its own for every sample of every pass, whichever thread loads it.

A pass through a `DataLoader` draws one key. The stream of its sample number `i` is that of the counter-based generator
Philox for the key and a counter that begins with `i`, so it can be had at once, without the streams before it, and
depends neither on the number of workers nor on where a resumed pass begins.

Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC '11.
"""

import contextlib
import threading

import numpy as np

from minitorch.random import default_generator

SAMPLE, BATCH = 0, 1  # the last word of the counter


class _Thread(threading.local):
    """What the running thread draws from: nothing of its own outside a loader."""

    generator = None
    batch = None


_thread = _Thread()


def current_generator():
    """The NumPy generator that transforms draw from.

    In a `DataLoader` it is the stream of the sample in the making, or of the batch while `collate_fn` runs; elsewhere
    the default generator, which `minitorch.manual_seed` seeds. A transform of your own that draws from it as well has
    the same results for any number of workers.
    """
    return default_generator.numpy if _thread.generator is None else _thread.generator


class PassStreams:
    """The streams of random numbers of one pass through a loader; the key is drawn from a NumPy generator."""

    def __init__(self, generator):
        self.key = generator.integers(2**64, size=2, dtype=np.uint64)

    @contextlib.contextmanager
    def batch(self, first):
        """Within it, this thread draws for the batch whose first sample is number `first` of the pass."""
        before = _thread.generator, _thread.batch
        batch = _BatchStreams(self.key, first)
        _thread.generator, _thread.batch = batch.generator, batch
        try:
            yield batch
        finally:
            _thread.generator, _thread.batch = before


class _BatchStreams:
    """One generator that is set to the stream of each sample of a batch in turn, and to that of the batch."""

    def __init__(self, key, first):
        self._bits = np.random.Philox(key=key)
        self._state = self._bits.state
        self._first = first
        self.generator = np.random.Generator(self._bits)
        self.begin(BATCH)

    def begin(self, kind, offset=0):
        """Go to the beginning of the stream of the sample at `offset` in the batch, or of the batch itself."""
        self._state["state"]["counter"][:] = 0, 0, self._first + offset, kind
        self._bits.state = self._state


@contextlib.contextmanager
def sample_streams():
    """Gives a function to call with the offset in the batch before each sample is made.

    Only the outermost `with` in a thread gets the streams of the loader's batch: a sample that is made of others, as
    in a mosaic, draws for all of them from its own.
    """
    batch, _thread.batch = _thread.batch, None
    try:
        yield _nothing if batch is None else lambda offset: batch.begin(SAMPLE, offset)
    finally:
        _thread.batch = batch
        if batch is not None:
            batch.begin(BATCH)


def _nothing(offset):
    """Outside a loader there are no streams."""
