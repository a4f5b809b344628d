"""Resizing against loops written from the definitions, and against PyTorch for every mode and geometry."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from minitorch import nn, ops
from minitorch.autograd import grad
from minitorch.ops.weighted_sum import WeightedSum, transposed
from minitorch.tensor import Tensor

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def bilinear(x, size, align_corners):
    """One plane, pixel by pixel: the four pixels around the place that belongs to the output pixel."""
    (height, width), y = x.shape, np.zeros(size)
    for i, j in np.ndindex(*size):
        place = []
        for k, n, m in ((i, height, size[0]), (j, width, size[1])):
            at = k * (n - 1) / max(m - 1, 1) if align_corners else (k + 0.5) * n / m - 0.5
            place.append(min(max(at, 0), n - 1))
        top, left = (math.floor(p) for p in place)
        down, right = place[0] - top, place[1] - left
        bottom, far = min(top + 1, height - 1), min(left + 1, width - 1)
        y[i, j] = (1 - down) * ((1 - right) * x[top, left] + right * x[top, far]) + down * (
            (1 - right) * x[bottom, left] + right * x[bottom, far]
        )
    return y


@given(st.tuples(*[st.integers(1, 6)] * 4), st.booleans())
def test_bilinear_equals_its_definition(sizes, align_corners):
    x = np.random.default_rng(0).standard_normal(sizes[:2])
    y = ops.interpolate(Tensor(x[None, None]), sizes[2:], mode="bilinear", align_corners=align_corners)
    np.testing.assert_allclose(y.array[0, 0], bilinear(x, sizes[2:], align_corners), rtol=1e-10, atol=1e-12)


def test_nearest_repeats_and_area_averages():
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    big = ops.interpolate(Tensor(x), scale_factor=2)
    np.testing.assert_array_equal(big.array, x.repeat(2, 2).repeat(2, 3))
    exact = ops.interpolate(Tensor(x), scale_factor=(2, 3), mode="nearest-exact")
    np.testing.assert_array_equal(exact.array, x.repeat(2, 2).repeat(3, 3))
    small = ops.interpolate(big, scale_factor=0.5, mode="area")
    np.testing.assert_array_equal(small.array, x)


def test_cubic_reproduces_a_parabola_inside():
    x = np.arange(9.0) ** 2
    y = ops.interpolate(Tensor(np.broadcast_to(x, (1, 1, 9, 9)).copy()), (9, 17), mode="bicubic", align_corners=True)
    odd = np.arange(3, 14, 2)  # half-way places: with a = -0.75 the parabola is off by a constant
    away = y.array[0, 0, 4, odd] - (odd / 2) ** 2
    np.testing.assert_allclose(away, away[0], atol=1e-12)
    np.testing.assert_allclose(y.array[0, 0, 4, ::2], x, atol=1e-12)


def test_antialias_keeps_the_mean():
    x = np.random.default_rng(0).standard_normal((1, 1, 12, 12))
    for mode in ("bilinear", "bicubic"):
        flat = ops.interpolate(Tensor(np.full((1, 1, 12, 12), 3.0)), 5, mode=mode, antialias=True)
        np.testing.assert_allclose(flat.array, 3.0)
    y = ops.interpolate(Tensor(x), (1, 1), mode="bilinear", antialias=True).array
    weights = np.maximum(0, 1 - np.abs((np.arange(12) + 0.5 - 6) / 12))
    weights /= weights.sum()
    np.testing.assert_allclose(y[0, 0, 0, 0], weights @ x[0, 0] @ weights)


@pytest.mark.parametrize("factor", [1.1, 2.1, 2.7])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_nearest_equals_pytorch_where_the_factor_hardly_changes_the_size(dims, factor):
    torch = pytest.importorskip("torch", reason="needs torch")
    x = np.random.default_rng(0).standard_normal((1, 2, *(4, 3, 5)[:dims]))
    expected = torch.nn.functional.interpolate(torch.tensor(x), scale_factor=factor)
    np.testing.assert_array_equal(ops.interpolate(Tensor(x), scale_factor=factor).array, expected.numpy())


@st.composite
def calls(draw):
    dims = draw(st.integers(1, 3))
    modes = ["nearest", "nearest-exact", "area", LINEAR[dims]] + (["bicubic"] * 2 if dims == 2 else [])
    mode = draw(st.sampled_from(modes))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *draw(st.tuples(*[st.integers(1, 7)] * dims)))
    options = {"mode": mode}
    if draw(st.booleans()):
        options["size"] = draw(st.tuples(*[st.integers(1, 9)] * dims))
    else:
        factors = st.sampled_from([0.5, 0.7, 1.0, 1.3, 2.0, 2.7, 3])
        options["scale_factor"] = draw(st.tuples(*[factors] * dims) | factors)
        options["recompute_scale_factor"] = draw(st.sampled_from([None, False, True]))
        given_factors = np.broadcast_to(options["scale_factor"], dims)
        shape = (*shape[:2], *(max(n, math.ceil(1 / f)) for n, f in zip(shape[2:], given_factors)))
    if mode in ("linear", "bilinear", "bicubic", "trilinear"):
        options["align_corners"] = draw(st.sampled_from([None, False, True]))
    if mode in ("bilinear", "bicubic"):
        options["antialias"] = draw(st.booleans())
    return shape, options


@settings(max_examples=100)
@given(calls(), st.sampled_from(["float32", "float64"]))
def test_equals_pytorch(call, dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    shape, options = call
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    if 1 in ops.interpolate(Tensor(x), **options).shape[2:]:
        options.pop("antialias", None)  # PyTorch 2.13 repeats a row there
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, expected = ops.interpolate(ours, **options), torch.nn.functional.interpolate(theirs, **options)
    assert y.dtype == dtype and y.shape == tuple(expected.shape)
    tolerance = {"rtol": 1e-4, "atol": 2e-5} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(y.array, expected.detach().numpy(), **tolerance)
    same_size = any(n == m for n, m in zip(shape[2:], y.shape[2:]))
    if options["mode"].startswith("nearest") and "scale_factor" in options and same_size:
        return  # PyTorch's backward forgets the factor there, its forward does not
    start = np.random.default_rng(1).standard_normal(y.shape).astype(dtype)
    (g,) = torch.autograd.grad(expected, theirs, torch.tensor(start))
    (ours_g,) = grad(y, [ours], Tensor(start))
    np.testing.assert_allclose(ours_g.array, g.numpy(), **tolerance)


@given(st.tuples(*[st.integers(1, 9)] * 4), st.sampled_from(["nearest", "nearest-exact", "bilinear", "bicubic"]))
def test_bytes_equal_pytorch_but_for_rounding(sizes, mode):
    torch = pytest.importorskip("torch", reason="needs torch")
    x = np.random.default_rng(0).integers(0, 256, (1, 2, *sizes[:2])).astype(np.uint8)
    y = ops.interpolate(Tensor(x), sizes[2:], mode=mode)
    expected = torch.nn.functional.interpolate(torch.tensor(x), sizes[2:], mode=mode).numpy()
    assert y.dtype == np.uint8
    most = 1 if mode.startswith("bi") else 0
    assert np.abs(y.array.astype(int) - expected.astype(int)).max() <= most


def test_bytes_are_rounded_and_clipped():
    x = np.array([0, 0, 255, 255], np.uint8).reshape(1, 1, 1, 4)
    y = ops.interpolate(Tensor(x), (1, 8), mode="bicubic").array
    exact = ops.interpolate(Tensor(x.astype(np.float64)), (1, 8), mode="bicubic").array
    assert exact.min() < 0 and exact.max() > 255
    np.testing.assert_allclose(y, np.clip(np.round(exact), 0, 255), atol=1)


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4))
def test_transpose_of_a_weighted_sum(length, count, taps):
    rng = np.random.default_rng(length * 100 + count * 10 + taps)
    positions, weights = rng.integers(0, length, (count, taps)), rng.standard_normal((count, taps))
    weights[rng.random((count, taps)) < 0.3] = 0
    dense = np.zeros((count, length))
    np.add.at(dense, (np.repeat(np.arange(count), taps), positions.ravel()), weights.ravel())
    x, g = rng.standard_normal((2, length)), rng.standard_normal((2, count))
    y = WeightedSum.apply(Tensor(x), dim=1, positions=positions, weights=weights)
    np.testing.assert_allclose(y.array, x @ dense.T, atol=1e-12)
    back = transposed(positions, weights, length)
    z = WeightedSum.apply(Tensor(g), dim=1, positions=back[0], weights=back[1])
    np.testing.assert_allclose(z.array, g @ dense, atol=1e-12)


def test_a_missing_term_is_no_zero_times_infinity():
    x = Tensor(np.array([[1.0, np.inf, 2.0]]))
    y = WeightedSum.apply(x, dim=1, positions=np.array([[0, 1], [2, 1]]), weights=np.array([[1, 0], [0.5, 0.5]]))
    assert y.tolist() == [[1.0, np.inf]]


def test_result_is_no_alias_of_the_input():
    x = Tensor(np.ones((1, 1, 2, 2)))
    y = ops.interpolate(x, 2)
    y.array[...] = 5
    assert x.tolist() == [[[[1, 1], [1, 1]]]]


def test_older_names_and_layers():
    x = Tensor(np.random.default_rng(0).standard_normal((1, 2, 3, 4)))
    aligned = ops.interpolate(x, (5, 6), mode="bilinear", align_corners=True).array
    np.testing.assert_array_equal(ops.upsample_bilinear(x, (5, 6)).array, aligned)
    np.testing.assert_array_equal(nn.UpsamplingBilinear2d((5, 6))(x).array, aligned)
    np.testing.assert_array_equal(nn.Upsample(scale_factor=2)(x).array, ops.upsample_nearest(x, scale_factor=2).array)
    cubic = ops.interpolate(x, 5, None, "bicubic").array
    np.testing.assert_array_equal(ops.upsample(x, 5, mode="bicubic").array, cubic)


x = Tensor(np.zeros((1, 2, 4, 5)))
bytes_ = Tensor(np.zeros((1, 2, 4, 5), np.uint8))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.interpolate(x), ValueError, "give either size or scale_factor"),
        (lambda: ops.interpolate(x, 2, 2), ValueError, "and not both"),
        (lambda: ops.interpolate(x, (2,)), ValueError, "one for each of the 2 spatial dimensions"),
        (lambda: ops.interpolate(x, (2, 2.5)), TypeError, "size must hold integers"),
        (lambda: ops.interpolate(x, (2, 0)), RuntimeError, r"sizes must be positive.* \(2, 0\)"),
        (lambda: ops.interpolate(x, -3), RuntimeError, "sizes must be positive"),
        (lambda: ops.interpolate(x, scale_factor=0.1), RuntimeError, "sizes must be positive"),
        (lambda: ops.interpolate(x, scale_factor=-1.0), ValueError, "scale_factor must be positive"),
        (lambda: ops.interpolate(x, scale_factor="2"), TypeError, "scale_factor must hold numbers"),
        (lambda: ops.interpolate(x, scale_factor=(1, 2, 3)), ValueError, "scale_factor must be a number or one"),
        (lambda: ops.interpolate(x, 2, recompute_scale_factor=True), ValueError, "no meaning with a size"),
        (lambda: ops.interpolate(x, 2, mode="cubic"), NotImplementedError, "mode 'cubic' is unknown"),
        (lambda: ops.interpolate(x, 2, mode="linear"), NotImplementedError, r"'linear' takes 3D input.*\(1, 2, 4, 5\)"),
        (lambda: ops.interpolate(x.reshape(8, 5), 2), NotImplementedError, "must have 3, 4 or 5 dimensions"),
        (lambda: ops.interpolate(x, 2, align_corners=True), ValueError, "align_corners is only for"),
        (lambda: ops.interpolate(x, 2, antialias=True), ValueError, "antialias is only for"),
        (lambda: ops.interpolate(x.long(), 2), RuntimeError, r"not defined for int64; use .float\(\)"),
        (lambda: ops.interpolate(bytes_, 2, mode="area"), RuntimeError, "'area' is not defined for uint8"),
        (lambda: ops.interpolate(x.array, 2), TypeError, "input must be a tensor"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
