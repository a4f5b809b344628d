"""Checks of the exercises of lesson 13: pytest lessons/exercises/test_13_excitation.py"""

import math

import numpy as np
import pytest
from checking import close, gradient, shape, unchanged

import minitorch
import minitorch.nn.functional as F
from minitorch import nn


def numbers(*sizes, seed=0):
    """Random float64 numbers, the same each time."""
    return np.random.default_rng(seed).normal(size=sizes)


@pytest.mark.parametrize("channels, reduction", [([64], 16), ([64, 128, 128], 8), ([12, 20], 4)],
                         ids=("one_block", "three_blocks", "two_blocks"))
def test_13_1_counts(student, channels, reduction):
    layers = [nn.Linear(c, c // reduction) for c in channels] + [nn.Linear(c // reduction, c) for c in channels]
    expected = sum(p.numel() for layer in layers for p in layer.parameters())
    count = student.extra_parameters(channels, reduction)
    assert count == expected, (
        f"you count {count} parameters for channels {channels} and reduction {reduction}; it should be {expected}: for "
        "each block two weights of C * (C // reduction), and biases of C // reduction and of C"
    )


def weights(channels=6, narrow=2):
    """W1, b1, W2, b2."""
    return (numbers(narrow, channels, seed=1), numbers(narrow, seed=2), numbers(channels, narrow, seed=3),
            numbers(channels, seed=4))  # fmt: skip


def gate_by_loops(x, weight1, bias1, weight2, bias2):
    """The gates (N, C), number by number."""
    gates = np.zeros(x.shape[:2])
    for n in range(len(x)):
        means = [x[n, c].sum() / x[n, c].size for c in range(x.shape[1])]
        hidden = [max(sum(w * m for w, m in zip(row, means)) + b, 0) for row, b in zip(weight1, bias1)]
        for c, (row, b) in enumerate(zip(weight2, bias2)):
            gates[n, c] = 1 / (1 + math.exp(-sum(w * h for w, h in zip(row, hidden)) - b))
    return gates


def test_13_2_against_loops(student):
    x, layers = numbers(3, 6, 4, 5), weights()
    copy = x.copy()
    y = shape("your output", student.squeeze_excitation(x, *layers), x.shape)
    expected = x * gate_by_loops(x, *layers)[:, :, None, None]
    close("your output", y, expected, "means over height and width, W1, relu, W2, sigmoid; then x times the gates")
    unchanged("x", x, copy)


def test_13_2_images_do_not_mix(student):
    x, layers = numbers(3, 6, 4, 5), weights()
    alone = np.concatenate([student.squeeze_excitation(image[None], *layers) for image in x])
    close("your output of a batch of three", student.squeeze_excitation(x, *layers), alone,
          "each image has its own gates: no mean over the batch")  # fmt: skip


def test_13_2_no_weights_no_difference(student):
    x = numbers(2, 6, 3, 3)
    layers = [np.zeros_like(array) for array in weights()]
    close("your output where all weights and biases are 0", student.squeeze_excitation(x, *layers), x / 2,
          "sigmoid(0) is 1/2")  # fmt: skip


def test_13_3_gradients(student):
    x, gates, grad = numbers(2, 3, 4, 5), numbers(2, 3, seed=1), numbers(2, 3, 4, 5, seed=2)
    result = student.scale_backward(grad, x, gates)
    assert result is not None and len(result) == 2, "return two gradients: to x and to the gates"
    grad_x, grad_gates = result
    close("your gradient to x", grad_x, gradient(lambda x: (grad * gates[:, :, None, None] * x).sum(), x),
          "grad_output times the gate of its channel")  # fmt: skip
    shape("your gradient to the gates", grad_gates, (2, 3), "sum over the places")
    close("your gradient to the gates", grad_gates,
          gradient(lambda gates: (grad * gates[:, :, None, None] * x).sum(), gates),
          "the sum, not the mean, of grad_output * x over the places")  # fmt: skip


def test_13_4_means(student):
    gates, labels = np.array([[1.0, 4], [2, 6], [3, 5], [7, 9]]), np.array([2, 0, 2, 0])
    result = shape("your means", student.class_means(gates, labels, 3)[[0, 2]], (2, 2), "a row for each class")
    close("your means of classes 0 and 2", result, np.array([[4.5, 7.5], [2, 4.5]]), "over the images of the class")


def test_13_4_a_class_without_images(student):
    with np.errstate(all="ignore"):
        result = student.class_means(np.array([[1.0, 4], [2, 6]]), np.array([0, 3]), 4)
    expected = np.array([[1.0, 4], [np.nan, np.nan], [np.nan, np.nan], [2, 6]])
    close("your means where classes 1 and 2 have no image", result, expected, "NaN for a class without images")


def test_13_5_extremes(student):
    labels = np.array([0, 0, 1, 1, 1, 1])
    gates = np.array([[0.2, 0.2, 0.6, 0.6, 0.6, 0.6], [0.1, 0.9, 0.1, 0.9, 0.1, 0.9], [0.5] * 6]).T  # three channels
    shares = shape("your shares of 3 channels", student.share_between_classes(gates, labels, 2), (3,))
    close("your share where the class decides everything", shares[0], 1.0)
    close("your share where both classes have the same mean", shares[1], 0.0)
    close("your share of a channel that never changes", shares[2], 0.0, "0 / 0: say 0")


def test_13_5_classes_count_by_their_size(student):
    gates, labels = np.array([[0.0], [0.2], [0.2], [0.4], [1.0]]), np.array([0, 0, 0, 0, 1])
    means = [0.2, 0.2, 0.2, 0.2, 1.0]  # of the images' classes
    middle = sum(means) / 5
    between = sum((m - middle) ** 2 for m in means) / 5
    total = sum((g - 0.36) ** 2 for g in (0.0, 0.2, 0.2, 0.4, 1.0)) / 5
    close("your share for classes of 4 and 1 images", student.share_between_classes(gates, labels, 2),
          np.array([between / total]),
          "the variance is over images, so that a class of four counts four times")  # fmt: skip


def test_13_6_differences(student):
    without, with_block = [0.70, 0.80, 0.90], [0.72, 0.81, 0.93]
    result = student.gain(without, with_block)
    assert result is not None and len(result) == 2, "return the mean gain and its standard error"
    close("your mean gain", result[0], 0.02)
    close("your standard error", result[1], 0.01 / math.sqrt(3),
          "from the differences 0.02, 0.01, 0.03, seed by seed, with n - 1 in the denominator")  # fmt: skip


@pytest.mark.parametrize("hard", [False, True], ids=("sigmoid", "hard"))
def test_13_7_output(student, hard):
    block = student.SqueezeExcitation(8, 4, hard=True) if hard else student.SqueezeExcitation(8)
    x = minitorch.randn(3, 8, 4, 5) * 3
    y = shape("your block's output", block(x), (3, 8, 4, 5))
    a = block.expand(F.relu(block.reduce(x.mean(dim=(2, 3)))))
    gates = F.relu6(a + 3) / 6 if hard else a.sigmoid()
    close("your block's output", y, x * gates.reshape(3, 8, 1, 1),
          "relu6(a + 3) / 6" if hard else "x times sigmoid(expand(relu(reduce(means))))", 1e-4)  # fmt: skip


def test_13_7_parameters(student):
    sizes = [tuple(p.shape) for p in student.SqueezeExcitation(8).parameters()]
    expected = [(2, 8), (2,), (8, 2), (8,)]
    assert sorted(sizes) == sorted(expected), (
        f"your block of 8 channels, reduction 4, has parameters of the shapes {sizes}; they should be {expected}: "
        "reduce and expand, both with bias"
    )


def test_13_7_learns(student):
    block = student.SqueezeExcitation(8)
    block(minitorch.randn(3, 8, 4, 4)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in block.parameters()), (
        "a parameter of your block gets no gradient: compute with tensors all the way, without numpy() or detach()"
    )
