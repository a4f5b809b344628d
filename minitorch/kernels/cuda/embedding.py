"""Rows of a table by number."""

import math

from minitorch.device import array_module
from minitorch.kernels.cuda.grids import teams
from minitorch.kernels.cuda.half import in_float32
from minitorch.kernels.cuda.launcher import contiguous, empty, launch, zeros
from minitorch.kernels.signature import REALS


def embedding(weight, index):
    """The rows of (V, D) at the numbers (...): (..., D)."""
    if weight.dtype not in REALS:
        return weight[index]
    size = weight.shape[1]
    y = empty((*index.shape, size), weight.dtype, weight)
    if y.size:
        index = contiguous(index.astype("int64", copy=False))
        launch("embedding", "embedding", *teams(size, index.size), contiguous(weight), index, y, index.size, size)
    return y


@in_float32
def embedding_grad(grad, index, rows, padding, by_count):
    """The gradient to the table of `rows` rows; always added up in the same order."""
    size = grad.shape[-1]
    result = zeros((rows, size), grad.dtype, grad)
    if not grad.size:
        return result
    numbers = index.reshape(math.prod(index.shape)).astype("int64", copy=False)
    order = array_module(grad).argsort(numbers, kind="stable")
    launch(
        "embedding", "embedding_grad", *teams(size, numbers.size), contiguous(grad), numbers[order], order, result,
        numbers.size, size, -1 if padding is None else padding, by_count,
    )  # fmt: skip
    return result
