"""Activations on arrays. Large arrays are cut into blocks along the first axis and shared among the threads."""

import functools
import math

import numpy as np

from minitorch.kernels.cpu.elementwise import BLOCK, elementwise


def relu(x):
    """max(x, 0); NaN stays NaN."""
    return elementwise(rectify, x)


def rectify(x, out):
    """Write max(x, 0) to `out`: the maximum with an array, for NumPy does not vectorise that with a single number."""
    shape = x.shape[1:] if x.ndim > 1 else x.shape
    size = math.prod(shape)
    zeros = _zeros(x.dtype)[:size].reshape(shape) if size <= BLOCK else 0
    np.maximum(x, zeros, out=out)


@functools.cache
def _zeros(dtype):
    return np.zeros(BLOCK, dtype)


def relu_grad(grad, y):
    """The gradient where the result y was positive or NaN, 0 elsewhere."""
    return elementwise(_relu_grad, grad, y)


def _relu_grad(grad, y, out):
    keep(grad, np.asarray(y <= 0), out)


def keep(grad, cut, out):
    """The gradient where it is not cut, 0 elsewhere: its bits and a mask of all ones or zeros, as fast as a product,
    and 0 also where the gradient is infinite."""
    mask, bits = cut.view(np.int8), f"i{grad.itemsize}"
    np.bitwise_and(grad.view(bits), np.subtract(mask, 1, out=mask), out=out.view(bits))


def relu6(x):
    """min(max(x, 0), 6); NaN stays NaN."""
    return elementwise(_relu6, x)


def _relu6(x, out):
    rectify(x, out)
    np.minimum(out, 6, out=out)


def relu6_grad(grad, y):
    """The gradient where the result y was strictly between 0 and 6 or NaN, 0 elsewhere."""
    return elementwise(_relu6_grad, grad, y)


def _relu6_grad(grad, y, out):
    cut = np.asarray(y <= 0)
    keep(grad, np.logical_or(cut, y >= 6, out=cut), out)


def softmax(x, axis):
    """exp(x) / sum(exp(x)) along an axis; the maximum is taken out first, so that nothing overflows."""
    if x.shape[axis] == 0:
        return x.copy()
    with np.errstate(invalid="ignore"):  # inf - inf: the result is NaN, as it should be
        y = np.exp(x - x.max(axis=axis, keepdims=True))
        y /= y.sum(axis=axis, keepdims=True)
    return y


def log_softmax(x, axis):
    """x - log(sum(exp(x))) along an axis; the maximum is taken out first."""
    if x.shape[axis] == 0:
        return x.copy()
    with np.errstate(invalid="ignore"):
        y = x - x.max(axis=axis, keepdims=True)
        y -= np.log(np.exp(y).sum(axis=axis, keepdims=True))
    return y
