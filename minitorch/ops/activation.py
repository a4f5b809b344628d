"""Activations with a kernel or a state of their own; the plain functions of one variable stand in `unary`."""

from minitorch import dtype as dtypes
from minitorch.autograd import Function
from minitorch.device import array_module
from minitorch.kernels import backend
from minitorch.ops.operands import axis, cast, is_number, require_float, require_tensor
from minitorch.random import default_generator


class ReLU(Function):
    """max(x, 0); the derivative at 0 is 0."""

    @staticmethod
    def forward(ctx, x):
        y = backend(x).relu(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return ReLUGrad.apply(grad, y.detach())


class ReLUGrad(Function):
    """The gradient where the result was positive, 0 elsewhere."""

    @staticmethod
    def forward(ctx, grad, y):
        ctx.save_for_backward(y)
        return backend(grad).relu_grad(grad, y)

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return ReLUGrad.apply(grad, y), None


class Softmax(Function):
    """y = exp(x) / sum(exp(x)); dx = y (g - sum(g y))."""

    @staticmethod
    def forward(ctx, x, dim):
        y = backend(x).softmax(x, dim)
        ctx.save_for_backward(y)
        ctx.dim = dim
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        weighted = grad * y
        return weighted - y * weighted.sum(ctx.dim, keepdim=True)


class LogSoftmax(Function):
    """y = x - log(sum(exp(x))); dx = g - exp(y) sum(g)."""

    @staticmethod
    def forward(ctx, x, dim):
        y = backend(x).log_softmax(x, dim)
        ctx.save_for_backward(y)
        ctx.dim = dim
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return grad - y.exp() * grad.sum(ctx.dim, keepdim=True)


def relu(input, inplace=False):
    """max(x, 0), element by element; its derivative at 0 is 0.

    Args:
        inplace: write the result into the input.
    """
    require_tensor("relu", input=input)
    if input.array.dtype.kind == "b":
        raise RuntimeError("relu: not defined for booleans")
    result = ReLU.apply(input)
    return input._become(result, "relu_") if inplace else result


def _normalized(name, function, input, dim, dtype):
    require_tensor(name, input=input)
    if dtype is not None:
        input = cast(input, dtypes.check(dtype))
    require_float(name, input=input)
    if dim is None:
        raise TypeError(f"{name}: say along which dim; for class scores of shape (N, classes) that is dim=1")
    dim = axis(name, dim, input.array.ndim)
    if input.array.ndim == 0:
        return function.apply(input.reshape(1), dim=0).reshape(())
    return function.apply(input, dim=dim)


def softmax(input, dim=None, dtype=None):
    """exp(x) / sum(exp(x)) along a dimension: positive numbers that sum to 1.

    Raises:
        TypeError: no dim.
        RuntimeError: integers; pass dtype=minitorch.float32.
    """
    return _normalized("softmax", Softmax, input, dim, dtype)


def log_softmax(input, dim=None, dtype=None):
    """The logarithm of softmax along a dimension, without overflow. Arguments and errors as `softmax`."""
    return _normalized("log_softmax", LogSoftmax, input, dim, dtype)


def dropout(input, p=0.5, training=True, inplace=False):
    """Each number set to 0 with probability p, the others scaled by 1 / (1 - p); nothing happens in evaluation.

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Raises:
        ValueError: p outside [0, 1].
    """
    require_tensor("dropout", input=input)
    if not is_number(p):
        raise TypeError(f"dropout: p must be a number, got {type(p).__name__}")
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p must be between 0 and 1, got {p}")
    if not training or p == 0:
        return input
    require_float("dropout", input=input)
    x = input.array
    scale = x.dtype.type(1 / (1 - p) if p < 1 else 0)
    kept = default_generator.numpy.random(x.shape, dtype="float32") >= p
    mask = input._wrap(array_module(x).asarray(kept * scale))
    result = input * mask
    return input._become(result, "dropout_") if inplace else result
