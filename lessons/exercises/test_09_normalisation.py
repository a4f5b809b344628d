"""Checks of the exercises of lesson 9: pytest lessons/exercises/test_09_normalisation.py"""

import numpy as np
from checking import array, close, shape, unchanged

import minitorch
import minitorch.nn.functional as F
from minitorch import nn


def numbers(*sizes, seed=0):
    """Random float64 numbers, the same each time."""
    return np.random.default_rng(seed).normal(size=sizes)


def images():
    """A batch (4, 3, 5, 6) whose channels have different means and sizes."""
    size, mean = np.array([1.0, 5, 0.2]), np.array([0.0, 2, -3])
    return numbers(4, 3, 5, 6) * size.reshape(1, 3, 1, 1) + mean.reshape(1, 3, 1, 1)


def tensors(*arrays):
    """The arrays as tensors."""
    return [minitorch.tensor(a) for a in arrays]


def test_9_1_mean_and_variance(student):
    y = shape("your result", student.batch_norm(images(), np.ones(3), np.zeros(3)), (4, 3, 5, 6))
    close("the mean of each channel of your result", y.mean((0, 2, 3)), np.zeros(3),
          "take the mean over the batch and all places, axes 0, 2 and 3, not over one image or one place")
    close("the variance of each channel of your result", y.var((0, 2, 3)), np.ones(3),
          "divide by the root of the variance, which is the one divided by the count", 1e-3)


def test_9_1_eps_weight_and_bias(student):
    x, weight, bias = images() * 0.01, np.array([1.0, 2, -1]), np.array([0.0, 1, 5])
    expected = F.batch_norm(*tensors(x), None, None, *tensors(weight, bias), training=True, eps=0.1)
    close("your result with weight, bias and eps = 0.1", student.batch_norm(x, weight, bias, eps=0.1), expected,
          "eps is added to the variance inside the root; weight and bias come after it, per channel")


def test_9_2_mean(student):
    mean, _ = student.update_running(np.array([1.0, 2, 3]), np.ones(3), images(), momentum=0.25)
    expected = 0.75 * np.array([1.0, 2, 3]) + 0.25 * images().mean((0, 2, 3))
    close("your running mean with momentum 0.25", mean, expected,
          "(1 - momentum) times the old one plus momentum times that of the batch: momentum is the share of the new")


def test_9_2_variance(student):
    before, x = np.array([1.0, 2, 3]), images()[:2, :, :1, :1]
    _, variance = student.update_running(np.zeros(3), before, x, momentum=0.5)
    expected = 0.5 * before + 0.5 * x.var((0, 2, 3), ddof=1)
    close("your running variance of two numbers with momentum 0.5", variance, expected,
          "here the variance of the batch is divided by the count minus 1: ddof=1")  # fmt: skip
    unchanged("running_var", before, np.array([1.0, 2, 3]))


def engine_backward(x, weight, grad):
    """The engine's gradients of batch normalisation in training: to x and weight."""
    leaves = [minitorch.tensor(a, requires_grad=True) for a in (x, weight)]
    F.batch_norm(leaves[0], None, None, leaves[1], None, training=True).backward(minitorch.tensor(grad))
    return [leaf.grad for leaf in leaves]


def test_9_3_blind_directions(student):
    x, grad = images(), numbers(4, 3, 5, 6, seed=1)
    result = shape("your gradient", student.batch_norm_backward(grad, x, np.ones(3)), x.shape)
    close("the sum of your gradient over each channel", result.sum((0, 2, 3)), np.zeros(3),
          "raising all inputs alike changes nothing: subtract mean(g)", 1e-6)  # fmt: skip


def test_9_3_against_the_engine(student):
    x, grad, weight = images(), numbers(4, 3, 5, 6, seed=1), np.array([1.0, 2, -1])
    expected, _ = engine_backward(x, weight, grad)
    close("your gradient", student.batch_norm_backward(grad, x, weight), expected,
          "weight / sqrt(variance + eps) * (g - mean(g) - x-hat * mean(g * x-hat)): all three terms, and the factor")


def test_9_4_same_output(student):
    weight, x = numbers(4, 3, 3, 3), numbers(2, 3, 6, 6, seed=10)
    bias, gamma, beta, mean, root = numbers(5, 4, seed=1)
    variance = root**2
    for given in (None, bias):
        y = F.conv2d(*tensors(x, weight), None if given is None else minitorch.tensor(given))
        expected = F.batch_norm(y, *tensors(mean, variance, gamma, beta), training=False)
        folded = student.fold(weight, given, gamma, beta, mean, variance)
        assert folded is not None and len(folded) == 2, f"you return {folded}; it should be (weight, bias)"
        shape("your folded weight", folded[0], (4, 3, 3, 3))
        shape("your folded bias", folded[1], (4,))
        text = "without bias" if given is None else "with bias"
        y = F.conv2d(*tensors(x, *(array("your folded convolution", part) for part in folded)))
        close(f"the output of your one convolution, for one {text}", y, expected,
              "scale the weight by gamma / sqrt(variance + eps), per output channel; a bias that was there is scaled "
              "too")


def test_9_5_against_the_engine(student):
    x, weight, bias = numbers(3, 6, 4, 4) + 2, numbers(6, seed=1), numbers(6, seed=2)
    for groups in (1, 2, 3, 6):
        close(f"your result with {groups} groups", student.group_norm(x, groups, weight, bias),
              F.group_norm(minitorch.tensor(x), groups, *tensors(weight, bias)),
              "each image and each group by itself, neighbouring channels together; weight and bias per channel")


def test_9_5_does_not_look_at_the_batch(student):
    x = numbers(3, 4, 4, 4)
    together = array("your result", student.group_norm(x, 2, np.ones(4), np.zeros(4)))
    alone = array("your result", student.group_norm(x[:1], 2, np.ones(4), np.zeros(4)))
    close("your result for the first image alone", alone[0], together[0], "it must not depend on the other images")


def both(student, training):
    """The student's layer and the engine's, with the same numbers, in the mode asked for, after some batches."""
    layer, engine = student.BatchNorm(3), nn.BatchNorm2d(3).double()
    layer.weight, layer.bias = np.array([1.0, 2, -1]), np.array([0.5, 0, 1])
    with minitorch.no_grad():
        engine.weight.copy_(minitorch.tensor(layer.weight))
        engine.bias.copy_(minitorch.tensor(layer.bias))
    for seed in range(3):
        x = images() + seed
        layer.forward(x)
        engine(minitorch.tensor(x))
    layer.training = training
    engine.train(training)
    return layer, engine


def test_9_6_training(student):
    layer, engine = both(student, training=True)
    close("your output in training", layer.forward(images()), engine(minitorch.tensor(images())), tolerance=1e-4)
    close("your running_mean after four batches", layer.running_mean, engine.running_mean,
          "each forward in training updates it once", 1e-4)  # fmt: skip
    close("your running_var after four batches", layer.running_var, engine.running_var, tolerance=1e-4)


def test_9_6_evaluation(student):
    layer, engine = both(student, training=False)
    before = np.array(array("running_mean", layer.running_mean))
    close("your output in evaluation", layer.forward(images()), engine(minitorch.tensor(images())),
          "use running_mean and running_var, not those of the batch", 1e-4)  # fmt: skip
    close("your running_mean after a forward in evaluation", layer.running_mean, before,
          "in evaluation the estimates must not move")  # fmt: skip


def test_9_6_backward(student):
    grad = numbers(4, 3, 5, 6, seed=5)
    for training in (True, False):
        layer, engine = both(student, training)
        x = minitorch.tensor(images(), requires_grad=True)
        engine(x).backward(minitorch.tensor(grad))
        layer.forward(images())
        mode = "training" if training else "evaluation"
        result = layer.backward(grad)
        close(f"your grad_bias in {mode}", layer.grad_bias, engine.bias.grad, "the sum over batch and places", 1e-4)
        close(f"your grad_weight in {mode}", layer.grad_weight, engine.weight.grad, "the sum of g * x-hat", 1e-4)
        close(f"your gradient to x in {mode}", result, x.grad,
              "in evaluation mean and variance are constants: g * weight / sqrt(running_var + eps)", 1e-4)
