"""Writing by position: against loops over all positions, PyTorch and differences."""

import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from ops.parity import differentiable, with_torch

import minitorch
from minitorch import ops, tensor


def drawn(seed, shape, dtype=np.float64):
    numbers = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(numbers * (1 if np.dtype(dtype).kind == "f" else 5)).astype(dtype)


@st.composite
def scattered(draw, repeated):
    """(input, dim, index, src): the index no larger than src, nor, outside dim, than the input."""
    ndim = draw(st.integers(1, 3))
    shape = [draw(st.integers(1, 4)) for _ in range(ndim)]
    dim = draw(st.integers(-ndim, ndim - 1))
    sizes = [draw(st.integers(0, n)) for n in shape]
    if repeated:
        sizes[dim] = draw(st.integers(0, 6))
    source = [n + draw(st.integers(0, 1)) for n in sizes]
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    if repeated:
        index = rng.integers(0, shape[dim], sizes)
    else:  # no position twice in one line
        index = np.moveaxis(np.argsort(rng.random([*sizes[:dim % ndim], *sizes[dim % ndim + 1:], shape[dim]])), -1, dim)
        index = index[tuple(slice(0, n) for n in sizes)]
    return drawn(1, shape), dim, index.astype(np.int64), drawn(2, source)


def places(index, dim):
    """(position in the index, place it points to) of all numbers."""
    for at in np.ndindex(index.shape):
        to = list(at)
        to[dim] = int(index[at])
        yield at, tuple(to)


@given(scattered(repeated=True))
def test_scatter_add_and_multiply_are_loops(case):
    x, dim, index, src = case
    added, multiplied = x.copy(), x.copy()
    for at, to in places(index, dim):
        added[to] += src[at]
        multiplied[to] *= src[at]
    arguments = tensor(x), dim, tensor(index), tensor(src)
    np.testing.assert_allclose(ops.scatter_add(*arguments).array, added, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ops.scatter(*arguments, reduce="add").array, added, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ops.scatter(*arguments, reduce="multiply").array, multiplied, rtol=1e-12, atol=1e-12)


@given(scattered(repeated=False))
def test_scatter_is_a_loop(case):
    x, dim, index, src = case
    expected, filled = x.copy(), x.copy()
    for at, to in places(index, dim):
        expected[to], filled[to] = src[at], 2.5
    arguments = tensor(x), dim, tensor(index)
    np.testing.assert_array_equal(ops.scatter(*arguments, tensor(src)).array, expected)
    np.testing.assert_array_equal(ops.scatter(*arguments, 2.5).array, filled)
    np.testing.assert_array_equal(ops.scatter(*arguments, value=2.5).array, filled)


@given(scattered(repeated=False), st.sampled_from(["float64", "float32", "int64", "uint8", "bool"]))
def test_scatter_equals_pytorch(case, dtype):
    x, dim, index, src = case
    src = src[tuple(slice(0, n) for n in index.shape)]  # PyTorch differentiates only a source of the index's shape
    x, src = x.astype(dtype), src.astype(dtype)
    tolerance = 1e-5 if dtype == "float32" else 1e-9
    with_torch(lambda m, x, i, s: m.scatter(x, dim, i, s), x, index, src, tolerance=tolerance)
    with_torch(lambda m, x, i, s: m.scatter_add(x, dim, i, s), x, index, src, tolerance=tolerance)


@st.composite
def indexed(draw, repeated=True):
    ndim = draw(st.integers(1, 3))
    shape = [draw(st.integers(1, 4)) for _ in range(ndim)]
    dim = draw(st.integers(-ndim, ndim - 1))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    n = draw(st.integers(0, 5 if repeated else shape[dim]))
    index = rng.integers(0, shape[dim], n) if repeated else rng.permutation(shape[dim])[:n]
    source = list(shape)
    source[dim] = n
    return drawn(3, shape), dim, index.astype(np.int64), drawn(4, source)


@given(indexed(), st.sampled_from([1, -2, 0.5]))
def test_index_add_is_a_loop(case, alpha):
    x, dim, index, source = case
    expected = np.moveaxis(x.copy(), dim, 0)
    for i, position in enumerate(index):
        expected[position] += alpha * np.moveaxis(source, dim, 0)[i]
    found = ops.index_add(tensor(x), dim, tensor(index), tensor(source), alpha=alpha)
    np.testing.assert_allclose(np.moveaxis(found.array, dim, 0), expected, rtol=1e-12, atol=1e-12)
    with_torch(lambda m, x, i, s: m.index_add(x, dim, i, s, alpha=alpha), x, index, source)


@given(indexed(repeated=False))
def test_index_copy_fill_select_equal_pytorch(case):
    x, dim, index, source = case
    with_torch(lambda m, x, i, s: m.index_copy(x, dim, i, s), x, index, source)
    with_torch(lambda m, x, i: m.index_fill(x, dim, i, 7.0), x, index)
    with_torch(lambda m, x, i, v: m.index_fill(x, dim, i, v), x, index, drawn(5, ()))
    with_torch(lambda m, x, i: m.index_select(x, dim, i), x, index)


def test_index_fill_counts_from_the_end_and_counts_a_place_once():
    x, value = minitorch.zeros(4, requires_grad=True), tensor(3.0, requires_grad=True)
    y = ops.index_fill(x, 0, tensor([-1, 1, 1]), value)
    assert y.tolist() == [0, 3, 0, 3]
    y.sum().backward()
    assert x.grad.tolist() == [1, 0, 1, 0]
    assert value.grad.item() == 2


def test_index_put():
    x = drawn(6, (3, 4))
    for accumulate in (False, True):
        expected = x.copy()
        expected[[0, 2], [1, 3]] = [5, 6] + accumulate * expected[[0, 2], [1, 3]]
        found = ops.index_put(tensor(x), (tensor([0, 2]), tensor([1, 3])), tensor([5.0, 6.0]).double(), accumulate)
        np.testing.assert_allclose(found.array, expected)

        def call(m, x, i, v, accumulate=accumulate):
            return m.index_put(x, (i,), v, accumulate)

        for index in (np.array([0, -1]), np.array([True, False, True])):
            with_torch(call, x, index, drawn(7, (2, 4)))
            with_torch(call, x, index, drawn(7, (4,)))
    twice = ops.index_put(tensor(x), [tensor([1, 1])], tensor(1.0).double(), accumulate=True)
    np.testing.assert_allclose(twice.array[1], x[1] + 2)
    filled = ops.index_put(tensor(x), (None, tensor([1])), tensor(0.0).double())
    assert not filled.array[:, 1].any() and filled.array[:, 0].all()


def test_masked_select_and_select():
    x, mask = drawn(8, (3, 4)), np.array([True, False, True, True])
    np.testing.assert_array_equal(ops.masked_select(tensor(x), tensor(mask)).array, x[:, mask].ravel())
    with_torch(lambda m, x, k: m.masked_select(x, k), x, mask)
    with_torch(lambda m, x, k: m.masked_select(x, k), x[:1], np.broadcast_to(mask, (2, 4)).copy())
    with_torch(lambda m, x: m.select(x, -1, -2), x)
    view = ops.select(tensor(x), 0, 1)
    assert view.shape == (4,)


@given(st.integers(0, 1), st.booleans(), st.integers(0, 50))
def test_take_along_dim(dim, broadcast, seed):
    x = drawn(seed, (3, 4))
    shape = [3, 4]
    shape[dim] = 2
    shape[1 - dim] = 1 if broadcast else shape[1 - dim]
    index = np.random.default_rng(seed).integers(-x.shape[dim], x.shape[dim], shape)
    full = np.broadcast_to(index, [2 if d == dim else n for d, n in enumerate(x.shape)])
    expected = np.take_along_axis(x, full % x.shape[dim], dim)
    np.testing.assert_array_equal(ops.take_along_dim(tensor(x), tensor(index), dim).array, expected)
    with_torch(lambda m, x, i: m.take_along_dim(x, i, dim), x, index)
    with_torch(lambda m, x, i: m.take_along_dim(x, i), x, index % 12)


REPEATED = np.array([[0, 2, 0], [1, 1, 2]])


@pytest.mark.parametrize("call", [
    lambda x, s: ops.scatter(x, 0, tensor([[0, 2, 1], [1, 1, 2]]), s),
    lambda x, s: ops.scatter_add(x, 1, tensor(REPEATED), s),
    lambda x, s: ops.scatter(x, 0, tensor(REPEATED), s, reduce="multiply"),
    lambda x, s: ops.scatter(x, 0, tensor(REPEATED), s * 0.0, reduce="multiply"),
    lambda x, s: ops.index_add(x, 0, tensor([1, 1]), s, alpha=3),
    lambda x, s: ops.index_copy(x, 0, tensor([2, 0]), s),
    lambda x, s: ops.index_fill(x, 1, tensor([2, 0]), s[0, 0]),
    lambda x, s: ops.index_put(x, (tensor([2, 0]),), s),
    lambda x, s: ops.index_put(x, (tensor([1, 1]),), s, accumulate=True),
    lambda x, s: ops.masked_select(x, x.detach() > 0) * s[0, 0],
    lambda x, s: ops.take_along_dim(x, tensor([[0, -1]]), 1) * s[0, 0],
    lambda x, s: ops.select(x, 1, -1) * s[0, 0],
])  # fmt: skip
def test_derivatives(call):
    differentiable(call, drawn(9, (3, 3)), drawn(10, (2, 3)))


def test_methods_in_place():
    x = minitorch.zeros(3)
    assert x.scatter_(0, tensor([1]), 4.0) is x
    x.index_add_(0, tensor([1, 1]), tensor([1.0, 2.0])).index_fill_(0, tensor([0]), 9)
    assert x.tolist() == [9, 7, 0]
    x.index_put_((tensor([2]),), tensor(5.0)).scatter_add_(0, tensor([0, 0]), minitorch.ones(2))
    assert x.tolist() == [11, 7, 5]
    assert x._version == 5


def test_the_index_may_be_overwritten_before_backward():
    x, index = minitorch.ones(3, requires_grad=True), tensor([0])
    y = ops.index_fill(x, 0, index, 5.0).sum()
    index.fill_(2)
    y.backward()
    assert x.grad.tolist() == [0, 1, 1]


X, INDEX, S = minitorch.ones(3, 3), tensor([[0, 1, 2]]), minitorch.ones(1, 3)


@pytest.mark.parametrize("call, error, words", [
    (lambda: ops.scatter(X, 0, INDEX), TypeError, "scatter: src value"),
    (lambda: ops.scatter(X, 0, INDEX, S, reduce="mean"), RuntimeError, "scatter: reduce 'mean'"),
    (lambda: ops.scatter(X, 0, INDEX, S.double()), RuntimeError, "scatter: float32 float64"),
    (lambda: ops.scatter(X, 0, INDEX.float(), S), RuntimeError, "scatter: index int64 float32"),
    (lambda: ops.scatter(X, 0, INDEX + 1, S), RuntimeError, "scatter: 3 out of bounds 0"),
    (lambda: ops.scatter(X, 0, INDEX - 1, S), RuntimeError, "scatter: -1 out of bounds"),
    (lambda: ops.scatter(X, 2, INDEX, S), IndexError, "scatter: dim"),
    (lambda: ops.scatter(X, 0, INDEX[0], S), RuntimeError, "scatter: (3,) (3, 3)"),
    (lambda: ops.scatter_add(X, 0, tensor([[0] * 4]), minitorch.ones(1, 4)), RuntimeError, "scatter_add: (1, 4)"),
    (lambda: ops.scatter_add(X, 0, INDEX, S[:, :2]), RuntimeError, "scatter_add: (1, 2)"),
    (lambda: ops.scatter_add(X, 0, INDEX, 1.0), TypeError, "scatter_add: src float"),
    (lambda: ops.index_add(X, 0, tensor([0, 1]), S), RuntimeError, "index_add: source (1, 3) (2, 3)"),
    (lambda: ops.index_add(X, 0, tensor([3]), S), IndexError, "index_add: 3 bounds"),
    (lambda: ops.index_add(X.long(), 0, tensor([0]), S.long(), alpha=1.5), RuntimeError, "index_add: alpha 1.5"),
    (lambda: ops.index_copy(X, 0, tensor([[0]]), S), IndexError, "index_copy: one-dimensional (1, 1)"),
    (lambda: ops.index_copy(X, 0, tensor([0.0]), S), RuntimeError, "index_copy: int64 float32"),
    (lambda: ops.index_fill(X, 0, tensor([0]), X), RuntimeError, "index_fill: value (3, 3)"),
    (lambda: ops.index_fill(X, 0, tensor([-4]), 1), IndexError, "index_fill: -4"),
    (lambda: ops.index_fill(X, 0, tensor([1]), "a"), TypeError, "index_fill: str"),
    (lambda: ops.index_put(X, tensor([0]), S), TypeError, "index_put: indices tuple Tensor"),
    (lambda: ops.index_put(X, (tensor([5]),), S), IndexError, "index_put: 5"),
    (lambda: ops.index_put(X, (tensor([0]),), minitorch.ones(2)), RuntimeError, "index_put: (2,) (1, 3)"),
    (lambda: ops.index_put(X, (tensor([0]),), S.long()), RuntimeError, "index_put: int64 float32"),
    (lambda: ops.masked_select(X, INDEX), RuntimeError, "masked_select: mask int64"),
    (lambda: ops.masked_select(X, minitorch.ones(2).bool()), RuntimeError, "masked_select: (2,)"),
    (lambda: ops.take_along_dim(X, INDEX[0], 0), RuntimeError, "take_along_dim: (3,)"),
    (lambda: ops.take_along_dim(X, INDEX + 1, 0), RuntimeError, "take_along_dim: 3"),
    (lambda: ops.take_along_dim(X, INDEX.float(), 0), RuntimeError, "take_along_dim: float32"),
    (lambda: ops.take_along_dim(X, tensor([[0, 1]]), 0), RuntimeError, "take_along_dim: broadcast (1, 2)"),
    (lambda: ops.select(X, 0, 3), IndexError, "select: 3"),
    (lambda: ops.select(X, 0, 1.0), TypeError, "select: 1.0"),
    (lambda: ops.select(tensor(1.0), 0, 0), IndexError, "select: 0-dimensional"),
])  # fmt: skip
def test_bad_input(call, error, words):
    name, *rest = words.split(" ")
    with pytest.raises(error, match=f"^{re.escape(name)}") as caught:
        call()
    for word in re.findall(r"\([^)]*\)|\S+", " ".join(rest)):
        assert word in str(caught.value)
