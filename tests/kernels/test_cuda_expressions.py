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
@pytest.mark.parametrize("name, highest", [("relu_grad", np.inf), ("relu6_grad", 6)])
def test_gradients_of_rectifiers(name, highest, dtype, shape):
    random = np.random.default_rng(0)
    grad, y = ((random.standard_normal(shape) * 6).astype(dtype)[()] for _ in "gy")
    y = np.minimum(y, np.asarray(highest, dtype))
    if grad.size > 3:
        grad.flat[0], grad.flat[1], grad.flat[2] = np.inf, np.nan, -np.inf
        y.flat[0], y.flat[1], y.flat[2] = 0, -1, 1
    expected = np.array([g if 0 < v < highest else 0 for g, v in zip(grad.flat, y.flat)], dtype).reshape(shape)
    for side in (cpu, cuda):
        result = getattr(side, name)(grad.T, y.T)
        assert result.dtype == grad.dtype
        np.testing.assert_array_equal(result, expected.T)
