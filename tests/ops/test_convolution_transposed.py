"""Transposed and one-dimensional convolution against loops, against the convolution they transpose, and PyTorch."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
from hypothesis import assume, given, settings

from minitorch import nn, ops
from minitorch.autograd import grad
from minitorch.tensor import Tensor


def numbers(shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def spread(x, weight, bias, stride, padding, output_padding, groups, dilation):
    """The transposed convolution by loops: each number adds a scaled copy of its kernels."""
    n, c, height, width = x.shape
    per_group, *kernel = weight.shape[1:]
    full = [
        (m - 1) * s + d * (k - 1) + 1 + e
        for m, s, d, k, e in zip((height, width), stride, dilation, kernel, output_padding)
    ]
    y = np.zeros((n, per_group * groups, *full))
    for channel, i, j, o, kh, kw in np.ndindex(c, height, width, per_group, *kernel):
        out = channel // (c // groups) * per_group + o
        place = i * stride[0] + kh * dilation[0], j * stride[1] + kw * dilation[1]
        y[:, out, place[0], place[1]] += x[:, channel, i, j] * weight[channel, o, kh, kw]
    y = y[:, :, padding[0] : full[0] - padding[0], padding[1] : full[1] - padding[1]]
    return y if bias is None else y + bias[:, None, None]


@st.composite
def geometries(draw):
    groups, ins, outs = draw(st.sampled_from([1, 1, 2])), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel, stride, dilation = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(3))
    plane = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    extra = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation))
    padding = tuple(
        draw(st.integers(0, min(3, ((n - 1) * s + d * (k - 1) + e) // 2)))
        for n, s, d, k, e in zip(plane, stride, dilation, kernel, extra)
    )
    shape, weight = (draw(st.integers(0, 2)), groups * ins, *plane), (groups * ins, outs, *kernel)
    return shape, weight, (stride, padding, extra, groups, dilation)


@settings(max_examples=80)
@given(geometries())
def test_equals_loops(case):
    shape, weight, geometry = case
    x, w, b = numbers(shape), numbers(weight, seed=1), numbers(weight[1] * geometry[3], seed=2)
    y = ops.conv_transpose2d(Tensor(x), Tensor(w), Tensor(b), *geometry)
    np.testing.assert_allclose(y.array, spread(x, w, b, *geometry), atol=1e-9)
    whole = [(a * 4).astype(np.int64) for a in (x, w, b)]
    y = ops.conv_transpose2d(*map(Tensor, whole), *geometry)
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y.array, spread(*whole, *geometry))


@settings(max_examples=50)
@given(geometries(), st.sampled_from([np.float32, np.float64]))
def test_gradients_equal_pytorch(case, dtype):
    torch = pytest.importorskip("torch", reason="needs torch")
    shape, weight, geometry = case
    arrays = [numbers(shape, dtype), numbers(weight, dtype, 1), numbers(weight[1] * geometry[3], dtype, 2)]
    ours = [Tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, expected = ops.conv_transpose2d(*ours, *geometry), torch.nn.functional.conv_transpose2d(*theirs, *geometry)
    tolerance = {"rtol": 1e-4, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(y.array, expected.detach().numpy(), **tolerance)
    start = numbers(y.shape, dtype, 3)
    for a, b in zip(grad(y, ours, Tensor(start)), torch.autograd.grad(expected, theirs, torch.tensor(start))):
        assert a.dtype == dtype
        np.testing.assert_allclose(a.array, b.numpy(), **tolerance)


@given(geometries())
def test_it_is_the_transpose_of_the_convolution(case):
    shape, weight, (stride, padding, _, groups, dilation) = case
    reach = [(n - 1) * s + d * (k - 1) for n, s, d, k in zip(shape[2:], stride, dilation, weight[2:])]
    assume(all(n >= 2 * p for n, p in zip(reach, padding)))
    x, w = numbers(shape), numbers(weight, seed=1)
    y = ops.conv_transpose2d(Tensor(x), Tensor(w), None, stride, padding, 0, groups, dilation)
    image = numbers(y.shape, seed=2)
    seen = reference.conv2d(image, w, None, stride, [(p, p) for p in padding], dilation, groups)
    np.testing.assert_allclose((y.array * image).sum(), (x * seen).sum(), atol=1e-8)


@given(st.data())
def test_one_dimension_is_a_plane_of_one_row(data):
    groups, kernel, stride, dilation = (data.draw(st.integers(1, 3)) for _ in range(4))
    padding, length = data.draw(st.integers(0, 3)), data.draw(st.integers(1, 8))
    x = numbers((2, 2 * groups, length))
    if length + 2 * padding > dilation * (kernel - 1):
        w, b = numbers((3 * groups, 2, kernel), seed=1), numbers(3 * groups, seed=2)
        y = ops.conv1d(Tensor(x), Tensor(w), Tensor(b), stride, padding, dilation, groups)
        both = [(0, 0), (padding, padding)]
        expected = reference.conv2d(x[:, :, None], w[:, :, None], b, (1, stride), both, (1, dilation), groups)
        np.testing.assert_allclose(y.array, expected[:, :, 0], atol=1e-12)
    if (length - 1) * stride + dilation * (kernel - 1) >= 2 * padding:
        w = numbers((2 * groups, 3, kernel), seed=1)
        y = ops.conv_transpose1d(Tensor(x), Tensor(w), None, stride, padding, 0, groups, dilation)
        settings_ = ((1, stride), (0, padding), (0, 0), groups, (1, dilation))
        np.testing.assert_allclose(y.array, spread(x[:, :, None], w[:, :, None], None, *settings_)[:, :, 0], atol=1e-12)


@given(st.sampled_from(["zeros", "reflect", "replicate", "circular"]), st.sampled_from([0, 1, 2, "same", "valid"]))
def test_padding_modes_equal_pytorch(mode, padding):
    torch = pytest.importorskip("torch", reason="needs torch")
    for ours, theirs, shape in (
        (nn.Conv1d, torch.nn.Conv1d, (2, 4, 7)),
        (nn.Conv2d, torch.nn.Conv2d, (2, 4, 6, 7)),
    ):
        arguments = (4, 6, 3, 1, padding, 2 if padding == "same" else 1, 2, True, mode)
        a, b = ours(*arguments).double(), theirs(*arguments).double()
        a.load_state_dict({key: value.numpy() for key, value in b.state_dict().items()})
        assert repr(a) == repr(b)
        x = numbers(shape)
        np.testing.assert_allclose(a(Tensor(x)).detach().numpy(), b(torch.tensor(x)).detach().numpy(), atol=1e-10)


def test_output_size_decides_over_output_padding():
    layer = nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1)
    x = Tensor(numbers((1, 2, 4, 4), np.float32))
    assert layer(x).shape == (1, 3, 7, 7) and layer(x, (8, 7)).shape == layer(x, (1, 3, 8, 7)).shape == (1, 3, 8, 7)
    np.testing.assert_array_equal(layer(x, (8, 8)).array[:, :, :7, :7], layer(x).array)
    for size in ((9, 7), (6, 7), (7,), (7, 7, 7)):
        with pytest.raises(ValueError, match="ConvTranspose2d: output_size must"):
            layer(x, size)


def test_upsampling_by_a_filter_of_ones_repeats():
    x = numbers((1, 1, 3, 2))
    y = ops.conv_transpose2d(Tensor(x), Tensor(np.ones((1, 1, 2, 2))), stride=2)
    np.testing.assert_array_equal(y.array, x.repeat(2, 2).repeat(2, 3))


x, w = Tensor(np.zeros((2, 4, 5, 5))), Tensor(np.zeros((4, 3, 2, 2)))
row = w[0, :1, :1]


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: ops.conv_transpose2d(x[:, :3], w), RuntimeError, "conv_transpose2d: input of shape .* has 3 channels"),
        (lambda: ops.conv_transpose2d(x, w, output_padding=1), RuntimeError, "output_padding .* must be smaller than"),
        (lambda: ops.conv_transpose2d(x, w, padding=4), RuntimeError, "would give an empty output of size"),
        (lambda: ops.conv_transpose2d(x, w, Tensor(np.zeros(4))), RuntimeError, r"bias must have shape \(3,\)"),
        (lambda: ops.conv_transpose2d(x, w, groups=3), RuntimeError, "does not divide into groups=3"),
        (lambda: ops.conv_transpose2d(x, w, groups=0), RuntimeError, "groups must be a positive integer"),
        (lambda: ops.conv_transpose2d(x, w, stride=0), RuntimeError, "stride must be at least 1"),
        (lambda: ops.conv_transpose2d(x, w.float()), RuntimeError, "same dtype"),
        (lambda: ops.conv_transpose2d(x, None), TypeError, "weight must be a tensor, got NoneType"),
        (lambda: ops.conv_transpose2d(x.int(), w.int()), RuntimeError, "floating point or int64, got int32"),
        (lambda: ops.conv_transpose1d(x, w), RuntimeError, r"conv_transpose1d: input must be \(N, C, L\)"),
        (lambda: ops.conv1d(x, w), RuntimeError, r"conv1d: input must be \(N, C, L\) or \(C, L\)"),
        (lambda: ops.conv1d(x[0], row.expand(3, 5, 2), stride=(1, 1)), RuntimeError, "must be an integer, got"),
        (lambda: ops.conv1d(x[0], Tensor(np.zeros((1, 5, 9)))), RuntimeError, "conv1d: the kernel .* is larger than"),
        (lambda: ops.conv1d(x[0], row.expand(3, 5, 2), None, 2, "same"), RuntimeError, "needs stride 1"),
        (lambda: nn.ConvTranspose2d(2, 2, 2, padding_mode="reflect"), ValueError, "padding_mode must be 'zeros'"),
        (lambda: nn.Conv1d(2, 2, 2, padding_mode="mirror"), ValueError, "'reflect' or 'replicate' or 'circular'"),
        (lambda: nn.ConvTranspose1d(2, 3, 2, groups=2), ValueError, "out_channels=3 does not divide into groups=2"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_first_values_are_within_the_bound():
    layer = nn.ConvTranspose2d(8, 6, 3, groups=2)
    bound = 1 / math.sqrt(3 * 9)  # PyTorch counts the second dimension of the weight
    assert layer.weight.shape == (8, 3, 3, 3) and bound / 2 < abs(layer.weight.array).max() <= bound
    assert abs(layer.bias.array).max() <= bound


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_convolution_of_integers_keeps_their_type(dtype):
    rng = np.random.default_rng(0)
    x, w = (rng.integers(0, 9, shape).astype(dtype) for shape in ((1, 2, 4, 5), (3, 2, 2, 2)))
    y = ops.conv2d(Tensor(x), Tensor(w), padding=1)
    exact = reference.conv2d(x.astype(np.int64), w.astype(np.int64), None, (1, 1), [(1, 1), (1, 1)], (1, 1), 1)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.array, exact.astype(dtype))
