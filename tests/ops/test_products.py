"""Sums of products: against NumPy written out, PyTorch and differences."""

import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from ops.parity import differentiable, with_torch

import minitorch
from minitorch import ops, tensor

SIZE = st.integers(0, 3)


def drawn(seed, *shape):
    return np.asarray(np.random.default_rng(seed).standard_normal(shape))


@given(SIZE, SIZE, SIZE, st.sampled_from([0, 1, 2.5]), st.sampled_from([1, -0.5]), st.integers(0, 3))
def test_sums_with_a_product(n, k, m, beta, alpha, which):
    a, b, options = drawn(1, n, k), drawn(2, k, m), {"beta": beta, "alpha": alpha}
    x = drawn(3, *[(n, m), (m,), (1, m), ()][which])
    expected = np.zeros((n, m))
    for i, j in np.ndindex(n, m):
        expected[i, j] = beta * np.broadcast_to(x, (n, m))[i, j] + alpha * sum(a[i, s] * b[s, j] for s in range(k))
    np.testing.assert_allclose(ops.addmm(tensor(x), tensor(a), tensor(b), **options).array, expected, atol=1e-12)
    with_torch(lambda torch, x, a, b: torch.addmm(x, a, b, **options), x, a, b)
    with_torch(lambda torch, x, a, b: torch.baddbmm(x, a, b, **options), x, drawn(4, 2, n, k), drawn(5, 2, k, m))
    if k:  # PyTorch itself leaves the input's shape where nothing is summed
        with_torch(lambda torch, x, a, v: torch.addmv(x, a, v, **options), drawn(6, n), a, drawn(7, k))
    with_torch(lambda torch, x, u, v: torch.addr(x, u, v, **options), x, drawn(6, n), drawn(7, m))


def test_beta_zero_drops_nan():
    x = minitorch.full((2, 2), float("nan"))
    assert ops.addmm(x, minitorch.eye(2), minitorch.eye(2), beta=0).tolist() == [[1, 0], [0, 1]]


def test_integers_keep_their_type():
    a = np.arange(4).reshape(2, 2)
    with_torch(lambda m, a: m.addmm(a, a, a, beta=3, alpha=2), a)
    with_torch(lambda m, a: m.tensordot(a, a, 1), a.astype(np.uint8))
    with_torch(lambda m, a: m.trace(a), a.astype(np.uint8))
    with_torch(lambda m, a: m.cross(a, a + 1, dim=1), np.arange(6).reshape(2, 3) ** 2)


@given(SIZE, SIZE, SIZE, SIZE)
def test_tensordot(n, k, length, m):
    a, b = drawn(1, n, k, length), drawn(2, length, m, k)
    for dims in (([1, 2], [2, 0]), ([-1, 1], [0, -1]), ([1], [2]), ([], [])):
        found = ops.tensordot(tensor(a), tensor(b), dims)
        np.testing.assert_allclose(found.array, np.tensordot(a, b, dims), atol=1e-12)
        with_torch(lambda torch, a, b, dims=dims: torch.tensordot(a, b, dims), a, b)
    for dims in (0, 1):
        with_torch(lambda torch, a, b, dims=dims: torch.tensordot(a, b, dims), a, b)


def test_tensordot_broadcasts_a_size_of_one():
    with_torch(lambda m, a, b: m.tensordot(a, b, ([0, 1], [2, 0])), drawn(1, 1, 1, 2), drawn(2, 4, 5, 3))


@given(st.integers(0, 2), st.booleans())
def test_cross(dim, broadcast):
    shape = [2, 4, 2]
    shape[dim] = 3
    other = [3 if d == dim else 1 if broadcast else n for d, n in enumerate(shape)]
    a, b = drawn(1, *shape), drawn(2, *other)
    a0, a1, a2 = np.moveaxis(a, dim, 0)
    b0, b1, b2 = np.moveaxis(b, dim, 0)
    expected = np.stack(np.broadcast_arrays(a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0), dim)
    np.testing.assert_allclose(ops.cross(tensor(a), tensor(b), dim).array, expected, atol=1e-12)
    with_torch(lambda m, a, b: m.cross(a, b, dim), a, b)
    with_torch(lambda m, a, b: a.cross(b, dim=dim - 3), a, b)
    assert ops.cross(tensor(a), tensor(a)).abs().sum() < 1e-12


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (0, 3), (1, 1)])
def test_trace(shape):
    x = drawn(1, *shape)
    found = ops.trace(tensor(x))
    np.testing.assert_allclose(found.item(), sum(x[i, i] for i in range(min(shape))))
    with_torch(lambda m, x: m.trace(x), x)


@pytest.mark.parametrize("call, shapes", [
    (lambda x, a, b: ops.addmm(x, a, b, beta=2, alpha=-1.5), [(3,), (2, 2), (2, 3)]),
    (lambda x, a, b: ops.baddbmm(x, a, b, beta=2, alpha=-1.5), [(2, 1), (2, 2, 2), (2, 2, 3)]),
    (lambda x, a, b: ops.addmv(x, a, b, alpha=3), [(), (2, 3), (3,)]),
    (lambda x, a, b: ops.addr(x, a, b, beta=0.5), [(2, 3), (2,), (3,)]),
    (lambda a, b: ops.tensordot(a, b, ([0, 1], [1, 0])), [(2, 3, 1), (3, 2, 2)]),
    (lambda a, b: ops.tensordot(a, b, ([0], [0])), [(1, 2), (3, 2)]),
    (lambda a, b: ops.cross(a, b, -1), [(2, 3), (1, 3)]),
    (lambda x: ops.trace(x), [(2, 3)]),
])  # fmt: skip
def test_derivatives(call, shapes):
    differentiable(call, *[drawn(i, *shape) for i, shape in enumerate(shapes)])


A, V, WHOLE = minitorch.ones(2, 3), minitorch.ones(3), minitorch.ones(2, 3).long()


@pytest.mark.parametrize("call, error, words", [
    (lambda: ops.addmm(A, A, A), RuntimeError, "addmm: (2, 3)"),
    (lambda: ops.addmm(A, A, A.mT), RuntimeError, "addmm: (2, 3) (2, 2)"),
    (lambda: ops.addmm(A, A, V), RuntimeError, "addmm: (3,)"),
    (lambda: ops.addmm(A, A, A.mT.double()), RuntimeError, "addmm: float64"),
    (lambda: ops.addmm(A, A, A.mT, beta="a"), TypeError, "addmm: str"),
    (lambda: ops.addmm(A, A, None), TypeError, "addmm: tensor"),
    (lambda: ops.baddbmm(A, A, A), RuntimeError, "baddbmm: (2, 3)"),
    (lambda: ops.addmv(V, A, V[:2]), RuntimeError, "addmv: (2,)"),
    (lambda: ops.addr(A, V, V), RuntimeError, "addr: (2, 3) (3, 3)"),
    (lambda: ops.tensordot(A, A, 1), RuntimeError, "tensordot: (2, 3)"),
    (lambda: ops.tensordot(A, A, 3), RuntimeError, "tensordot: 3"),
    (lambda: ops.tensordot(A, A, -1), RuntimeError, "tensordot: -1"),
    (lambda: ops.tensordot(A, A, "a"), RuntimeError, "tensordot: 'a'"),
    (lambda: ops.tensordot(A, A, ([0], [0, 1])), RuntimeError, "tensordot: one length"),
    (lambda: ops.tensordot(A, A, ([0, 0], [0, 0])), RuntimeError, "tensordot: twice"),
    (lambda: ops.tensordot(A, WHOLE, 2), RuntimeError, "tensordot: float32 int64"),
    (lambda: ops.cross(A, A, 0), RuntimeError, "cross: 3 (2, 3)"),
    (lambda: ops.cross(A, V), RuntimeError, "cross: (2, 3) (3,)"),
    (lambda: ops.cross(A, A, 2), IndexError, "cross: 2"),
    (lambda: ops.cross(A[:, :2], A[:, :2]), RuntimeError, "cross: (2, 2)"),
    (lambda: ops.cross(A, minitorch.ones(4, 3)), RuntimeError, "cross: (4, 3)"),
    (lambda: ops.trace(V), RuntimeError, "trace: (3,)"),
    (lambda: ops.trace(A.bool()), RuntimeError, "trace: booleans"),
])  # fmt: skip
def test_bad_input(call, error, words):
    name, *rest = words.split(" ")
    with pytest.raises(error, match=f"^{re.escape(name)}") as caught:
        call()
    for word in re.findall(r"\([^)]*\)|\S+", " ".join(rest)):
        assert word in str(caught.value)
