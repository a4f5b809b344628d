"""The three ways of convolution in CUDA C++, each against loops or the CPU kernels, with every kind of geometry."""

import contextlib

import numpy as np
import pytest
import reference
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import minitorch
from minitorch.device import device, to_device, to_numpy
from minitorch.kernels import cpu, cuda, emulator
from minitorch.kernels.cuda import (
    convolution,
    convolution_columns,
    convolution_depthwise,
    convolution_implicit,
    launcher,
)

WAYS = {"implicit": convolution_implicit, "columns": convolution_columns, "depthwise": convolution_depthwise}
TOLERANCE = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-10}
ALL = "implicit columns"
NONE = ((0, 0), (0, 0))

# name: ways, shape of x, shape of the weight, stride, padding, dilation, groups
SMALL = {
    "one of everything": ("implicit columns depthwise", (1, 1, 1, 1), (1, 1, 1, 1), (1, 1), NONE, (1, 1), 1),
    "odd everything": (ALL, (2, 3, 7, 5), (5, 3, 3, 2), (2, 1), ((1, 0), (2, 1)), (1, 2), 1),
    "sizes of the tile": (ALL, (1, 4, 9, 9), (16, 4, 2, 2), (1, 1), NONE, (1, 1), 1),
    "groups": (ALL, (3, 6, 5, 6), (4, 3, 2, 3), (1, 2), ((0, 1), (1, 1)), (2, 1), 2),
    "two tiles of rows": (ALL, (2, 18, 3, 3), (17, 18, 2, 1), (1, 1), ((0, 0), (0, 1)), (1, 1), 1),
    "a plane below the stride": (ALL, (2, 2, 2, 1), (3, 2, 2, 1), (3, 2), ((1, 1), (0, 0)), (1, 1), 1),
    "rows unread": (ALL, (2, 2, 7, 8), (3, 2, 2, 2), (3, 3), NONE, (1, 1), 1),
    "strides and dilations with a factor in common": (ALL, (1, 2, 9, 12), (2, 2, 3, 3), (2, 4), NONE, (2, 2), 1),
    "strides and dilations without": (ALL, (1, 2, 9, 9), (2, 2, 3, 3), (2, 3), ((2, 2), (3, 1)), (3, 2), 1),
    "a wide image of one row": (ALL, (2, 2, 1, 70), (3, 2, 1, 3), (1, 1), ((0, 0), (1, 1)), (1, 1), 1),
    "depthwise 3 x 3": ("depthwise implicit", (3, 5, 7, 6), (5, 1, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 5),
    "depthwise 3 x 3, stride 2": ("depthwise", (3, 3, 9, 8), (6, 1, 3, 3), (2, 2), ((1, 0), (0, 1)), (1, 1), 3),
    "depthwise 3 x 3, stride 3": ("depthwise", (2, 2, 9, 8), (2, 1, 3, 3), (3, 3), ((1, 1), (1, 1)), (1, 1), 2),
    "depthwise 3 x 3, uneven stride": ("depthwise", (2, 3, 9, 8), (3, 1, 3, 3), (1, 2), ((1, 0), (0, 1)), (1, 1), 3),
    "depthwise 3 x 3, dilation": ("depthwise", (2, 3, 9, 8), (3, 1, 3, 3), (1, 1), ((1, 0), (0, 1)), (1, 2), 3),
    "depthwise 3 x 3, dilation of rows": ("depthwise", (2, 3, 9, 8), (3, 1, 3, 3), (2, 2), NONE, (2, 1), 3),
    "depthwise 5 x 5": ("depthwise", (2, 3, 8, 9), (6, 1, 5, 5), (1, 1), ((2, 2), (2, 2)), (1, 1), 3),
    "depthwise 5 x 5, stride 2": ("depthwise", (2, 1, 8, 9), (2, 1, 5, 5), (2, 2), ((2, 2), (2, 1)), (1, 1), 1),
    "depthwise 3 x 5": ("depthwise", (5, 3, 7, 9), (9, 1, 3, 5), (1, 1), ((0, 2), (3, 0)), (1, 1), 3),
    "depthwise 5 x 3": ("depthwise", (2, 2, 7, 9), (2, 1, 5, 3), (1, 1), ((0, 2), (3, 0)), (1, 1), 2),
    "depthwise 2 x 4": ("depthwise", (2, 2, 11, 10), (4, 1, 2, 4), (2, 3), ((0, 1), (2, 3)), (3, 2), 2),
}
LARGE = {
    "many rows": (ALL, (2, 35, 5, 4), (38, 35, 2, 2), (1, 1), ((1, 0), (0, 1)), (1, 1), 1),
    "many rows, groups, stride": ("implicit", (1, 68, 7, 7), (66, 34, 2, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), 2),
    "two large tiles of rows": ("implicit", (1, 66, 4, 3), (67, 66, 1, 2), (1, 1), NONE, (1, 1), 1),
    "a large plane": (ALL, (2, 3, 33, 27), (3, 3, 2, 2), (1, 1), NONE, (1, 1), 1),
    "a large plane, stride": ("columns", (1, 2, 57, 61), (3, 2, 3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), 1),
    "depthwise, several tiles": ("depthwise", (2, 3, 37, 35), (3, 1, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 3),
    "depthwise, several tiles, stride": ("depthwise", (1, 2, 71, 67), (4, 1, 3, 3), (2, 2), NONE, (1, 1), 2),
    "depthwise, several tiles, wide": ("depthwise", (2, 13, 5, 69), (13, 1, 3, 3), (1, 2), NONE, (1, 1), 13),
    "depthwise, several images": ("depthwise", (19, 13, 4, 3), (13, 1, 2, 2), (1, 1), ((0, 1), (1, 0)), (1, 1), 13),
    "depthwise, a block for each image": ("depthwise", (3, 2, 22, 20), (2, 1, 3, 3), (1, 1), NONE, (1, 1), 2),
    "depthwise, a tile too large": ("depthwise", (3, 2, 31, 30), (2, 1, 3, 3), (1, 1), NONE, (14, 14), 2),
}


def of(cases):
    """(way, name) of each case."""
    return [(way, name) for name, (ways, *_) in cases.items() for way in ways.split()]


def make(name, dtype, seed=0):
    """(x, weight, bias, grad, geometry) of a case."""
    _, x_shape, weight_shape, stride, padding, dilation, groups = {**SMALL, **LARGE}[name]
    return problem(x_shape, weight_shape, stride, padding, dilation, groups, dtype, seed)


def problem(x_shape, weight_shape, stride, padding, dilation, groups, dtype, seed):
    random = np.random.default_rng(seed)
    size = [(n + a + b - d * (k - 1) - 1) // s + 1
            for n, k, s, (a, b), d in zip(x_shape[2:], weight_shape[2:], stride, padding, dilation)]  # fmt: skip
    shapes = x_shape, weight_shape, weight_shape[:1], (x_shape[0], weight_shape[0], *size)
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (*(random.standard_normal(shape).astype(dtype) for shape in shapes), geometry)


def all_three(kernels, x, weight, bias, grad, geometry, where=None):
    """Forward and both gradients, as NumPy arrays, of arrays on a device."""
    if where:
        x, weight, bias, grad = (None if a is None else put(a, where) for a in (x, weight, bias, grad))
    return [
        to_numpy(result)
        for result in (
            kernels.conv2d(x, weight, bias, **geometry),
            kernels.conv2d_input_grad(grad, weight, x.shape, **geometry),
            kernels.conv2d_weight_grad(grad, x, weight.shape, **geometry),
        )
    ]


def put(array, where):
    """The array on a device, with the strides that it has."""
    moved = to_device(np.empty(array.shape, array.dtype), device(where))
    axes = np.argsort([-abs(stride) for stride in array.strides], kind="stable")
    moved = moved.transpose(axes).copy().transpose(np.argsort(axes))
    moved[...] = to_device(np.ascontiguousarray(array), device(where))
    return moved


def by_loops(x, weight, bias, grad, geometry):
    return [reference.conv2d(x, weight, bias, **geometry), *reference.conv2d_gradients(grad, x, weight, **geometry)]


def close(actual, expected, dtype):
    for mine, wanted in zip(actual, expected):
        assert mine.dtype == dtype
        assert mine.shape == wanted.shape
        assert mine.flags.c_contiguous
        scale = max(1.0, float(np.abs(wanted).max(initial=0)))
        np.testing.assert_allclose(mine, wanted, rtol=0, atol=TOLERANCE[np.dtype(dtype)] * scale)


@pytest.mark.parametrize(("way", "name"), of(SMALL))
def test_small_in_check_mode(way, name, other_device):
    example = make(name, np.float32)
    with emulator.checking():
        close(all_three(WAYS[way], *example, other_device), by_loops(*example), np.float32)


@pytest.mark.parametrize(("way", "name"), of(LARGE))
def test_large_in_check_mode(way, name, other_device):
    example = make(name, np.float32)
    with emulator.checking():
        close(all_three(WAYS[way], *example, other_device), all_three(cpu, *example), np.float32)


@pytest.mark.parametrize(("way", "name"), of({**SMALL, **LARGE}))
def test_double_in_other_orders_of_threads(way, name, other_device):
    """The sums are made in the same order whichever thread comes first: the same bits."""
    example = make(name, np.float64)
    results = []
    for order in ("forward", "reverse", "random"):
        with emulator.checking(check=False, order=order, seed=1):
            results.append(all_three(WAYS[way], *example, other_device))
    close(results[0], all_three(cpu, *example), np.float64)
    for first, second, third in zip(*results):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first, third)


@st.composite
def problems(draw, depthwise):
    """Small sizes, every kind of geometry and of strides in memory."""
    pair = lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high))  # noqa: E731
    groups = draw(st.integers(1, 3))
    channels, filters = (1 if depthwise else draw(st.integers(1, 4))), draw(st.integers(1, 4))
    kernel, stride, dilation = draw(pair(1, 4)), draw(pair(1, 3)), draw(pair(1, 3))
    padding = (draw(pair(0, 3)), draw(pair(0, 3)))
    size = draw(pair(1, 9))
    assume(all(n + sum(p) > d * (k - 1) for n, p, d, k in zip(size, padding, dilation, kernel)))
    x_shape = draw(st.integers(1, 4)), groups * channels, *size
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    seed = draw(st.integers(0, 2**32 - 1))
    *arrays, geometry = problem(
        x_shape, (groups * filters, channels, *kernel), stride, padding, dilation, groups, dtype, seed
    )
    x, weight, bias, grad = arrays
    if draw(st.booleans()):
        x, weight, grad = (a.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2) for a in (x, weight, grad))
    return x, weight, draw(st.sampled_from([None, bias])), grad, geometry


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.parametrize("way", WAYS)
def test_drawn_geometry(way, other_device, data):
    example = data.draw(problems(way == "depthwise"))
    with emulator.checking(check=False, order="random", seed=data.draw(st.integers(0, 99))):
        close(all_three(WAYS[way], *example, other_device), all_three(cpu, *example), example[0].dtype)


@pytest.mark.parametrize("way", WAYS)
def test_infinity_reaches_what_reads_it_and_nothing_else(way, other_device):
    """Numbers of places that a tile has beyond the last window or tap are fetched, but not summed."""
    *arrays, geometry = problem((2, 2, 7, 7), (2, 1, 3, 2), (2, 3), NONE, (1, 1), 2, np.float32, 0)
    arrays[0][0, 0, 6, 6] = np.inf  # no window reads column 6
    arrays[0][1, 1, 6, 3] = -np.inf
    with np.errstate(invalid="ignore"):
        expected = by_loops(*arrays, geometry)
        for mine, wanted in zip(all_three(WAYS[way], *arrays, geometry, other_device), expected):
            np.testing.assert_allclose(mine, wanted, rtol=1e-4, atol=1e-4)
    assert np.isinf(expected[0]).sum() == 1 and np.isinf(expected[2]).sum() == 1


@pytest.mark.parametrize("name", ["odd everything", "groups", "rows unread", "a large plane"])
@pytest.mark.parametrize("images_last", [False, True])
def test_columns_are_the_windows_and_col2im_is_the_transpose_of_im2col(name, images_last, other_device):
    x, weight, _, _, geometry = make(name, np.float64)
    kernel, stride, (rows, columns), dilation = weight.shape[2:], *list(geometry.values())[:3]
    padded = np.pad(x, ((0, 0), (0, 0), rows, columns))
    span = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, span, (2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]].transpose(0, 1, 4, 5, 2, 3)
    expected = windows.reshape(x.shape[0], x.shape[1] * kernel[0] * kernel[1], -1)
    expected = expected.swapaxes(0, 1) if images_last else expected
    arguments = kernel, stride, (rows, columns), dilation, images_last
    with emulator.checking():
        mine = convolution_columns.im2col(put(x, other_device), *arguments)
        np.testing.assert_array_equal(to_numpy(mine), expected)
        weights = np.random.default_rng(1).standard_normal(expected.shape)
        back = convolution_columns.col2im(put(weights, other_device), x.shape, *arguments)
    np.testing.assert_allclose((to_numpy(back) * x).sum(), (weights * expected).sum(), rtol=1e-9)


@pytest.mark.parametrize("name", ["odd everything", "groups"])
def test_columns_of_a_few_images_at_a_time(name, other_device, monkeypatch):
    monkeypatch.setattr(convolution_columns, "COLUMN_BYTES", 1)
    example = make(name, np.float32)
    close(all_three(convolution_columns, *example, other_device), by_loops(*example), np.float32)


@pytest.mark.parametrize("slices", [1, 2, 5, 1000])
@pytest.mark.parametrize(("way", "name"), [("implicit", "a wide image of one row"), ("depthwise", "depthwise 3 x 3")])
def test_gradient_to_the_weight_in_any_number_of_slices(way, name, slices, other_device, monkeypatch):
    for module in WAYS.values():
        for limit in ("EMULATED_BLOCKS", "WANTED_BLOCKS"):
            if hasattr(module, limit):
                monkeypatch.setattr(module, limit, slices * 5)
    x, weight, _, grad, geometry = example = make(name, np.float32)
    with emulator.checking():
        mine = WAYS[way].conv2d_weight_grad(put(grad, other_device), put(x, other_device), weight.shape, **geometry)
    close([to_numpy(mine)], by_loops(*example)[2:], np.float32)


@contextlib.contextmanager
def launches(monkeypatch):
    """The names of the files whose kernels are started."""
    files = []
    for module in WAYS.values():
        def spy(file, *arguments, **options):
            files.append(file)
            return launcher.launch(file, *arguments, **options)

        monkeypatch.setattr(module, "launch", spy)
    yield files
    monkeypatch.undo()


@pytest.mark.parametrize("images, size", [(0, (5, 5)), (2, (0, 3)), (0, (0, 3))])
@pytest.mark.parametrize("groups", [1, 4])
def test_without_numbers_no_kernel_is_started(images, size, groups, other_device, monkeypatch):
    padding = (2, 2), (1, 1)
    example = problem((images, 4, *size), (4, 4 // groups, 3, 3), (1, 1), padding, (1, 1), groups, np.float32, 0)
    with launches(monkeypatch) as files:
        mine = all_three(convolution, *example, other_device)
    assert files == []
    close(mine, by_loops(*example), np.float32)


def test_the_way_that_is_chosen(other_device):
    like = put(np.zeros(1, np.float32), other_device)
    gpu = convolution_columns if other_device == "cuda" else convolution_implicit

    def chosen(weight_shape, groups=1, stride=(1, 1), dilation=(1, 1)):
        return convolution.route(like, weight_shape, stride, dilation, groups)

    assert chosen((6, 1, 5, 5)) is convolution_depthwise
    assert chosen((64, 1, 3, 3), 32, (2, 2)) is convolution_depthwise
    assert chosen((8, 1, 3, 3), 8, dilation=(60, 60)) is convolution_implicit
    assert chosen((16, 3, 3, 3)) is convolution_implicit
    assert chosen((256, 32, 3, 3)) is convolution_implicit
    assert chosen((256, 128, 3, 3), 4) is convolution_implicit
    assert chosen((16, 64, 1, 1)) is convolution_implicit
    assert chosen((128, 128, 3, 3)) is gpu
    assert chosen((64, 32, 1, 1)) is gpu


@pytest.mark.parametrize("name", ["odd everything", "groups", "depthwise 3 x 3"])
def test_the_way_that_is_chosen_computes(name, other_device, monkeypatch):
    example = make(name, np.float32)
    with launches(monkeypatch) as files:
        close(all_three(convolution, *example, other_device), by_loops(*example), np.float32)
    assert len(files) >= 3
    assert files[0] == files[1] == files[2] == ("convolution_depthwise" if "depthwise" in name else "convolution")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("images", [0, 2])
def test_patches_and_their_transpose(dtype, images, other_device):
    x = (np.random.default_rng(0).standard_normal((images, 3, 6, 7)) * 9).astype(dtype)
    arguments = (3, 2), (2, 1), (1, 2), (1, 3)
    patches = cpu.unfold(x, *arguments)
    moved = to_device(x, device(other_device))
    mine = cuda.unfold(moved, *arguments)
    image = cuda.fold(mine, x.shape, *arguments)
    np.testing.assert_array_equal(to_numpy(mine), patches, strict=True)
    np.testing.assert_allclose(to_numpy(image), cpu.fold(patches, x.shape, *arguments), rtol=2e-3, strict=True)
    if images and dtype == "float64":
        for i, j in np.ndindex(3, 2):
            expected = [[[x[1, c, i + 2 * oh - 1, 3 * j + ow - 2] for ow in range(2, 4)] for oh in range(1, 3)]
                        for c in range(3)]  # fmt: skip
            np.testing.assert_array_equal(patches[1, :, i, j, 1:3, 2:4], expected)


def test_half_precision_is_computed_in_single(other_device):
    *arrays, geometry = make("odd everything", np.float16)
    single = [a.astype(np.float32) for a in arrays]
    expected = [a.astype(np.float16) for a in all_three(cpu, *single, geometry)]
    for mine, wanted in zip(all_three(convolution, *arrays, geometry, other_device), expected):
        assert mine.dtype == np.float16
        np.testing.assert_allclose(mine, wanted, rtol=2e-3, atol=1e-2)


OPERATIONS = {
    "conv1d": ((2, 4, 9), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    "conv2d": ((2, 4, 7, 6), (8, 1, 3, 3), {"padding": "same", "groups": 4}),
    "conv_transpose1d": ((2, 4, 5), (4, 3, 3), {"stride": 3, "padding": 1, "output_padding": 2, "groups": 2}),
    "conv_transpose2d": ((2, 4, 5, 3), (4, 3, 3, 2), {"stride": 2, "padding": 1, "dilation": 2, "output_padding": 1}),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_and_their_derivatives_on_the_device(name, other_device):
    """Forward, gradient and gradient of the gradient's square: each kernel in the place of each other."""
    x_shape, weight_shape, settings = OPERATIONS[name]
    random = np.random.default_rng(0)
    outputs = weight_shape[1] * settings.get("groups", 1) if "transpose" in name else weight_shape[0]
    results = []
    arrays = [random.standard_normal(shape) for shape in (x_shape, weight_shape, (outputs,))]
    for where in ("cpu", other_device):
        x, weight, bias = (minitorch.tensor(a, device=where, requires_grad=True) for a in arrays)
        y = getattr(minitorch.nn.functional, name)(x, weight, bias, **settings)
        grads = minitorch.autograd.grad((y * y).sum(), (x, weight, bias), create_graph=True)
        sum((g * g).sum() for g in grads).backward()
        results.append([y, *grads, x.grad, weight.grad, bias.grad])
    for mine, wanted in zip(results[1], results[0]):
        assert mine.device.type == device(other_device).type
        np.testing.assert_allclose(mine.detach().cpu().numpy(), wanted.detach().numpy(), rtol=1e-9, atol=1e-9)
