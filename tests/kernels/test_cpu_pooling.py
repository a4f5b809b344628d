"""Pooling kernels against loops and against PyTorch."""

import numpy as np
import pytest
import reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minitorch.kernels.cpu import parallel, pooling

PAIR = st.tuples(st.integers(1, 4), st.integers(1, 4))


def planes(draw, max_images=3, kinds=("normal", "ties", "nan", "-inf")):
    """(N, C, H, W) numbers, with ties, NaN or -inf, and with any strides."""
    shape = tuple(draw(st.integers(low, high)) for low, high in ((0, max_images), (1, 3), (1, 9), (1, 9)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = generator.standard_normal(shape).astype(draw(st.sampled_from([np.float32, np.float64])))
    kind = draw(st.sampled_from(kinds))
    if kind == "ties":
        x = np.round(x)
    elif kind != "normal":
        x[generator.random(shape) < 0.4] = float(kind)
    layout = draw(st.sampled_from(["contiguous", "reversed", "transposed"]))
    if layout == "reversed":
        return x[:, ::-1, ::-1, ::-1]
    if layout == "transposed":
        return np.ascontiguousarray(x.transpose(2, 3, 0, 1)).transpose(2, 3, 0, 1)
    return x


@st.composite
def max_problems(draw):
    """(x, geometry) in which every window has a place inside the plane."""
    x, kernel, stride = planes(draw), draw(PAIR), draw(PAIR)
    if draw(st.booleans()):
        stride = kernel
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation, ceil_mode = draw(st.tuples(st.integers(1, 2), st.integers(1, 2))), draw(st.booleans())
    for axis in (0, 1):
        length = x.shape[2 + axis]
        count = reference.pool_output_length(
            length, kernel[axis], stride[axis], padding[axis], dilation[axis], ceil_mode)
        assume(length + 2 * padding[axis] > dilation[axis] * (kernel[axis] - 1))
        assume(all(any(0 <= window * stride[axis] - padding[axis] + k * dilation[axis] < length
                       for k in range(kernel[axis])) for window in range(count)))
    return x, {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}, ceil_mode


def fresh(array, like):
    """The result is an array of its own, C-contiguous and of the same type."""
    return array.flags.c_contiguous and array.dtype == like.dtype and not np.shares_memory(array, like)


@settings(max_examples=150)
@given(max_problems(), st.sampled_from([1, 2]))
def test_max_pool_against_loops(problem, threads):
    x, geometry, ceil_mode = problem
    before = parallel.get_num_threads()
    parallel.set_num_threads(threads)
    try:
        y, code = pooling.max_pool2d(x, **geometry, ceil_mode=ceil_mode)
        grad = np.random.default_rng(0).standard_normal(y.shape).astype(x.dtype)
        dx = pooling.max_pool2d_grad(grad, code, x.shape, **geometry)
    finally:
        parallel.set_num_threads(before)
    expected, indices = reference.max_pool2d(x, **geometry, ceil_mode=ceil_mode)
    np.testing.assert_array_equal(y, expected)
    mine = pooling.window_indices(code, x.shape, **geometry)
    np.testing.assert_array_equal(mine, indices)
    assert mine.dtype == np.int64
    np.testing.assert_allclose(dx, reference.max_pool2d_gradient(grad, indices, x.shape), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(pooling.gather_windows(x, indices), expected)
    assert fresh(y, x)
    assert fresh(dx, grad)


@settings(max_examples=100)
@given(max_problems())
def test_max_pool_against_pytorch(problem):
    torch = pytest.importorskip("torch", reason="needs torch")
    x, geometry, ceil_mode = problem
    assume(x.size)
    leaf = torch.tensor(x.copy(), requires_grad=True)
    expected, indices = torch.nn.functional.max_pool2d(leaf, **geometry, ceil_mode=ceil_mode, return_indices=True)
    y, code = pooling.max_pool2d(x, **geometry, ceil_mode=ceil_mode)
    np.testing.assert_array_equal(y, expected.detach().numpy())
    np.testing.assert_array_equal(pooling.window_indices(code, x.shape, **geometry), indices.numpy())
    grad = np.random.default_rng(0).standard_normal(y.shape).astype(x.dtype)
    expected.backward(torch.tensor(grad))
    np.testing.assert_allclose(pooling.max_pool2d_grad(grad, code, x.shape, **geometry), leaf.grad.numpy(),
                               rtol=1e-4, atol=1e-5)


LENET = {"kernel_size": (2, 2), "stride": (2, 2), "padding": (0, 0), "dilation": (1, 1)}


def test_blocks_of_planes_give_what_one_image_gives():
    x = np.random.default_rng(0).standard_normal((200, 6, 28, 28)).astype(np.float32)
    y, code = pooling.max_pool2d(x, **LENET, ceil_mode=False)
    np.testing.assert_array_equal(y, x.reshape(200, 6, 14, 2, 14, 2).max(axis=(3, 5)))
    dx = pooling.max_pool2d_grad(y, code, x.shape, **LENET)
    np.testing.assert_array_equal(dx, np.where(x == y.repeat(2, axis=2).repeat(2, axis=3), x, 0))
    mean = pooling.avg_pool2d(x, (2, 2), (2, 2), (0, 0), False, True, None)
    np.testing.assert_allclose(mean, x.reshape(200, 6, 14, 2, 14, 2).mean(axis=(3, 5)), rtol=1e-5, atol=1e-6)
    spread = pooling.avg_pool2d_grad(mean, x.shape, (2, 2), (2, 2), (0, 0), False, True, None)
    np.testing.assert_allclose(spread, mean.repeat(2, axis=2).repeat(2, axis=3) / 4, rtol=1e-6)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_an_infinite_gradient_stays_in_its_place(value):
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    y, code = pooling.max_pool2d(x, **LENET, ceil_mode=False)
    grad = np.ones_like(y)
    grad[0, 0, 0, 0] = value
    expected = np.zeros_like(x)
    expected[0, 0, 1::2, 1::2] = grad[0, 0]
    np.testing.assert_array_equal(pooling.max_pool2d_grad(grad, code, x.shape, **LENET), expected)


def test_a_kernel_of_more_than_256_places():
    x = np.random.default_rng(0).standard_normal((2, 2, 40, 40))
    geometry = {"kernel_size": (20, 20), "stride": (7, 7), "padding": (3, 3), "dilation": (1, 1)}
    y, code = pooling.max_pool2d(x, **geometry, ceil_mode=False)
    expected, indices = reference.max_pool2d(x, **geometry, ceil_mode=False)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(pooling.window_indices(code, x.shape, **geometry), indices)


@st.composite
def avg_problems(draw):
    x, kernel, stride = planes(draw, kinds=("normal",)), draw(PAIR), draw(PAIR)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    assume(all(x.shape[2 + axis] + 2 * padding[axis] >= kernel[axis] for axis in (0, 1)))
    return x, (kernel, stride, padding, draw(st.booleans()), draw(st.booleans()),
               draw(st.sampled_from([None, None, 1, 5, -3])))


@settings(max_examples=150)
@given(avg_problems())
def test_avg_pool_against_loops(problem):
    x, arguments = problem
    y = pooling.avg_pool2d(x, *arguments)
    expected, windows = reference.avg_pool2d(x, *arguments)
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
    grad = np.random.default_rng(0).standard_normal(y.shape).astype(x.dtype)
    dx = pooling.avg_pool2d_grad(grad, x.shape, *arguments)
    np.testing.assert_allclose(dx, reference.avg_pool2d_gradient(grad, x.shape, windows), rtol=1e-4, atol=1e-5)
    assert fresh(y, x)
    assert fresh(dx, grad)


@settings(max_examples=100)
@given(avg_problems())
def test_avg_pool_against_pytorch(problem):
    torch = pytest.importorskip("torch", reason="needs torch")
    x, arguments = problem
    assume(x.size)
    leaf = torch.tensor(x.copy(), requires_grad=True)
    expected = torch.nn.functional.avg_pool2d(leaf, *arguments)
    y = pooling.avg_pool2d(x, *arguments)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-4, atol=1e-5)
    grad = np.random.default_rng(0).standard_normal(y.shape).astype(x.dtype)
    expected.backward(torch.tensor(grad))
    np.testing.assert_allclose(pooling.avg_pool2d_grad(grad, x.shape, *arguments), leaf.grad.numpy(),
                               rtol=1e-4, atol=1e-5)


def test_gradient_is_zero_where_no_window_looks():
    """Windows that hang over one edge, and as many numbers between windows as they hang over."""
    x = np.random.default_rng(0).standard_normal((1, 1, 9, 4)).astype(np.float32)
    geometry = ((3, 2), (3, 3), (0, 0), (1, 1))
    for _ in range(3):
        y, code = pooling.max_pool2d(x, *geometry, True)
        dx = pooling.max_pool2d_grad(np.ones_like(y), code, x.shape, *geometry)
        assert (dx[..., 2] == 0).all() and dx.sum() == y.size
        dx.fill(np.nan)  # what the next gradient would show if it left a place out
