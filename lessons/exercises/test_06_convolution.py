"""Checks of the exercises of lesson 6: pytest lessons/exercises/test_06_convolution.py"""

import numpy as np
from checking import array, close, shape, unchanged

import minitorch
import minitorch.nn.functional as F
from minitorch.autograd import GradcheckError, gradcheck


def numbers(*sizes, seed=0):
    """Random float64 numbers, the same each time."""
    return np.random.default_rng(seed).normal(size=sizes)


SIZES = [
    (28, 5, {}, 24, "28 - 5 + 1 windows"),
    (28, 5, {"padding": 2}, 28, "padding is added on both sides: n + 2 * padding"),
    (28, 3, {"stride": 2}, 13, "a last window that hangs over does not count: round down"),
    (28, 3, {"dilation": 4}, 20, "the kernel spans dilation * (kernel - 1) + 1 pixels"),
    (7, 3, {"stride": 2, "padding": 1, "dilation": 2}, 3, "all three together, rounded down once, at the end"),
]  # fmt: skip


def test_6_1_sizes(student):
    for n, kernel, setting, expected, hint in SIZES:
        result = student.output_size(n, kernel, **setting)
        assert result == expected and result == int(result), (
            f"your size for {n} pixels, kernel {kernel}, {setting or 'nothing else'} is {result}; it should be "
            f"{expected}: {hint}"
        )


def test_6_2_by_hand(student):
    x = np.array([[1.0, 2, 3], [4, 5, 6]])
    y = student.correlate(x, np.array([[1.0, 10]]))
    name, hint = "your response of a kernel (1, 2) on an image (2, 3)", "H - KH + 1 rows and W - KW + 1 columns"
    y = shape(name, y, (2, 2), hint)
    assert y[0, 0] != 12, "y[0, 0] is 12 = 10 * 1 + 2: your kernel is turned around; here it should not be"
    close("your response", y, [[21, 32], [54, 65]], "y[0, 0] = 1 * 1 + 10 * 2")


def test_6_2_against_the_engine(student):
    x, kernel = numbers(7, 9), numbers(3, 2, seed=1)
    expected = F.conv2d(minitorch.tensor(x[None]), minitorch.tensor(kernel[None, None]))[0]
    close("your response of a kernel (3, 2) on an image (7, 9)", student.correlate(x, kernel), expected)


def test_6_3_by_hand(student):
    x = np.arange(1.0, 7).reshape(1, 1, 2, 3)
    columns = shape("your columns of an image (2, 3) with kernel (2, 2)", student.im2col(x, (2, 2)), (1, 4, 2),
                    "(N, C * KH * KW, OH * OW)")  # fmt: skip
    close("your columns", columns[0].T, [[1, 2, 4, 5], [2, 3, 5, 6]],
          "the image is [[1, 2, 3], [4, 5, 6]]; a column is a window, row by row")  # fmt: skip


def test_6_3_against_the_engine(student):
    for setting in ({}, {"stride": 2}, {"padding": 1}, {"stride": 3, "padding": 2}):
        x = numbers(2, 3, 7, 8)
        expected = F.unfold(minitorch.tensor(x), (3, 2), **setting)
        before = x.copy()
        close(f"your columns of (2, 3, 7, 8), kernel (3, 2), {setting or 'stride 1, no padding'}",
              student.im2col(x, (3, 2), **setting), expected,
              "first all of channel 0, then channel 1; with a stride, every stride-th window")  # fmt: skip
        unchanged("x", x, before)


def test_6_4_against_the_engine(student):
    x, weight, bias = numbers(2, 3, 6, 7), numbers(4, 3, 3, 2, seed=1), numbers(4, seed=2)
    for setting in ({}, {"stride": 2, "padding": 1}):
        expected = F.conv2d(*map(minitorch.tensor, (x, weight, bias)), **setting)
        without = F.conv2d(minitorch.tensor(x), minitorch.tensor(weight), **setting).numpy()
        name = f"your convolution of (2, 3, 6, 7) with weight (4, 3, 3, 2), {setting or 'stride 1, no padding'},"
        y = shape(name, student.conv2d(x, weight, bias, **setting), expected.shape, "(N, O, OH, OW)")
        assert not np.allclose(y, without), "your convolution has no bias: add bias[o] to each number of map o"
        close(name, y, expected, "weight.reshape(O, -1) @ columns, then the bias, then the shape (N, O, OH, OW)")


STACKS = [
    ([(3, 1, 1)], (3, 1), "one layer sees its kernel"),
    ([(3, 1, 1), (3, 1, 1)], (5, 1), "the second layer adds 2 pixels, not 3"),
    ([(3, 2, 1), (3, 2, 1)], (7, 4), "a layer's own stride does not widen its own window, only those of later layers"),
    ([(3, 1, 1), (3, 1, 2), (3, 1, 4)], (15, 1), "a dilated kernel adds (kernel - 1) * dilation"),
    ([(7, 2, 1), (3, 2, 1), (3, 1, 1), (3, 2, 2)], (35, 8), "each layer adds steps of its input, which are as many "
     "pixels as the strides before it multiply to"),
]  # fmt: skip


def test_6_5_fields(student):
    for layers, expected, hint in STACKS:
        result = tuple(student.receptive_field(layers))
        assert result == expected, f"your (size, step) of {layers} is {result}; it should be {expected}: {hint}"


def run_both(student, stride, padding):
    """The student's layer after forward and backward, its grad_x, and the engine's three gradients."""
    arrays = numbers(2, 3, 6, 7), numbers(4, 3, 3, 2, seed=1), numbers(4, seed=2)
    leaves = [minitorch.tensor(a, requires_grad=True) for a in arrays]
    y = F.conv2d(*leaves, stride=stride, padding=padding)
    grad = numbers(*y.shape, seed=3)
    y.backward(minitorch.tensor(grad))
    layer = student.Convolution(*arrays[1:], stride=stride, padding=padding)
    close("your forward", layer.forward(arrays[0]), y, "it is the same as in exercise 6.4")
    return layer, layer.backward(grad), [leaf.grad for leaf in leaves]


GEOMETRIES = [(1, 0), (2, 1)]  # stride, padding


def test_6_6_gradient_of_bias(student):
    for stride, padding in GEOMETRIES:
        layer, _, (_, _, expected) = run_both(student, stride, padding)
        bias = shape("your grad_bias", layer.grad_bias, (4,), "sum over the batch and all places")
        close("your grad_bias", bias, expected, "the sum, not the mean, over the batch and all places")


def test_6_6_gradient_of_weight(student):
    for stride, padding in GEOMETRIES:
        layer, _, (_, expected, _) = run_both(student, stride, padding)
        close("your grad_weight", layer.grad_weight, expected, "G @ X.T, added up over the images of the batch")


def test_6_6_gradient_of_x(student):
    for stride, padding in GEOMETRIES:
        _, grad_x, (expected, _, _) = run_both(student, stride, padding)
        name = f"your grad_x with stride {stride} and padding {padding}"
        grad_x = shape(name, grad_x, (2, 3, 6, 7), "that of x: cut off the padding at the end")
        close(name, grad_x, expected,
              "a pixel that several windows saw gets the sum of their gradients: +=, for each place in the kernel")


def test_6_6_second_call_does_not_add(student):
    x, weight, bias = numbers(1, 2, 5, 5), numbers(3, 2, 3, 3, seed=1), numbers(3, seed=2)
    layer = student.Convolution(weight, bias)
    grad = np.ones(array("your forward", layer.forward(x)).shape)
    layer.backward(grad)
    first = np.array(array("your grad_weight", layer.grad_weight))
    layer.forward(x)
    layer.backward(grad)
    close("your grad_weight after a second forward and backward", layer.grad_weight, first,
          "here each backward sets the gradient anew, it does not add to the old one")  # fmt: skip


def test_6_6_gradcheck(student):
    class Layer(minitorch.autograd.Function):
        @staticmethod
        def forward(ctx, x, weight, bias):
            ctx.layer = student.Convolution(weight, bias, stride=2, padding=1)
            return ctx.layer.forward(x)

        @staticmethod
        def backward(ctx, grad):
            grad_x = ctx.layer.backward(grad.numpy())
            return tuple(map(minitorch.tensor, (grad_x, ctx.layer.grad_weight, ctx.layer.grad_bias)))

    inputs = [minitorch.tensor(a, requires_grad=True) for a in (numbers(2, 2, 4, 3), numbers(2, 2, 3, 2), numbers(2))]
    try:
        gradcheck(Layer.apply, inputs)
    except GradcheckError as error:
        raise AssertionError(f"gradcheck disagrees; input 0 is x, 1 the weight, 2 the bias: {error}") from None
