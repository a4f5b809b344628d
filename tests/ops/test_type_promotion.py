"""Which number type results: every pair of types, with dimensions, without, and Python numbers, as in PyTorch."""

import itertools

import numpy as np
import pytest
from ops.operation_table import MINITORCH, TorchNames

from minitorch import dtype as dtypes
from minitorch import ops
from minitorch.creation import tensor

TYPES = [d.name for d in dtypes.ALL]
NUMBERS = [True, 2, -1, 2.5, np.float64(0.5), np.float32(1.5), np.int64(3), float("inf")]
PAIRED = [
    "add", "sub", "mul", "div", "floor_divide", "remainder", "pow", "eq", "ne", "lt", "le", "gt", "ge",
    "logical_and", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "rsub",
]
SINGLE = [
    "abs", "neg", "sign", "floor", "ceil", "trunc", "round", "exp", "sqrt", "sigmoid", "tanh", "reciprocal", "square",
    "relu", "sum", "prod", "mean", "amax", "argmax", "all", "any", "max", "min", "var", "std", "isnan", "isinf",
    "isfinite", "logical_not", "bitwise_not", "cumsum", "logsumexp", "softmax", "log_softmax", "argsort", "clone",
]
ALONG = ("cumsum", "logsumexp", "softmax", "log_softmax")


def outcome(call, library):
    """What a call gives, comparable between the libraries: type, shape and numbers, or that it refuses."""
    try:
        y = call(library)
    except (TypeError, RuntimeError) as error:
        return type(error) if isinstance(error, TypeError) else RuntimeError
    array = y.array if isinstance(y, MINITORCH.Tensor) else y.numpy()
    return str(array.dtype), array.shape, array


def assert_same(call, torch):
    expected, found = outcome(call, TorchNames(torch)), outcome(call, MINITORCH)
    if isinstance(expected, tuple) and isinstance(found, tuple):
        assert found[:2] == expected[:2]
        # PyTorch leaves open what a float becomes that an integer type cannot hold.
        tolerance = 1e-2 if found[0] == "float16" else 1e-5
        np.testing.assert_allclose(found[2].astype(float), expected[2].astype(float), rtol=tolerance, atol=tolerance)
    else:
        assert found == expected


def value(m, dtype, shape):
    numbers = [1, 0, 3] if shape else 2
    return m.tensor(numbers, dtype=getattr(m.torch, dtype) if isinstance(m, TorchNames) else np.dtype(dtype))


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("shapes", [(1, 1), (1, 0), (0, 1), (0, 0)], ids=str)
def test_two_tensors(name, shapes):
    torch = pytest.importorskip("torch", reason="needs torch")
    for a, b in itertools.product(TYPES, TYPES):
        assert_same(lambda m, a=a, b=b: getattr(m, name)(value(m, a, shapes[0]), value(m, b, shapes[1])), torch)


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("shape", [0, 1])
def test_tensor_and_number(name, shape):
    torch = pytest.importorskip("torch", reason="needs torch")
    for a, number in itertools.product(TYPES, NUMBERS):
        if name.startswith("bitwise") and a not in ("bool", "int64"):
            continue
        if name == "pow" and a == "bool" and number is True:  # PyTorch refuses other booleans to the power of booleans
            continue
        assert_same(lambda m, a=a, n=number: getattr(m, name)(value(m, a, shape), n), torch)


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "//", "%", "**", "==", "<", "&"])
def test_number_on_the_left(operator):
    torch = pytest.importorskip("torch", reason="needs torch")
    for a, number in itertools.product(TYPES, [True, 2, 2.5]):
        def call(m, a=a, n=number):
            return eval(f"n {operator} x", {"n": n, "x": value(m, a, 1)})
        assert_same(call, torch)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("shape", [0, 1])
def test_one_tensor(name, shape):
    torch = pytest.importorskip("torch", reason="needs torch")
    for a in TYPES:
        if a == "bool" and name in ("argmax", "argsort"):  # PyTorch refuses; here they are 0 and 1
            continue
        extra = (0,) if name in ALONG else ()
        assert_same(lambda m, a=a, extra=extra: getattr(m, name)(value(m, a, shape), *extra), torch)


@pytest.mark.parametrize("dtype", TYPES)
def test_selection(dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    for other, number in itertools.product(TYPES, [True, 2, 2.5]):
        assert_same(lambda m, o=other: m.where(value(m, "int64", 1) > 0, value(m, dtype, 1), value(m, o, 1)), torch)
        assert_same(lambda m, o=other: m.where(value(m, "int64", 1) > 0, value(m, dtype, 1), value(m, o, 0)), torch)
        assert_same(lambda m, n=number: m.where(value(m, "int64", 1) > 0, value(m, dtype, 1), n), torch)
        assert_same(lambda m, n=number: value(m, dtype, 1).masked_fill(value(m, "bool", 1), n), torch)
        assert_same(lambda m, o=other: m.cat([value(m, dtype, 1), value(m, o, 1)]), torch)
        assert_same(lambda m, o=other: m.stack([value(m, dtype, 0), value(m, o, 0)]), torch)
        assert_same(lambda m, o=other: value(m, dtype, 1).add_(value(m, o, 1)), torch)
        assert_same(lambda m, n=number: value(m, dtype, 1).mul_(n), torch)
        assert_same(lambda m, o=other: value(m, dtype, 1).copy_(value(m, o, 1)), torch)
        if dtype != "bool":  # PyTorch refuses
            assert_same(lambda m, n=number: m.clamp(value(m, dtype, 1), n, 2), torch)


@pytest.mark.parametrize("dtype, number", [("float32", 2.5), ("float32", np.float64(2.5)), ("float16", 3), ("int8", 3)])
def test_a_number_never_widens(dtype, number):
    x = tensor([1, 2], dtype=np.dtype(dtype))
    for y in (x + number, number * x, x - number, ops.maximum(x, x) * number):
        assert y.dtype == np.dtype(dtype)
    for y in (x[0] + number, number * x[0]):  # 0-dimensional
        assert y.dtype == np.dtype(dtype) and y.shape == ()


def test_numbers_too_large():
    assert (tensor([1], dtype=np.dtype("uint8")) + 300).tolist() == [45]
    assert (tensor([1.0]) * 1e300).tolist() == [float("inf")]
    with pytest.raises(RuntimeError, match="add: the number .* too large"):
        tensor([1]) + 10**30
    assert (tensor([1.0]) + 10**30).tolist() == [pytest.approx(1e30)]
