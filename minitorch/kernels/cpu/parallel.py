"""A thread pool for NumPy kernels.

NumPy and BLAS release the interpreter lock inside their loops, so plain Python threads can share
the work of one kernel. ``parallel_for`` cuts ``range(n)`` into blocks; the calling thread and the
helpers of the pool take block after block until none is left. Because the caller works too, a
call never waits for a helper that has not started: it also finishes alone.

BLAS has threads of its own. Two pools on the same cores slow each other down (the idle threads of
OpenBLAS spin for a while), so every parallel region sets BLAS to one thread and puts the old
number back at its end; changing it costs about 2 microseconds.

A thread that comes out of NumPy has to get the interpreter lock back. It first waits for the switch interval, 5 ms,
before it asks the other one to let go: longer than many a kernel takes. Inside a region the interval is short, which
makes a training step of LeNet-5 with two threads a sixth faster.
"""
import os
import sys
import threading
from queue import SimpleQueue

import numpy as np
from threadpoolctl import ThreadpoolController

CACHE_BYTES = 256 * 1024
"""Working set that a block should stay within: half of a small L2 cache."""

_LITTLE_BYTES = 256 * 1024  # waking a thread costs more than it saves

_SWITCH_INTERVAL = 1e-4  # seconds

_SCRATCH_LIMIT = 64 * 1024 * 1024

_ALIGNMENT = 64  # bytes: a line of the cache


def _available_cpus():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _ThreadState(threading.local):
    """What each thread keeps for itself.

    Attributes:
        inside: whether it works on blocks.
        memory: bytes that every block divides anew into scratch buffers.
        used: how many of them are handed out.
        wanted: how many would have sufficed for all so far, up to a limit.
        buffers: name -> scratch buffer, of the block in work.
        outside: name -> scratch buffer, of work that is no block.
    """

    def __init__(self):
        self.inside = False
        self.memory = np.empty(0, np.uint8)
        self.used = self.wanted = 0
        self.buffers, self.outside = {}, {}


class _Region:
    """Context manager: while at least one thread is inside, BLAS uses one thread, and Python threads change quickly."""

    def __init__(self):
        self._lock = threading.Lock()
        self._libraries = None
        self._inside = 0
        self._saved = []
        self._interval = 0

    def __enter__(self):
        with self._lock:
            if self._libraries is None:
                controllers = ThreadpoolController().lib_controllers
                self._libraries = [library for library in controllers if library.user_api == "blas"]
            if self._inside == 0:
                self._saved = [(library, library.num_threads) for library in self._libraries]
                for library, number in self._saved:
                    if number != 1:
                        library.set_num_threads(1)
                self._interval = sys.getswitchinterval()
                sys.setswitchinterval(_SWITCH_INTERVAL)
            self._inside += 1

    def __exit__(self, *exception):
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._restore()

    def _restore(self):
        sys.setswitchinterval(self._interval)
        for library, number in self._saved:
            if number != 1:
                library.set_num_threads(number)

    def after_fork(self):
        """The threads that were inside do not exist in the child process."""
        self._lock = threading.Lock()
        if self._inside:
            self._inside = 0
            self._restore()


class _Job:
    """The blocks of one ``parallel_for`` call, handed out one by one to whoever asks."""

    def __init__(self, function, n, block):
        self.function, self.n, self.block = function, n, block
        self.next_start = 0
        self.running = 0
        self.error = None
        self.lock = threading.Lock()
        self.finished = threading.Lock()
        self.finished.acquire()

    def work(self):
        """Take blocks until none is left; the thread that finishes the last one says so."""
        with self.lock:
            if self.next_start >= self.n:
                return
            self.running += 1
        try:
            while True:
                with self.lock:
                    start = self.next_start
                    if start >= self.n:
                        break
                    self.next_start = start + self.block
                _run_block(self.function, start, min(start + self.block, self.n))
        except BaseException as error:
            with self.lock:
                self.error = self.error or error
                self.next_start = self.n
        with self.lock:
            self.running -= 1
            if self.running == 0:
                self.function = None  # it refers to the arrays, which a helper that wakes late must not keep
                self.finished.release()


class _Pool:
    """Helper threads that wait for jobs; they are made at the first use."""

    def __init__(self):
        self._lock = threading.Lock()
        self._queue = SimpleQueue()
        self._helpers = 0

    def ask_for_help(self, job, number):
        """Offer ``job`` to ``number`` helpers."""
        if self._helpers < number:
            with self._lock:
                while self._helpers < number:
                    self._helpers += 1
                    threading.Thread(target=self._serve, args=(self._queue,), daemon=True,
                                     name=f"minitorch-worker-{self._helpers}").start()
        for _ in range(number):
            self._queue.put(job)

    @staticmethod
    def _serve(queue):
        _thread.inside = True
        np.seterr(all="ignore")
        while True:
            queue.get().work()


_thread = _ThreadState()
_region = _Region()
_pool = _Pool()
_num_threads = _available_cpus()


def _reset_after_fork():
    global _pool
    _pool = _Pool()
    _thread.inside = False
    _region.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def set_num_threads(n):
    """Set how many threads a CPU kernel may use, the calling thread included.

    The default is the number of processors that this process may run on.
    """
    global _num_threads
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"set_num_threads: n must be an int, got {type(n).__name__}")
    if n < 1:
        raise ValueError(f"set_num_threads: n must be at least 1, got {n}")
    _num_threads = int(n)


def get_num_threads():
    """How many threads a CPU kernel may use, the calling thread included."""
    return _num_threads


def parallel_for(function, n, block=1):
    """Call ``function(start, stop)`` for consecutive blocks that together cover ``range(n)``.

    Blocks hold ``block`` items (the last may hold fewer) and run in any order on any thread, so
    each must write to its own part of the output only. One block, one thread, or a call from
    inside another region runs here, in order. The first exception stops the hand-out of blocks
    and is raised once every running block has ended. Floating-point warnings are silenced.
    """
    if n <= 0:
        return
    blocks = -(-n // block)
    if _thread.inside:
        _run_serially(function, n, block)
        return
    _thread.inside = True
    try:
        with _region, np.errstate(all="ignore"):
            helpers = min(_num_threads, blocks) - 1
            if helpers <= 0:
                _run_serially(function, n, block)
                return
            job = _Job(function, n, block)
            _pool.ask_for_help(job, helpers)
            job.work()
            _wait(job)
    finally:
        _thread.inside = False


def _run_serially(function, n, block):
    for start in range(0, n, block):
        _run_block(function, start, min(start + block, n))


def _run_block(function, start, stop):
    """Call the function for one block; the scratch memory that it takes is free again afterwards."""
    if _thread.used == 0 and _thread.memory.size < _thread.wanted:
        _thread.memory = np.empty(_thread.wanted, np.uint8)
    saved = _thread.used, _thread.buffers
    _thread.buffers = {}
    try:
        function(start, stop)
    finally:
        _thread.used, _thread.buffers = saved


def _wait(job):
    """Wait for the helpers that hold a block, then raise what went wrong in any of them."""
    job.finished.acquire()
    error, job.error = job.error, None  # its traceback refers to the job: no cycle, or arrays would stay alive
    if error is not None:
        raise error


def block_size(n, item_bytes, cache_bytes=CACHE_BYTES):
    """Items per block: as many as fit the cache, but at least one block for every thread unless all are little work."""
    fitting = max(1, cache_bytes // max(1, item_bytes))
    share = n if n * item_bytes < _LITTLE_BYTES else -(-n // _num_threads)
    return max(1, min(fitting, share))


def scratch(name, shape, dtype):
    """An uninitialised C-contiguous buffer that the same thread gets again under the same name in the same block.

    It is only for use inside one kernel call: never return it, nor a view of it. All blocks of a thread share their
    scratch memory, so what one leaves there is lost to the next.
    """
    dtype = np.dtype(dtype)
    size = dtype.itemsize
    for length in shape:
        size *= length
    buffers = _thread.buffers if _thread.inside else _thread.outside
    buffer = buffers.get(name)
    if buffer is None or buffer.nbytes < size:
        buffer = _take(size) if _thread.inside else np.empty(size, np.uint8)
        if _thread.inside or size <= _SCRATCH_LIMIT:
            buffers[name] = buffer
    return buffer[:size].view(dtype).reshape(shape)


def _take(size):
    """So many bytes of the thread's scratch memory, or new ones until that has grown."""
    first, size = _thread.used, -(-size // _ALIGNMENT) * _ALIGNMENT
    _thread.used += size
    if _thread.used <= _SCRATCH_LIMIT:
        _thread.wanted = max(_thread.wanted, _thread.used)
    return _thread.memory[first : first + size] if _thread.used <= _thread.memory.size else np.empty(size, np.uint8)
