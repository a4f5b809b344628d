"""What is array expressions on a GPU, against the CPU kernels, both on NumPy arrays."""

import numpy as np
import pytest

from minitorch.kernels import cpu, cuda


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


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
