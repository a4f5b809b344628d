"""Every operation on every device: results and gradients are those on the CPU."""

import contextlib
import warnings
from pathlib import Path

import numpy as np
import pytest
from ops import device_table, operation_table, spatial_table
from ops.operation_table import MINITORCH
from ops.test_operations import start_gradient

from minitorch import ops
from minitorch.autograd import grad
from minitorch.kernels import emulator
from minitorch.ops import stack
from minitorch.tensor import Tensor

TABLES = (operation_table, spatial_table, device_table)
CASES, IDS = (sum((getattr(table, name) for table in TABLES), []) for name in ("CASES", "IDS"))
TOLERANCE = {np.dtype("float32"): 2e-5, np.dtype("float64"): 1e-9}
# Not of tensors, or definitions that other operations are checked with.
NO_OPERATIONS = {
    "as_filling", "as_number", "axes", "axis", "is_number", "result_type", "sizes", "cast", "move", "is_contiguous",
    "sum_to_size", "require_numbers", "require_tensor",
}  # fmt: skip


def with_gaps(x):
    """The same numbers in memory of another order, with gaps."""
    return stack([x.T, x.T], -1)[..., 0].T


def run(row, arrays, device, prepare=lambda x: x, create_graph=False):
    """Result and gradients as NumPy arrays, after a check that all of them were made on the device."""
    inputs = [prepare(Tensor(array).to(device)) for array in arrays]
    for x in inputs:
        if x.dtype.kind == "f":
            x.requires_grad_()
    y = row.call(MINITORCH, *inputs)
    if not isinstance(y, Tensor):
        return [y]
    results = [y]
    if y.requires_grad:
        start = Tensor(start_gradient(y.shape, y.dtype)).to(device)
        results += grad(y, [x for x in inputs if x.requires_grad], start, create_graph=create_graph, allow_unused=True)
    assert all(x is None or x.device.type == device for x in results)
    return [None if x is None else x.detach().cpu().numpy() for x in results]


def compare(found, expected):
    for a, b in zip(found, expected, strict=True):
        if not isinstance(b, np.ndarray):
            assert a is b or a == b
            continue
        assert a.dtype == b.dtype and a.shape == b.shape
        tolerance = TOLERANCE.get(b.dtype, 0)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def arrays_of(row, sample, dtype):
    arrays = [np.asarray(a) for a in row.inputs(sample)]
    return [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]


@pytest.mark.parametrize("row, sample", CASES, ids=IDS)
def test_every_operation(row, sample, other_device):
    """float32 in the emulator's check mode; float64 from memory in another order, and with a graph of the backward."""
    checking = emulator.checking() if other_device == "emulator" else contextlib.nullcontext()
    arrays = arrays_of(row, sample, "float32")
    with checking, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        compare(run(row, arrays, other_device), run(row, arrays, "cpu"))
    arrays = arrays_of(row, sample, "float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = run(row, arrays, "cpu")
        compare(run(row, arrays, other_device, with_gaps), expected)
        compare(run(row, arrays, other_device, create_graph=True), expected)


def test_the_tables_have_every_operation():
    texts = "".join(Path(table.__file__).read_text() for table in TABLES)
    names = {name for name, value in vars(ops).items() if callable(value) and not name.startswith("_")}
    names -= NO_OPERATIONS | {name for name in names if name.endswith("_definition") or name[0].isupper()}
    assert not {name for name in names if name not in texts}
