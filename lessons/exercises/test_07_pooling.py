"""Checks of the exercises of lesson 7: pytest lessons/exercises/test_07_pooling.py"""

import numpy as np
from checking import close, shape, unchanged

import minitorch
import minitorch.nn.functional as F


def numbers(*sizes, seed=0):
    """Random float64 numbers, the same each time."""
    return np.random.default_rng(seed).normal(size=sizes)


def test_7_1_down_and_right(student):
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    moved = shape("your shifted image", student.shift(x.copy(), 1, 0), (1, 1, 3, 3))
    assert moved[0, 0, 0].tolist() != [7, 8, 9], (
        "what left the image at the bottom came in at the top; it should be lost, and the free row should be 0"
    )
    close("your image, shifted down by 1", moved[0, 0], [[0, 0, 0], [1, 2, 3], [4, 5, 6]])
    close("your image, shifted right by 2", student.shift(x, 0, 2)[0, 0], [[0, 0, 1], [0, 0, 4], [0, 0, 7]])


def test_7_1_up_left_and_nothing(student):
    x = numbers(2, 3, 4, 5)
    before = x.copy()
    close("your image, shifted by (0, 0)", student.shift(x, 0, 0), x, "nothing moves: mind that x[-0:] is everything")
    expected = np.zeros_like(x)
    expected[:, :, :3, :3] = x[:, :, 1:, 2:]
    close("your image, shifted by (-1, -2)", student.shift(x, -1, -2), expected,
          "negative numbers move up and to the left, and the free rows are the last ones")  # fmt: skip
    unchanged("x", x, before)


def test_7_2_against_the_engine(student):
    for size, x in ((2, numbers(2, 3, 4, 6)), (3, numbers(1, 2, 6, 3)), (2, -np.abs(numbers(1, 1, 2, 2)))):
        close(f"your max pooling of {x.shape} with windows of {size}", student.max_pool(x, size),
              F.max_pool2d(minitorch.tensor(x), size),
              "a window is size rows and size columns that lie together; all numbers may be negative")  # fmt: skip


def test_7_3_by_hand(student):
    x = np.array([[1.0, 5, 2, 0], [3, 4, 1, 7]]).reshape(1, 1, 2, 4)
    grad = student.max_pool_backward(np.array([[[[10.0, 20]]]]), x, 2)
    grad = shape("your gradient", grad, (1, 1, 2, 4), "that of x")
    close("your gradient", grad[0, 0], [[0, 10, 0, 0], [0, 0, 0, 20]],
          "x is [[1, 5, 2, 0], [3, 4, 1, 7]]; 10 goes to the 5, 20 to the 7")  # fmt: skip


def test_7_3_ties(student):
    grad = student.max_pool_backward(np.ones((1, 1, 1, 1)), np.full((1, 1, 2, 2), 4.0), 2)
    assert np.sum(grad) == 1, (
        f"all four numbers are equal and you give them {np.sum(grad):g} together; the gradient is 1, and goes to the "
        "first of them alone: compare with argmax, not with =="
    )
    close("your gradient where all four are equal", grad[0, 0], [[1, 0], [0, 0]], "the first one gets it")


def test_7_3_against_the_engine(student):
    for size, sizes in ((2, (2, 3, 4, 6)), (3, (1, 2, 6, 3))):
        x = minitorch.tensor(numbers(*sizes), requires_grad=True)
        y = F.max_pool2d(x, size)
        grad = numbers(*y.shape, seed=1)
        y.backward(minitorch.tensor(grad))
        close(f"your gradient of {sizes} with windows of {size}",
              student.max_pool_backward(grad, x.detach().numpy().copy(), size), x.grad,
              "when you bring the windows back, undo the exchange of axes")  # fmt: skip


def test_7_4_known_errors(student):
    x = numbers(2, 1, 4, 8)
    exact = student.equivariance_error(lambda x: x[:, :, ::2, ::2], x, 2)
    close("your error of 'every second pixel' and step 2", exact, 0.0,
          "the image moves by `step` columns, the result by 1")  # fmt: skip
    expected = np.sqrt(((np.roll(x, 1, 3) - x) ** 2).sum() / (x**2).sum())
    wrong = student.equivariance_error(lambda y: x * 1, x, 1)  # the result never moves
    close("your error of a function whose result never moves", wrong, expected,
          "the root of the sum of squares of the difference, divided by that of f(x)")  # fmt: skip


def test_7_4_only_columns(student):
    def ramp(y):
        return y * np.arange(1.0, 5).reshape(1, 1, 4, 1)

    error = student.equivariance_error(ramp, numbers(2, 1, 4, 8), 1)
    close("your error of a function that treats rows differently, but all columns alike", error, 0.0,
          "move along the columns, axis 3, only")  # fmt: skip


def test_7_5_even_signal(student):
    x = np.ones((1, 1, 4, 4))
    close("your blurred image of ones", student.blur_pool(x), np.ones((1, 1, 2, 2)),
          "the kernel (1, 2, 1) / 4 adds up to 1, beyond the border too, where the image begins again")  # fmt: skip


def test_7_5_single_pixel(student):
    x = np.zeros((1, 1, 6, 6))
    x[0, 0, 0, 0] = 16
    y = shape("your blurred image", student.blur_pool(x), (1, 1, 3, 3), "every second pixel of 6 x 6")
    assert y[0, 0, 0, 0] != 16, "your image is not blurred: pixel (0, 0) still is 16; it should be 4"
    close("your blurred image of one pixel 16 at (0, 0)", y[0, 0], [[4, 0, 0], [0, 0, 0], [0, 0, 0]],
          "blur in both directions, centred, then take rows 0, 2, 4 and columns 0, 2, 4")  # fmt: skip


def test_7_5_against_the_engine(student):
    x = numbers(2, 3, 6, 8)
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    weight = minitorch.tensor(np.tile(kernel, (3, 1, 1, 1)))
    padded = F.pad(minitorch.tensor(x), (1, 1, 1, 1), mode="circular")
    close("your blurred image (2, 3, 6, 8)", student.blur_pool(x), F.conv2d(padded, weight, stride=2, groups=3))


def test_7_6_takes_the_strongest(student):
    x = np.zeros((2, 1, 4, 4))
    x[0, 0, 1::2, 0::2] = 3
    x[1, 0, 0::2, 1::2] = -2
    y = shape("your result", student.polyphase_pool(x), (2, 1, 2, 2))
    close("your result for an image whose odd rows and even columns are 3", y[0, 0], np.full((2, 2), 3.0))
    close("your result for an image whose even rows and odd columns are -2", y[1, 0], np.full((2, 2), -2.0),
          "each image chooses for itself, by the sum of squares: -2 is stronger than 0")  # fmt: skip


def test_7_6_no_shift_changes_the_numbers(student):
    x = numbers(3, 2, 6, 8)
    before = np.asarray(student.polyphase_pool(x))
    for rows, columns in ((1, 0), (0, 1), (3, 5)):
        after = np.asarray(student.polyphase_pool(np.roll(x, (rows, columns), axis=(2, 3))))
        for number in range(3):
            close(f"image {number} after a shift by ({rows}, {columns}), its numbers sorted",
                  np.sort(after[number], axis=None), np.sort(before[number], axis=None),
                  "a shift should bring the same numbers to other places; all channels of an image take the same way")


def test_7_6_channels_stay_together(student):
    x = np.zeros((1, 2, 2, 2))
    x[0, 0, 0, 0], x[0, 1, 1, 1] = 5, 4
    y = shape("your result", student.polyphase_pool(x), (1, 2, 1, 1))
    close("your result", y[0, :, 0, 0], [5, 0],
          "channel 0 has a 5 at (0, 0), channel 1 a 4 at (1, 1): the way with the 5 wins for both channels")
