"""Einstein sums against nested loops over all letters, PyTorch and differences."""

import itertools
import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from ops.parity import differentiable, with_torch

import minitorch
from minitorch import ops, tensor

SIZES = {"a": 2, "b": 3, "c": 1, "d": 4, "E": 2}


def loops(inputs, output, arrays):
    """The definition: for every value of every letter the product of the operands' entries, added up."""
    letters = sorted(set("".join(inputs)))
    result = np.zeros([SIZES[n] for n in output])
    for values in itertools.product(*[range(SIZES[n]) for n in letters]):
        at = dict(zip(letters, values))
        term = 1.0
        for names, x in zip(inputs, arrays):
            term *= x[tuple(at[n] for n in names)]
        result[tuple(at[n] for n in output)] += term
    return result


@st.composite
def equations(draw):
    """Up to 3 operands of up to 3 letters, repeated ones too, and a result of some of the letters."""
    inputs = draw(st.lists(st.text(st.sampled_from(list(SIZES)), max_size=3), min_size=1, max_size=3))
    letters = sorted(set("".join(inputs)))
    return inputs, "".join(draw(st.permutations(letters)))[: draw(st.integers(0, len(letters)))]


def arrays_for(inputs):
    rng = np.random.default_rng(len("".join(inputs)))
    return [np.asarray(rng.standard_normal([SIZES[n] for n in names])) for names in inputs]


@given(equations())
def test_is_the_loop_over_all_letters(case):
    inputs, output = case
    arrays = arrays_for(inputs)
    tensors = [tensor(x) for x in arrays]
    expected = loops(inputs, output, arrays)
    equation = ",".join(inputs) + "->" + output
    np.testing.assert_allclose(ops.einsum(equation, *tensors).array, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ops.einsum(f" {equation} ", tensors).array, expected, rtol=1e-9, atol=1e-9)
    numbers = {n: i for i, n in enumerate(SIZES)}
    lists = [v for x, names in zip(tensors, inputs) for v in (x, [numbers[n] for n in names])]
    found = ops.einsum(*lists, [numbers[n] for n in output])
    np.testing.assert_allclose(found.array, expected, rtol=1e-9, atol=1e-9)


@given(equations())
def test_equals_pytorch(case):
    inputs, output = case
    arrays = arrays_for(inputs)
    with_torch(lambda m, *x: m.einsum(",".join(inputs) + "->" + output, *x), *arrays)
    with_torch(lambda m, *x: m.einsum(",".join(inputs), *x), *arrays)  # the result's letters are found by the rule


@pytest.mark.parametrize("equation, shapes", [
    ("...ij,...jk->...ik", [(2, 1, 2, 3), (4, 3, 2)]),
    ("...ij,jk", [(2, 2, 3), (3, 2)]),
    ("i...,i...->...", [(3, 2), (3, 1)]),
    ("...i->i...", [(2, 3, 4)]),
    ("...->...", [(2, 3)]),
    ("...,...->...", [(), (2,)]),
    ("i...i->...", [(3, 2, 3)]),
    ("...ii", [(2, 3, 3)]),
    ("i...->", [(2, 3)]),
    ("bn,anm,bm->ba", [(2, 5), (3, 5, 4), (2, 4)]),
    ("ij,kj->ik", [(2, 3), (1, 1)]),
    ("ij,jk", [(0, 3), (3, 2)]),
    ("ij,jk", [(2, 0), (0, 2)]),
    ("zA,Ab", [(2, 2), (2, 2)]),
    (",i,", [(), (3,), ()]),
    ("ijk,kji->", [(2, 3, 2), (2, 3, 2)]),
])  # fmt: skip
def test_forms(equation, shapes):
    arrays = [np.asarray(np.random.default_rng(i).standard_normal(s)) for i, s in enumerate(shapes)]
    with_torch(lambda m, *x: m.einsum(equation, *x), *arrays)
    with_torch(lambda m, *x: m.einsum(equation, *x), *[(10 * x).astype(np.int64) for x in arrays])


def test_lists_with_ellipsis():
    a, b = np.arange(12.0).reshape(2, 2, 3), np.arange(6.0).reshape(3, 2)
    with_torch(lambda m, a, b: m.einsum(a, [..., 0, 1], b, [1, 2], [2, ..., 0]), a, b)
    with_torch(lambda m, a, b: m.einsum(a, [..., 30, 1], b, [1, 2]), a, b)


@pytest.mark.parametrize("equation, shapes", [
    ("ij,jk->ik", [(2, 3), (3, 2)]),
    ("bij,bjk,bk->i", [(2, 2, 3), (2, 3, 2), (2, 2)]),
    ("ii->i", [(3, 3)]),
    ("iji,j->", [(2, 3, 2), (3,)]),
    ("...i,...i->...", [(2, 1, 3), (2, 3)]),
    ("i,j->ji", [(2,), (3,)]),
    ("ij,jk->k", [(2, 1), (3, 2)]),
])  # fmt: skip
def test_derivatives(equation, shapes):
    arrays = [np.asarray(np.random.default_rng(i).standard_normal(s)) for i, s in enumerate(shapes)]
    differentiable(lambda *x: ops.einsum(equation, *x), *arrays)


M, V = minitorch.ones(2, 3), minitorch.ones(3)


@pytest.mark.parametrize("call, error, words", [
    (lambda: ops.einsum("ij,jk", M, M), RuntimeError, "'j' 3 2"),
    (lambda: ops.einsum("ij->ijk", M), RuntimeError, "'k'"),
    (lambda: ops.einsum("ij->ii", M), RuntimeError, "'i' twice"),
    (lambda: ops.einsum("ii", M), RuntimeError, "'i' 2 3"),
    (lambda: ops.einsum("ij,ij", M), RuntimeError, "2 operands, 1"),
    (lambda: ops.einsum("ij", M, M), RuntimeError, "1 operands, 2"),
    (lambda: ops.einsum("ijk", M), RuntimeError, "3 (2, 3)"),
    (lambda: ops.einsum("i", M), RuntimeError, "1 (2, 3)"),
    (lambda: ops.einsum("i.j", M), RuntimeError, "'.'"),
    (lambda: ops.einsum("i1", M), RuntimeError, "'1'"),
    (lambda: ops.einsum("...i...", M), RuntimeError, "one"),
    (lambda: ops.einsum("ij->...i...", M), RuntimeError, "one"),
    (lambda: ops.einsum("ij->i->j", M), RuntimeError, "more"),
    (lambda: ops.einsum("ij,jk", M, M.mT.double()), RuntimeError, "float32 float64"),
    (lambda: ops.einsum("i"), RuntimeError, "operand"),
    (lambda: ops.einsum("i", [1.0]), TypeError, "tensor"),
    (lambda: ops.einsum(M, [0, 52]), RuntimeError, "52"),
    (lambda: ops.einsum(M, [0, "a"]), RuntimeError, "'a'"),
    (lambda: ops.einsum(M), RuntimeError, "list"),
    (lambda: ops.einsum(M, 1), TypeError, "1"),
    (lambda: ops.einsum("...i,...i", minitorch.ones(2, 3), minitorch.ones(4, 3)), RuntimeError, "2 4"),
])  # fmt: skip
def test_bad_input(call, error, words):
    with pytest.raises(error, match="^einsum: ") as caught:
        call()
    for word in re.findall(r"\([^)]*\)|\S+", words):
        assert word in str(caught.value)
