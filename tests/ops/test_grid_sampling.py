"""Sampling at a grid against a loop over the four neighbours, and against PyTorch for every mode."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from minitorch import ops
from minitorch.autograd import grad
from minitorch.tensor import Tensor


def sampled(x, grid):
    """Bilinear, zeros outside, not aligned; by loops."""
    n, c, height, width = x.shape
    y = np.zeros((n, c, *grid.shape[1:3]))
    for image, i, j in np.ndindex(*grid.shape[:3]):
        column, row = (((g + 1) * m - 1) / 2 for g, m in zip(grid[image, i, j], (width, height)))
        for p in (math.floor(row), math.floor(row) + 1):
            for q in (math.floor(column), math.floor(column) + 1):
                if 0 <= p < height and 0 <= q < width:
                    y[image, :, i, j] += (1 - abs(row - p)) * (1 - abs(column - q)) * x[image, :, p, q]
    return y


@given(st.tuples(*[st.integers(1, 5)] * 4))
def test_equals_loops(sizes):
    rng = np.random.default_rng(0)
    x, grid = rng.standard_normal((2, 3, *sizes[:2])), rng.uniform(-1.5, 1.5, (2, *sizes[2:], 2))
    y = ops.grid_sample(Tensor(x), Tensor(grid), align_corners=False)
    np.testing.assert_allclose(y.array, sampled(x, grid), atol=1e-12)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 2, 3, 4, 5)])
def test_the_grid_of_the_identity_gives_the_input(shape, mode, align_corners):
    if len(shape) == 5 and mode == "bicubic":
        return
    x = np.random.default_rng(0).standard_normal(shape)
    dims = len(shape) - 2
    theta = np.broadcast_to(np.eye(dims, dims + 1), (shape[0], dims, dims + 1)).copy()
    grid = ops.affine_grid(Tensor(theta), shape, align_corners)
    for padding_mode in ("zeros", "border", "reflection"):
        y = ops.grid_sample(Tensor(x), grid, mode, padding_mode, align_corners)
        np.testing.assert_allclose(y.array, x, atol=1e-12)


def test_a_half_turn_turns_the_image():
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    theta = Tensor(np.array([[[-1.0, 0, 0], [0, -1.0, 0]]]))
    y = ops.grid_sample(Tensor(x), ops.affine_grid(theta, (1, 1, 3, 4), False), align_corners=False)
    np.testing.assert_allclose(y.array, x[:, :, ::-1, ::-1], atol=1e-12)


@settings(max_examples=100)
@given(
    st.sampled_from(["bilinear", "nearest", "bicubic", "volume"]),
    st.sampled_from(["zeros", "border", "reflection"]),
    st.booleans(),
    st.tuples(*[st.integers(1, 4)] * 3),
    st.sampled_from(["float32", "float64"]),
)
def test_equals_pytorch(mode, padding_mode, align_corners, sizes, dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    rng = np.random.default_rng(0)
    dims = 3 if mode == "volume" else 2
    x = rng.standard_normal((2, 2, *sizes[:dims])).astype(dtype)
    grid = rng.uniform(-3, 3, (2, *sizes[-dims:], dims)).astype(dtype)
    options = ("bilinear" if mode == "volume" else mode, padding_mode, align_corners)
    ours = [Tensor(a, requires_grad=True) for a in (x, grid)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, grid)]
    y, expected = ops.grid_sample(*ours, *options), torch.nn.functional.grid_sample(*theirs, *options)
    tolerance = {"rtol": 1e-3, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-8, "atol": 1e-8}
    assert y.dtype == dtype
    np.testing.assert_allclose(y.array, expected.detach().numpy(), **tolerance)
    start = rng.standard_normal(y.shape).astype(dtype)
    for a, b in zip(grad(y, ours, Tensor(start)), torch.autograd.grad(expected, theirs, torch.tensor(start))):
        np.testing.assert_allclose(a.array, b.numpy(), **tolerance)


def test_places_that_are_no_numbers():
    x = Tensor(np.ones((1, 1, 2, 2)))
    grid = Tensor(np.array([[[[np.inf, 0.0], [1e300, 0.0], [0.0, 0.0]]]]))
    assert ops.grid_sample(x, grid, align_corners=False).tolist() == [[[[0, 0, 1]]]]
    assert ops.grid_sample(x, grid, "nearest", "border", False).tolist() == [[[[1, 1, 1]]]]
    nan = Tensor(np.full((1, 1, 1, 2), np.nan))
    assert ops.grid_sample(x, nan, "nearest", "border", False).tolist() == [[[[1]]]]


def test_nearest_needs_no_gradient_of_the_image_alone():
    grid = Tensor(np.zeros((1, 1, 1, 2)), requires_grad=True)
    ops.grid_sample(Tensor(np.ones((1, 1, 2, 2))), grid, "nearest", align_corners=True).sum().backward()
    assert grid.grad.tolist() == [[[[0, 0]]]]


x, grid = Tensor(np.zeros((2, 3, 4, 5))), Tensor(np.zeros((2, 6, 7, 2)))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.grid_sample(x, grid, "linear"), ValueError, "mode must be one of bilinear, nearest, bicubic"),
        (lambda: ops.grid_sample(x, grid, padding_mode="same"), ValueError, "padding_mode must be one of zeros"),
        (lambda: ops.grid_sample(x, grid.float()), RuntimeError, "same dtype, got float64 and float32"),
        (lambda: ops.grid_sample(x.long(), grid.long()), RuntimeError, "floating point, got int64"),
        (lambda: ops.grid_sample(x, grid[:1]), RuntimeError, r"got \(2, 3, 4, 5\) and \(1, 6, 7, 2\)"),
        (lambda: ops.grid_sample(x, grid[..., :1]), RuntimeError, "grid_sample: input must be"),
        (lambda: ops.grid_sample(x[0], grid[0]), RuntimeError, "grid_sample: input must be"),
        (lambda: ops.grid_sample(x[:, :, :0], grid), RuntimeError, "must not be empty"),
        (
            lambda: ops.grid_sample(Tensor(np.zeros((1, 1, 2, 2, 2))), Tensor(np.zeros((1, 2, 2, 2, 3))), "bicubic"),
            RuntimeError,
            r"'bicubic' takes \(N, C, H, W\)",
        ),
        (lambda: ops.grid_sample(x, None), TypeError, "grid must be a tensor, got NoneType"),
        (lambda: ops.affine_grid(grid, (2, 1, 3, 3)), ValueError, r"theta must have shape \(2, 2, 3\)"),
        (lambda: ops.affine_grid(grid, (2, 1, 3)), NotImplementedError, "size must be"),
        (lambda: ops.affine_grid(grid, (2, 1, 3, 0)), ValueError, "must hold positive integers"),
        (lambda: ops.affine_grid(grid.long(), (2, 1, 3, 3)), RuntimeError, "floating point"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
