"""Matrix products."""

from minitorch.autograd import Function, is_grad_enabled
from minitorch.kernels import backend
from minitorch.ops.operands import labelled, naming, require_alike, require_same, require_tensor
from minitorch.ops.shape import reshape, transpose, unsqueeze


class MatMul(Function):
    """(..., n, k) times (..., k, m); batch dimensions broadcast."""

    @staticmethod
    def forward(ctx, a, b):
        to_a, to_b = ctx.needs_input_grad
        ctx.save_for_backward(a if to_b else None, b if to_a else None)  # what is not needed may be overwritten
        return backend(a).matmul(a, b)

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        to_a, to_b = ctx.needs_input_grad
        to_a = matmul(grad, transpose(b, -2, -1)) if to_a else None
        return to_a, (matmul(transpose(a, -2, -1), grad) if to_b else None)

    def name(self):
        return "MmBackward0" if len(self.input_shapes[0]) == 2 else "BmmBackward0"


class Linear(Function):
    """x W^T + b with W of shape (out, in), x of shape (n, in)."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        to_x, to_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(x if to_weight else None, weight if to_x else None)
        y = backend(x).matmul(x, weight.T)
        if bias is not None:
            y += bias
        return y

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        to_x, to_weight, to_bias = ctx.needs_input_grad
        if is_grad_enabled():  # a graph of the backward is asked for
            return (
                matmul(grad, weight) if to_x else None,
                matmul(transpose(grad, 0, 1), x) if to_weight else None,
                grad.sum(0) if to_bias else None,
            )
        g = grad.array
        product = backend(g).matmul
        return (
            grad._wrap(product(g, weight.array)) if to_x else None,
            grad._wrap(product(g.T, x.array)) if to_weight else None,
            grad.sum(0) if to_bias else None,
        )

    def name(self):
        return "MmBackward0" if self.input_shapes[2] is None else "AddmmBackward0"


def matmul(input, other):
    """The matrix product. Vectors: a row on the left, a column on the right; batch dimensions broadcast.

    Raises:
        RuntimeError: inner sizes that differ, 0-dimensional operands, different dtypes or devices.
    """
    require_alike("matmul", input=input, other=other)
    a, b = input.array.shape, other.array.shape
    if not a or not b:
        raise RuntimeError(f"matmul: both tensors need at least one dimension, got shapes {a} and {b}; use *")
    if input.array.dtype.kind == "b":
        raise RuntimeError("matmul: not defined for booleans; use .float() or .long()")
    if a[-1] != b[-2 if len(b) > 1 else 0]:
        raise RuntimeError(f"matmul: inner sizes differ in shapes {a} and {b}: {a[-1]} against {b[-2:][0]}")
    if len(a) == 1:
        result = matmul(unsqueeze(input, 0), other)
        return result.squeeze(-2) if len(b) > 1 else labelled("DotBackward0", result.squeeze(0))
    if len(b) == 1:
        result = matmul(input, unsqueeze(other, 1)).squeeze(-1)
        return labelled("MvBackward0", result) if len(a) == 2 else result
    if len(b) == 2 and len(a) > 2:  # one large product in place of many small ones
        return reshape(matmul(reshape(input, (-1, a[-1])) if a[-1] else _rows(input), other), (*a[:-1], b[-1]))
    try:
        return MatMul.apply(input, other)
    except ValueError as error:
        raise RuntimeError(f"matmul: batch dimensions of shapes {a} and {b} do not broadcast") from error


def _rows(input):
    rows = 1
    for n in input.array.shape[:-1]:
        rows *= n
    return reshape(input, (rows, input.array.shape[-1]))


@naming("mm")
def mm(input, mat2):
    """The product of two matrices, (n, k) and (k, m)."""
    return _product("mm", input, mat2, 2)


@naming("bmm")
def bmm(input, mat2):
    """The products of two batches of matrices, (b, n, k) and (b, k, m)."""
    require_tensor("bmm", input=input, mat2=mat2)
    if input.array.shape[:1] != mat2.array.shape[:1]:
        raise RuntimeError(f"bmm: batch sizes differ in shapes {input.array.shape} and {mat2.array.shape}")
    return _product("bmm", input, mat2, 3)


@naming("mv")
def mv(input, vec):
    """The product of a matrix (n, k) and a vector (k,)."""
    return _product("mv", input, vec, 2, 1)


@naming("dot")
def dot(input, tensor):
    """The sum of the products of two vectors of one length."""
    return _product("dot", input, tensor, 1)


def outer(input, vec2):
    """(n, m): each number of a vector (n,) times each of a vector (m,)."""
    require_tensor("outer", input=input, vec2=vec2)
    if input.array.ndim != 1 or vec2.array.ndim != 1:
        raise RuntimeError(f"outer: expected vectors, got shapes {input.array.shape} and {vec2.array.shape}")
    return unsqueeze(input, 1) * vec2


def _product(name, a, b, ndim, ndim_b=None):
    ndim_b = ndim if ndim_b is None else ndim_b
    require_alike(name, input=a, other=b)
    shapes = f"shapes {a.array.shape} and {b.array.shape}"
    if a.array.ndim != ndim or b.array.ndim != ndim_b:
        raise RuntimeError(f"{name}: expected tensors of {ndim} and {ndim_b} dimensions, got {shapes}")
    if a.array.shape[-1] != b.array.shape[-2 if ndim_b > 1 else 0]:
        raise RuntimeError(f"{name}: inner sizes differ in {shapes}")
    return matmul(a, b)


def linear(input, weight, bias=None):
    """input times the transposed weight, plus bias.

    Args:
        input: (..., in_features).
        weight: (out_features, in_features), or (in_features,).
        bias: (out_features,) or None.

    Returns:
        (..., out_features).
    """
    require_tensor("linear", input=input, weight=weight)
    require_same("linear", input=input, weight=weight, bias=bias)
    if input.array.dtype.kind == "b":
        raise RuntimeError("linear: not defined for booleans; use .float()")
    x, w = input.array.shape, weight.array.shape
    if not x or len(w) not in (1, 2) or x[-1] != w[-1]:
        raise RuntimeError(
            f"linear: input of shape {x} does not fit weight of shape {w}: the last sizes must agree"
            + ("; flatten the images first, e.g. nn.Flatten()" if len(x) == 4 else "")
        )
    if bias is not None and bias.array.shape not in (w[:-1], (1,), ()):
        raise RuntimeError(f"linear: bias of shape {bias.array.shape} does not fit weight of shape {w}")
    if len(w) == 1 or (bias is not None and bias.array.shape != w[:-1]):
        y = matmul(input, weight if len(w) == 1 else transpose(weight, 0, 1))
        return y if bias is None else y + bias
    if len(x) == 2:
        return Linear.apply(input, weight, bias)
    return reshape(Linear.apply(_rows(input), weight, bias), (*x[:-1], w[0]))
