"""Convolution, pooling, normalisation and losses: random geometry against PyTorch, and plain loops without it."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
from hypothesis import given, settings

from minitorch import ops
from minitorch.autograd import grad
from minitorch.creation import ones, randn, tensor, zeros
from minitorch.tensor import Tensor

TOLERANCE = {np.float64: {"rtol": 1e-9, "atol": 1e-9}, np.float32: {"rtol": 1e-5, "atol": 1e-5}}
TYPES = st.sampled_from([np.float32, np.float64])


def numbers(shape, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def assert_equal_to_torch(torch, ours, theirs, arrays, dtype):
    """Result and all gradients of two expressions of the same arrays."""
    given = [Tensor(a.copy(), requires_grad=True) for a in arrays]
    expected_inputs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, expected = ours(*given), theirs(*expected_inputs)
    assert y.shape == tuple(expected.shape) and y.dtype == dtype
    np.testing.assert_allclose(y.array, expected.detach().numpy(), **TOLERANCE[dtype])
    start = numbers(y.shape, dtype, 1) / max(math.sqrt(y.numel()), 1)
    gradients = grad(y, given, Tensor(start.copy()))
    for g, e in zip(gradients, torch.autograd.grad(expected, expected_inputs, torch.tensor(start))):
        assert g.dtype == dtype
        np.testing.assert_allclose(g.array, e.numpy(), **TOLERANCE[dtype])


@st.composite
def convolutions(draw):
    groups, per_group = draw(st.sampled_from([1, 1, 2, 3])), draw(st.integers(1, 3))
    out_channels = groups * draw(st.integers(1, 3))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride, dilation = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    padding = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    size = [draw(st.integers(max(d * (k - 1) + 1 - 2 * p, 1), d * (k - 1) + 6))
            for k, d, p in zip(kernel, dilation, padding)]
    batch = draw(st.integers(0, 3))
    return (batch, groups * per_group, *size), (out_channels, per_group, *kernel), stride, padding, dilation, groups


@settings(max_examples=80)
@given(convolutions(), TYPES, st.booleans())
def test_conv2d_equals_pytorch(case, dtype, with_bias):
    torch = pytest.importorskip("torch", reason="needs torch")
    x, weight, *geometry = case
    arrays = [numbers(x, dtype), numbers(weight, dtype, 2) / math.sqrt(math.prod(weight[1:]))]
    arrays += [numbers(weight[:1], dtype, 3)] if with_bias else []

    def call(f):
        return lambda x, w, b=None: f(x, w, b, *geometry)

    assert_equal_to_torch(torch, call(ops.conv2d), call(torch.nn.functional.conv2d), arrays, dtype)


@settings(max_examples=25)
@given(convolutions())
def test_conv2d_by_loops_and_by_its_definition(case):
    x, weight, stride, padding, dilation, groups = case
    x, weight = numbers(x, np.float64), numbers(weight, np.float64, 2)
    bias = numbers(weight.shape[:1], np.float64, 3)
    both_sides = [(p, p) for p in padding]
    expected = reference.conv2d(x, weight, bias, stride, both_sides, dilation, groups)
    inputs = [Tensor(a, requires_grad=True) for a in (x, weight, bias)]
    start = numbers(expected.shape, np.float64, 4)
    dx, dweight = reference.conv2d_gradients(start, x, weight, stride, both_sides, dilation, groups)
    for operation in (ops.conv2d, ops.conv2d_definition):
        y = operation(*inputs, stride, padding, dilation, groups)
        np.testing.assert_allclose(y.array, expected, rtol=1e-10, atol=1e-10)
        gradients = grad(y, inputs, Tensor(start))
        for g, e in zip(gradients, (dx, dweight, start.sum((0, 2, 3)))):
            np.testing.assert_allclose(g.array, e, rtol=1e-10, atol=1e-10)


@st.composite
def poolings(draw, dilated):
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.none() | st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2))) if dilated else (1, 1)
    # A window that sees nothing but padding has no maximum: each must reach into the input.
    size = [draw(st.integers(max(d * (k - 1) + 1 - 2 * p, d), d * (k - 1) + 6))
            for k, d, p in zip(kernel, dilation, padding)]
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 3)), *size)
    return shape, kernel, stride, padding, dilation, draw(st.booleans())


@settings(max_examples=60)
@given(poolings(True), TYPES)
def test_max_pool2d_equals_pytorch(case, dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    shape, *geometry = case
    x = numbers(shape, dtype).round(1)  # with ties
    assert_equal_to_torch(torch, lambda x: ops.max_pool2d(x, *geometry),
                          lambda x: torch.nn.functional.max_pool2d(x, *geometry), [x], dtype)
    indices = ops.max_pool2d(Tensor(x), *geometry, return_indices=True)[1]
    expected = torch.nn.functional.max_pool2d(torch.tensor(x), *geometry, return_indices=True)[1]
    np.testing.assert_array_equal(indices.array, expected.numpy())


@settings(max_examples=60)
@given(poolings(False), st.booleans(), st.sampled_from([None, 3]), TYPES)
def test_avg_pool2d_equals_pytorch(case, count_include_pad, divisor, dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    shape, kernel, stride, padding, _, ceil_mode = case
    arguments = (kernel, stride, padding, ceil_mode, count_include_pad, divisor)
    assert_equal_to_torch(torch, lambda x: ops.avg_pool2d(x, *arguments),
                          lambda x: torch.nn.functional.avg_pool2d(x, *arguments), [numbers(shape, dtype)], dtype)


@settings(max_examples=25)
@given(poolings(True))
def test_pooling_by_loops(case):
    shape, kernel, stride, padding, dilation, ceil_mode = case
    x = numbers(shape, np.float64)
    expected, _ = reference.max_pool2d(x, kernel, stride or kernel, padding, dilation, ceil_mode)
    y = ops.max_pool2d(Tensor(x), kernel, stride, padding, dilation, ceil_mode)
    np.testing.assert_array_equal(y.array, expected)
    if dilation == (1, 1):
        expected, _ = reference.avg_pool2d(x, kernel, stride or kernel, padding, ceil_mode, True, None)
        y = ops.avg_pool2d(Tensor(x), kernel, stride, padding, ceil_mode)
        np.testing.assert_allclose(y.array, expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.booleans(), st.booleans(), st.floats(0, 1), TYPES)
def test_batch_norm_equals_pytorch(shape, training, affine, momentum, dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    if shape[0] * math.prod(shape[2:]) == 1:
        shape[0] = 5
    channels = (shape[1],)
    mean, var = numbers(channels, dtype, 5), numbers(channels, dtype, 6) ** 2 + dtype(0.5)
    arrays = [numbers(shape, dtype) * 3 + 1] + [numbers(channels, dtype, 7 + k) for k in range(2 * affine)]
    ours, theirs = (Tensor(mean.copy()), Tensor(var.copy())), (torch.tensor(mean), torch.tensor(var))
    eps = 0.01  # a channel of nearly equal numbers would make rounding visible

    def call(f, running):
        return lambda x, w=None, b=None: f(x, *running, w, b, training, momentum, eps)

    both = call(ops.batch_norm, ours), call(torch.nn.functional.batch_norm, theirs)
    assert_equal_to_torch(torch, *both, arrays, dtype)
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.array, b.numpy(), **TOLERANCE[dtype])


def test_batch_norm_by_its_definition():
    x, w, b = (Tensor(numbers(s, np.float64, k), requires_grad=True) for k, s in enumerate([(4, 3, 2, 2), (3,), (3,)]))
    start = Tensor(numbers(x.shape, np.float64, 9))
    fused, formula = ops.batch_norm(x, None, None, w, b, True), ops.batch_norm_definition(x, w, b)
    np.testing.assert_allclose(fused.array, formula.array, rtol=1e-12)
    for g, e in zip(grad(fused, [x, w, b], start), grad(formula, [x, w, b], start)):
        np.testing.assert_allclose(g.array, e.array, rtol=1e-9, atol=1e-12)


def test_pooling_definitions():
    x = Tensor(numbers((2, 3, 6, 6), np.float64))
    for fused, formula in ((ops.max_pool2d, ops.max_pool2d_definition), (ops.avg_pool2d, ops.avg_pool2d_definition)):
        np.testing.assert_allclose(fused(x, 2, 2).array, formula(x, 2, 2).array, rtol=1e-12)


def cross_entropy_by_loops(scores, targets, weight, ignore_index, smoothing):
    """(losses, weights of the targets): -sum over c of q(c) w(c) log p(c), q the smoothed target."""
    losses, weights = [], []
    for row, t in zip(scores, targets):
        if t == ignore_index:
            losses.append(0.0)
            weights.append(0.0)
            continue
        log_p = [s - math.log(sum(math.exp(v) for v in row)) for s in row]
        q = [(1 - smoothing) * (c == t) + smoothing / len(row) for c in range(len(row))]
        losses.append(-sum(q[c] * weight[c] * log_p[c] for c in range(len(row))))
        weights.append(weight[t])
    return losses, weights


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("ignore_index", [-100, 1])
def test_cross_entropy_by_loops(smoothing, ignore_index):
    scores, weight, targets = numbers((6, 4), np.float64), [0.5, 1.0, 2.0, 0.3], [0, 1, 2, 3, 1, 0]
    losses, weights = cross_entropy_by_loops(scores, targets, weight, ignore_index, smoothing)
    arguments = tensor(targets), Tensor(np.array(weight))
    expected = {"none": losses, "sum": sum(losses), "mean": sum(losses) / sum(weights)}
    for reduction, value in expected.items():
        options = {"ignore_index": ignore_index, "reduction": reduction}
        found = ops.cross_entropy(Tensor(scores), *arguments, label_smoothing=smoothing, **options)
        np.testing.assert_allclose(found.array, value, rtol=1e-12, atol=1e-12)
        if not smoothing:
            found = ops.nll_loss(ops.log_softmax(Tensor(scores), 1), *arguments, **options)
            np.testing.assert_allclose(found.array, value, rtol=1e-12, atol=1e-12)


def test_softmax_does_not_overflow():
    x = tensor([[1000.0, 0.0], [-1000.0, -1001.0]])
    np.testing.assert_allclose(ops.softmax(x, 1).array, [[1, 0], [0.7310586, 0.2689414]], rtol=1e-6)
    np.testing.assert_allclose(ops.log_softmax(x, 1).array, [[0, -1000], [-0.3132617, -1.3132617]], rtol=1e-6)


def test_dropout():
    x = ones(100, 100, requires_grad=True)
    y = ops.dropout(x, 0.3)
    kept = y.array != 0
    assert abs(kept.mean() - 0.7) < 0.02
    np.testing.assert_allclose(y.array[kept], 1 / 0.7, rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.array, y.array)
    assert not ops.dropout(x, 1.0).any() and ops.dropout(x, 0.5, training=False) is x
    assert not np.array_equal(ops.dropout(x, 0.5).array, ops.dropout(x, 0.5).array)


def test_matmul_by_loops():
    a, b = numbers((2, 3, 4), np.float64), numbers((4, 5), np.float64)
    expected = [[[sum(a[n, i, k] * b[k, j] for k in range(4)) for j in range(5)] for i in range(3)] for n in range(2)]
    np.testing.assert_allclose((Tensor(a) @ Tensor(b)).array, expected, rtol=1e-12)
    large = randn(300, 200), randn(200, 150)  # cut among the threads
    product = large[0].array.astype(np.float64) @ large[1].array.astype(np.float64)
    np.testing.assert_allclose((large[0] @ large[1]).array, product, rtol=1e-4, atol=1e-4)


def test_a_second_derivative_by_hand():
    """Of sum((x W)^2) along v: the Hessian in x is 2 W W^T."""
    x, w, v = (Tensor(numbers(s, np.float64, k), requires_grad=k < 1) for k, s in enumerate([(1, 3), (3, 2), (1, 3)]))
    (g,) = grad(((x @ w) ** 2).sum(), x, create_graph=True)
    (hessian_v,) = grad((g * v).sum(), x)
    np.testing.assert_allclose(hessian_v.array, v.array @ (2 * w.array @ w.array.T), rtol=1e-12)
    assert zeros(1).grad is None
