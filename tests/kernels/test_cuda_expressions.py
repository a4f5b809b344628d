"""The GPU's array expressions against the CPU kernels, both on NumPy arrays: same names, arguments and results."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.kernels import cpu, cuda


def test_same_names_and_arguments():
    assert sorted(cpu.__all__) == sorted(cuda.__all__)
    for name in cpu.__all__:
        mine, other = (list(inspect.signature(getattr(side, name)).parameters) for side in (cpu, cuda))
        assert mine == other, name


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


@st.composite
def poolings(draw):
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    size = tuple(draw(st.integers(d * (k - 1) + 1, 9)) for k, d in zip(kernel, dilation))
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 2)), *size)
    return shape, kernel, draw(st.tuples(st.integers(1, 3), st.integers(1, 3))), padding, dilation, draw(st.booleans())


@given(poolings(), st.integers(0, 2**32 - 1))
def test_max_pool(case, seed):
    shape, kernel, stride, padding, dilation, ceil_mode = case
    random = np.random.default_rng(seed)
    x = random.integers(-2, 3, shape).astype(float)  # with ties
    y, code = cpu.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)
    other, other_code = cuda.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)
    close(other, y)
    sides = ((cpu, code), (cuda, other_code))
    places = [side.window_indices(c, shape, kernel, stride, padding, dilation) for side, c in sides]
    np.testing.assert_array_equal(*places)
    grad = random.standard_normal(y.shape)
    close(
        cuda.max_pool2d_grad(grad, other_code, shape, kernel, stride, padding, dilation),
        cpu.max_pool2d_grad(grad, code, shape, kernel, stride, padding, dilation),
    )


@given(poolings(), st.booleans(), st.sampled_from([None, 3]), st.integers(0, 2**32 - 1))
def test_avg_pool(case, count_include_pad, divisor, seed):
    shape, kernel, stride, padding, _, ceil_mode = case
    random = np.random.default_rng(seed)
    x = random.standard_normal(shape)
    settings = (kernel, stride, padding, ceil_mode, count_include_pad, divisor)
    y = cpu.avg_pool2d(x, *settings)
    close(cuda.avg_pool2d(x, *settings), y)
    grad = random.standard_normal(y.shape)
    close(cuda.avg_pool2d_grad(grad, shape, *settings), cpu.avg_pool2d_grad(grad, shape, *settings))


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 5), (2, 3, 4, 5), (1, 1, 7, 1)])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm(shape, affine):
    random = np.random.default_rng(0)
    x = random.standard_normal(shape) * 3 + 100
    weight, bias = (random.standard_normal(shape[1]) for _ in "wb") if affine else (None, None)
    results = [side.batch_norm(x, weight, bias, 1e-5) for side in (cpu, cuda)]
    for mine, other in zip(*results):
        close(mine, other)
    grad = random.standard_normal(shape)
    grads = [side.batch_norm_grad(grad, x, weight, *results[0][1:], 1e-5) for side in (cpu, cuda)]
    for mine, other in zip(*grads):
        np.testing.assert_allclose(mine, other, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_softmax(name, axis):
    x = np.random.default_rng(0).standard_normal((3, 1, 4)) * 100
    close(getattr(cuda, name)(x, axis), getattr(cpu, name)(x, axis))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(7,), (3, 5), (), (0, 2), (400, 400)])
def test_relu_grad(dtype, shape):
    random = np.random.default_rng(0)
    grad, y = (random.standard_normal(shape).astype(dtype) for _ in "gy")
    if grad.size > 3:
        grad.flat[0], grad.flat[1], grad.flat[2] = np.inf, np.nan, -np.inf
        y.flat[0], y.flat[1], y.flat[2] = 0, -1, 1
    expected = np.array([g if v > 0 else 0 for g, v in zip(grad.flat, y.flat)], dtype).reshape(shape)
    for side in (cpu, cuda):
        result = side.relu_grad(grad.T, y.T)
        assert result.dtype == grad.dtype
        np.testing.assert_array_equal(result, expected.T)


@pytest.mark.parametrize("momentum, dampening, nesterov", [(0, 0, False), (0.9, 0.3, False), (0.9, 0, True)])
@pytest.mark.parametrize("weight_decay, maximize", [(0, False), (0.1, True)])
def test_sgd(momentum, dampening, nesterov, weight_decay, maximize):
    random = np.random.default_rng(0)
    parameter, grad, velocity = (random.standard_normal((4, 3)) for _ in range(3))
    results = []
    for side in (cpu, cuda):
        p, v = parameter.copy(), velocity.copy() if momentum else None
        side.sgd(p, grad.copy(), v, 0.1, momentum, dampening, weight_decay, nesterov, maximize)
        results.append((p, v))
    close(results[0][0], results[1][0])
    if momentum:
        close(results[0][1], results[1][1])
