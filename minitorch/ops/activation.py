"""Activations with a kernel or a state of their own; the plain functions of one variable stand in `unary`."""

import warnings

from minitorch import dtype as dtypes
from minitorch.autograd import Function, become
from minitorch.kernels import backend
from minitorch.ops.arguments import arguments
from minitorch.ops.comparison import where
from minitorch.ops.operands import axis, cast, labelled, require_alike, require_float, require_tensor
from minitorch.ops.shape import narrow, reshape
from minitorch.ops.unary import sigmoid


class Relu(Function):
    """max(x, 0); the derivative at 0 is 0."""

    kernel = "relu"

    @staticmethod
    def forward(ctx, x):
        y = getattr(backend(x), ctx.kernel)(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return RectifierGrad.apply(grad, y.detach(), kernel=f"{ctx.kernel}_grad")


class Relu6(Relu):
    """min(max(x, 0), 6); the derivative at 0 and 6 is 0."""

    kernel = "relu6"
    label = "HardtanhBackward0"


class RectifierGrad(Function):
    """The gradient where the result was not cut off, 0 elsewhere."""

    @staticmethod
    def forward(ctx, grad, y, kernel):
        ctx.save_for_backward(y)
        ctx.kernel = kernel
        return getattr(backend(grad), kernel)(grad, y)

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return RectifierGrad.apply(grad, y, kernel=ctx.kernel), None


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
    result = Relu.apply(input)
    return become(input, result, "relu_") if inplace else result


def _normalized(name, function, input, dim, stacklevel, dtype):
    require_tensor(name, input=input)
    if not isinstance(stacklevel, int):  # the method has the dtype in this place
        dtype, stacklevel = (stacklevel if dtype is None else dtype), 3
    if dtype is not None:
        input = cast(input, dtypes.check(dtype))
    require_float(name, input=input)
    if dim is None:
        dim = 0 if input.array.ndim in (0, 1, 3) else 1
        message = f"{name}: no dim was given and {dim} is taken; say dim=1 for class scores of shape (N, classes)"
        warnings.warn(message, UserWarning, stacklevel=stacklevel)
    dim = axis(name, dim, input.array.ndim)
    if input.array.ndim == 0:
        return function.apply(input.reshape(1), dim=0).reshape(())
    return function.apply(input, dim=dim)


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(x) / sum(exp(x)) along a dimension: positive numbers that sum to 1.

    Args:
        dim: without it, with a warning, 0 for an input of 0, 1 or 3 dimensions, else 1.
        _stacklevel: which caller that warning is for; a dtype may stand in its place.

    Raises:
        RuntimeError: integers; pass dtype=minitorch.float32.
    """
    return _normalized("softmax", Softmax, input, dim, _stacklevel, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax along a dimension, without overflow. Arguments and errors as `softmax`."""
    return _normalized("log_softmax", LogSoftmax, input, dim, _stacklevel, dtype)


@arguments()
def softmin(input, dim=None, _stacklevel=4, dtype=None):  # one more than `softmax`: the decorator is a caller too
    """`softmax` of -input along a dimension."""
    require_tensor("softmin", input=input)
    return _normalized("softmin", Softmax, -input, dim, _stacklevel, dtype)


def glu(input, dim=-1):
    """a sigmoid(b), where a and b are the halves of the input along a dimension.

    Source: Dauphin et al. 2017, "Language modeling with gated convolutional networks", section 2.

    Raises:
        RuntimeError: an odd size, no dimension, or numbers that are not floating point.
    """
    require_float("glu", input=input)
    shape = input.array.shape
    if not shape:
        raise RuntimeError("glu: a 0-dimensional tensor has no halves")
    dim = axis("glu", dim, len(shape))
    if shape[dim] % 2:
        raise RuntimeError(f"glu: the size of dimension {dim} must be even, got shape {shape}")
    half = shape[dim] // 2
    return labelled("GluBackward0", narrow(input, dim, 0, half) * sigmoid(narrow(input, dim, half, half)))


@arguments()
def prelu(input, weight):
    """x where x > 0, else weight x, with a learnt weight.

    Source: He et al. 2015, "Delving deep into rectifiers", section 2.1.

    Args:
        input: (N, C, ...), floating point; a vector counts as (N,) with C = 1.
        weight: a single number, () or (1,), or one for each channel, (C,).

    Raises:
        RuntimeError: shapes or dtypes that do not fit.
    """
    require_alike("prelu", input=input, weight=weight)
    require_float("prelu", input=input)
    x, w = input.array.shape, weight.array.shape
    if len(w) > 1:
        raise RuntimeError(f"prelu: weight must be a number or have shape (C,), got {w}")
    if w not in ((), (1,)):
        channels = x[1] if len(x) > 1 else 1
        if not x or w[0] != channels:
            raise RuntimeError(f"prelu: weight of shape {w} does not fit the {channels} channels of input of shape {x}")
        weight = reshape(weight, (-1,) + (1,) * (len(x) - 2))
    elif w:
        weight = reshape(weight, ())
    return labelled("PreluKernelBackward0", input * where(input > 0, 1.0, weight))
