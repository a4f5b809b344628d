"""Activations on arrays. Large arrays are cut into blocks along the first axis and shared among the threads."""

import functools
import math

import numpy as np

from minitorch.kernels.cpu.elementwise import elementwise


def relu(x):
    """max(x, 0); NaN stays NaN."""
    return elementwise(rectify, x)


def rectify(x, out, limit=math.inf):
    """Write min(max(x, 0), limit) to `out`: by `clip`, for NumPy does not vectorise a maximum with a single number."""
    if x.dtype.kind == "f":
        np.clip(x, 0, limit, out=out)
        return
    np.maximum(x, 0, out=out)
    if limit < math.inf:
        np.minimum(out, limit, out=out)


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
    return elementwise(functools.partial(rectify, limit=6), x)


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
