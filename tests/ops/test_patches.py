"""fold and unfold against loops over the windows, as each other's transpose, and against PyTorch."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from minitorch import nn, ops
from minitorch.tensor import Tensor


def columns(x, kernel, dilation, padding, stride):
    """`unfold` by loops."""
    n, c, height, width = x.shape
    size = [
        (m + 2 * p - d * (k - 1) - 1) // s + 1
        for m, k, d, p, s in zip((height, width), kernel, dilation, padding, stride)
    ]
    y = np.zeros((n, c, *kernel, *size), x.dtype)
    for kh, kw, i, j in np.ndindex(*kernel, *size):
        row, column = i * stride[0] + kh * dilation[0] - padding[0], j * stride[1] + kw * dilation[1] - padding[1]
        if 0 <= row < height and 0 <= column < width:
            y[:, :, kh, kw, i, j] = x[:, :, row, column]
    return y.reshape(n, c * kernel[0] * kernel[1], size[0] * size[1])


@st.composite
def geometries(draw):
    kernel, dilation, stride = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(3))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    plane = [
        draw(st.integers(max(1, d * (k - 1) + 1 - 2 * p), d * (k - 1) + 5))
        for k, d, p in zip(kernel, dilation, padding)
    ]
    return (draw(st.integers(0, 2)), draw(st.integers(1, 2)), *plane), (kernel, dilation, padding, stride)


@given(geometries(), st.sampled_from(["float64", "float32", "bool"]))
def test_unfold_equals_loops(case, dtype):
    shape, geometry = case
    x = (np.random.default_rng(0).standard_normal(shape) * 2).astype(dtype)
    y = ops.unfold(Tensor(x), *geometry)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.array, columns(x, *geometry))
    if shape[0]:
        np.testing.assert_array_equal(ops.unfold(Tensor(x[0]), *geometry).array, y.array[0])


@given(geometries())
def test_fold_is_the_transpose_of_unfold(case):
    shape, geometry = case
    x = np.random.default_rng(0).standard_normal(shape)
    patches = columns(x, *geometry)
    g = np.random.default_rng(1).standard_normal(patches.shape)
    image = ops.fold(Tensor(g), shape[2:], *geometry)
    assert image.shape == shape
    np.testing.assert_allclose((image.array * x).sum(), (g * patches).sum(), atol=1e-9)


@given(geometries())
def test_fold_equals_pytorch(case):
    torch = pytest.importorskip("torch", reason="needs torch")
    shape, geometry = case
    g = np.random.default_rng(1).standard_normal(columns(np.zeros(shape), *geometry).shape)
    for given_g in (g, *g[:1]):
        expected = torch.nn.functional.fold(torch.tensor(given_g), shape[2:], *geometry)
        np.testing.assert_allclose(ops.fold(Tensor(given_g), shape[2:], *geometry).array, expected.numpy(), atol=1e-12)
        ours, theirs = nn.Fold(shape[2:], *geometry), torch.nn.Fold(shape[2:], *geometry)
        assert repr(ours) == repr(theirs)


def test_a_convolution_is_a_product_with_the_columns():
    rng = np.random.default_rng(0)
    x, weight = Tensor(rng.standard_normal((2, 3, 6, 5))), Tensor(rng.standard_normal((4, 3, 2, 3)))
    product = weight.reshape(4, -1) @ nn.Unfold((2, 3), padding=1, stride=2)(x)
    np.testing.assert_allclose(product.reshape(2, 4, 4, 3).array, ops.conv2d(x, weight, None, 2, 1).array, atol=1e-12)


x, patches = Tensor(np.zeros((2, 3, 4, 5))), Tensor(np.zeros((2, 12, 12)))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.unfold(x, 5), RuntimeError, r"unfold: windows of \(5, 5\).*do not fit into \(2, 3, 4, 5\)"),
        (lambda: ops.unfold(x[0, 0], 2), RuntimeError, r"unfold: input must be \(N, C, H, W\)"),
        (lambda: ops.unfold(x, 2, padding=-1), RuntimeError, "unfold: padding must be at least 0"),
        (lambda: ops.unfold(x, 2, stride=0), RuntimeError, "unfold: stride must be at least 1"),
        (lambda: ops.unfold(x, (2, 2, 2)), RuntimeError, "kernel_size must be an integer or two integers"),
        (lambda: ops.unfold(x.long(), 2), RuntimeError, "floating point or boolean, got int64"),
        (lambda: ops.unfold(x.array, 2), TypeError, "unfold: input must be a tensor"),
        (lambda: ops.fold(patches, (4, 5), 5), RuntimeError, r"12 rows .* do not divide into kernels of \(5, 5\)"),
        (lambda: ops.fold(patches, (4, 4), 2), RuntimeError, r"has 3 x 3 windows .* holds 12"),
        (lambda: ops.fold(patches, (4, 5), 2, dilation=9), RuntimeError, "has 0 x 0 windows"),
        (lambda: ops.fold(x, (4, 5), 2), RuntimeError, "fold: input must be"),
        (lambda: ops.fold(patches, "45", 2), TypeError, "output_size must be an integer or two integers"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
