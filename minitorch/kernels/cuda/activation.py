"""Activations, as array expressions: on a GPU CuPy makes a kernel of each."""

from minitorch.device import array_module


def relu(x):
    """max(x, 0); NaN stays NaN."""
    return array_module(x).maximum(x, x.dtype.type(0))


def relu_grad(grad, y):
    """The gradient where the result y was positive or NaN, 0 elsewhere."""
    return array_module(grad).where(y <= 0, grad.dtype.type(0), grad)


def relu6(x):
    """min(max(x, 0), 6); NaN stays NaN."""
    return array_module(x).minimum(relu(x), x.dtype.type(6))


def relu6_grad(grad, y):
    """The gradient where the result y was strictly between 0 and 6 or NaN, 0 elsewhere."""
    return array_module(grad).where((y <= 0) | (y >= 6), grad.dtype.type(0), grad)


def softmax(x, axis):
    """exp(x) / sum(exp(x)) along an axis; the maximum is taken out first, so that nothing overflows."""
    if x.shape[axis] == 0:
        return x.copy()
    y = array_module(x).exp(x - x.max(axis=axis, keepdims=True))
    return y / y.sum(axis=axis, keepdims=True)


def log_softmax(x, axis):
    """x - log(sum(exp(x))) along an axis; the maximum is taken out first."""
    if x.shape[axis] == 0:
        return x.copy()
    xp = array_module(x)
    y = x - x.max(axis=axis, keepdims=True)
    return y - xp.log(xp.exp(y).sum(axis=axis, keepdims=True))
