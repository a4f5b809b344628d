"""median and unique against PyTorch and against a plain search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch


@given(
    st.lists(st.integers(0, 3), max_size=4).map(tuple), st.sampled_from(["int64", "float32", "bool", "uint8"]),
    st.booleans(), st.booleans(), st.integers(-3, 3) | st.none(), st.integers(0, 9),
)
def test_unique(shape, dtype, return_inverse, return_counts, dim, seed):
    torch = pytest.importorskip("torch", reason="needs torch")
    numbers = np.asarray(np.random.default_rng(seed).integers(0, 4, shape)).astype(dtype)
    if dim is not None and (not numbers.size or not -len(shape) <= dim < len(shape)):
        return
    arguments = {"return_inverse": return_inverse, "return_counts": return_counts, "dim": dim}
    ours, theirs = minitorch.unique(minitorch.tensor(numbers), **arguments), torch.tensor(numbers).unique(**arguments)
    assert isinstance(ours, tuple) == isinstance(theirs, tuple)
    for a, b in zip(ours, theirs) if isinstance(ours, tuple) else [(ours, theirs)]:
        assert a.shape == tuple(b.shape) and f"torch.{a.dtype}" == str(b.dtype)
        assert a.tolist() == b.tolist()


def test_unique_keeps_every_nan():
    found, counts = minitorch.tensor([float("nan"), 2.0, float("nan"), 2.0, -1.0]).unique(return_counts=True)
    assert found[:2].tolist() == [-1, 2] and found[2:].isnan().all() and counts.tolist() == [1, 2, 1, 1]
    assert minitorch.tensor(7).unique(dim=0).tolist() == [7]


def test_unique_refuses():
    with pytest.raises(TypeError, match="unique: input must be a tensor"):
        minitorch.unique([1, 2])
    with pytest.raises(IndexError, match="unique: dimension out of range"):
        minitorch.zeros(2).unique(dim=1)
    with pytest.raises(RuntimeError, match="unique: a tensor of shape"):
        minitorch.zeros(0, 2).unique(dim=0)


NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.0, 7.5, float("inf"), float("-inf"), float("nan")])


@given(
    st.lists(st.integers(1, 4), max_size=3).map(tuple), st.data(), st.booleans(),
    st.sampled_from(["float32", "float64", "float16", "int64", "int32", "uint8"]),
)
def test_median(shape, data, keepdim, dtype):
    """Values as PyTorch's; the index is of a number that equals the value, since of equal ones PyTorch takes any."""
    torch = pytest.importorskip("torch", reason="needs torch")
    draw = NUMBERS if dtype.startswith("float") else st.integers(0, 5)
    count = int(np.prod(shape))
    numbers = np.array(data.draw(st.lists(draw, min_size=count, max_size=count))).astype(dtype).reshape(shape)
    ours, theirs = minitorch.tensor(numbers), torch.tensor(numbers)
    np.testing.assert_array_equal(ours.median().numpy(), theirs.median().numpy())
    dim = data.draw(st.integers(-max(len(shape), 1), max(len(shape), 1) - 1))
    found, expected = ours.median(dim, keepdim), theirs.median(dim, keepdim)
    np.testing.assert_array_equal(found.values.numpy(), expected.values.numpy())
    assert found.values.dtype == dtype and found.indices.dtype == np.int64
    assert found.indices.shape == tuple(expected.indices.shape)
    if shape:
        places = found.indices if keepdim else found.indices.unsqueeze(dim)
        values = found.values if keepdim else found.values.unsqueeze(dim)
        np.testing.assert_array_equal(ours.gather(dim, places).numpy(), values.numpy())
        missing = np.isnan(numbers).any(dim, keepdims=True)
        first = np.where(missing, np.isnan(numbers).argmax(dim, keepdims=True), places.numpy())
        np.testing.assert_array_equal(places.numpy(), first)  # of NaNs the first


def test_median_by_hand():
    x = minitorch.tensor([[3.0, 1.0, 2.0, 5.0], [4.0, 9.0, 1.0, 4.0]], requires_grad=True)
    values, indices = minitorch.median(x, dim=1)
    assert values.tolist() == [2, 4] and indices.tolist() == [2, 0]
    values.sum().backward()
    assert x.grad.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    x.grad = None
    x.median().backward()
    assert x.median().item() == 3 and x.grad.tolist() == [[1, 0, 0, 0], [0, 0, 0, 0]]
    assert repr(x.detach().median(0)).startswith("minitorch.return_types.median(\nvalues=tensor([3., 1., 1., 4.])")


def test_equal_numbers_share_the_gradient_of_the_median():
    """Of the median of all; along a dimension one of them has it."""
    x = minitorch.tensor([1.0, 2.0, 2.0, 2.0, 5.0], requires_grad=True)
    x.median().backward()
    np.testing.assert_allclose(x.grad.numpy(), [0, 1 / 3, 1 / 3, 1 / 3, 0], rtol=1e-6)
    x.grad = None
    x.median(0).values.backward()
    assert sorted(x.grad.tolist()) == [0, 0, 0, 0, 1] and x.grad[1:4].sum().item() == 1
    y = minitorch.tensor([1.0, float("nan"), float("nan")], requires_grad=True)
    y.median().backward()
    assert y.grad.tolist() == [0, 0.5, 0.5]


def test_median_of_nothing_and_refusals():
    empty = minitorch.zeros(0, 2, requires_grad=True)
    assert empty.median().isnan().item() and empty.median(1).values.shape == (0,)
    with pytest.raises(IndexError, match=r"median: dimension 0 of shape \(0, 2\) is empty"):
        empty.median(0)
    with pytest.raises(RuntimeError, match="median: not defined for booleans"):
        minitorch.tensor([True]).median()
    with pytest.raises(RuntimeError, match="median: a tensor of int64 of shape .* has no numbers"):
        minitorch.zeros(0).long().median()
    with pytest.raises(TypeError, match="median: input must be a tensor"):
        minitorch.median([1.0])
    with pytest.raises(IndexError, match="median: dim"):
        minitorch.zeros(2).median(1)
