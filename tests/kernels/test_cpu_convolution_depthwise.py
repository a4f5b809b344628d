"""Depthwise convolution by Toeplitz matrices, of planes and of rows, against loops, with every geometry."""

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st

from minitorch.kernels.cpu import convolution, convolution_rows, convolution_toeplitz


@st.composite
def problems(draw):
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    n, channels = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    kernel, stride, dilation = draw(pair), draw(pair), draw(pair)
    size, lead, behind = (draw(st.tuples(st.integers(low, high), st.integers(low, high))) for low, high in
                          ((1, 7), (0, 2), (0, 2)))  # fmt: skip
    padding = tuple(zip(lead, behind))
    out = [convolution.output_length(size[a], kernel[a], stride[a], padding[a], dilation[a]) for a in (0, 1)]
    assume(min(out) > 0)
    random = np.random.default_rng(draw(st.integers(0, 99)))
    shapes = (n, channels, *size), (channels, 1, *kernel), (channels,), (n, channels, *out)
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": channels}
    return *(random.standard_normal(shape) for shape in shapes), geometry


@pytest.mark.parametrize("way", [convolution_rows, convolution_toeplitz])
@given(problem=problems())
def test_results_are_those_of_loops(way, problem):
    x, weight, bias, grad, geometry = problem
    lead = tuple(before for before, _ in geometry["padding"])
    settings = geometry["stride"], lead, geometry["dilation"]
    y, dx, dweight = np.empty_like(grad), np.empty_like(x), np.empty_like(weight)
    way.correlate(x, weight, bias, y, *settings)
    way.input_grad(grad, weight, dx, *settings)
    way.weight_grad(grad, x, dweight, *settings)
    np.testing.assert_allclose(y, reference.conv2d(x, weight, bias, **geometry), rtol=1e-12, atol=1e-12)
    wanted_dx, wanted_dweight = reference.conv2d_gradients(grad, x, weight, **geometry)[:2]
    np.testing.assert_allclose(dx, wanted_dx, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dweight, wanted_dweight, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("width", [6, 14])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_what_is_not_finite_stays_with_its_outputs(number, width):
    random = np.random.default_rng(0)
    x, weight = (random.standard_normal(shape).astype(np.float32) for shape in ((2, 3, 6, width), (3, 1, 3, 3)))
    geometry = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 3}
    size = x.shape[2:]
    small = convolution_toeplitz.suits(weight.shape, size, size, 3)
    assert small if width == 6 else not small and convolution_rows.suits(weight.shape, size, size, (1, 1), 3)
    x[0, 1, 3, 3] = number
    y = convolution.conv2d(x, weight, None, **geometry)
    touched = np.zeros(y.shape, bool)
    touched[0, 1, 2:5, 2:5] = True
    np.testing.assert_array_equal(np.isfinite(y), ~touched)
    grad = np.ones_like(y)
    dweight = convolution.conv2d_weight_grad(grad, x, weight.shape, **geometry)
    np.testing.assert_array_equal(np.isfinite(dweight[:, 0, 1, 1]), [True, False, True])
    dx = convolution.conv2d_input_grad(x, weight, x.shape, **geometry)
    np.testing.assert_array_equal(np.isfinite(dx), ~touched)
    x[0, 1, 3, 3], x[0, 1, 0, 0] = 0, number  # a corner, which the last row of taps never reads
    dweight = convolution.conv2d_weight_grad(grad, x, weight.shape, **geometry)
    assert np.isfinite(dweight[1, 0, 2]).all() and not np.isfinite(dweight[1, 0, :2, :2]).any()


def test_only_small_planes_with_a_filter_for_each_channel():
    suits = convolution_toeplitz.suits
    assert suits((5, 1, 3, 3), (8, 8), (8, 8), 5)
    assert not suits((5, 1, 3, 3), (9, 9), (9, 9), 5)
    assert not suits((10, 1, 3, 3), (8, 8), (8, 8), 5)
    assert not suits((4, 2, 3, 3), (8, 8), (8, 8), 4)


def test_only_rows_of_medium_width_with_a_filter_for_each_channel():
    suits = convolution_rows.suits
    assert suits((5, 1, 3, 3), (16, 16), (16, 16), (1, 1), 5) and not suits((5, 1, 3, 3), (9, 32), (9, 32), (1, 1), 5)
    assert suits((5, 1, 3, 3), (32, 32), (16, 16), (2, 2), 5) and not suits((5, 1, 3, 3), (9, 64), (5, 32), (2, 2), 5)
    assert not suits((5, 1, 9, 9), (16, 16), (16, 16), (1, 1), 5)
    assert not suits((10, 1, 3, 3), (16, 16), (16, 16), (1, 1), 5)


def test_results_do_not_depend_on_the_blocks(monkeypatch):
    random = np.random.default_rng(0)
    x, weight = (random.standard_normal(shape).astype(np.float32) for shape in ((3, 7, 13, 15), (7, 1, 3, 3)))
    geometry = {"stride": (2, 1), "padding": ((1, 0), (2, 1)), "dilation": (1, 2), "groups": 7}
    wanted = convolution.conv2d(x, weight, None, **geometry)
    for size in (1, 3000, 10**9):
        monkeypatch.setattr(convolution_rows, "_BLOCK_BYTES", size)
        np.testing.assert_array_equal(convolution.conv2d(x, weight, None, **geometry), wanted)


def test_what_lies_in_scratch_memory_does_not_matter(monkeypatch):
    def dirty(name, shape, dtype):
        return np.full(shape, np.nan, dtype)

    random = np.random.default_rng(0)
    for stride, lead, size in (((1, 1), (1, 1), (7, 9)), ((2, 2), (0, 2), (6, 8)), ((3, 1), (2, 0), (9, 5))):
        x, weight = (random.standard_normal(shape) for shape in ((3, 2, *size), (2, 1, 3, 3)))
        out = [(size[a] + 2 * lead[a] - 3) // stride[a] + 1 for a in (0, 1)]
        grad, found = random.standard_normal((3, 2, *out)), []
        for scratch in (convolution_rows.scratch, dirty):
            monkeypatch.setattr(convolution_rows, "scratch", scratch)
            y, dx, dweight = np.empty_like(grad), np.empty_like(x), np.empty_like(weight)
            convolution_rows.correlate(x, weight, None, y, stride, lead, (1, 1))
            convolution_rows.input_grad(grad, weight, dx, stride, lead, (1, 1))
            convolution_rows.weight_grad(grad, x, dweight, stride, lead, (1, 1))
            found.append((y, dx, dweight))
        for clean, again in zip(*found):
            np.testing.assert_array_equal(clean, again)
