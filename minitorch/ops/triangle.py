"""Operations on the diagonals of matrices."""

import numpy as np

from minitorch.device import array_module
from minitorch.ops.comparison import where
from minitorch.ops.indexing import setitem
from minitorch.ops.operands import labelled, require_tensor


def _triangle(name, input, diagonal, lower):
    require_tensor(name, input=input)
    x = input.array
    if x.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions, got shape {x.shape}")
    _check_diagonal(name, diagonal)
    xp = array_module(x)
    rows, columns = xp.arange(x.shape[-2])[:, None], xp.arange(x.shape[-1])
    kept = columns - rows <= diagonal if lower else columns - rows >= diagonal
    return labelled(f"{name.capitalize()}Backward0", where(input._wrap(kept), input, x.dtype.type(0)))


def _check_diagonal(name, diagonal):
    if isinstance(diagonal, bool) or not isinstance(diagonal, (int, np.integer)):
        raise TypeError(f"{name}: diagonal must be an integer, got {diagonal!r}")
    if not -(2**31) <= diagonal < 2**31:
        raise RuntimeError(f"{name}: diagonal {diagonal} is too large")


def tril(input, diagonal=0):
    """The lower triangles of matrices (..., n, m), zeros elsewhere; `diagonal` > 0 takes more, < 0 less."""
    return _triangle("tril", input, diagonal, True)


def triu(input, diagonal=0):
    """The upper triangles of matrices (..., n, m), zeros elsewhere; `diagonal` > 0 takes less, < 0 more."""
    return _triangle("triu", input, diagonal, False)


def diag(input, diagonal=0):
    """The diagonal of a matrix as a vector, or a matrix that has the vector on its diagonal."""
    require_tensor("diag", input=input)
    shape, xp = input.array.shape, array_module(input.array)
    if len(shape) not in (1, 2):
        raise RuntimeError(f"diag: input must be a vector or a matrix, got shape {shape}")
    _check_diagonal("diag", diagonal)
    above, below = max(diagonal, 0), max(-diagonal, 0)
    length = shape[0] if len(shape) == 1 else max(min(shape[0] - below, shape[1] - above), 0)
    places = xp.arange(length)
    index = (input._wrap(places + below), input._wrap(places + above))
    if len(shape) == 2:
        return input[index]
    result = input.new_zeros(length + abs(diagonal), length + abs(diagonal))
    setitem(result, index, input)
    return result
