"""Layer, group, instance and RMS norm in CUDA C++ against their definition, in numbers and gradients."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from kernels.on_device import MODES, close, numbers, on, quick, transposed_memory

from minitorch.autograd import grad as gradients
from minitorch.kernels import cpu, cuda
from minitorch.kernels.cuda import grids, launcher
from minitorch.ops.layer_norm import group_norm_definition
from minitorch.tensor import Tensor

EPS = 1e-3
# (shape, groups): rows of one warp and of several, planes shorter and longer than a step, a rest of rows.
CASES = [
    ((3, 5), 1), ((1, 1), 1), ((9, 33), 1), ((2, 6, 3, 3), 3), ((3, 4, 7, 5), 4), ((2, 3, 1), 1), ((1, 2, 5, 8), 1),
    ((2, 3, 23, 17), 1), ((1, 1030), 1), ((2, 8, 130), 2), ((1, 3, 600), 1), ((2, 1, 32, 33), 1),
]  # fmt: skip


def expected_of(grad, x, weight, bias, *settings):
    """Numbers and gradients (None for a missing input) of the definition, in float64."""
    leaves = [None if a is None else Tensor(a.astype(np.float64), requires_grad=True) for a in (x, weight, bias)]
    y = group_norm_definition(*leaves, x.shape, *settings)
    found = iter(gradients([y], [leaf for leaf in leaves if leaf is not None], Tensor(grad.astype(np.float64))))
    return y.detach().array, [None if leaf is None else next(found).array for leaf in leaves]


def moments(x, groups, centred):
    rows = x.astype(np.float64).reshape(x.shape[0], groups, -1)
    return (rows.mean(2), rows.var(2)) if centred else (np.zeros(rows.shape[:2]), (rows * rows).mean(2))


def arrays(shape, dtype, weight, bias):
    x, grad = (numbers(shape, dtype, seed, 2.0, 0.3) for seed in (0, 1))
    parts = [numbers(shape[1], dtype, seed) if wanted else None for seed, wanted in ((2, weight), (3, bias))]
    return grad, x, *parts


def check(kernels, shape, groups, dtype, device, mode="check", weight=True, bias=True, centred=True, layout=None):
    """Forward and backward against the definition."""
    grad, x, weight, bias = arrays(shape, dtype, weight, bias)
    y, expected = expected_of(grad, x, weight, bias, groups, EPS, centred)
    statistics = moments(x, groups, centred)
    grad, x = (a if layout is None else layout(a) for a in (grad, x))
    forward = on(device, kernels.group_norm, x, weight, bias, groups, EPS, centred, mode=mode)
    close(forward, (y, *statistics), dtype)
    back = (grad, x, weight, *(a.astype(dtype) for a in statistics), groups, EPS, centred)
    found = on(device, kernels.group_norm_grad, *back, mode=mode)
    close([a if b is not None else None for a, b in zip(found, expected)], expected, dtype)
    if centred:
        close([found[2]], [grad.astype(np.float64).sum(tuple(i for i in range(grad.ndim) if i != 1))], dtype)
    alone = on(device, kernels.group_norm_grad, *back, parameters=False, mode=mode)
    assert alone[1] is None and alone[2] is None
    close(alone[:1], expected[:1], dtype)


@pytest.mark.parametrize("shape, groups", CASES)
def test_equals_definition(shape, groups, device):
    check(cpu if device == "cpu" else cuda, shape, groups, "float64", device)


@pytest.mark.parametrize("shape, groups", [((3, 5), 1), ((2, 4, 3), 2), ((1, 1, 1100), 1)])
def test_rms_norm_equals_definition(shape, groups, device):
    check(cpu if device == "cpu" else cuda, shape, groups, "float64", device, bias=False, centred=False)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "check"])
def test_order_of_threads_does_not_matter(mode, other_device):
    for shape, groups in (((2, 3, 23, 17), 1), ((2, 6, 3, 3), 3)):
        check(cuda, shape, groups, "float32", other_device, mode, weight=mode != "fast", bias=mode == "fast")


def test_memory_in_another_order(device):
    check(cpu if device == "cpu" else cuda, (3, 4, 5, 2), 2, "float32", device, layout=transposed_memory)


@quick
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 9)), st.integers(1, 3), st.booleans(),
    st.booleans(), st.booleans(), st.sampled_from(["float32", "float64"]), st.sampled_from(sorted(MODES)),
)  # fmt: skip
def test_any_shape(other_device, shape, groups, weight, bias, centred, dtype, mode):
    shape = (shape[0], shape[1] * groups, *shape[2:])
    check(cuda, shape, groups, dtype, other_device, mode, weight, bias, centred)
    check(cpu, shape, groups, dtype, "cpu", mode, weight, bias, centred)


@pytest.mark.parametrize("shape, groups", [((400, 3), 1), ((140, 2, 3, 3), 2), ((9, 2, 13, 13), 1), ((67, 35), 1)])
def test_slices_of_a_channel(shape, groups, other_device, monkeypatch):
    monkeypatch.setattr(grids, "STEPS_A_SLICE", 1)
    monkeypatch.setattr(launcher, "EMULATED_BLOCKS", 100)
    assert grids.slices_of_channels(*cuda.normalization.as_channels(np.zeros(shape)), np.zeros(0))[2][1] > 1
    check(cuda, shape, groups, "float64", other_device)


def test_a_large_mean_does_not_drown_float32(device):
    kernels = cpu if device == "cpu" else cuda
    for shape in ((3, 40), (1, 1, 1500)):
        x = numbers(shape, "float32", offset=1e4)
        y, _ = expected_of(x, x, None, None, 1, EPS, True)
        found = on(device, kernels.group_norm, x, None, None, 1, EPS)[0]
        np.testing.assert_allclose(found, y, atol=3e-3)


@pytest.mark.parametrize("shape, groups", [((0, 4), 2), ((2, 4, 0), 2), ((3, 0), 1)])
def test_empty(shape, groups, device):
    kernels = cpu if device == "cpu" else cuda
    x = np.zeros(shape, np.float32)
    y, mean, var = on(device, kernels.group_norm, x, None, None, groups, EPS)
    assert y.shape == shape and mean.shape == var.shape == (shape[0], groups)
    dx, dweight, dbias = on(device, kernels.group_norm_grad, x, x, None, mean, var, groups, EPS)
    assert dx.shape == shape and dweight.shape == dbias.shape == shape[1:2]
    assert not dweight.any() and not dbias.any()


def test_half(other_device):
    grad, x, weight, bias = arrays((3, 4, 5), "float16", True, True)
    y, mean, var = on(other_device, cuda.group_norm, x, weight, bias, 2, EPS)
    assert y.dtype == mean.dtype == np.float16
    np.testing.assert_allclose(y, expected_of(grad, x, weight, bias, 2, EPS)[0], rtol=4e-3, atol=4e-3)
    assert on(other_device, cuda.group_norm_grad, grad, x, weight, mean, var, 2, EPS)[1].dtype == np.float16
