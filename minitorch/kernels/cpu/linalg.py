"""Matrix product on the kernels' own thread pool.

``np.matmul`` would let BLAS start its threads; mixing those with the pool in one training step
costs more than either gains, because idle BLAS threads spin. So a large product is cut into
slices of rows or columns of the result (or of the batch), each computed with one BLAS thread.
Slices and transposed views of contiguous arrays reach BLAS as they are, without a copy.
"""
import numpy as np

from minitorch.kernels.cpu.parallel import get_num_threads, parallel_for
from minitorch.memory import empty

# In multiply-adds. Below the first, OpenBLAS itself stays on one thread, so nothing has to be
# arranged; below the second, waking a helper takes about as long as it saves.
_BLAS_STAYS_SERIAL = 200_000
_WORTH_SPLITTING = 4_000_000


def matmul(a, b, out=None):
    """``np.matmul(a, b, out=out)`` with large products split over the thread pool.

    ``a`` is (..., M, K) and ``b`` (..., K, N), leading axes broadcast; 1-D operands follow
    ``np.matmul``. ``out`` must not overlap the operands.
    """
    if a.ndim < 2 or b.ndim < 2:
        return np.matmul(a, b, out=out)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows, columns = a.shape[-2], b.shape[-1]
    work = rows * columns * a.shape[-1]
    for length in batch:
        work *= length
    if work <= _BLAS_STAYS_SERIAL or a.shape[-1] != b.shape[-2]:
        return np.matmul(a, b, out=out)
    if out is None:
        out = empty(batch + (rows, columns), np.result_type(a, b))
    axis = _axis_to_split(batch, rows, columns) if work > _WORTH_SPLITTING else None
    if axis is None:
        parallel_for(lambda start, stop: np.matmul(a, b, out=out), 1)
        return out

    def multiply(start, stop):
        part = (Ellipsis, slice(start, stop)) + (slice(None),) * (-1 - axis)
        left = _slice_operand(a, axis, part) if axis != -1 else a
        right = _slice_operand(b, axis, part) if axis != -2 else b
        np.matmul(left, right, out=out[part])

    length = out.shape[axis]
    parallel_for(multiply, length, -(-length // get_num_threads()))
    return out


def _axis_to_split(batch, rows, columns):
    """The axis of the result to cut, counted from its end; None if all are short."""
    threads = get_num_threads()
    for position, length in enumerate(batch):
        if length >= threads:
            return position - len(batch) - 2
    longest = max(rows, columns)
    if longest < 2 * threads:
        return None
    return -2 if rows >= columns else -1


def _slice_operand(operand, axis, part):
    """Cut ``operand`` along ``axis`` unless it broadcasts there."""
    if operand.ndim < -axis or (axis < -2 and operand.shape[axis] == 1):
        return operand
    return operand[part]
