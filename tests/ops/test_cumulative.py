"""Running products, with zeros among the numbers too, and differences of neighbours."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from ops.parity import differentiable, with_torch

import minitorch
from minitorch import ops, tensor

# Powers of two and zeros: products are exact, and zeros come often.
NUMBERS = st.sampled_from([0.0, 0.0, 1.0, -2.0, 0.5, -1.0])


@st.composite
def array_and_dim(draw):
    x = draw(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=6), elements=NUMBERS))
    return x, draw(st.integers(-x.ndim, x.ndim - 1))


@given(array_and_dim())
def test_cumprod_and_its_gradient_are_loops(case):
    x, dim = case
    rows = np.moveaxis(x, dim, -1)
    start = np.arange(1.0, x.size + 1).reshape(rows.shape)
    expected, gradient = np.ones_like(rows), np.zeros_like(rows)
    for at in np.ndindex(rows.shape):
        *lead, j = at
        expected[at] = np.prod(rows[(*lead, slice(0, j + 1))])
        for k in range(j + 1):
            others = [rows[(*lead, i)] for i in range(j + 1) if i != k]
            gradient[(*lead, k)] += start[at] * np.prod(others)
    leaf = tensor(x, requires_grad=True)
    y = ops.cumprod(leaf, dim)
    np.testing.assert_allclose(np.moveaxis(y.detach().array, dim, -1), expected)
    y.backward(tensor(np.moveaxis(start, -1, dim)))
    np.testing.assert_allclose(np.moveaxis(leaf.grad.array, dim, -1), gradient, rtol=1e-12, atol=1e-12)


@given(array_and_dim(), st.sampled_from(["float64", "float32", "int64", "uint8", "bool"]))
def test_cumprod_equals_pytorch(case, dtype):
    x, dim = case
    with_torch(lambda m, x: m.cumprod(x, dim), x.astype(dtype), tolerance=1e-6)
    with_torch(lambda m, x: x.cumprod(dim, dtype=m.float32), x.astype(dtype), tolerance=1e-6)


@pytest.mark.parametrize("shape, dim", [((), 0), ((0,), 0), ((2, 0), 0), ((2, 0), 1), ((1, 3), 0)])
def test_cumprod_of_few(shape, dim):
    with_torch(lambda m, x: m.cumprod(x, dim), np.full(shape, 2.0))


@pytest.mark.parametrize("zeros", [(), (1,), (0, 3), (1, 2, 3)])
def test_cumprod_derivatives(zeros):
    x = np.random.default_rng(0).uniform(0.5, 1.5, (2, 5))
    x[1, list(zeros)] = 0.0
    differentiable(lambda x: ops.cumprod(x, 1), x)


@given(array_and_dim(), st.integers(0, 3))
def test_diff_is_a_loop(case, n):
    x, dim = case
    rows = np.moveaxis(x, dim, -1)
    for _ in range(n):
        if rows.shape[-1]:
            rows = np.stack([rows[..., i + 1] - rows[..., i] for i in range(rows.shape[-1] - 1)] or [rows[..., 0]], -1)[
                ..., : rows.shape[-1] - 1
            ]
    np.testing.assert_array_equal(np.moveaxis(ops.diff(tensor(x), n, dim).array, dim, -1), rows)
    with_torch(lambda m, x: m.diff(x, n, dim), x)


def test_diff_with_more_at_the_ends():
    x = np.arange(6.0).reshape(2, 3) ** 2
    with_torch(lambda m, x, p: m.diff(x, dim=0, prepend=p), x, x[:1])
    with_torch(lambda m, x, p: m.diff(x, prepend=p, append=p), x, x[:, :2])
    with_torch(lambda m, x: m.diff(x), x > 5)
    differentiable(lambda x: ops.diff(x, 2, prepend=x * 2), x)


def test_bad_input():
    x = minitorch.ones(2, 3)
    for call, error, words in [
        (lambda: ops.cumprod([1.0], 0), TypeError, "cumprod: input .* list"),
        (lambda: ops.cumprod(x, 2), IndexError, "cumprod: .* 2"),
        (lambda: ops.cumprod(x, 1.0), TypeError, "cumprod: dim .* 1.0"),
        (lambda: ops.diff(x, -1), RuntimeError, "diff: n .* -1"),
        (lambda: ops.diff(x, 1.0), TypeError, "diff: n .* 1.0"),
        (lambda: ops.diff(tensor(1.0)), RuntimeError, "diff: .* one dimension"),
        (lambda: ops.diff(x, prepend=minitorch.ones(3, 3)), RuntimeError, "diff: .*(2, 3)"),
    ]:
        with pytest.raises(error, match=f"^{words}"):
            call()
