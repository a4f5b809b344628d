"""Winograd's convolution against the sum over windows, at any size, padding, layout and number of threads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.kernels.cpu import convolution, parallel
from minitorch.kernels.cpu import convolution_winograd as winograd

ONE = (1, 1)


def windows(x, lead, size):
    """(N, C, OH, OW, 3, 3): what output (oh, ow) reads of x, from (oh - lead, ow - lead) on, zeros outside."""
    padding = [(0, 0), (0, 0)] + [(lead[a], max(0, size[a] + 2 - lead[a] - x.shape[2 + a])) for a in (0, 1)]
    return np.lib.stride_tricks.sliding_window_view(np.pad(x, padding), (3, 3), (2, 3))[:, :, : size[0], : size[1]]


@st.composite
def problems(draw):
    integers = st.integers
    n, channels, filters = draw(integers(1, 5)), draw(integers(1, 19)), draw(integers(1, 19))
    height, width = draw(integers(1, 11)), draw(integers(1, 11))
    lead, behind = ([draw(integers(0, 3)) for _ in range(2)] for _ in range(2))
    size = [max(1, length + a + b - 2) for length, a, b in zip((height, width), lead, behind)]
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    random = np.random.default_rng(draw(integers(0, 99)))
    shapes = (n, channels, height, width), (filters, channels, 3, 3), (filters,), (n, filters, *size)
    x, weight, bias, grad = (random.standard_normal(shape).astype(dtype) for shape in shapes)
    if draw(st.booleans()):
        x, grad = np.asfortranarray(x), np.asfortranarray(grad)
    return x, weight, bias if draw(st.booleans()) else None, grad, tuple(lead), draw(integers(1, 3))


def close(actual, expected):
    scale = max(1, np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=scale * (2e-5 if actual.dtype == "float32" else 1e-13))


@given(problems())
def test_results_are_the_sums_over_windows(problem):
    x, weight, bias, grad, lead, threads = problem
    seen = windows(x.astype(np.float64), lead, grad.shape[2:])
    before = parallel.get_num_threads()
    parallel.set_num_threads(threads)
    try:
        y, dweight, dx = np.empty_like(grad, order="C"), np.empty_like(weight), np.empty(x.shape, x.dtype)
        winograd.correlate(x, weight, bias, y, ONE, lead, ONE)
        winograd.weight_grad(grad, x, dweight, ONE, lead, ONE)
        winograd.input_grad(grad, weight, dx, ONE, lead, ONE)
    finally:
        parallel.set_num_threads(before)
    close(y, np.einsum("nchwij,ocij->nohw", seen, weight) + (0 if bias is None else bias[:, None, None]))
    close(dweight, np.einsum("nchwij,nohw->ocij", seen, grad))
    around = tuple(2 - n for n in lead)
    if min(around) < 0:  # the first rows read nothing
        cut = [max(0, -n) for n in around]
        grad, around = grad[:, :, cut[0] :, cut[1] :], tuple(max(0, n) for n in around)
    flipped = windows(grad.astype(np.float64), around, x.shape[2:])
    close(dx, np.einsum("nohwij,ocij->nchw", flipped, weight[:, :, ::-1, ::-1]))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, np.finfo(np.float32).max])
def test_what_is_not_finite_stays_with_its_outputs(number):
    """The direct sum keeps it to the windows that hold it; so must the convolution, by another way if need be."""
    random = np.random.default_rng(0)
    x, weight = (random.standard_normal(s).astype(np.float32) for s in ((2, 32, 8, 8), (32, 32, 3, 3)))
    geometry = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    clean = convolution.conv2d(x, weight, None, **geometry)
    assert winograd.suits(weight.shape, clean.shape[2:], (1, 1), (1, 1), 1)
    x[0, 3, 4, 4] = number
    y = convolution.conv2d(x, weight, None, **geometry)
    touched = np.zeros(y.shape, bool)
    touched[0, :, 3:6, 3:6] = True
    close(np.where(touched, 0, y), np.where(touched, 0, clean))
    assert not np.isclose(y, clean)[touched].any()
    grad = np.ones_like(y)
    grad[1, 2, 0, 0] = number
    dx = convolution.conv2d_input_grad(grad, weight, x.shape, **geometry)
    assert np.isfinite(dx[0]).all() and np.isfinite(dx[1, :, 2:, 2:]).all()
    assert not (np.abs(dx[1, :, 0, 0]) < 1e6).any()
    x[0, 3, 4, 4] = 0
    dweight = convolution.conv2d_weight_grad(grad, x, weight.shape, **geometry)
    assert np.isfinite(dweight[[0, 1, *range(3, 32)]]).all()
    assert not (np.abs(dweight[2, :, 1, 1]) < 1e6).any()


def test_odd_and_small_outputs_that_waste_tiles_go_another_way():
    suits = [n for n in range(1, 9) if winograd.suits((32, 32, 3, 3), (n, n), (1, 1), (1, 1), 1)]
    assert suits == [2, 4, 5, 6, 7, 8]
