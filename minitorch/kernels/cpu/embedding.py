"""Rows of a table by number."""

import numpy as np

from minitorch.kernels.cpu.scatter import index_add


def embedding(weight, index):
    """The rows of (V, D) at the numbers (...): (..., D)."""
    return weight.take(index, axis=0)


def embedding_grad(grad, index, rows, padding, by_count):
    """The gradient to the table (rows, D): for each row the sum of the gradients of all places that read it.

    With `by_count` the sum is divided by how many there were; the row `padding`, unless None, gets 0.
    """
    numbers = index.reshape(-1)
    result = np.zeros((rows, grad.shape[-1]), grad.dtype)
    index_add(result[np.newaxis], numbers, grad.reshape(1, numbers.size, grad.shape[-1]))
    if by_count:
        result /= np.maximum(np.bincount(numbers, minlength=rows), 1)[:, np.newaxis].astype(grad.dtype)
    if padding is not None:
        result[padding] = 0
    return result
