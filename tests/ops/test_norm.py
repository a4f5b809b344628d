"""Norms by their definitions, PyTorch and differences, at zeros too."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from ops.parity import differentiable, with_torch

import minitorch
from minitorch import ops, tensor

POWERS = [1, 2, 3, 1.5, 0.5, -1, -2.5]


def drawn(seed, *shape):
    return np.asarray(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("p", POWERS)
def test_is_its_definition(p):
    x = drawn(1, 3, 4)
    np.testing.assert_allclose(ops.norm(tensor(x), p).item(), sum(abs(v) ** p for v in x.flat) ** (1 / p))
    rows = [sum(abs(v) ** p for v in row) ** (1 / p) for row in x]
    np.testing.assert_allclose(ops.norm(tensor(x), p, 1).array, rows)
    assert ops.norm(tensor(x), p, (0, 1), True).shape == (1, 1)


def test_special_norms():
    x = tensor([[3.0, 0.0], [-4.0, 0.0]])
    assert ops.norm(x).item() == ops.norm(x, "fro").item() == 5
    assert ops.norm(x, math.inf).item() == 4
    assert ops.norm(x, -math.inf, 1).tolist() == [0, 0]
    assert ops.norm(x, 0, 0).tolist() == [2, 0]
    assert ops.norm(x, "nuc").item() == pytest.approx(5)
    assert x.norm(p=1, dim=0).tolist() == [7, 0]
    assert ops.dist(x, x[:1], 2).item() == 7


@given(
    st.sampled_from([*POWERS, 0, math.inf, -math.inf, "fro"]),
    st.sampled_from([None, 0, -1, (0, 1), [1]]),
    st.booleans(),
    st.booleans(),
)
def test_equals_pytorch(p, dim, keepdim, zeros):
    x = drawn(2, 3, 4)
    if zeros and p not in (0.5, -1, -2.5, 1.5):  # no finite slope there
        x[0] = 0.0
        x[1, 2] = 0.0
    with_torch(lambda m, x: m.norm(x, p, dim, keepdim), x)
    with_torch(lambda m, x: x.norm(p, dim, keepdim), x.astype(np.float32), tolerance=1e-4)


@pytest.mark.parametrize("shape, dim", [((3, 3), None), ((4, 2), None), ((2, 4), (0, 1)), ((2, 3, 4), (2, 0)),
                                        ((2, 2, 3, 2), (-1, 1))])  # fmt: skip
def test_nuclear(shape, dim):
    x = drawn(3, *shape)
    order = [d % x.ndim for d in dim or (0, 1)]
    matrices = np.moveaxis(x, order, (-2, -1))
    expected = np.sqrt(np.maximum(np.linalg.eigvalsh(matrices @ np.swapaxes(matrices, -2, -1)), 0)).sum(-1)
    np.testing.assert_allclose(ops.norm(tensor(x), "nuc", dim).array, expected, rtol=1e-6)
    for keepdim in (False, True):
        with_torch(lambda m, x, keepdim=keepdim: m.norm(x, "nuc", dim, keepdim), x)
    differentiable(lambda x: ops.norm(x, "nuc", dim), x)


@pytest.mark.parametrize("p", [*POWERS, 0, "fro", math.inf])
def test_derivatives(p):
    differentiable(lambda x: ops.norm(x, p, 1), drawn(4, 2, 3))


def test_gradient_at_zero_is_zero():
    for p in (1, 2, 3, "fro"):
        x = minitorch.zeros(3, requires_grad=True)
        ops.norm(x, p).backward()
        assert x.grad.tolist() == [0, 0, 0]


def test_dist_equals_pytorch():
    for p in (2, 1, 3, math.inf):
        with_torch(lambda m, a, b, p=p: m.dist(a, b, p), drawn(5, 2, 3), drawn(6, 3))


def test_dtype_argument():
    with_torch(lambda m, x: m.norm(x, 2, 0, dtype=m.float64), drawn(7, 2, 3).astype(np.float32), tolerance=1e-6)


def test_bad_input():
    x = minitorch.ones(2, 3)
    for call, error, words in [
        (lambda: ops.norm([1.0]), TypeError, "norm: input .* list"),
        (lambda: ops.norm(x.long()), RuntimeError, "norm: .* int64"),
        (lambda: ops.norm(x, "max"), RuntimeError, "norm: p .* 'max'"),
        (lambda: ops.norm(x, 2, 2), IndexError, "norm: .* 2"),
        (lambda: ops.norm(x, 2, (0, 0)), RuntimeError, "norm: .* twice"),
        (lambda: ops.norm(x[0], "nuc"), RuntimeError, "norm: 'nuc' .*(3,)"),
        (lambda: ops.norm(x, "nuc", 0), RuntimeError, "norm: 'nuc'"),
        (lambda: ops.norm(x[:, :0], -1), RuntimeError, "norm: .* no numbers"),
        (lambda: ops.norm(x[:, :0], math.inf), IndexError, "norm: .*empty"),
        (lambda: ops.dist(x, x[:, :2]), RuntimeError, "dist: .*(2, 2)"),
        (lambda: ops.dist(x, 1.0), TypeError, "dist: other .* float"),
    ]:
        with pytest.raises(error, match=f"^{words}"):
            call()
