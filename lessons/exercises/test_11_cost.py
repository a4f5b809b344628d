"""Checks of the exercises of lesson 11: pytest lessons/exercises/test_11_cost.py"""

import numpy as np
from checking import array, close, shape, unchanged

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, tools


def numbers(*sizes, seed=0):
    """Random float64 numbers, the same each time."""
    return np.random.default_rng(seed).normal(size=sizes)


LAYERS = [  # in_channels, out_channels, kernel_size, out_size; groups and bias
    ((3, 8, (5, 3), (10, 12)), {}, (368, 43200),
     "a filter has 3 * 5 * 3 numbers; each of the 8 is used at 120 places, and has one bias"),
    ((3, 8, (5, 3), (10, 12)), {"bias": False}, (360, 43200), "without bias there are only the weights"),
    ((8, 8, (3, 3), (4, 4)), {"groups": 8, "bias": False}, (72, 1152),
     "each filter sees in_channels / groups channels"),
    ((6, 4, (3, 3), (5, 5)), {"groups": 2}, (112, 2700), "each filter sees in_channels / groups channels"),
]  # fmt: skip


def test_11_1_costs(student):
    for arguments, setting, expected, hint in LAYERS:
        result = student.conv_cost(*arguments, **setting)
        assert result is not None and len(result) == 2, "return two numbers: parameters and macs"
        assert tuple(result) == expected, (
            f"your (parameters, macs) of {arguments}, {setting or 'nothing else'}, are {tuple(result)}; "
            f"they should be {expected}: {hint}"
        )


def test_11_2_by_hand(student):
    result = array("your intensity", student.macs_per_byte(1, (2, 3, 3), (4, 2, 1, 1), (4, 3, 3)))
    assert not np.isclose(result, 72 / 62), "your intensity is 72 / 62, MACs for each number; a float32 has four bytes"
    close("your intensity of a 1 x 1 convolution from 2 to 4 channels on 3 x 3 places", result, 72 / 248,
          "4 * 9 * 2 MACs; 18 numbers of the input, 8 of the weight, 36 of the output, four bytes each")  # fmt: skip


def test_11_2_batch(student):
    result = student.macs_per_byte(16, (64, 7, 7), (64, 64, 3, 3), (64, 7, 7))
    macs, image, weight = 64 * 49 * 64 * 9, 2 * 64 * 49, 64 * 64 * 9
    close("your intensity of a 3 x 3 convolution of 64 channels on 7 x 7 places, batch 16", result,
          16 * macs / (4 * (16 * image + weight)), "the weight is read once for the whole batch, the images 16 times")


def test_11_2_depthwise(student):
    close("your intensity of a depthwise 3 x 3 convolution, 32 channels, stride 2",
          student.macs_per_byte(1, (32, 8, 8), (32, 1, 3, 3), (32, 4, 4)), 32 * 16 * 9 / (4 * 32 * (64 + 9 + 16)),
          "one filter has as many numbers as weight_shape says, 9, and works at each place of the output")  # fmt: skip


def test_11_3_channels_stay_apart(student):
    x = numbers(1, 3, 5, 6)
    middle = np.zeros((3, 3, 3))
    middle[:, 1, 1] = 1, 10, 100
    close("your result for kernels that have one number, 1, 10 and 100, in the middle",
          student.depthwise_separable(x, middle, np.eye(3)), x * np.array([1, 10, 100])[:, None, None],
          "each channel has a kernel of its own, and the middle of the kernel lies on the pixel itself")  # fmt: skip


def test_11_3_against_the_engine(student):
    for kernel in (3, 5):
        x, depthwise, pointwise = numbers(2, 4, 6, 7), numbers(4, kernel, kernel, seed=1), numbers(5, 4, seed=2)
        before = x.copy()
        filtered = F.conv2d(minitorch.tensor(x), minitorch.tensor(depthwise[:, None]), padding=kernel // 2, groups=4)
        name = f"your convolution of (2, 4, 6, 7) with kernels {kernel} x {kernel} and 5 outputs"
        result = shape(name, student.depthwise_separable(x, depthwise, pointwise), (2, 5, 6, 7),
                       "K // 2 zeros on all four sides keep the size")  # fmt: skip
        close(name, result, np.einsum("oc,nchw->nohw", pointwise, filtered.numpy()),
              "do not turn the kernels around; pointwise[o, c] says how much of channel c goes to output o")
        unchanged("x", x, before)


def product_of(student, weight):
    """The full weight that the student's two halves stand for."""
    result = student.separate(weight)
    assert result is not None and len(result) == 2, "return two arrays: depthwise and pointwise"
    outputs, channels, height, width = weight.shape
    depthwise = shape("your depthwise", result[0], (channels, height, width), "one kernel for each input channel")
    pointwise = shape("your pointwise", result[1], (outputs, channels), "one number for each output and input")
    return pointwise[:, :, None, None] * depthwise


def test_11_4_separable_stays(student):
    weight = numbers(6, 4, 1, 1) * numbers(4, 3, 3, seed=1)
    close("the product of your halves, for a weight that is separable already,", product_of(student, weight), weight,
          "nothing should be lost: the singular value belongs to one half, and to one only")  # fmt: skip


def test_11_4_nearest(student):
    weight = numbers(6, 4, 3, 3)
    error = ((product_of(student, weight) - weight) ** 2).sum()
    least = sum((np.linalg.svd(weight[:, c].reshape(6, 9), compute_uv=False)[1:] ** 2).sum() for c in range(4))
    assert error < least * (1 + 1e-6), (
        f"your halves differ from a random weight by {error:.4g}, squared and summed; {least:.4g} is possible: take "
        "the largest singular value of each input channel's matrix (O, K * K)"
    )


PLACES = np.array([[-5.0, -3.5, -2.0, -1.5], [-0.5, 0.0, 1.0, 2.5], [3.5, 4.0, 7.0, -2.5]])


def test_11_5_values(student):
    x = PLACES.copy()
    y = student.hard_swish(x)[0]
    close("your hard-swish", y, [[0, 0, -1 / 3, -0.375], [-5 / 24, 0, 2 / 3, 55 / 24], [3.5, 4, 7, -5 / 24]],
          "0 below -3, x above 3, x * (x + 3) / 6 in between")  # fmt: skip
    unchanged("x", x, PLACES)


def test_11_5_slope(student):
    x = minitorch.tensor(PLACES, requires_grad=True)
    F.hardswish(x).sum().backward()
    close("your slope", student.hard_swish(PLACES.copy())[1], x.grad,
          "in the middle both factors change: the slope is (2 * x + 3) / 6, 0 below and 1 above")  # fmt: skip


def kinds(block):
    """The layers inside the branch, in order."""
    return [module for module in block.branch.modules() if not list(module.children())]


def test_11_6_layers(student):
    block = student.InvertedResidual(4, 6, stride=2, expansion=3)
    found = [type(layer).__name__ for layer in kinds(block)]
    expected = ["Conv2d", "BatchNorm2d", "ReLU6"] * 2 + ["Conv2d", "BatchNorm2d"]
    assert found == expected, f"your branch has the layers {found}; it should have {expected}: none behind the last"
    sizes = [tuple(layer.weight.shape) for layer in kinds(block) if isinstance(layer, nn.Conv2d)]
    assert sizes == [(12, 4, 1, 1), (12, 1, 3, 3), (6, 12, 1, 1)], (
        f"your convolutions have weights of the shapes {sizes}; for 4 to 6 channels and expansion 3 they should be "
        "(12, 4, 1, 1), (12, 1, 3, 3) and (6, 12, 1, 1): the one in the middle has as many groups as channels"
    )
    biases = [layer.bias for layer in kinds(block) if isinstance(layer, nn.Conv2d)]
    assert biases == [None] * 3, "your convolutions have biases; the normalisation behind each has one already"


def test_11_6_nothing_to_widen(student):
    block = student.InvertedResidual(4, 6, expansion=1)
    found = [tuple(layer.weight.shape) for layer in kinds(block) if isinstance(layer, nn.Conv2d)]
    assert found == [(4, 1, 3, 3), (6, 4, 1, 1)], (
        f"with expansion 1 your convolutions have weights of the shapes {found}; the first 1 x 1 convolution, its "
        "normalisation and its activation should be left out"
    )


def test_11_6_shortcut(student):
    minitorch.manual_seed(0)
    for in_channels, out_channels, stride, added in ((4, 4, 1, True), (4, 6, 1, False), (4, 4, 2, False)):
        block = student.InvertedResidual(in_channels, out_channels, stride).eval()
        x = minitorch.randn(2, in_channels, 6, 7)
        name = f"your output from {in_channels} to {out_channels} channels with stride {stride}"
        y = shape(name, block(x), (2, out_channels, 6 // stride, 7 if stride == 1 else 4),
                  "only the filter has the stride")  # fmt: skip
        expected = block.branch(x) + x if added else block.branch(x)
        close(name, y, expected,
              "branch(x) + x where the shape stays the same, branch(x) elsewhere; no activation after it", 1e-4)


def test_11_6_stride_of_the_filter(student):
    block = student.InvertedResidual(4, 6, stride=2, expansion=3)
    macs = tools.cost(block, (4, 8, 8)).macs
    expected = 64 * 12 * 4 + 16 * 12 * 9 + 16 * 6 * 12
    assert macs == expected, (
        f"your block takes {macs} MACs on 8 x 8 places; it should be {expected}: the filter in the middle has the "
        "stride, the first convolution works at the full size"
    )
