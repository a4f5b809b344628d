"""Diagonals, repetition, joining and splitting: against loops, NumPy, PyTorch and differences."""

import re

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from ops.parity import differentiable, with_torch

import minitorch
from minitorch import ops, tensor

ARRAYS = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4), unique=False,
                    elements=st.integers(-9, 9).map(float))  # fmt: skip


@st.composite
def array_and_dim(draw):
    x = draw(ARRAYS)
    return x, draw(st.integers(-x.ndim, x.ndim - 1))


@given(st.permutations(range(3)), st.integers(-5, 5), st.integers(0, 3))
def test_diagonal(order, offset, empty):
    shape = [2, 3, 4]
    if empty < 3:
        shape[empty] = 0
    x = np.arange(float(np.prod(shape))).reshape(shape)
    first, second, rest = order
    rows = np.moveaxis(x, (rest, first, second), (0, 1, 2))
    length = max(min(rows.shape[1] - max(-offset, 0), rows.shape[2] - max(offset, 0)), 0)
    expected = np.array([[m[i - min(offset, 0), i + max(offset, 0)] for i in range(length)] for m in rows])
    found = ops.diagonal(tensor(x), offset, first, second - 3)
    np.testing.assert_array_equal(found.array, expected.reshape(rows.shape[0], length))
    with_torch(lambda m, x: m.diagonal(x, offset, first, second), x)


def test_diagonal_is_a_view():
    x = minitorch.zeros(2, 3)
    ops.diagonal(x, 1).fill_(5)
    assert x.tolist() == [[0, 5, 0], [0, 0, 5]]
    leaf = minitorch.ones(2, 2, requires_grad=True)
    y = leaf * 1
    z = y.diagonal() * y.diagonal()
    with minitorch.no_grad():
        y.diagonal().fill_(3.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.sum().backward()


@given(st.integers(-2, 2), st.sampled_from([(-2, -1), (0, 1), (1, 0), (0, 2), (2, 0)]))
def test_diag_embed(offset, dims):
    x = np.arange(1.0, 7.0).reshape(2, 3)
    with_torch(lambda m, x: m.diag_embed(x, offset, *dims), x)
    back = ops.diagonal(ops.diag_embed(tensor(x), offset, *dims), offset, *dims)
    np.testing.assert_array_equal(back.array, x)


@given(array_and_dim(), st.integers(0, 3), st.data())
def test_repeat_interleave(case, times, data):
    x, dim = case
    n = x.shape[dim]
    each = data.draw(hnp.arrays(np.int64, (n,), elements=st.integers(0, 3)))
    rows = np.moveaxis(x, dim, 0)
    expected = [rows[i] for i in range(n) for _ in range(each[i])]
    expected = np.stack(expected) if expected else rows[:0]
    found = ops.repeat_interleave(tensor(x), tensor(each), dim, output_size=int(each.sum()))
    np.testing.assert_array_equal(np.moveaxis(found.array, dim, 0), expected)
    with_torch(lambda m, x, r: m.repeat_interleave(x, r, dim), x, each)
    with_torch(lambda m, x: m.repeat_interleave(x, times, dim), x)
    with_torch(lambda m, x: x.repeat_interleave(times), x)
    with_torch(lambda m, r: m.repeat_interleave(r), each)


@given(array_and_dim(), st.integers(1, 5), st.lists(st.integers(-5, 6), max_size=4))
def test_tensor_split(case, sections, cuts):
    x, dim = case
    for given_cuts in (sections, cuts):
        expected = np.array_split(x, given_cuts, dim) if given_cuts is sections else [
            np.take(x, range(*slice(a, b).indices(x.shape[dim])), dim)
            for a, b in zip([0, *cuts], [*cuts, x.shape[dim]])
        ]  # fmt: skip
        found = ops.tensor_split(tensor(x), given_cuts, dim)
        assert len(found) == len(expected)
        for a, b in zip(found, expected):
            np.testing.assert_array_equal(a.array, b)
    with_torch(lambda m, x: m.tensor_split(x, sections, dim), x)
    with_torch(lambda m, x: m.tensor_split(x, tuple(cuts), dim), x)
    with_torch(lambda m, x, c: m.tensor_split(x, c, dim), x, np.array(cuts, np.int64))


@given(array_and_dim(), st.data())
def test_split_with_sizes(case, data):
    x, dim = case
    first = data.draw(st.integers(0, x.shape[dim]))
    with_torch(lambda m, x: m.split_with_sizes(x, [first, x.shape[dim] - first], dim), x)
    parts = ops.split_with_sizes(tensor(x), (first, x.shape[dim] - first), dim)
    assert [p.shape[dim] for p in parts] == [first, x.shape[dim] - first]


@pytest.mark.parametrize("shapes", [
    [(), ()], [(3,), (2,)], [(2, 3), (2, 3)], [(2, 3, 1), (2, 3, 1)], [(0,), (2,)], [(3,)], [(1,), ()],
])  # fmt: skip
def test_stacking(shapes):
    arrays = [np.asarray(np.random.default_rng(i).standard_normal(s)) for i, s in enumerate(shapes)]
    for name in ("hstack", "vstack", "dstack"):
        try:
            expected = getattr(np, name)(arrays)
        except ValueError:
            with pytest.raises(RuntimeError, match=f"^{name}: "):
                getattr(ops, name)([tensor(x) for x in arrays])
            continue
        np.testing.assert_array_equal(getattr(ops, name)([tensor(x) for x in arrays]).array, expected)
        with_torch(lambda m, *x, name=name: getattr(m, name)(x), *arrays)


def test_stacking_promotes_types():
    with_torch(lambda m, a, b: m.hstack([a, b]), np.array([1, 2]), np.array([1.5]))


@given(ARRAYS, st.booleans())
def test_counting_nonzero(x, every):
    x[x > 3] = np.nan
    dims = tuple(range(x.ndim)) if every else x.ndim - 1
    expected = np.array([[1 if v != 0 else 0 for v in x.ravel()]]).reshape(x.shape).sum(dims)
    np.testing.assert_array_equal(ops.count_nonzero(tensor(x), dims).array, expected)
    assert ops.count_nonzero(tensor(x)).dtype == minitorch.int64
    found = ops.argwhere(tensor(x)).array
    assert found.tolist() == [list(at) for at in np.ndindex(x.shape) if x[at] != 0]


@pytest.mark.parametrize("call", [
    lambda x: ops.diagonal(x, 1),
    lambda x: ops.diagonal(x, -1, 1, 0) ** 2,
    lambda x: ops.diag_embed(x, -1, 0, 2),
    lambda x: ops.repeat_interleave(x, 2, 1),
    lambda x: ops.repeat_interleave(x, tensor([0, 2]), 0),
    lambda x: ops.tensor_split(x, 2, 1)[0] ** 2,
    lambda x: ops.hstack([x, x * x]),
    lambda x: ops.dstack([x, x * x]),
])  # fmt: skip
def test_derivatives(call):
    differentiable(call, np.random.default_rng(0).standard_normal((2, 3)))


X = minitorch.ones(2, 3)


@pytest.mark.parametrize("call, error, words", [
    (lambda: ops.diagonal(X, 0, 1, -1), RuntimeError, "diagonal: differ 1 -1"),
    (lambda: ops.diagonal(X[0]), IndexError, "diagonal: 1"),
    (lambda: ops.diagonal(X, 0, 0, 2), IndexError, "diagonal: 2"),
    (lambda: ops.diagonal(X, 1.0), TypeError, "diagonal: offset 1.0"),
    (lambda: ops.diag_embed(tensor(1.0)), RuntimeError, "diag_embed: ()"),
    (lambda: ops.diag_embed(X, 0, 1, 1), RuntimeError, "diag_embed: differ"),
    (lambda: ops.repeat_interleave(X, -1), RuntimeError, "repeat_interleave: -1"),
    (lambda: ops.repeat_interleave(X, 1.5), TypeError, "repeat_interleave: 1.5"),
    (lambda: ops.repeat_interleave(X, tensor([1, 2, 3]), 0), RuntimeError, "repeat_interleave: (3,) 2"),
    (lambda: ops.repeat_interleave(X, tensor([1, -2]), 0), RuntimeError, "repeat_interleave: negative"),
    (lambda: ops.repeat_interleave(X, tensor([1.0, 2.0]), 0), RuntimeError, "repeat_interleave: float32"),
    (lambda: ops.repeat_interleave(X, 2, 0, output_size=5), RuntimeError, "repeat_interleave: 5 4"),
    (lambda: ops.repeat_interleave(X, 2, 2), IndexError, "repeat_interleave: 2"),
    (lambda: ops.tensor_split(X, 0), RuntimeError, "tensor_split: 0"),
    (lambda: ops.tensor_split(X, 1.5), TypeError, "tensor_split: 1.5"),
    (lambda: ops.tensor_split(tensor(1.0), 1), RuntimeError, "tensor_split: 0-dimensional"),
    (lambda: ops.tensor_split(X, tensor([1.0])), RuntimeError, "tensor_split: float32"),
    (lambda: ops.tensor_split(X, tensor([[1]])), RuntimeError, "tensor_split: (1, 1)"),
    (lambda: ops.tensor_split(X, (1, "a")), TypeError, "tensor_split: 'a'"),
    (lambda: ops.split_with_sizes(X, [1, 2]), RuntimeError, "split_with_sizes: [1, 2] 2"),
    (lambda: ops.split_with_sizes(X, 1), TypeError, "split_with_sizes: 1"),
    (lambda: ops.hstack([]), RuntimeError, "hstack: none"),
    (lambda: ops.hstack(X), TypeError, "hstack: Tensor"),
    (lambda: ops.vstack([X, 1.0]), TypeError, "vstack: float"),
    (lambda: ops.vstack([X, X[:, :2]]), RuntimeError, "vstack: (2, 3) (2, 2)"),
    (lambda: ops.hstack([X, X[0]]), RuntimeError, "hstack: (2, 3) (3,)"),
    (lambda: ops.count_nonzero(X, 2), IndexError, "count_nonzero: 2"),
    (lambda: ops.argwhere([1]), TypeError, "nonzero: list"),
])  # fmt: skip
def test_bad_input(call, error, words):
    name, *rest = words.split(" ")
    with pytest.raises(error, match=f"^{re.escape(name)}") as caught:
        call()
    for word in re.findall(r"\([^)]*\)|\S+", " ".join(rest)):
        assert word in str(caught.value)


def test_what_gives_the_tensor_itself():
    """As in PyTorch, where nothing is to be done."""
    torch = pytest.importorskip("torch", reason="needs torch")
    for m in (torch, minitorch):
        x, matrix, number = m.ones(3), m.ones(2, 3), m.tensor(1.0)
        assert x.flatten() is x and matrix.flatten(1, 1) is matrix and m.nn.Flatten()(matrix) is matrix
        assert number.flatten() is not number and number.flatten().shape == (1,)
        assert all(y is x for y in m.broadcast_tensors(x, x)) and m.broadcast_tensors(x, matrix)[1] is matrix
        assert +x is x and x.positive() is x and m.positive(x) is x
        with pytest.raises(RuntimeError):
            (x > 0).positive()
