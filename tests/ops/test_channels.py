"""Operations on channels: shuffling, gates, learnt slopes, dropout of whole channels."""

import functools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch import ops
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.creation import ones, tensor
from minitorch.random import manual_seed
from minitorch.tensor import Tensor


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def shuffled(x, r):
    """Pixel (h, w) of channel c takes pixel (h // r, w // r) of channel (c, h % r, w % r)."""
    n, channels, height, width = x.shape
    y = np.empty((n, channels // r**2, height * r, width * r))
    for i, c, h, w in np.ndindex(*y.shape):
        y[i, c, h, w] = x[i, c * r**2 + h % r * r + w % r, h // r, w // r]
    return y


@given(st.integers(1, 3), st.integers(0, 2), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3))
def test_pixel_shuffle(r, n, channels, height, width):
    x = numbers(n, channels * r * r, height, width)
    y = ops.pixel_shuffle(Tensor(x), r)
    np.testing.assert_array_equal(y.numpy(), shuffled(x, r))
    np.testing.assert_array_equal(ops.pixel_unshuffle(y, r).numpy(), x)
    if n:
        np.testing.assert_array_equal(ops.pixel_shuffle(Tensor(x[0]), r).numpy(), shuffled(x, r)[0])
        deep = ops.pixel_shuffle(Tensor(x[None, :, None]), r)
        np.testing.assert_array_equal(deep.numpy(), shuffled(x, r)[None, :, None])


@given(st.integers(1, 4), st.integers(1, 3), st.sampled_from([(2,), (2, 3), (0, 1)]))
def test_channel_shuffle(groups, each, image):
    x = numbers(2, groups * each, *image)
    y = ops.channel_shuffle(Tensor(x), groups).numpy()
    for c in range(groups * each):  # place c holds number c // groups of group c % groups
        np.testing.assert_array_equal(y[:, c], x[:, c % groups * each + c // groups])


def logistic(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("shape, dim", [((4, 3), 0), ((3, 4), -1), ((2, 6, 2), 1), ((0, 2), 1)])
def test_glu(shape, dim):
    x = numbers(*shape)
    a, b = np.split(x, 2, dim)
    np.testing.assert_allclose(ops.glu(Tensor(x), dim).numpy(), a * logistic(b), rtol=1e-12)


def test_softmin():
    x = numbers(3, 4)
    expected = np.exp(-x) / np.exp(-x).sum(1, keepdims=True)
    np.testing.assert_allclose(ops.softmin(Tensor(x), 1).numpy(), expected, rtol=1e-12)
    assert ops.softmin(tensor([1, 2]), 0, np.dtype(np.float64)).dtype == np.float64


PRELU = [((2, 3), (3,)), ((2, 3, 2), (3,)), ((4,), ()), ((4,), (1,)), ((), ()), ((2, 2, 1, 2), (1,)), ((0, 2), (2,))]


@pytest.mark.parametrize("shape, weight_shape", PRELU)
def test_prelu(shape, weight_shape):
    x, w = np.asarray(numbers(*shape)), np.asarray(np.random.default_rng(1).standard_normal(weight_shape))
    slope = w.reshape([-1] + [1] * (len(shape) - 2)) if w.size > 1 else w.reshape(())
    y = ops.prelu(Tensor(x), Tensor(w))
    np.testing.assert_allclose(y.numpy(), np.where(x > 0, x, slope * x), rtol=1e-12)
    torch = pytest.importorskip("torch", reason="needs torch")
    a, b = (Tensor(v.copy(), requires_grad=True) for v in (x, w))
    c, d = (torch.tensor(v, requires_grad=True) for v in (x, w))
    (ops.prelu(a, b) ** 2).sum().backward()
    (torch.nn.functional.prelu(c, d) ** 2).sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), c.grad.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(b.grad.numpy(), d.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_prelu_at_0_passes_the_slope():
    x, w = Tensor(np.zeros(2), requires_grad=True), tensor(0.25).double()
    ops.prelu(x, w).sum().backward()
    assert x.grad.tolist() == [0.25, 0.25]


DIFFERENTIABLE = [
    (lambda x: ops.pixel_shuffle(x, 2), (1, 4, 2, 1)),
    (lambda x: ops.pixel_unshuffle(x, 2), (2, 2, 4)),
    (lambda x: ops.channel_shuffle(x, 2), (1, 4, 2)),
    (lambda x: ops.glu(x, 0), (4, 2)),
    (lambda x: ops.softmin(x, -1), (2, 3)),
    (lambda x: ops.prelu(x, x[0, :2] + 3), (3, 2)),
]


@pytest.mark.parametrize("function, shape", DIFFERENTIABLE)
def test_gradients_agree_with_differences(function, shape):
    x = Tensor(numbers(*shape), requires_grad=True)
    assert gradcheck(lambda x: function(x) ** 2, x)
    assert gradgradcheck(lambda x: function(x) ** 2, x)


@pytest.mark.parametrize(
    "dropout, shape, mask_shape",
    [
        (ops.dropout, (40, 50), (40, 50)),
        (ops.dropout1d, (40, 50, 3), (40, 50, 1)),
        (ops.dropout1d, (2000, 3), (2000, 1)),
        (ops.dropout2d, (40, 50, 2, 3), (40, 50, 1, 1)),
        (ops.dropout2d, (40, 50, 3), (40, 50, 1)),
        (functools.partial(ops.stochastic_depth, mode="row"), (2000, 3), (2000, 1)),
        (functools.partial(ops.stochastic_depth, mode="row"), (2000, 3, 2, 1), (2000, 1, 1, 1)),
    ],
)
def test_dropout(dropout, shape, mask_shape):
    manual_seed(1)
    x = Tensor(np.random.default_rng(0).uniform(1, 2, shape), requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = dropout(x, 0.25)
    factor = y.detach().numpy() / x.detach().numpy()
    kept = np.broadcast_to(factor[tuple(slice(n) for n in mask_shape)], shape)
    np.testing.assert_allclose(factor, kept, rtol=1e-12)  # whole channels
    assert set(np.round(factor, 12).ravel()) == {0.0, round(4 / 3, 12)}
    n = np.prod(mask_shape)
    zeros = (kept == 0).mean()
    assert abs(zeros - 0.25) < 5 * np.sqrt(0.25 * 0.75 / n)  # five standard errors
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), kept, rtol=1e-12)


LIMITS = [(ops.dropout, (3,)), (ops.dropout1d, (2, 3)), (ops.dropout2d, (2, 3, 2, 2))]


@pytest.mark.parametrize("dropout, shape", LIMITS)
def test_dropout_limits(dropout, shape):
    x = ones(*shape)
    assert dropout(x, 0.5, training=False) is x and dropout(x, 0.0) is x
    assert not dropout(x, 1.0).numpy().any()
    y = ones(*shape)
    assert dropout(y, 1.0, inplace=True) is y and not y.numpy().any()
    assert dropout(x, 1.0, training=False, inplace=True) is x and x.numpy().all()
    assert dropout(ones(*shape).half(), 0.3).dtype == np.float16


def test_stochastic_depth_drops_all_or_nothing_of_a_batch():
    manual_seed(1)
    x, seen = ones(3, 2, 2, 2), []
    for _ in range(200):
        y = ops.stochastic_depth(x, 0.25, "batch").numpy()
        assert y.min() == y.max()
        seen.append(y.max())
    assert set(seen) == {0, np.float32(4 / 3)}
    assert abs(np.mean(np.equal(seen, 0)) - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 200)


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_stochastic_depth_limits(mode):
    x = ones(3, 2)
    assert ops.stochastic_depth(x, 0.5, mode, training=False) is x and ops.stochastic_depth(x, 0.0, mode) is x
    assert not ops.stochastic_depth(x, 1.0, mode).numpy().any()
    assert ops.stochastic_depth(ones(0, 2), 0.5, mode).shape == (0, 2)
    assert ops.stochastic_depth(x.half(), 0.3, mode).dtype == np.float16


def test_dropout2d_warns_of_other_dimensions():
    with pytest.warns(UserWarning, match=r"dropout2d: expected \(N, C, H, W\), got shape \(2, 3\)"):
        ops.dropout2d(ones(2, 3))


IMAGE = ones(2, 4, 3, 3)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.pixel_shuffle(IMAGE, 3), RuntimeError, r"pixel_shuffle: 4 channels of .* do not divide by 3\^2"),
        (lambda: ops.pixel_shuffle(IMAGE, 0), RuntimeError, "pixel_shuffle: upscale_factor must be at least 1, got 0"),
        (lambda: ops.pixel_shuffle(IMAGE, 2.0), TypeError, "pixel_shuffle: upscale_factor must be an integer, got 2.0"),
        (lambda: ops.pixel_shuffle(ones(4, 2), 2), RuntimeError, r"pixel_shuffle: .* 3 dimensions, got shape \(4, 2\)"),
        (lambda: ops.pixel_unshuffle(IMAGE, 2), RuntimeError, "pixel_unshuffle: height and width"),
        (lambda: ops.channel_shuffle(IMAGE, 3), RuntimeError, "channel_shuffle: 4 channels .* groups=3"),
        (lambda: ops.channel_shuffle(ones(2, 4), 2), RuntimeError, "channel_shuffle: .* 3 dimensions"),
        (lambda: ops.channel_shuffle([1], 2), TypeError, "channel_shuffle: input must be a tensor"),
        (lambda: ops.glu(ones(3)), RuntimeError, r"glu: the size of dimension 0 must be even, got shape \(3,\)"),
        (lambda: ops.glu(tensor(1.0)), RuntimeError, "glu: a 0-dimensional tensor has no halves"),
        (lambda: ops.glu(tensor([1, 2])), RuntimeError, "glu: input must be floating point"),
        (lambda: ops.glu(ones(2), 1), IndexError, "glu: dimension out of range"),
        (lambda: ops.prelu(ones(2, 3), ones(2)), RuntimeError, r"prelu: weight of shape \(2,\) does not fit the 3"),
        (lambda: ops.prelu(ones(2, 3), ones(1, 3)), RuntimeError, r"prelu: weight must be a number or have shape"),
        (lambda: ops.prelu(tensor(1.0), ones(2)), RuntimeError, "prelu: weight of shape"),
        (lambda: ops.prelu(ones(2), ones(1).double()), RuntimeError, "prelu: .* same dtype, got float32 and float64"),
        (lambda: ops.prelu(tensor([1]), tensor([1])), RuntimeError, "prelu: input must be floating point"),
        (lambda: ops.dropout1d(ones(2)), RuntimeError, r"dropout1d: input must be \(N, C, L\) or \(C, L\)"),
        (lambda: ops.dropout2d(ones(2)), RuntimeError, r"dropout2d: input must be \(N, C, H, W\)"),
        (lambda: ops.stochastic_depth(IMAGE, 1.5, "row"), ValueError, "p must be between 0 and 1, got 1.5"),
        (lambda: ops.stochastic_depth(IMAGE, "a", "row"), TypeError, "p must be a number, got str"),
        (lambda: ops.stochastic_depth(IMAGE, 0.5, "rows"), ValueError, "mode must be 'batch' or 'row', got 'rows'"),
        (lambda: ops.stochastic_depth(ones(()), 0.5, "row"), ValueError, r"input must be \(N, ...\), got shape \(\)"),
        (lambda: ops.dropout2d(IMAGE, 1.5), ValueError, "dropout2d: p must be between 0 and 1, got 1.5"),
        (lambda: ops.dropout2d(IMAGE, "a"), TypeError, "dropout2d: p must be a number, got str"),
        (lambda: ops.dropout2d(IMAGE.long()), RuntimeError, "dropout2d: input must be floating point, got int64"),
    ],
)
def test_bad_calls(call, error, text):
    with pytest.raises(error, match=text):
        call()
