"""unique against PyTorch and against a plain search."""

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
