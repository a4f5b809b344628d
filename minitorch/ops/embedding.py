"""Class numbers as vectors: rows of a table, or ones and zeros."""

import numpy as np

from minitorch import dtype as dtypes
from minitorch.autograd import Function, no_grad
from minitorch.device import array_module
from minitorch.kernels import backend
from minitorch.ops.arguments import arguments
from minitorch.ops.operands import is_number, require_float, require_same_device, require_tensor


class Embedding(Function):
    """Rows of a table; a row that is read several times gets the sum of the gradients, or (by_count) their mean."""

    @staticmethod
    def forward(ctx, weight, index, padding, by_count):
        ctx.settings = {"index": index.copy(), "rows": weight.shape[0], "padding": padding, "by_count": by_count}
        return backend(weight).embedding(weight, index)

    @staticmethod
    def backward(ctx, grad):
        return EmbeddingGrad.apply(grad, **ctx.settings)


class EmbeddingGrad(Function):
    """The gradient to the table; the transpose of reading, but for the row `padding` and the division by counts."""

    @staticmethod
    def forward(ctx, grad, index, rows, padding, by_count):
        ctx.settings = (index, rows, padding, by_count)
        return backend(grad).embedding_grad(grad, index, rows, padding, by_count)

    @staticmethod
    def backward(ctx, grad):
        index, rows, padding, by_count = ctx.settings
        xp, dtype = array_module(grad.array), grad.array.dtype
        factor = xp.ones((rows, 1), dtype)
        if by_count:
            counts = xp.bincount(index.reshape(-1), minlength=rows)
            factor /= xp.maximum(counts, 1).astype(dtype)[:, None]
        if padding is not None:
            factor[padding] = 0
        return Embedding.apply(grad * grad._wrap(factor), index=index, padding=None, by_count=False)


@arguments()
def embedding(
    input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    """The rows of a table at the given numbers: (...) gives (..., D).

    Args:
        input: int64 or int32, any shape, 0 to V - 1.
        weight: (V, D).
        padding_idx: the row that gets no gradient; a negative number counts from the end.
        max_norm: rows that are longer are first shortened to this length, in place.
        norm_type: the p of that length.
        scale_grad_by_freq: divide a row's gradient by how often it was read.
        sparse: must be False: gradients are always dense.

    Raises:
        IndexError: a number out of range.
        RuntimeError: a weight that is no matrix, an input that holds no integers.
    """
    name = "embedding"
    require_tensor(name, input=input, weight=weight)
    table, index = weight.array, input.array
    if table.ndim != 2:
        raise RuntimeError(f"{name}: weight must have shape (V, D), got {table.shape}")
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"{name}: input must be int64 or int32, got {index.dtype}; use .long()")
    require_same_device(name, input, weight)
    if sparse:
        raise RuntimeError(f"{name}: sparse gradients are not available; leave sparse=False")
    rows = table.shape[0]
    if index.size and (index.min() < 0 or index.max() >= rows):
        wrong = int(index.min() if index.min() < 0 else index.max())
        raise IndexError(f"{name}: number {wrong} is out of range for a table of {rows} rows (0..{rows - 1})")
    if padding_idx is not None:
        if isinstance(padding_idx, bool) or not isinstance(padding_idx, (int, np.integer)):
            raise TypeError(f"{name}: padding_idx must be an integer or None, got {padding_idx!r}")
        if not -rows <= padding_idx < rows:
            raise RuntimeError(f"{name}: padding_idx {padding_idx} is out of range for a table of {rows} rows")
        padding_idx %= rows
    if max_norm is not None:
        _shorten(weight, index, max_norm, norm_type)
    return Embedding.apply(weight, index=index, padding=padding_idx, by_count=scale_grad_by_freq)


def _shorten(weight, index, max_norm, norm_type):
    """Scale the rows that are to be read and longer than max_norm, in place and outside of the graph."""
    if not is_number(max_norm) or not is_number(norm_type):
        raise TypeError(f"embedding: max_norm and norm_type must be numbers, got {max_norm!r} and {norm_type!r}")
    require_float("embedding", weight=weight)
    xp, table = array_module(weight.array), weight.array
    with no_grad():
        weight._check_writable("embedding")
    rows = xp.unique(index)
    length = xp.linalg.norm(table[rows], norm_type, axis=1, keepdims=True)
    factor = xp.where(length > max_norm, max_norm / (length + 1e-7), 1)
    table[rows] = (table[rows] * factor).astype(table.dtype)
    weight._counter[0] += 1


def one_hot(tensor, num_classes=-1):
    """Class numbers (...) as vectors (..., num_classes), 1 at the number and 0 elsewhere, int64.

    Args:
        tensor: int64, 0 to num_classes - 1.
        num_classes: the largest number and 1 unless given.

    Raises:
        RuntimeError: not int64, a number out of range, or nothing to count the classes by.
    """
    require_tensor("one_hot", tensor=tensor)
    x = tensor.array
    if x.dtype != dtypes.int64:
        raise RuntimeError(f"one_hot: the class numbers must be int64, got {x.dtype}; use .long()")
    if isinstance(num_classes, bool) or not isinstance(num_classes, (int, np.integer)):
        raise TypeError(f"one_hot: num_classes must be an integer, got {num_classes!r}")
    if num_classes < 1 and (num_classes != -1 or not x.size):
        raise RuntimeError(f"one_hot: num_classes must be positive, got {num_classes} for shape {x.shape}")
    if x.size:
        low, high = int(x.min()), int(x.max())
        num_classes = high + 1 if num_classes == -1 else num_classes
        if low < 0 or high >= num_classes:
            wrong = low if low < 0 else high
            raise RuntimeError(f"one_hot: class number {wrong} is out of range 0..{num_classes - 1}")
    return tensor._wrap((x[..., None] == array_module(x).arange(num_classes)).astype("int64"))
