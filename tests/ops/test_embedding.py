"""Rows of a table and one-hot vectors: by definition, beside PyTorch, gradients, bad calls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch import ops
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.creation import ones, tensor
from minitorch.tensor import Tensor

TABLE = np.random.default_rng(0).standard_normal((5, 3))
NUMBERS = np.array([[0, 4, 4], [2, 4, 0]])


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_rows(dtype):
    for index in (NUMBERS, np.array(3), np.zeros((0, 2)), np.array([1])):
        y = ops.embedding(Tensor(index.astype(dtype)), Tensor(TABLE))
        np.testing.assert_array_equal(y.numpy(), TABLE[index.astype(int)])


@pytest.mark.parametrize("padding, expected", [(None, [2, 0, 1, 0, 3]), (4, [2, 0, 1, 0, 0]), (-5, [0, 0, 1, 0, 3])])
def test_gradient_counts_the_readings(padding, expected):
    table = Tensor(TABLE.copy(), requires_grad=True)
    ops.embedding(Tensor(NUMBERS), table, padding).sum().backward()
    np.testing.assert_array_equal(table.grad.numpy(), np.tile(np.array(expected, float)[:, None], 3))
    table.grad = None
    ops.embedding(Tensor(NUMBERS), table, padding, scale_grad_by_freq=True).sum().backward()
    np.testing.assert_allclose(table.grad.numpy(), np.tile(np.minimum(expected, 1.0)[:, None], 3), rtol=1e-12)


def test_gradients_agree_with_differences():
    table, index = Tensor(TABLE.copy(), requires_grad=True), Tensor(NUMBERS)
    assert gradcheck(lambda w: ops.embedding(index, w) ** 2, table)
    assert gradgradcheck(lambda w: ops.embedding(index, w) ** 2, table)


@given(
    st.lists(st.integers(0, 3), min_size=0, max_size=3).map(tuple),
    st.sampled_from([{}, {"padding_idx": 1}, {"padding_idx": -1}, {"scale_grad_by_freq": True}, {"max_norm": 1.2},
                     {"max_norm": 1.0, "norm_type": 1.0}, {"padding_idx": 2, "scale_grad_by_freq": True}]),
    st.integers(0, 2**31),
)  # fmt: skip
def test_equals_pytorch(shape, options, seed):
    torch = pytest.importorskip("torch", reason="needs torch")
    index = np.random.default_rng(seed).integers(0, 5, shape)
    a, b = Tensor(TABLE.copy(), requires_grad=True), torch.tensor(TABLE, requires_grad=True)
    y = ops.embedding(Tensor(np.asarray(index)), a, **options)
    expected = torch.nn.functional.embedding(torch.tensor(index), b, **options)
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-7)
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-7)  # shortened in place
    (y * y).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-7, atol=1e-12)


def test_the_numbers_may_change_after_the_call():
    table, index = Tensor(TABLE.copy(), requires_grad=True), tensor([0, 1])
    y = ops.embedding(index, table)
    index.fill_(4)
    y.sum().backward()
    assert table.grad.numpy()[:, 0].tolist() == [1, 1, 0, 0, 0]


def test_one_hot():
    assert ops.one_hot(tensor([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert ops.one_hot(tensor(1), 4).tolist() == [0, 1, 0, 0]
    y = ops.one_hot(tensor([[0], [1]]), 2)
    assert y.dtype == np.int64 and y.tolist() == [[[1, 0]], [[0, 1]]]
    assert ops.one_hot(Tensor(np.zeros((0, 2), np.int64)), 3).shape == (0, 2, 3)


W, EMPTY = ones(3, 2), Tensor(np.zeros(0, np.int64))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.embedding(tensor([3]), W), IndexError, "embedding: number 3 is out of range .* 3 rows"),
        (lambda: ops.embedding(tensor([-1]), W), IndexError, "embedding: number -1 is out of range"),
        (lambda: ops.embedding(tensor([1.0]), W), RuntimeError, r"embedding: input must be int64 .* float32.*\.long"),
        (lambda: ops.embedding(tensor([1]), ones(3)), RuntimeError, r"embedding: weight must have shape \(V, D\)"),
        (lambda: ops.embedding([1], W), TypeError, "embedding: input must be a tensor, got list"),
        (lambda: ops.embedding(tensor([1]), W, 3), RuntimeError, "embedding: padding_idx 3 is out of range"),
        (lambda: ops.embedding(tensor([1]), W, 1.5), TypeError, "embedding: padding_idx must be an integer or None"),
        (lambda: ops.embedding(tensor([1]), W, max_norm="a"), TypeError, "embedding: max_norm and norm_type must be"),
        (lambda: ops.embedding(tensor([1]), W, sparse=True), RuntimeError, "embedding: sparse gradients are not"),
        (lambda: ops.one_hot(tensor([1.0])), RuntimeError, "one_hot: the class numbers must be int64, got float32"),
        (lambda: ops.one_hot(tensor([1]), 1), RuntimeError, "one_hot: class number 1 is out of range 0..0"),
        (lambda: ops.one_hot(tensor([-1])), RuntimeError, "one_hot: class number -1 is out of range"),
        (lambda: ops.one_hot(EMPTY), RuntimeError, r"one_hot: num_classes must be positive, got -1 for shape \(0,\)"),
        (lambda: ops.one_hot(tensor([0]), 0), RuntimeError, "one_hot: num_classes must be positive, got 0"),
        (lambda: ops.one_hot(tensor([0]), 2.0), TypeError, "one_hot: num_classes must be an integer, got 2.0"),
    ],
)
def test_bad_calls(call, error, text):
    with pytest.raises(error, match=text):
        call()
