"""Maximum and average pooling in CUDA C++ against plain loops."""

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
from hypothesis import assume, given
from kernels.on_device import MODES, close, numbers, on, quick, transposed_memory

from minitorch.kernels import cpu, cuda
from minitorch.kernels.cuda import launcher

ONE = (1, 1)
# (shape, kernel, stride, padding, dilation, ceil_mode)
CASES = {
    "one of everything": ((1, 1, 1, 1), ONE, ONE, (0, 0), ONE, False),
    "halves": ((2, 3, 6, 8), (2, 2), (2, 2), (0, 0), ONE, False),
    "overlapping, padded": ((3, 3, 9, 7), (3, 3), (2, 2), (1, 1), ONE, False),
    "ends of the planes unread": ((1, 5, 8, 11), (2, 3), (3, 4), (0, 0), ONE, False),
    "over the end": ((2, 2, 7, 8), (2, 3), (2, 3), (1, 0), ONE, True),
    "dilated": ((1, 3, 9, 10), (3, 2), (2, 1), (1, 1), (2, 3), False),
    "dilated, over the end": ((1, 3, 8, 9), (2, 3), (3, 2), (1, 2), (3, 2), True),
    "uneven": ((1, 2, 5, 13), (1, 4), (1, 3), (0, 2), ONE, False),
    "more windows than a block has threads": ((1, 9, 23, 19), (2, 2), ONE, (0, 0), ONE, False),
    "more planes than a block takes": ((11, 101, 1, 1), ONE, ONE, (0, 0), ONE, False),
    "more of both than the emulator has blocks": ((3, 3, 41, 37), (2, 1), ONE, (0, 0), ONE, False),
}


def max_pool(x, geometry, device, mode="check", kernels=cuda):
    """Forward, indices and backward against loops."""
    dtype = x.dtype.name
    y, code = on(device, kernels.max_pool2d, x, *geometry, mode=mode)
    expected, indices = reference.max_pool2d(x, *geometry)
    close([y], [expected], dtype)
    places = on(device, kernels.window_indices, code, x.shape, *geometry[:4])
    np.testing.assert_array_equal(places, indices)
    grad = numbers(y.shape, dtype, 1)
    dx = on(device, kernels.max_pool2d_grad, transposed_memory(grad), code, x.shape, *geometry[:4], mode=mode)
    close([dx], [reference.max_pool2d_gradient(grad, indices, x.shape)], dtype)


def avg_pool(x, geometry, include, divisor, device, mode="check"):
    """Forward and backward against loops."""
    dtype = x.dtype.name
    settings = (*geometry, include, divisor)
    expected, windows = reference.avg_pool2d(x, *settings)
    close([on(device, cuda.avg_pool2d, x, *settings, mode=mode)], [expected], dtype)
    grad = numbers(expected.shape, dtype, 1)
    dx = on(device, cuda.avg_pool2d_grad, grad, x.shape, *settings, mode=mode)
    close([dx], [reference.avg_pool2d_gradient(grad, x.shape, windows)], dtype)


@pytest.mark.parametrize("name", CASES)
def test_max_pool_equals_loops(name, other_device):
    shape, *geometry = CASES[name]
    max_pool(numbers(shape, "float64"), geometry, other_device)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[4] == ONE])
def test_avg_pool_equals_loops(name, other_device):
    shape, kernel, stride, padding, _, ceil_mode = CASES[name]
    for include, divisor in ((True, None), (False, None), (True, -3)):
        avg_pool(numbers(shape, "float64"), (kernel, stride, padding, ceil_mode), include, divisor, other_device)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "check"])
def test_order_of_threads_does_not_matter(mode, other_device):
    shape, *geometry = CASES["over the end"]
    max_pool(transposed_memory(numbers(shape, "float32")), geometry, other_device, mode)
    geometry = geometry[:3] + geometry[4:]
    avg_pool(transposed_memory(numbers(shape, "float32")), geometry, False, None, other_device, mode)


def test_any_number_of_blocks(other_device, monkeypatch):
    shape, *geometry = CASES["more of both than the emulator has blocks"]
    for blocks in (1, 20):
        monkeypatch.setattr(launcher, "EMULATED_BLOCKS", blocks)
        max_pool(numbers(shape, "float64"), geometry, other_device)
        avg_pool(numbers(shape, "float64"), (*geometry[:3], False), True, None, other_device)


@pytest.mark.parametrize("value", [np.nan, -np.inf, 0.0])
def test_ties_nan_and_infinity(value, other_device):
    x = numbers((2, 3, 7, 6), "float32").round()
    x[np.random.default_rng(1).random(x.shape) < 0.5] = value
    max_pool(x, ((3, 2), (2, 1), (1, 1), ONE, True), other_device)


def test_a_kernel_of_more_places_than_a_byte_counts(other_device):
    x = numbers((1, 3, 19, 18), "float32")
    for kernel, size in (((16, 16), 1), ((17, 17), 4)):
        code = on(other_device, cuda.max_pool2d, x, kernel, ONE, (0, 0), ONE, False)[1]
        assert code.dtype.itemsize == size
        max_pool(x, (kernel, ONE, (5, 8), ONE, False), other_device)


def test_a_window_of_nothing_but_padding(other_device):
    """As on the CPU: -infinity, and no gradient goes anywhere."""
    x, geometry = np.ones((1, 5, 1, 3)), ((2, 2), ONE, (1, 0), (2, 1), False)
    y, code = on(other_device, cuda.max_pool2d, x, *geometry)
    expected, _ = cpu.max_pool2d(x, *geometry)
    np.testing.assert_array_equal(y, expected)
    assert np.isneginf(y).all() and not code.any()
    dx = on(other_device, cuda.max_pool2d_grad, np.ones_like(y), code, x.shape, *geometry[:4])
    np.testing.assert_array_equal(dx, np.zeros_like(x))


@st.composite
def problems(draw):
    """(shape, kernel, stride, padding, dilation, ceil_mode) in which every window has a place inside the plane."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride, dilation, ceil_mode = draw(pairs), draw(pairs), draw(pairs), draw(st.booleans())
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    shape = tuple(draw(st.integers(*limits)) for limits in ((0, 2), (1, 3), (1, 9), (1, 9)))
    for n, k, s, p, d in zip(shape[2:], kernel, stride, padding, dilation):
        assume(n + 2 * p > d * (k - 1))
        count = reference.pool_output_length(n, k, s, p, d, ceil_mode)
        assume(all(any(0 <= i * s - p + j * d < n for j in range(k)) for i in range(count)))
    return shape, kernel, stride, padding, dilation, ceil_mode


@quick
@given(problems(), st.sampled_from(["float32", "float64"]), st.sampled_from(sorted(MODES)))
def test_any_max_pool(other_device, problem, dtype, mode):
    shape, *geometry = problem
    max_pool(numbers(shape, dtype).round(1), geometry, other_device, mode)


@quick
@given(problems(), st.booleans(), st.sampled_from([None, 5]), st.sampled_from(sorted(MODES)))
def test_any_avg_pool(other_device, problem, include, divisor, mode):
    shape, kernel, stride, padding, dilation, ceil_mode = problem
    assume(all(n + 2 * p >= k for n, k, p in zip(shape[2:], kernel, padding)))
    avg_pool(numbers(shape, "float64"), (kernel, stride, padding, ceil_mode), include, divisor, other_device, mode)


def test_half(other_device):
    x = numbers((1, 2, 4, 4), "float16")
    y, code = on(other_device, cuda.max_pool2d, x, (2, 2), (2, 2), (0, 0), ONE, False)
    np.testing.assert_array_equal(y, x.reshape(1, 2, 2, 2, 2, 2).max((3, 5)))
    assert y.dtype == np.float16 and code.dtype == np.uint8
