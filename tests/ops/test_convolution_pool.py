"""Convolution, ReLU and pooling in one operation give what the three give, and `Sequential` knows when to use it."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ops.parity import differentiable

import minitorch
import minitorch.nn.functional as F
from minitorch import nn
from minitorch.autograd import detect_anomaly


def three(input, weight, bias=None, *geometry):
    return F.max_pool2d(F.relu(F.conv2d(input, weight, bias, *geometry)), 2)


def compare(arrays, geometry, tolerance):
    results = []
    for function in (F.conv2d_relu_max_pool2d, three):
        leaves = [None if a is None else minitorch.tensor(a, requires_grad=True) for a in arrays]
        y = function(*leaves, *geometry)
        grad = np.random.default_rng(1).standard_normal(y.shape).astype(y.dtype)
        y.backward(minitorch.tensor(grad))
        results.append([y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves if leaf is not None)])
    for found, expected in zip(*results):
        assert found.shape == expected.shape and found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_results_and_gradients_are_those_of_the_three(data):
    draw = lambda low, high: data.draw(st.integers(low, high))  # noqa: E731
    channels, filters, images = draw(1, 7), draw(1, 16), draw(1, 5)
    kernel, padding, size = (draw(1, 5), draw(1, 5)), (draw(0, 2), draw(0, 2)), (draw(2, 40), draw(2, 40))
    stride, dilation = draw(1, 2), draw(1, 2)
    reach = [n + 2 * p - dilation * (k - 1) - 1 for n, p, k in zip(size, padding, kernel)]
    assume(min(reach) >= 0 and min(n // stride + 1 for n in reach) >= 2)
    rng = np.random.default_rng(draw(0, 1000))
    x, w = rng.standard_normal((images, channels, *size)), rng.standard_normal((filters, channels, *kernel))
    bias = rng.standard_normal(filters) if data.draw(st.booleans()) else None
    compare((x, w, bias), (stride, padding, dilation), 1e-9)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_stay_in_their_windows(value):
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((3, 2, 12, 15)), rng.standard_normal((5, 2, 3, 3)), rng.standard_normal(5)
    x[0, 1, 4, 6] = value
    with np.errstate(all="ignore"):
        compare((x, w, b), (1, 1), 1e-9)


def test_a_gradient_that_is_not_finite_stays_in_its_window():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 1, 12, 12)), np.abs(rng.standard_normal((3, 1, 3, 3)))
    found = []
    for function in (F.conv2d_relu_max_pool2d, three):
        leaf = minitorch.tensor(np.abs(x), requires_grad=True)
        y = function(leaf, minitorch.tensor(w))
        grad = np.ones(y.shape)
        grad[0, 0, 0, 0] = np.inf
        with np.errstate(all="ignore"):
            y.backward(minitorch.tensor(grad))
        found.append(leaf.grad.numpy())
    np.testing.assert_allclose(*found)
    assert np.isfinite(found[0][1]).all() and np.isinf(found[0][0]).any()


def test_derivatives():
    rng = np.random.default_rng(3)
    x, w, b = rng.standard_normal((2, 2, 6, 7)), rng.standard_normal((3, 2, 3, 3)), rng.standard_normal(3)
    differentiable(lambda x, w, b: F.conv2d_relu_max_pool2d(x, w, b, padding=1), x, w, b)


@pytest.mark.parametrize("shape, filters", [((0, 2, 8, 8), 4), ((3, 2, 3, 9), 4), ((2, 20, 8, 8), 4), ((2, 8, 8), 4)])
def test_other_shapes_take_the_three_steps(shape, filters):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(shape), rng.standard_normal((filters, shape[-3], 2, 2))
    compare((x, w, None), (), 1e-9)


def names(y):
    """The names of all operations that y came from."""
    found, stack = set(), [y.grad_fn]
    while stack:
        node = stack.pop()
        found.add(node.name())
        stack += [n for n, _ in node.next_functions if n is not None and not isinstance(n, minitorch.Tensor)]
    return found


def block(**pool):
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(**{"kernel_size": 2, **pool}))


FUSED = "Conv2dReLUMaxPool2dBackward0"


def test_sequential_fuses_what_gives_the_same():
    x = minitorch.randn(2, 1, 9, 9)
    model = block()
    assert FUSED in names(model(x))
    with detect_anomaly():
        assert FUSED not in names(model(x))
    for other in (block(stride=1), block(padding=1), block(ceil_mode=True), block(kernel_size=3)):
        assert FUSED not in names(other(x))
    assert FUSED not in names(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.MaxPool2d(2))(x))
    reflected = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, padding_mode="reflect"), nn.ReLU(), nn.MaxPool2d(2))
    assert FUSED not in names(reflected(x))


def test_hooks_see_every_module():
    model, seen = block(), []
    handles = [m.register_forward_hook(lambda m, args, y: seen.append(type(m).__name__)) for m in model]
    fused_off = model(minitorch.randn(1, 1, 9, 9))
    assert seen == ["Conv2d", "ReLU", "MaxPool2d"] and FUSED not in names(fused_off)
    for handle in handles:
        handle.remove()
    assert FUSED in names(model(minitorch.randn(1, 1, 9, 9)))
