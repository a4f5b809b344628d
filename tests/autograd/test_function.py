"""Operations of one's own and hooks that return what they must not: the error says who, what, and what was expected."""

import numpy as np
import pytest

from minitorch.autograd import Function
from minitorch.creation import ones
from minitorch.tensor import Tensor


def operation(forward=lambda x: x * 2, backward=lambda grad: grad * 2):
    """A Function that returns what it is told."""

    class Planted(Function):
        @staticmethod
        def forward(ctx, x):
            return forward(x)

        @staticmethod
        def backward(ctx, grad):
            return backward(grad)

    return Planted


def leaf(*shape):
    return Tensor(np.ones(shape), requires_grad=True)


FORWARDS = {
    "list": (lambda x: [x], "list"),
    "float": (lambda x: 2.0, "float"),
    "None": (lambda x: None, "NoneType"),
    "string": (lambda x: "x", "str"),
    "tensor": (lambda x: Tensor(x), "Tensor"),
    "tuple with a number": (lambda x: (x, 3), r"a tuple of \(ndarray, int\)"),
    "empty tuple": (lambda x: (), r"a tuple of \(\)"),
}


@pytest.mark.parametrize("name", FORWARDS)
@pytest.mark.parametrize("recorded", [True, False])
def test_wrong_results_of_forward(name, recorded):
    forward, got = FORWARDS[name]
    x = leaf(2) if recorded else ones(2)
    with pytest.raises(TypeError, match=f"^Planted: forward must return an array or a tuple of arrays, got {got}$"):
        operation(forward).apply(x)


def test_numbers_of_numpy_are_arrays():
    y = operation(lambda x: x.sum()).apply(leaf(2))
    assert y.shape == () and y.item() == 2 and y.requires_grad


def test_apply_without_a_tensor():
    with pytest.raises(TypeError, match=r"^Planted: apply expects at least one tensor .*, got \(ndarray\)$"):
        operation().apply(np.ones(2))
    with pytest.raises(TypeError, match=r"^Planted: apply expects at least one tensor .*, got \(float\)$"):
        operation().apply(2.0)


BACKWARDS = {
    "list": (lambda g: [g], "list; several gradients are returned as a tuple"),
    "array": (lambda g: g.array, "ndarray; compute it with tensor operations"),
    "float": (lambda g: 2.0, "float; compute it with tensor operations"),
    "NumPy number": (lambda g: np.float64(2), "float64; compute"),
    "array in a tuple": (lambda g: (g.array,), "ndarray; compute"),
}


@pytest.mark.parametrize("name", BACKWARDS)
@pytest.mark.parametrize("leads", ["to a leaf", "to a node"])
def test_wrong_gradients_of_backward(name, leads):
    backward, got = BACKWARDS[name]
    x = leaf(2)
    y = operation(backward=backward).apply(x if leads == "to a leaf" else x * 3)
    with pytest.raises(TypeError, match=f"^PlantedBackward: backward must return a tensor, None or a tuple.*got {got}"):
        y.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("backward, count", [(lambda g: (g, g), 2), (lambda g: (), 0), (lambda g: (g, None, g), 3)])
def test_wrong_number_of_gradients(backward, count):
    with pytest.raises(RuntimeError, match=f"^PlantedBackward: .*for each of the 1 inputs, got {count}$"):
        operation(backward=backward).apply(leaf(2)).sum().backward()


def test_surplus_nones_are_let_pass():
    """As in PyTorch, where forward's optional arguments may have been left out."""
    x = leaf(2)
    operation(backward=lambda g: (g * 2, None, None)).apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


@pytest.mark.parametrize("shape", [(3,), (), (1,), (2, 3)])
def test_gradients_of_a_wrong_shape(shape):
    y = operation(backward=lambda g: ones(shape).double()).apply(leaf(2))
    with pytest.raises(RuntimeError, match=r"^PlantedBackward: backward returned a gradient of shape .* shape \(2,\)$"):
        y.sum().backward()


HOOKS = {
    "list": (lambda g: [g], TypeError, "must return a tensor or None, got list"),
    "array": (lambda g: g.array * 2, TypeError, "must return a tensor or None, got ndarray; compute it"),
    "float": (lambda g: 2.0, TypeError, "must return a tensor or None, got float"),
    "True": (lambda g: True, TypeError, "must return a tensor or None, got bool"),
    "shape": (lambda g: g[:1], RuntimeError, r"returned shape \(1,\) for a gradient of shape \(2,\)"),
    "type": (lambda g: g.float(), RuntimeError, "returned float32 on cpu for a gradient of float64 on cpu"),
}


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize("where", ["leaf", "node"])
def test_wrong_results_of_a_hook(name, where):
    function, error, words = HOOKS[name]

    def spy(gradient):
        return function(gradient)

    x = leaf(2)
    y = x * 3
    (x if where == "leaf" else y).register_hook(spy)
    with pytest.raises(error, match=f"^hook spy: {words}"):
        y.sum().backward()
    assert x.grad is None


def test_a_hook_is_a_function():
    with pytest.raises(TypeError, match="register_hook: expected a function, got int"):
        leaf(2).register_hook(3)
