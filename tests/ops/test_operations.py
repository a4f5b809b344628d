"""Every operation of the table: numbers, gradients, types and shapes as PyTorch's, and against differences."""

import numpy as np
import pytest
from ops import operation_table, spatial_table
from ops.operation_table import MINITORCH, TorchNames

from minitorch.autograd import grad, gradcheck, gradgradcheck
from minitorch.tensor import Tensor

CASES, IDS = operation_table.CASES + spatial_table.CASES, operation_table.IDS + spatial_table.IDS
TOLERANCE = {"float64": {"rtol": 1e-9, "atol": 1e-9}, "float32": {"rtol": 1e-5, "atol": 1e-5}}


def leaf(array):
    return Tensor(array, requires_grad=array.dtype.kind == "f")


def with_strides(array):
    """The same numbers in memory of another order, with gaps."""
    if not array.ndim:
        return array
    order = tuple(range(array.ndim))[::-1]
    wide = np.zeros([2 * n for n in array.T.shape], array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in order)]
    view[...] = array.T
    return view.T


def start_gradient(shape, dtype):
    return np.asarray(np.random.default_rng(7).standard_normal(shape)).astype(dtype)


def run(row, arrays):
    """Result and gradients, as arrays; None for an input that the result does not depend on."""
    inputs = [leaf(a) for a in arrays]
    y = row.call(MINITORCH, *inputs)
    wanted = [x for x in inputs if x.requires_grad]
    start = Tensor(start_gradient(y.shape, y.dtype))
    return y.array, [None if g is None else g.array for g in grad(y, wanted, start, allow_unused=True)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row, sample", CASES, ids=IDS)
def test_equals_pytorch(row, sample, dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in map(np.asarray, row.inputs(sample))]
    inputs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    expected = row.call(TorchNames(torch), *inputs)
    wanted = [x for x in inputs if x.requires_grad]
    start = torch.from_numpy(start_gradient(expected.shape, expected.detach().numpy().dtype))
    gradients = torch.autograd.grad(expected, wanted, start, allow_unused=True)
    y, found = run(row, arrays)
    assert str(y.dtype) == str(expected.dtype).removeprefix("torch.")
    assert y.shape == tuple(expected.shape)
    np.testing.assert_allclose(y, expected.detach().numpy(), **TOLERANCE[dtype])
    for x, g, e in zip((a for a in arrays if a.dtype.kind == "f"), found, gradients, strict=True):
        assert (g is None) == (e is None)
        if e is not None:
            assert g.shape == x.shape and g.dtype == x.dtype
            np.testing.assert_allclose(g, e.numpy(), **TOLERANCE[dtype])


@pytest.mark.parametrize("row, sample", CASES, ids=IDS)
def test_strides_do_not_matter_and_inputs_stay(row, sample):
    arrays = [np.asarray(a) for a in row.inputs(sample)]
    before = [a.copy() for a in arrays]
    y, gradients = run(row, arrays)
    y_strided, gradients_strided = run(row, [with_strides(a) for a in arrays])
    for a, b in zip(arrays, before):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(y_strided, y, rtol=1e-12, atol=1e-12)
    for a, b in zip(gradients, gradients_strided, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("row, sample", [case for case in CASES if case[0].name != "to"],
                         ids=[name for name in IDS if not name.startswith("to[")])
def test_float32_stays_float32(row, sample):
    """Also of 0-dimensional tensors, which NumPy 1 widens as soon as a Python number comes near."""
    arrays = [np.asarray(a) for a in row.inputs(sample)]
    y, gradients = run(row, [a.astype(np.float32) if a.dtype.kind == "f" else a for a in arrays])
    assert y.dtype == np.float32 and all(g is None or g.dtype == np.float32 for g in gradients)


@pytest.mark.parametrize("row, sample", CASES, ids=IDS)
def test_gradients_agree_with_differences(row, sample):
    inputs = [leaf(np.array(a)) for a in row.inputs(sample)]

    def function(*inputs):
        return row.call(MINITORCH, *inputs)

    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


@pytest.mark.parametrize("row, sample", CASES, ids=IDS)
def test_a_graph_of_the_backward_changes_no_number(row, sample):
    """With create_graph some operations leave their kernel for their definition; the check of second derivatives
    compares the definition with itself alone."""
    inputs = [leaf(np.array(a)) for a in row.inputs(sample)]
    wanted = [x for x in inputs if x.requires_grad]
    y = row.call(MINITORCH, *inputs)
    start = Tensor(start_gradient(y.shape, y.dtype))
    plain = grad(y, wanted, start, allow_unused=True, retain_graph=True)
    for a, b in zip(plain, grad(y, wanted, start, allow_unused=True, create_graph=True)):
        assert (a is None) == (b is None)
        if a is not None:
            assert not a.requires_grad
            np.testing.assert_allclose(b.array, a.array, rtol=1e-9, atol=1e-12)
