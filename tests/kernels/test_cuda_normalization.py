"""Batch normalisation in CUDA C++ against its definition, in numbers and gradients."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from kernels.on_device import MODES, close, numbers, on, quick, transposed_memory

from minitorch.autograd import grad as gradients
from minitorch.kernels import cpu, cuda
from minitorch.kernels.cuda import grids, launcher
from minitorch.ops.normalization import batch_norm_definition, channel_affine_definition
from minitorch.tensor import Tensor

# Groups of channels with a rest, rows shorter than a warp, not a multiple of one, as long as a block, and longer.
SHAPES = [
    (7, 40), (3, 5, 3, 3), (2, 3, 7, 5), (2, 2, 13, 13), (1, 2, 17, 17), (3, 1, 256), (2, 1), (1, 3, 1), (5, 33, 1),
]  # fmt: skip
EPS = 1e-3
LIMITS = [None, math.inf, 1.0]  # no ReLU, the usual one, one that is cut off as ReLU6 is


def arrays(shape, dtype="float64", offset=0.3):
    """(x, grad, weight, bias)."""
    x, grad = (numbers(shape, dtype, seed, 2.0, offset) for seed in (0, 1))
    return x, grad, *(numbers(shape[1], dtype, seed) for seed in (2, 3))


def with_gradients(definition, grad, *inputs):
    """Numbers and gradients of a definition, in float64."""
    leaves = [None if a is None else Tensor(a.astype(np.float64), requires_grad=True) for a in inputs]
    y = definition(*leaves)
    found = gradients([y], [leaf for leaf in leaves if leaf is not None], Tensor(grad.astype(np.float64)))
    found = iter(found)
    return y.detach().array, *(None if leaf is None else next(found).array for leaf in leaves)


def moments(x):
    axes = tuple(i for i in range(x.ndim) if i != 1)
    return x.astype(np.float64).mean(axes), x.astype(np.float64).var(axes)


def check(shape, dtype, device, mode="check", affine=True, limit=None, layout=np.ascontiguousarray):
    """Forward and backward against the definition."""
    x, grad, weight, bias = arrays(shape, dtype)
    weight, bias = (weight, bias) if affine else (None, None)
    y, dx, *parameters = with_gradients(lambda *a: batch_norm_definition(*a, EPS, limit), grad, x, weight, bias)
    mean, var = moments(x)
    inputs = (layout(x), weight, bias)
    close(on(device, cuda.batch_norm, *inputs, EPS, limit, mode=mode), (y, mean, var), dtype)
    statistics = (mean.astype(dtype), var.astype(dtype))
    back = on(device, cuda.batch_norm_grad, layout(grad), layout(x), weight, *statistics, EPS, bias, limit, mode=mode)
    close(back[: 3 if affine else 1], (dx, *parameters)[: 3 if affine else 1], dtype)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_definition(shape, limit, other_device):
    check(shape, "float64", other_device, limit=limit)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "check"])
def test_order_of_threads_does_not_matter(mode, other_device):
    for shape in ((3, 5, 3, 3), (2, 2, 13, 13)):
        check(shape, "float32", other_device, mode, affine=mode != "fast", limit=1.0 if mode == "fast" else None)


@pytest.mark.parametrize("limit", LIMITS)
def test_memory_in_another_order(limit, other_device):
    check((3, 4, 5, 2), "float32", other_device, affine=False, limit=limit, layout=transposed_memory)


@pytest.mark.parametrize("shape", [(400, 3), (140, 2, 3, 3), (9, 2, 13, 13), (67, 35)])
def test_slices_of_a_channel(shape, other_device, monkeypatch):
    monkeypatch.setattr(grids, "STEPS_A_SLICE", 1)
    x = np.zeros(shape)
    assert grids.slices_of_channels(*cuda.normalization.as_channels(x), x)[2][1] > 1
    for blocks in (3, 100):
        monkeypatch.setattr(launcher, "EMULATED_BLOCKS", blocks)
        check(shape, "float64", other_device)


def test_any_number_of_blocks(other_device, monkeypatch):
    for blocks in (1, 20):
        monkeypatch.setattr(launcher, "EMULATED_BLOCKS", blocks)
        check((5, 5, 11, 7), "float64", other_device, limit=math.inf)


def test_second_stages_join_many_slices(other_device):
    slices, channels = 37, 11
    random = np.random.default_rng(0)
    counts = random.integers(0, 5, (slices, channels)).astype(float)
    counts[:, 0] = [0] * 36 + [3]
    groups = [[random.standard_normal(int(n)) for n in row] for row in counts]
    means = np.array([[a.mean() if a.size else 9.0 for a in row] for row in groups])
    squares = np.array([[a.var() * a.size if a.size else 9.0 for a in row] for row in groups])
    mean, var = np.full(channels, np.nan), np.full(channels, np.nan)

    def finish(*parts):
        launcher.launch("normalization", "batch_norm_finish", 2, (32, 8), *parts, slices, channels)
        return parts[3:]

    found = on(other_device, finish, counts, means, squares, mean, var)
    joined = [np.concatenate([row[c] for row in groups]) for c in range(channels)]
    close(found, (np.array([a.mean() for a in joined]), np.array([a.var() for a in joined])), "float64")

    def finish_sums(*parts):
        return cuda.normalization.finish_sums(parts[:2], parts[2], 0.5)

    variance = np.abs(means[0])
    expected = squares.sum(0) / np.sqrt(variance + 0.5), means.sum(0)
    close(on(other_device, finish_sums, means, squares, variance), expected, "float64")


@quick
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 35), st.integers(1, 6), st.integers(1, 6)),
    st.booleans(), st.sampled_from(LIMITS), st.sampled_from(["float32", "float64"]), st.sampled_from(sorted(MODES)),
)  # fmt: skip
def test_any_shape(other_device, shape, affine, limit, dtype, mode):
    check(shape, dtype, other_device, mode, affine, limit)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("shape", [(3, 5), (2, 35, 2), (5, 3, 7, 5)])
def test_channel_affine(shape, limit, other_device):
    x, grad, scale, shift = arrays(shape)
    y, *expected = with_gradients(lambda *a: channel_affine_definition(*a, limit), grad, x, scale, shift)
    close([on(other_device, cuda.channel_affine, x, scale, shift, limit)], [y], "float64")
    found = on(other_device, cuda.channel_affine_grad, grad, x, scale, shift, limit)
    close(found, expected, "float64")
    alone = on(other_device, cuda.channel_affine_grad, grad, x, scale, shift, limit, sums=False)
    assert alone[1] is None and alone[2] is None
    close(alone[:1], expected[:1], "float64")


@pytest.mark.parametrize("shape", [(0, 3), (0, 2, 4, 4), (2, 3, 0)])
def test_empty(shape, device):
    kernels = cpu if device == "cpu" else cuda
    x, weight = np.zeros(shape, np.float32), np.ones(shape[1], np.float32)
    y, mean, var = on(device, kernels.batch_norm, x, weight, None, EPS, True)
    assert y.shape == shape and mean.shape == var.shape == (shape[1],)
    back = on(device, kernels.batch_norm_grad, x, x, weight, mean, var, EPS, weight, True)
    assert back[0].shape == shape and not back[1].any() and not back[2].any()
    assert on(device, kernels.channel_affine, x, weight, weight).shape == shape
    assert on(device, kernels.channel_affine_grad, x, x, weight, weight, True)[0].shape == shape


def both(function, device):
    """The function of both sides, as one that takes NumPy arrays."""
    yield getattr(cpu, function)
    yield lambda *arguments: on(device, getattr(cuda, function), *arguments)


def test_nan_and_infinity_behind_a_relu(other_device):
    """As relu(batch_norm(x)): NaN stays, and an infinite gradient that the ReLU stops does not make NaN."""
    x = np.array([[np.nan, 1.0], [1.0, -3.0], [2.0, np.inf], [1.5, 0.0]])
    scale, shift = np.array([1.0, 2.0]), np.array([-1.5, 0.0])
    grad = np.array([[5.0, np.inf], [np.inf, -np.inf], [-np.inf, 7.0], [np.inf, 3.0]])
    for side in both("channel_affine", other_device):
        expected = [[np.nan, 2.0], [0.0, 0.0], [0.5, np.inf], [0.0, 0.0]]
        np.testing.assert_array_equal(side(x, scale, shift, math.inf), expected)
    for side in both("channel_affine_grad", other_device):
        dx, _, dshift = side(grad, x, scale, shift, math.inf)
        np.testing.assert_array_equal(dx, [[5.0, np.inf], [0.0, 0.0], [-np.inf, 14.0], [0.0, 0.0]])
        np.testing.assert_array_equal(dshift, [-np.inf, np.inf])


def test_the_limit_stops_what_reaches_it(other_device):
    x, scale, shift = np.array([[1.0, np.nan, 2.0, np.inf, 3.0, -1.0]]).T, np.array([2.0]), np.array([0.0])
    for side in both("channel_affine", other_device):
        np.testing.assert_array_equal(side(x, scale, shift, 4.0)[:, 0], [2, np.nan, 4, 4, 4, 0])
    for side in both("channel_affine_grad", other_device):
        dx, dscale, dshift = side(np.ones((6, 1)), x, scale, shift, 4.0)
        np.testing.assert_array_equal(dx[:, 0], [2, 2, 0, 0, 0, 0])
        assert dshift == [2]


@pytest.mark.parametrize("limit", LIMITS[1:])
def test_backward_knows_which_numbers_the_relu_stopped(limit, other_device):
    """Backward works the ReLU's input out again: it must come to the same bits, also where that is nearly 0 or the
    limit."""
    x = numbers((40, 3, 5), "float32", offset=50.0)
    weight = np.full(3, 1.3, np.float32)
    for forward, backward in zip(both("batch_norm", other_device), both("batch_norm_grad", other_device)):
        plain, mean, var = forward(x, weight, None, EPS)
        for edge in (0, 1):  # one number of each channel comes to lie there, or next to it
            bias = (edge - plain[7, :, 2]).astype(np.float32)
            y = forward(x, weight, bias, EPS, limit)[0]
            passed = backward(np.ones_like(x), x, weight, mean, var, EPS, bias, limit)[2]
            np.testing.assert_array_equal(passed, ((y > 0) & (y < limit)).sum(axis=(0, 2)))


def test_a_large_mean_does_not_drown_float32(other_device):
    x = numbers((6, 3, 11, 5), "float32", offset=1e4)
    mean, var = moments(x)
    for side in both("batch_norm", other_device):
        found = side(x, None, None, EPS)
        np.testing.assert_allclose(found[1], mean, rtol=1e-6)
        np.testing.assert_allclose(found[2], var, rtol=1e-3)


@pytest.mark.parametrize("limit", LIMITS)
def test_cpu_against_the_definition(limit):
    """The CPU kernels, on blocks of images that do not divide the batch."""
    for shape in ((7, 3, 300, 40), (5, 2), (3, 4, 2, 2)):
        x, grad, weight, bias = arrays(shape)
        y, *expected = with_gradients(lambda *a: batch_norm_definition(*a, EPS, limit), grad, x, weight, bias)
        found, mean, var = cpu.batch_norm(x, weight, bias, EPS, limit)
        close([found], [y], "float64")
        close(cpu.batch_norm_grad(grad, x, weight, mean, var, EPS, bias, limit), expected, "float64")
        y, *expected = with_gradients(lambda *a: channel_affine_definition(*a, limit), grad, x, weight, bias)
        close([cpu.channel_affine(x, weight, bias, limit)], [y], "float64")
        close(cpu.channel_affine_grad(grad, x, weight, bias, limit), expected, "float64")
        close(cpu.channel_affine_grad(grad, x, weight, bias, limit, False)[:1], expected[:1], "float64")


def test_half(other_device):
    x, _, weight, bias = arrays((3, 2, 5), "float16")
    y, mean, var = on(other_device, cuda.batch_norm, x, weight, bias, EPS)
    assert y.dtype == mean.dtype == var.dtype == np.float16
    expected = cpu.batch_norm(*(a.astype(np.float32) for a in (x, weight, bias)), EPS)[0]
    np.testing.assert_allclose(y, expected, rtol=2e-3, atol=2e-3)
