"""Convolution kernels against loops and against PyTorch, over every route that they can take."""

import contextlib
import threading

import numpy as np
import pytest
import reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minitorch.kernels.cpu import convolution, parallel
from minitorch.kernels.cpu import convolution_pointwise as pointwise
from minitorch.memory import empty, owns_memory

TOLERANCE = {np.dtype(np.float32): 2e-4, np.dtype(np.float64): 1e-10}


@contextlib.contextmanager
def num_threads(n):
    before = parallel.get_num_threads()
    parallel.set_num_threads(n)
    try:
        yield
    finally:
        parallel.set_num_threads(before)


def close(actual, expected, dtype):
    """Equal to rounding, measured against the largest number, and laid out as promised."""
    assert actual.dtype == dtype
    assert actual.shape == expected.shape
    assert actual.flags.c_contiguous
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE[np.dtype(dtype)] * scale)


def strided(array, layout):
    """The same numbers with other strides."""
    if layout == "channels last":
        return np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    if layout == "reversed":
        return array[:, :, ::-1, ::-1].copy()[:, :, ::-1, ::-1]
    if layout == "every second":
        wide = np.full(array.shape[:3] + (2 * array.shape[3],), np.nan, array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    return array


@st.composite
def problems(draw, max_channels, max_size, max_images):
    """(x, weight, bias, grad, geometry) with small sizes and every kind of geometry."""
    pair = lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high))  # noqa: E731
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    channels, outputs = draw(st.integers(1, max_channels)), draw(st.integers(1, max_channels))
    if draw(st.booleans()) and groups > 1:
        channels = 1
    kernel, stride, dilation = draw(pair(1, 4)), draw(pair(1, 3)), draw(pair(1, 3))
    padding = (draw(pair(0, 3)), draw(pair(0, 3)))
    size = draw(pair(1, max_size))
    out_size = [convolution.output_length(size[a], kernel[a], stride[a], padding[a], dilation[a]) for a in (0, 1)]
    assume(min(out_size) >= 1)
    images = draw(st.integers(0, max_images))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    layout = st.sampled_from(["contiguous", "channels last", "reversed", "every second"])
    make = lambda *shape: generator.standard_normal(shape).astype(dtype)  # noqa: E731
    x = strided(make(images, groups * channels, *size), draw(layout))
    weight = strided(make(groups * outputs, channels, *kernel), draw(layout))
    grad = strided(make(images, groups * outputs, *out_size), draw(layout))
    bias = draw(st.sampled_from([None, make(groups * outputs)]))
    return x, weight, bias, grad, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


def all_three(x, weight, bias, grad, geometry):
    """Forward and both gradients; memory that is reused without being written would show up as NaN."""
    for shape in (grad.shape, x.shape, weight.shape):
        np.full(shape, np.nan, x.dtype)
    return (
        convolution.conv2d(x, weight, bias, **geometry),
        convolution.conv2d_input_grad(grad, weight, x.shape, **geometry),
        convolution.conv2d_weight_grad(grad, x, weight.shape, **geometry),
    )


@given(problems(max_channels=3, max_size=6, max_images=2), st.sampled_from([1, 2, 3]))
def test_against_loops(problem, threads):
    x, weight, bias, grad, geometry = problem
    with num_threads(threads):
        actual = all_three(*problem)
    expected = (reference.conv2d(x, weight, bias, **geometry),
                *reference.conv2d_gradients(grad, x, weight, **geometry))
    for mine, wanted in zip(actual, expected):
        close(mine, wanted, x.dtype)


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "padding", "size", "groups"),
    [
        ((3, 3), (2, 2), (1, 1), ((1, 1), (1, 1)), (16, 16), 1),
        ((3, 3), (2, 2), (1, 1), ((0, 2), (2, 0)), (18, 16), 2),
        ((2, 3), (3, 2), (2, 1), ((0, 1), (2, 1)), (29, 19), 1),  # the last rows are read by no window
        ((3, 3), (3, 3), (1, 1), ((2, 0), (2, 0)), (23, 23), 1),  # nor are the last row and column
        ((1, 2), (2, 3), (1, 2), ((0, 0), (0, 0)), (17, 28), 1),
        ((4, 1), (1, 3), (1, 3), ((3, 2), (1, 0)), (11, 33), 2),
    ],
)
def test_strided_gradient_of_many_channels_and_large_planes(kernel, stride, dilation, padding, size, groups):
    generator = np.random.default_rng(0)
    out_size = [convolution.output_length(size[a], kernel[a], stride[a], padding[a], dilation[a]) for a in (0, 1)]
    assert out_size[0] * out_size[1] >= 64
    x = generator.standard_normal((3, 17 * groups, *size))
    weight = generator.standard_normal((2 * groups, 17, *kernel))
    grad = generator.standard_normal((3, 2 * groups, *out_size))
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    empty(x.shape, x.dtype).fill(np.nan)  # which is where the gradient will be written
    actual = convolution.conv2d_input_grad(grad, weight, x.shape, **geometry)
    close(actual, reference.conv2d_gradients(grad, x, weight, **geometry)[0], x.dtype)


def torch_results(torch, x, weight, bias, grad, geometry):
    """PyTorch's forward and gradients in float64; it pads symmetrically, so zeros are added before."""
    (top, bottom), (left, right) = geometry["padding"]
    tensors = [torch.tensor(a.copy(), dtype=torch.float64, requires_grad=True) for a in (x, weight)]
    padded = torch.nn.functional.pad(tensors[0], (left, right, top, bottom))
    y = torch.nn.functional.conv2d(
        padded, tensors[1], None if bias is None else torch.tensor(bias, dtype=torch.float64),
        geometry["stride"], 0, geometry["dilation"], geometry["groups"])
    y.backward(torch.tensor(grad.copy(), dtype=torch.float64))
    return [tensor.detach().numpy() for tensor in (y, tensors[0].grad, tensors[1].grad)]


@settings(max_examples=150)
@given(problems(max_channels=20, max_size=14, max_images=5), st.sampled_from([1, 2]))
def test_against_pytorch(problem, threads):
    torch = pytest.importorskip("torch", reason="needs torch")
    x = problem[0]
    with num_threads(threads):
        actual = all_three(*problem)
    for mine, wanted in zip(actual, torch_results(torch, *problem)):
        close(mine, wanted, x.dtype)


# Sizes that fill more than one block, one for each route and way of cutting the work.
LARGE = {
    "LeNet conv1": ((70, 1, 28, 28), (6, 1, 5, 5), 1, 2, 1, 1),
    "LeNet conv2": ((70, 6, 14, 14), (16, 6, 5, 5), 1, 0, 1, 1),
    "few channels, rows of one image": ((1, 3, 150, 160), (24, 3, 7, 7), 2, 3, 1, 1),
    "few channels, groups": ((9, 24, 40, 41), (36, 4, 3, 3), 1, 1, 1, 6),
    "many channels, large planes": ((3, 64, 56, 40), (32, 64, 3, 3), 1, 1, 1, 1),
    "many channels, small planes": ((33, 72, 4, 4), (80, 72, 3, 3), 1, 1, 1, 1),
    "many channels, stride": ((5, 32, 31, 33), (48, 32, 3, 3), 2, 1, 1, 1),
    "many channels, stride, rows of one image": ((1, 32, 61, 63), (48, 32, 3, 3), 2, 1, 1, 1),
    "few channels, a row and column unread": ((4, 3, 20, 20), (5, 3, 2, 2), 3, 0, 1, 1),
    "many channels, dilation": ((5, 32, 31, 33), (48, 32, 3, 3), 1, 2, 2, 1),
    "many channels, groups": ((5, 64, 16, 16), (32, 32, 3, 3), 1, 1, 1, 2),
    "large weight": ((2, 256, 5, 5), (256, 256, 3, 3), 1, 1, 1, 1),
    "pointwise": ((5, 48, 30, 30), (64, 48, 1, 1), 1, 0, 1, 1),
    "pointwise, stride": ((5, 48, 31, 30), (64, 48, 1, 1), 2, 0, 1, 1),
    "pointwise, small planes": ((40, 48, 4, 4), (64, 48, 1, 1), 1, 0, 1, 1),
    "pointwise, groups, one image": ((1, 48, 60, 60), (64, 24, 1, 1), 1, 0, 1, 2),
    "depthwise": ((9, 64, 32, 32), (64, 1, 3, 3), 1, 1, 1, 64),
    "depthwise, stride and multiplier": ((3, 40, 33, 32), (80, 1, 5, 3), 2, 1, 1, 40),
}


def large_problem(name, dtype):
    x_shape, weight_shape, stride, padding, dilation, groups = LARGE[name]
    generator = np.random.default_rng(2)
    geometry = {"stride": (stride,) * 2, "padding": ((padding,) * 2,) * 2, "dilation": (dilation,) * 2,
                "groups": groups}
    out_size = [convolution.output_length(x_shape[2 + a], weight_shape[2 + a], stride, (padding,) * 2, dilation)
                for a in (0, 1)]
    shapes = x_shape, weight_shape, weight_shape[:1], (x_shape[0], weight_shape[0], *out_size)
    return (*(generator.standard_normal(shape).astype(dtype) for shape in shapes), geometry)


@pytest.mark.parametrize("name", LARGE)
def test_large_against_pytorch(name):
    torch = pytest.importorskip("torch", reason="needs torch")
    problem = large_problem(name, np.float32)
    with num_threads(2):
        actual = all_three(*problem)
    for mine, wanted in zip(actual, torch_results(torch, *problem)):
        close(mine, wanted, np.float32)


@pytest.mark.parametrize("name", LARGE)
def test_large_is_linear_and_its_gradients_are_its_transposes(name):
    """Without PyTorch: <conv(x, w), g> = <x, input_grad(g, w)> = <w, weight_grad(g, x)>, and one output by hand."""
    x, weight, bias, grad, geometry = large_problem(name, np.float64)
    with num_threads(2):
        y, dx, dweight = all_three(x, weight, bias, grad, geometry)
    product = ((y - bias[:, None, None]) * grad).sum()
    np.testing.assert_allclose([(dx * x).sum(), (dweight * weight).sum()], product, rtol=1e-9, atol=1e-6)
    x_shape, weight_shape, stride, padding, dilation, groups = LARGE[name]
    image, output, row, column = (length - 1 for length in y.shape)
    channels = slice((groups - 1) * weight_shape[1], None)
    padded = np.pad(x[image, channels], ((0, 0), (padding,) * 2, (padding,) * 2))
    window = padded[:, row * stride:, column * stride:][:, ::dilation, ::dilation]
    window = window[:, :weight_shape[2], :weight_shape[3]]
    np.testing.assert_allclose(y[image, output, row, column], (window * weight[output]).sum() + bias[output])


@pytest.mark.parametrize("name", LARGE)
def test_the_number_of_threads_changes_rounding_only(name):
    problem = large_problem(name, np.float64)
    results = []
    for threads in (1, 2, 5):
        with num_threads(threads):
            results.append(all_three(*problem))
    for other in results[1:]:
        for one, two in zip(results[0], other):
            close(two, one, np.float64)


def test_the_same_call_gives_the_same_bits():
    problem = large_problem("LeNet conv2", np.float32)
    with num_threads(2):
        first, second = all_three(*problem), all_three(*problem)
    for one, two in zip(first, second):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", ["LeNet conv2", "many channels, small planes", "depthwise", "pointwise"])
def test_results_own_their_memory_and_operands_stay_as_they_were(name):
    problem = large_problem(name, np.float32)
    operands = problem[:4]
    copies = [operand.copy() for operand in operands]
    results = all_three(*problem)
    later = all_three(*problem)
    for result in results:
        assert owns_memory(result)
        for other in (*operands, *later):
            assert not np.shares_memory(result, other)
    for operand, copy in zip(operands, copies):
        np.testing.assert_array_equal(operand, copy)


@pytest.mark.parametrize("name", ["LeNet conv1", "many channels, stride", "depthwise", "pointwise"])
def test_nan_outside_the_window_does_not_spread(name):
    """Stray numbers at the ends of flat rows are computed but must never be seen."""
    x, weight, bias, grad, geometry = large_problem(name, np.float32)
    clean, _, _ = all_three(x, weight, bias, grad, geometry)
    x[0, 0, 0, 0] = np.nan
    y = convolution.conv2d(x, weight, bias, **geometry)
    reach = weight.shape[2], weight.shape[3]
    assert np.isnan(y[0, 0, 0, 0])
    np.testing.assert_allclose(y[0, :, reach[0]:, :], clean[0, :, reach[0]:, :], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(y[0, :, :, reach[1]:], clean[0, :, :, reach[1]:], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(y[1:], clean[1:], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("stride", [(2, 1), (1, 3), (3, 2)])
@pytest.mark.parametrize("channels", [3, 20])
@pytest.mark.parametrize("size", [(4, 5), (17, 20)])
def test_a_pointwise_kernel_with_an_uneven_stride(stride, channels, size):
    generator = np.random.default_rng(4)
    x, weight = generator.standard_normal((2, channels, *size)), generator.standard_normal((6, channels, 1, 1))
    geometry = {"stride": stride, "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
    read = x[:, :, ::stride[0], ::stride[1]]
    grad = generator.standard_normal((2, 6, *read.shape[2:]))
    y, dx, dweight = all_three(x, weight, None, grad, geometry)
    expected_dx = np.zeros_like(x)
    expected_dx[:, :, ::stride[0], ::stride[1]] = np.einsum("nohw,oc->nchw", grad, weight[:, :, 0, 0])
    close(y, np.einsum("nchw,oc->nohw", read, weight[:, :, 0, 0]), x.dtype)
    close(dx, expected_dx, x.dtype)
    close(dweight[:, :, 0, 0].copy(), np.einsum("nohw,nchw->oc", grad, read), x.dtype)


@pytest.mark.parametrize(("channels", "groups"), [(4, 1), (20, 1), (6, 6), (40, 2)])
@pytest.mark.parametrize("output_padding", [0, 1])
def test_input_grad_is_the_forward_pass_of_a_transposed_convolution(channels, groups, output_padding):
    torch = pytest.importorskip("torch", reason="needs torch")
    generator = np.random.default_rng(3)
    stride, padding, kernel, dilation = 3, 1, 4, 2
    x = generator.standard_normal((3, channels, 5, 6))
    weight = generator.standard_normal((channels, channels // groups, kernel, kernel))
    expected = torch.nn.functional.conv_transpose2d(
        torch.tensor(x), torch.tensor(weight), None, stride, padding, output_padding, groups, dilation).numpy()
    y = convolution.conv2d_input_grad(x, weight, expected.shape, (stride,) * 2, ((padding,) * 2,) * 2,
                                      (dilation,) * 2, groups)
    close(y, expected, np.float64)


def test_calls_from_several_threads_at_once():
    problem = large_problem("LeNet conv2", np.float64)
    expected = all_three(*problem)
    wrong = []

    def call():
        for _ in range(3):
            wrong.extend(name for name, one, two in zip("yxw", expected, all_three(*problem))
                         if not np.allclose(one, two))

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


@pytest.mark.parametrize("pixels_per_sum", [1, 200, 10**6])
@pytest.mark.parametrize("groups", [1, 3])
def test_weight_gradient_of_1x1_kernels_over_several_images(groups, pixels_per_sum, monkeypatch):
    """Of some of the channels of larger arrays, too; the images of a thread do not divide into those of a product."""
    monkeypatch.setattr(pointwise, "_PIXELS_PER_SUM", pixels_per_sum)
    random = np.random.default_rng(0)
    x, grad = (random.standard_normal((7, channels, 9, 8)) for channels in (10, 13))
    x, grad = x[:, 1:7], grad[:, 4:]
    geometry = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": groups}
    weight = random.standard_normal((9, 6 // groups, 1, 1))
    for threads in (1, 2, 3):
        with num_threads(threads):
            dweight = convolution.conv2d_weight_grad(grad, x, weight.shape, **geometry)
            y = convolution.conv2d(x, weight, None, **geometry)
        close(dweight, reference.conv2d_gradients(grad, x, weight, **geometry)[1], np.float64)
        close(y, reference.conv2d(x, weight, None, **geometry), np.float64)
