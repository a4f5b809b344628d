"""The methods that change the tensor itself: numbers, type, version counter, gradients, and what they refuse."""

import numpy as np
import pytest

import minitorch
from minitorch import tensor

X = np.array([[0.3, 0.6, 0.9], [1.2, 1.5, 1.8]])
UNARY = """
abs absolute ceil cos cosh erf erfc exp expm1 floor log log10 log1p log2 nan_to_num neg negative reciprocal
relu round rsqrt sigmoid sign sin sinh sqrt square tan tanh tril triu trunc
""".split()  # noqa: SIM905
BINARY = """
add atan2 clamp_max clamp_min div divide eq floor_divide fmod ge greater greater_equal gt hypot le less less_equal
logical_and logical_or logical_xor lt mul multiply ne not_equal pow remainder sub subtract true_divide
""".split()  # noqa: SIM905


def others(m, make):
    """Name: arguments of the methods with arguments of their own kinds."""
    x = make(X)
    return {
        **dict.fromkeys(UNARY, ()),
        **{name: (make(X[:1] * 2 + 0.05),) for name in BINARY},
        "addcdiv": (x, make(X[:1])),
        "addcmul": (x, make(X[:1])),
        "addmm": (make(X[:, :2]), x),
        "clamp": (0.5, 1.3),
        "cumprod": (1,),
        "cumsum": (0,),
        "index_add": (1, make(np.array([0, 0])), make(X[:, 1:])),
        "index_copy": (1, make(np.array([2, 0])), make(X[:, 1:])),
        "index_fill": (1, make(np.array([2, 0])), 7.0),
        "index_put": ((make(np.array([1])),), make(X[0])),
        "lerp": (make(X[:1]), 0.25),
        "logical_not": (),
        "masked_fill": (make(X > 1), 5.0),
        "scatter": (1, make(np.array([[2], [0]])), make(X[:, :1])),
        "scatter_add": (1, make(np.array([[2, 2], [0, 1]])), make(X[:, :2])),
    }


def names():
    return sorted(others(minitorch, tensor))


@pytest.mark.parametrize("name", names())
def test_equals_pytorch(name):
    torch = pytest.importorskip("torch", reason="needs torch")
    for dtype in (np.float64, np.float32):
        mine, theirs = tensor(X.astype(dtype)), torch.tensor(X.astype(dtype))

        def cast(a, dtype=dtype):
            return np.asarray(a).astype(dtype if np.asarray(a).dtype.kind == "f" else np.asarray(a).dtype)

        memory = mine.array
        result = getattr(mine, f"{name}_")(*others(minitorch, lambda a: tensor(cast(a)))[name])
        getattr(theirs, f"{name}_")(*others(torch, lambda a: torch.tensor(cast(a)))[name])
        assert result is mine and mine.array is memory and mine._version == 1
        assert f"torch.{mine.dtype}" == str(theirs.dtype)
        np.testing.assert_allclose(mine.array, theirs.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", names())
def test_gradients_are_those_of_the_other_form(name):
    arguments = others(minitorch, tensor)[name]
    gradients = []
    for in_place in (True, False):
        x = tensor(X, requires_grad=True)
        y = x * 1.5
        y = getattr(y, f"{name}_" if in_place else name)(*arguments)
        if y.requires_grad:
            (y.double() * tensor(X)).sum().backward()
        gradients.append(np.zeros(X.shape) if x.grad is None else x.grad.array)
    np.testing.assert_array_equal(*gradients)


def test_what_is_refused_leaves_the_numbers():
    whole, leaf = tensor([1, 2, 3]), minitorch.ones(3, requires_grad=True)
    for call in (
        lambda: whole.mul_(1.5),
        lambda: whole.erf_(),
        lambda: whole.add_(minitorch.ones(2, 3).long()),
        lambda: whole.index_fill_(0, tensor([5]), 1),
        lambda: leaf.erf_(),
        lambda: minitorch.zeros(1).expand(3).add_(1),
    ):
        with pytest.raises((RuntimeError, IndexError)):
            call()
    assert whole.tolist() == [1, 2, 3] and whole._version == 0
    assert leaf.tolist() == [1, 1, 1]
