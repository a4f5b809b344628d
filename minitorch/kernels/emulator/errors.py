"""What a kernel can do wrong, as exceptions."""


class KernelError(RuntimeError):
    """A kernel could not be started, or did something that a GPU does not forgive.

    Attributes:
        kernel, file: names of the kernel and of the .cu file.
        line, other_line: line numbers in that file; None where there is none.
        block, thread: ``(x, y, z)`` of who did it.
        other_block, other_thread: the second one involved, for a race or a divergence.
    """

    def __init__(
        self, message, kernel=None, file=None, line=None, block=None, thread=None,
        other_line=None, other_block=None, other_thread=None,
    ):  # fmt: skip
        super().__init__(message)
        self.kernel, self.file, self.line, self.block, self.thread = kernel, file, line, block, thread
        self.other_line, self.other_block, self.other_thread = other_line, other_block, other_thread


class NotSupportedError(KernelError):
    """This machine cannot run the emulator: no C++ compiler, or not Linux."""


class CompileError(KernelError):
    """The C++ compiler refuses the file. `line` is that of its first error."""


class ArgumentError(KernelError):
    """Arguments or sizes that do not fit the kernel; nothing has been started."""


class OutOfBoundsError(KernelError):
    """An access outside of every array: past an end, before a start, through a null pointer."""


class ReadOnlyError(KernelError):
    """A write to an array that the kernel declares const."""


class MisalignedError(KernelError):
    """An access of several bytes at an address that is not a multiple of their number."""


class UninitialisedError(KernelError):
    """Shared memory is read before anything has been written there."""


class RaceError(KernelError):
    """Two threads use the same element, at least one of them writes, and nothing puts the two in order.

    Barriers do, ``__syncwarp`` within a warp, and a fence with an atomic operation behind it. A comment with the words
    ``race intended`` in one of the two lines, or the line above, lets a race pass.
    """


class DivergenceError(KernelError):
    """Threads that must meet at a barrier, a shuffle or a vote do not, and what a shuffle then brings was used."""


class DeadlockError(DivergenceError):
    """Threads wait for each other at places of different kinds, so that nobody can go on."""


class EndlessLoopError(KernelError):
    """No thread has finished within the time limit."""


class StackOverflowError(KernelError):
    """Local arrays or calls need more than the 128 KB that the emulator gives to each thread."""


class KernelArithmeticError(KernelError):
    """A division by zero, a signed overflow, a shift by a wrong number of bits."""


class KernelAssertionError(KernelError):
    """An ``assert`` in the kernel does not hold, or ``__trap()`` was called."""
