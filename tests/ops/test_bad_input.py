"""Bad calls: each raises before any work, with the operation's name, what it got and what was expected."""

import re

import numpy as np
import pytest

import minitorch
from minitorch import creation, dtype, ops
from minitorch.creation import ones, tensor, zeros
from minitorch.tensor import Tensor

M, V, INTEGERS, B = ones(2, 3), ones(3), tensor([[1, 2, 3], [4, 5, 6]]), tensor([[True, False, True]] * 2)
IMAGE, FILTER, DOUBLE = ones(1, 2, 5, 5), ones(4, 2, 3, 3), ones(2, 3, dtype=dtype.float64)
SCALAR, LABELS = tensor(1.0), tensor([0, 2])
CLASS_LOSSES, POOLS = (ops.nll_loss, ops.cross_entropy), (ops.max_pool2d, ops.avg_pool2d)

# (call, exception, words that the message must hold beside the operation's name)
ARITHMETIC = [
    *((lambda f=f: f(M, ones(2)), RuntimeError, f"{f.__name__}: (2, 3) (2,) broadcast") for f in (
        ops.add, ops.sub, ops.mul, ops.div, ops.pow, ops.maximum, ops.minimum, ops.remainder, ops.floor_divide, ops.eq,
        ops.lt, ops.logical_and)),
    *((lambda f=f: f(M, "a"), TypeError, f"{f.__name__}: str") for f in (
        ops.add, ops.sub, ops.mul, ops.div, ops.pow, ops.maximum, ops.remainder, ops.floor_divide, ops.eq, ops.gt)),
    (lambda: M + [1, 2, 3], TypeError, "add: list minitorch.tensor"),
    (lambda: M * np.ones(4), RuntimeError, "mul: broadcast"),
    (lambda: ops.matmul(M, np.ones((3, 3))), TypeError, "matmul: ndarray minitorch.tensor"),
    (lambda: [1] - M, TypeError, "sub: list"),
    (lambda: M + None, TypeError, "add: NoneType"),
    (lambda: M < None, TypeError, "lt: NoneType"),
    (lambda: M + 1j, TypeError, "add: complex"),
    (lambda: ops.add(1, 2), TypeError, "add: int"),
    (lambda: ops.add(INTEGERS, INTEGERS, alpha=1.5), RuntimeError, "add: alpha integer int64"),
    (lambda: ops.add(M, M, alpha="a"), TypeError, "add: alpha number"),
    (lambda: B - B, RuntimeError, "sub: booleans logical_not"),
    (lambda: -B, RuntimeError, "neg: booleans"),
    (lambda: INTEGERS // 0, RuntimeError, "floor_divide: ZeroDivisionError .float()"),
    (lambda: INTEGERS % 0, RuntimeError, "remainder: ZeroDivisionError"),
    (lambda: ops.div(INTEGERS, INTEGERS * 0, rounding_mode="trunc"), RuntimeError, "div: ZeroDivisionError"),
    (lambda: ops.div(M, M, rounding_mode="up"), RuntimeError, "div: rounding_mode 'up'"),
    (lambda: INTEGERS ** -1, RuntimeError, "pow: negative .float()"),
    (lambda: M & M, RuntimeError, "bitwise_and: float32"),
    (lambda: ~M, RuntimeError, "bitwise_not: float32"),
    (lambda: ops.logical_and(B, True), TypeError, "logical_and: tensor"),
    (lambda: ops.maximum(M, 1), TypeError, "maximum: tensor int"),
    (lambda: ops.clamp(M), RuntimeError, "clamp: min max"),
    (lambda: ops.clamp(M, "a"), TypeError, "clamp: str"),
    (lambda: ops.clamp(M, ones(2)), RuntimeError, "clamp: (2,) broadcast"),
    (lambda: ops.where(M, M, M), RuntimeError, "where: condition boolean float32"),
    (lambda: ops.where([True], M, M), TypeError, "where: condition list"),
    (lambda: ops.where(B, M, ones(2)), RuntimeError, "where: (2,) broadcast"),
    (lambda: ops.where(B, M, None), TypeError, "where: NoneType"),
    (lambda: M.masked_fill(M, 1), RuntimeError, "masked_fill: mask boolean float32"),
    (lambda: M.masked_fill(B, M), RuntimeError, "masked_fill: value 0-dimensional (2, 3)"),
    (lambda: M.masked_fill(B, "a"), TypeError, "masked_fill: str"),
    (lambda: M.masked_fill(tensor([True, False]), 0), RuntimeError, "broadcast (2,) (2, 3)"),
    (lambda: ops.isclose(M, DOUBLE), RuntimeError, "isclose: float32 float64"),
]
UNARY = [
    *((lambda f=f: f([1.0]), TypeError, f"{f.__name__}: input list tensor") for f in (
        ops.exp, ops.log, ops.sqrt, ops.relu, ops.sigmoid, ops.tanh, ops.abs, ops.neg, ops.sum, ops.mean, ops.softmax,
        ops.var, ops.amax, ops.argmax, ops.clone, ops.flatten, ops.isnan, ops.round, ops.square, ops.sort)),
    *((lambda f=f: f(B), RuntimeError, f"{f.__name__}: boolean") for f in (
        ops.abs, ops.floor, ops.ceil, ops.trunc, ops.round, ops.relu)),
    *((lambda f=f: f(INTEGERS), RuntimeError, f"{f.__name__}: floating point int64 .float()") for f in (
        ops.mean, ops.var, ops.std)),
    *((lambda f=f: f(INTEGERS, 0), RuntimeError, f"{f.__name__}: floating point int64")
      for f in (ops.softmax, ops.log_softmax)),
    *((lambda f=f: f(M, dim=2), IndexError, f"{f.__name__}: [-2, 1] 2") for f in (
        ops.sum, ops.mean, ops.var, ops.amax, ops.argmax, ops.max, ops.prod, ops.all, ops.softmax, ops.cumsum,
        ops.logsumexp, ops.sort, ops.unbind, ops.squeeze)),
    *((lambda f=f: f(M, (0, 0)), RuntimeError, f"{f.__name__}: twice") for f in (
        ops.sum, ops.mean, ops.var, ops.amax, ops.flip, ops.logsumexp)),
    *((lambda f=f: f(M, "a"), TypeError, f"{f.__name__}: 'a'") for f in (ops.sum, ops.argmax, ops.softmax, ops.cumsum)),
    *((lambda f=f: f(zeros(0, 2)), RuntimeError, f"{f.__name__}: empty (0, 2)") for f in (ops.max, ops.min, ops.amax)),
    *((lambda f=f: f(zeros(0, 2), 0), IndexError, f"{f.__name__}: empty (0, 2)") for f in (
        ops.max, ops.min, ops.amax, ops.argmin)),
    (lambda: ops.argmax(zeros(0)), IndexError, "argmax: empty (0,)"),
    (lambda: ops.sum(M, dtype="text"), TypeError, "dtype: text"),
    (lambda: ops.var(M, 0, True, correction=0), TypeError, "var: correction unbiased"),
    (lambda: ops.dropout(M, 1.5), ValueError, "dropout: p 1.5"),
    (lambda: ops.dropout(M, "a"), TypeError, "dropout: p str"),
    (lambda: ops.dropout(INTEGERS, 0.5), RuntimeError, "dropout: floating point int64"),
    (lambda: ops.topk(M, 4), RuntimeError, "topk: k 4 (2, 3)"),
    (lambda: ops.topk(M, 1.5), TypeError, "topk: k 1.5"),
]
SHAPE = [
    (lambda: M.reshape(4), RuntimeError, "reshape: (2, 3) (4,)"),
    (lambda: M.reshape(-1, -1), RuntimeError, "reshape: (-1, -1)"),
    (lambda: M.reshape(-2, 3), RuntimeError, "reshape: (-2, 3)"),
    (lambda: M.reshape(1.5), TypeError, "reshape: 1.5"),
    (lambda: M.reshape("a"), TypeError, "reshape: 'a'"),
    (lambda: zeros(0).reshape(-1, 0), RuntimeError, "reshape: (-1, 0)"),
    (lambda: M.T.view(6), RuntimeError, "view: reshape"),
    (lambda: V.view(dtype.float64), RuntimeError, "view: float64 float32"),
    (lambda: M.flatten(1, 0), RuntimeError, "flatten: start_dim 1 end_dim 0"),
    (lambda: M.flatten(2), IndexError, "flatten: [-2, 1]"),
    (lambda: M.unflatten(1, (2, 2)), RuntimeError, "unflatten: (2, 2) (2, 3)"),
    (lambda: M.permute(0), RuntimeError, "permute: 1 2"),
    (lambda: M.permute(0, 0), RuntimeError, "permute: twice"),
    (lambda: M.permute(0, 5), IndexError, "permute: 5"),
    (lambda: M.transpose(0, 2), IndexError, "transpose: 2"),
    (lambda: M.transpose(0, 1.0), TypeError, "transpose: 1.0"),
    (lambda: IMAGE.t(), RuntimeError, "t: (1, 2, 5, 5)"),
    (lambda: V.mT, RuntimeError, "mT: (3,)"),
    (lambda: M.movedim((0, 1), 0), RuntimeError, "movedim: 2 1"),
    (lambda: M.expand(4, 3), RuntimeError, "expand: (2, 3) (4, 3)"),
    (lambda: M.expand(3), RuntimeError, "expand: (2, 3) (3,)"),
    (lambda: M.expand(-1, 2, 3), RuntimeError, "expand: (-1, 2, 3)"),
    (lambda: M.unsqueeze(3), IndexError, "unsqueeze: 3"),
    (lambda: M.narrow(0, 1, 2), RuntimeError, "narrow: start 1 length 2"),
    (lambda: SCALAR.narrow(0, 0, 1), RuntimeError, "narrow: 0-dimensional"),
    (lambda: ops.cat([]), ValueError, "cat: none"),
    (lambda: ops.stack([]), RuntimeError, "stack: none"),
    (lambda: ops.cat(M), TypeError, "cat: list Tensor"),
    (lambda: ops.cat([M, [1]]), TypeError, "cat: tensors[1] list"),
    (lambda: ops.cat([M, ones(2, 2)]), RuntimeError, "cat: (2, 3) (2, 2)"),
    (lambda: ops.cat([M, V]), RuntimeError, "cat: (2, 3) (3,)"),
    (lambda: ops.cat([SCALAR, SCALAR]), RuntimeError, "cat: 0-dimensional stack"),
    (lambda: ops.cat([M, M], 2), IndexError, "cat: 2"),
    (lambda: ops.stack([M, V]), RuntimeError, "stack: (3,) (2, 3)"),
    (lambda: ops.stack([M, M], 3), IndexError, "3"),
    (lambda: ops.split(M, 0), RuntimeError, "split: 0"),
    (lambda: ops.split(M, [1, 2]), RuntimeError, "split: [1, 2] 2"),
    (lambda: ops.split(M, 1.5), TypeError, "split: 1.5"),
    (lambda: ops.split(SCALAR, 1), RuntimeError, "split: 0-dimensional"),
    (lambda: ops.chunk(M, 0), RuntimeError, "chunk: 0"),
    (lambda: ops.unbind(SCALAR), IndexError, "unbind: 0-dimensional"),
    (lambda: M.repeat(2), RuntimeError, "repeat: 2 (2,)"),
    (lambda: M.repeat(2, -1), RuntimeError, "repeat: (2, -1)"),
    (lambda: ops.roll(M, (1, 2), 0), RuntimeError, "roll: 2 1"),
    (lambda: ops.pad(M, (1,)), RuntimeError, "pad: (1,)"),
    (lambda: ops.pad(V, (1, 1, 1, 1)), RuntimeError, "pad: (1, 1, 1, 1)"),
    (lambda: ops.pad(V, (-2, -2)), RuntimeError, "pad: (-2, -2) (3,)"),
    (lambda: ops.pad(V, (1, 1.5)), TypeError, "pad: 1.5"),
    (lambda: ops.pad(V, (1, 1), "mirror"), NotImplementedError, "pad: 'mirror'"),
    (lambda: ops.pad(M, (3, 0), "reflect"), RuntimeError, "pad: (3, 0) 'reflect' (2, 3)"),
    (lambda: ops.pad(V, (1, 1), value="a"), TypeError, "pad: value 'a'"),
    (lambda: ops.broadcast_tensors(M, ones(2)), RuntimeError, "broadcast_tensors: (2, 3) (2,)"),
    (lambda: ops.tril(V), RuntimeError, "tril: (3,)"),
    (lambda: ops.diag(IMAGE), RuntimeError, "diag: (1, 2, 5, 5)"),
]
INDEX = [
    (lambda: M[2], IndexError, "getitem: 2 dimension 0 size 2"),
    (lambda: M[0, -4], IndexError, "getitem: -4 dimension 1 size 3"),
    (lambda: M[0, 0, 0], IndexError, "getitem: too many 3 (2, 3)"),
    (lambda: M[..., ...], IndexError, "getitem: one ..."),
    (lambda: M[1.0], IndexError, "getitem: float"),
    (lambda: M["a"], IndexError, "getitem: str"),
    (lambda: M[::-1], ValueError, "getitem: step flip"),
    (lambda: M[1.0:], TypeError, "getitem: slice 1.0"),
    (lambda: M[V], IndexError, "getitem: float32 .long()"),
    (lambda: M[tensor([0, 2])], IndexError, "getitem: 2 dimension 0 size 2"),
    (lambda: M[tensor([True])], IndexError, "getitem: mask (1,) (2, 3)"),
    (lambda: M[[0, 1], [0, 1, 2]], IndexError, "getitem: (2, 3)"),
    (lambda: SCALAR[0], IndexError, "getitem: ()"),
    (lambda: ops.gather(M, 0, M), RuntimeError, "gather: int64 float32"),
    (lambda: ops.gather(M, 0, tensor([0])), RuntimeError, "gather: (1,) (2, 3)"),
    (lambda: ops.gather(M, 0, tensor([[2]])), RuntimeError, "gather: out of bounds dimension 0 size 2"),
    (lambda: ops.gather(M, 0, tensor([[0, 0, 0, 0]])), RuntimeError, "gather: (1, 4) (2, 3)"),
    (lambda: ops.gather(M, 2, INTEGERS), IndexError, "gather: 2"),
    (lambda: ops.index_select(M, 0, INTEGERS), IndexError, "index_select: (2, 3)"),
]
PRODUCT = [
    (lambda: M @ M, RuntimeError, "matmul: (2, 3) 3 against 2"),
    (lambda: M @ ones(2), RuntimeError, "matmul: (2,)"),
    (lambda: M @ SCALAR, RuntimeError, "matmul: () *"),
    (lambda: M @ 2, TypeError, "matmul: int"),
    (lambda: M @ DOUBLE.T, RuntimeError, "matmul: float32 float64"),
    (lambda: B @ B.T, RuntimeError, "matmul: booleans"),
    (lambda: ones(2, 1, 2) @ ones(3, 2, 1), RuntimeError, "matmul: (2, 1, 2) (3, 2, 1) broadcast"),
    (lambda: ops.mm(M, V), RuntimeError, "mm: (3,)"),
    (lambda: ops.mm(M, M), RuntimeError, "mm: (2, 3)"),
    (lambda: ops.bmm(M, M), RuntimeError, "bmm: 3 (2, 3)"),
    (lambda: ops.bmm(ones(2, 1, 1), ones(1, 1, 1)), RuntimeError, "bmm: batch (2, 1, 1) (1, 1, 1)"),
    (lambda: ops.dot(V, ones(2)), RuntimeError, "dot: (3,) (2,)"),
    (lambda: ops.outer(M, V), RuntimeError, "outer: (2, 3)"),
    (lambda: ops.linear(M, ones(4, 2)), RuntimeError, "linear: (2, 3) (4, 2)"),
    (lambda: ops.linear(IMAGE, ones(4, 50)), RuntimeError, "linear: Flatten"),
    (lambda: ops.linear(M, ones(4, 3), V), RuntimeError, "linear: bias (3,) (4, 3)"),
    (lambda: ops.linear(M, DOUBLE), RuntimeError, "linear: float32 float64"),
    (lambda: ops.linear(M, [1]), TypeError, "linear: weight list"),
]
LOSS = [
    *((lambda f=f: f(M, tensor([0, 3])), IndexError, f"{f.__name__}: 3 0..2") for f in CLASS_LOSSES),
    *((lambda f=f: f(M, tensor([-1, 0])), IndexError, f"{f.__name__}: -1 0..2")
      for f in CLASS_LOSSES),
    *((lambda f=f: f(M, V), RuntimeError, f"{f.__name__}: target float32 (3,)") for f in CLASS_LOSSES),
    *((lambda f=f: f(M, tensor([0, 1, 2])), ValueError, f"{f.__name__}: (2,) (2, 3) (3,)")
      for f in CLASS_LOSSES),
    *((lambda f=f: f(INTEGERS, LABELS), RuntimeError, f"{f.__name__}: floating point int64")
      for f in CLASS_LOSSES),
    *((lambda f=f: f(M, LABELS, reduction="max"), ValueError, f"{f.__name__}: reduction 'max'")
      for f in CLASS_LOSSES),
    *((lambda f=f: f(M, LABELS, ones(2)), RuntimeError, f"{f.__name__}: weight (3,) (2,)")
      for f in CLASS_LOSSES),
    *((lambda f=f: f(M, LABELS, ones(3, requires_grad=True)), RuntimeError, f"{f.__name__}: weight gradient")
      for f in CLASS_LOSSES),
    *((lambda f=f: f(M, LABELS.int()), RuntimeError, f"{f.__name__}: int32 .long()")
      for f in CLASS_LOSSES),
    *((lambda f=f: f(M, [0, 2]), TypeError, f"{f.__name__}: target list") for f in CLASS_LOSSES),
    *((lambda f=f: f(SCALAR, LABELS), ValueError, f"{f.__name__}: 0-dimensional") for f in CLASS_LOSSES),
    (lambda: ops.cross_entropy(M, INTEGERS), RuntimeError, "cross_entropy: (2,) (2, 3)"),
    (lambda: ops.cross_entropy(M, LABELS, label_smoothing=1.5), RuntimeError, "cross_entropy: label_smoothing 1.5"),
    (lambda: ops.cross_entropy(M, M, ignore_index=1), RuntimeError, "cross_entropy: ignore_index 1 probabilities"),
    (lambda: ops.cross_entropy(M, DOUBLE), RuntimeError, "cross_entropy: float32 float64"),
    (lambda: ops.mse_loss(M, ones(2)), RuntimeError, "mse_loss: (2, 3) (2,) broadcast"),
    (lambda: ops.mse_loss(INTEGERS, INTEGERS), RuntimeError, "mse_loss: int64 .float()"),
    (lambda: ops.mse_loss(M, 1.0), TypeError, "mse_loss: target float"),
    (lambda: ops.mse_loss(M, M, "average"), ValueError, "mse_loss: reduction 'average'"),
]
NETWORK = [
    (lambda: ops.conv2d(M, FILTER), RuntimeError, "conv2d: (2, 3)"),
    (lambda: ops.conv2d(IMAGE, M), RuntimeError, "conv2d: (1, 2, 5, 5) (2, 3)"),
    (lambda: ops.conv2d(IMAGE, ones(4, 3, 3, 3)), RuntimeError, "conv2d: 2 channels 3"),
    (lambda: ops.conv2d(IMAGE, FILTER, V), RuntimeError, "conv2d: bias (4,) (3,)"),
    (lambda: ops.conv2d(IMAGE, FILTER.double()), RuntimeError, "conv2d: float32 float64"),
    (lambda: ops.conv2d(IMAGE.bool(), FILTER.bool()), RuntimeError, "conv2d: floating point bool .float()"),
    (lambda: ops.conv2d(IMAGE, FILTER, stride=0), RuntimeError, "conv2d: stride 0"),
    (lambda: ops.conv2d(IMAGE, FILTER, stride=1.5), TypeError, "conv2d: stride 1.5"),
    (lambda: ops.conv2d(IMAGE, FILTER, stride=(1, 1, 1)), RuntimeError, "conv2d: stride (1, 1, 1)"),
    (lambda: ops.conv2d(IMAGE, FILTER, padding=-1), RuntimeError, "conv2d: padding -1"),
    (lambda: ops.conv2d(IMAGE, FILTER, padding="full"), RuntimeError, "conv2d: padding 'full'"),
    (lambda: ops.conv2d(IMAGE, FILTER, padding="same", stride=2), RuntimeError, "conv2d: same stride"),
    (lambda: ops.conv2d(IMAGE, FILTER, dilation=0), RuntimeError, "conv2d: dilation 0"),
    (lambda: ops.conv2d(IMAGE, FILTER, dilation=3), RuntimeError, "conv2d: larger (5, 5)"),
    (lambda: ops.conv2d(IMAGE, FILTER, groups=3), RuntimeError, "conv2d: groups=3"),
    (lambda: ops.conv2d(IMAGE, ones(3, 1, 3, 3), groups=2), RuntimeError, "conv2d: 3 groups=2"),
    (lambda: ops.conv2d(IMAGE, FILTER, groups=0), RuntimeError, "conv2d: groups 0"),
    (lambda: ops.conv2d(IMAGE, [1]), TypeError, "conv2d: weight list"),
    *((lambda f=f: f(M, 2), RuntimeError, f"{f.__name__}: (2, 3)") for f in POOLS),
    *((lambda f=f: f(IMAGE, 6), RuntimeError, f"{f.__name__}: (6, 6) (5, 5)") for f in POOLS),
    *((lambda f=f: f(IMAGE, 0), RuntimeError, f"{f.__name__}: kernel_size 0") for f in POOLS),
    *((lambda f=f: f(IMAGE, 2, 0), RuntimeError, f"{f.__name__}: stride 0") for f in POOLS),
    *((lambda f=f: f(IMAGE, 2, 1, 2), RuntimeError, f"{f.__name__}: padding half") for f in (
        ops.max_pool2d, ops.avg_pool2d)),
    *((lambda f=f: f(IMAGE.bool(), 2), RuntimeError, f"{f.__name__}: bool") for f in POOLS),
    *((lambda f=f: f(zeros(1, 2, 0, 5), 2), RuntimeError, f"{f.__name__}: (1, 2, 0, 5)")
      for f in POOLS),
    (lambda: ops.max_pool2d(IMAGE, (2, 2, 2)), RuntimeError, "max_pool2d: kernel_size (2, 2, 2)"),
    (lambda: ops.avg_pool2d(IMAGE, 2, divisor_override=0), RuntimeError, "avg_pool2d: divisor_override"),
    (lambda: ops.batch_norm(V, None, None, training=True), RuntimeError, "batch_norm: (3,)"),
    (lambda: ops.batch_norm(M, None, None), RuntimeError, "batch_norm: running_mean running_var"),
    (lambda: ops.batch_norm(M, ones(2), ones(3)), RuntimeError, "batch_norm: running_mean (3,) (2,)"),
    (lambda: ops.batch_norm(M, None, None, [1], training=True), TypeError, "batch_norm: weight list"),
    (lambda: ops.batch_norm(M, None, None, ones(3).double(), training=True), RuntimeError, "batch_norm: float64"),
    (lambda: ops.batch_norm(INTEGERS, None, None, training=True), RuntimeError, "batch_norm: floating point int64"),
    (lambda: ops.batch_norm(M[:1], None, None, training=True), ValueError, "batch_norm: more than 1 (1, 3)"),
]
TABLE = [*ARITHMETIC, *UNARY, *SHAPE, *INDEX, *PRODUCT, *LOSS, *NETWORK]


@pytest.mark.parametrize("call, error, words", TABLE, ids=[words for _, _, words in TABLE])
def test_refused_with_reason(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, error)
    message = str(caught.value)
    missing = [word for word in words.split() if word not in message]
    # A tuple in the words falls apart at its blanks; its parts stand in the message all the same.
    assert not missing, f"{missing} not in: {message}"
    assert re.match(r"\w+: ", message), f"does not begin with the name of the operation: {message}"


def test_every_public_operation_names_itself():
    """A thing that is no tensor: each operation refuses it, and says who speaks."""
    private = {"as_filling", "as_number",
               "axes", "axis", "cast", "move", "sizes", "is_number", "result_type", "getitem", "setitem",
               "is_contiguous", "broadcast_tensors", "broadcast_shapes",
               "require_tensor", "require_numbers"}
    for name in {n for n in dir(ops) if callable(getattr(ops, n))} - private:
        operation = getattr(ops, name)
        if name.endswith("_definition") or not hasattr(operation, "__code__"):
            continue
        count = operation.__code__.co_argcount - len(operation.__defaults__ or ())
        with pytest.raises((TypeError, ValueError, RuntimeError)) as caught:
            operation(*[object()] * max(count, 1))
        assert re.match(r"\w+: ", str(caught.value)), f"{name}: {caught.value}"


def test_an_unforeseen_error_gets_the_operations_name():
    x = Tensor(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"Add: .*\(inputs: float64 of shape \(2,\), float64 of shape \(3,\)\)"):
        type(ops.add(creation.ones(1, requires_grad=True), 1).grad_fn).apply(x, Tensor(np.ones(3)))


REFUSED = [
    (lambda x: x.flip(), TypeError, "flip: "),
    (lambda x: x.tile(), TypeError, "tile: "),
    (lambda x: x[:1].view(), TypeError, "view: "),
    (lambda x: (x > 0).clamp(x > 0, x > 0), RuntimeError, "clamp: not defined for booleans"),
    (lambda x: minitorch.nn.functional.linear(x > 0, x > 0), RuntimeError, "linear: not defined for booleans"),
    (lambda x: minitorch.nn.functional.huber_loss(x, x, delta=float("nan")), RuntimeError, "huber_loss: delta"),
    (lambda x: minitorch.nn.functional.nll_loss(x, minitorch.tensor(0), ignore_index="a"), TypeError,
     "nll_loss: ignore_index must be an integer"),
    (lambda x: x.add(x, alpha=x), TypeError, "add: alpha must be a number, got Tensor"),
    (lambda x: x.long().add(x.long(), alpha=1.0), RuntimeError, "add: alpha must be an integer"),
    (lambda x: x.index_add(0, minitorch.tensor([0]), x[:1], alpha="2"), TypeError, "index_add: alpha must be a number"),
    (lambda x: x.diag("1"), TypeError, "diag: diagonal must be an integer, got '1'"),
    (lambda x: x.diag(2**70), RuntimeError, "diag: diagonal .* is too large"),
    (lambda x: x.round(decimals=1.5), TypeError, "round: decimals must be an integer, got 1.5"),
    (lambda x: x.copy_(minitorch.ones(3)), RuntimeError, r"copy_: a tensor of shape \(3,\) does not expand to \(2,\)"),
    (lambda x: x.uniform_("0"), TypeError, "uniform_: a must be a number, got str"),
    (lambda x: x.normal_(0, None), TypeError, "normal_: std must be a number, got NoneType"),
    (lambda x: x.bernoulli_([0.5]), TypeError, "bernoulli_: p must be a number, got list"),
    (lambda x: x.uniform_(generator=5), TypeError, "generator must be a minitorch.Generator or None, got int"),
    (lambda x: minitorch.randn(2, generator=0), TypeError, "generator must be a minitorch.Generator or None, got int"),
    (lambda x: minitorch.randint_like((2,), 3), TypeError, "randint_like: input must be a tensor, got tuple"),
    (lambda x: x.type_as(float), TypeError, "type_as: other must be a tensor, got type"),
    (lambda x: x.requires_grad_(1), TypeError, "requires_grad: expected True or False, got 1"),
    (lambda x: minitorch.promote_types(x, minitorch.int64), TypeError, "dtype: expected a dtype"),
    (lambda x: minitorch.nn.functional.l1_loss(x, x, reduction=[1]), ValueError, "l1_loss: reduction must be 'none'"),
]  # fmt: skip


@pytest.mark.parametrize("call, error, message", REFUSED, ids=[message for _, _, message in REFUSED])
def test_refused_as_in_pytorch(call, error, message):
    with pytest.raises(error, match=message):
        call(minitorch.ones(2))
