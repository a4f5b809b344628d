"""Checks of the exercises of lesson 4: pytest lessons/exercises/test_04_sgd.py"""

import functools

import numpy as np
import pytest
from checking import close, gradient, shape, unchanged

import minitorch
import minitorch.nn.functional as F
from minitorch.data import datasets


def test_4_1_first_step(student):
    parameters, gradients, velocities = [np.array([1.0, 2.0])], [np.array([0.5, -1.0])], [np.zeros(2)]
    student.momentum_step(parameters, gradients, velocities, lr=0.1, momentum=0.9)
    close("the parameter after the first step", parameters[0], [0.95, 2.1],
          "change the arrays themselves (-=, *=, +=), and go against the gradient")
    close("the velocity after the first step", velocities[0], [0.5, -1.0], "momentum * 0 + gradient")


def test_4_1_second_step(student):
    parameters, velocities = [np.array([1.0]), np.ones((2, 2))], [np.zeros(1), np.zeros((2, 2))]
    gradients = [np.array([1.0]), np.full((2, 2), 2.0)]
    for _ in range(2):
        student.momentum_step(parameters, gradients, velocities, lr=0.1, momentum=0.5)
    close("the first parameter after two steps with gradient 1", parameters[0], [1 - 0.1 - 0.15],
          "the second velocity is 0.5 * 1 + 1 = 1.5; the gradient is not multiplied by 1 - momentum")
    close("the second parameter after two steps with gradient 2", parameters[1], np.full((2, 2), 1 - 0.2 - 0.3))


def test_4_1_gradients_stay(student):
    gradients = [np.array([1.0, 2.0])]
    velocities = [np.zeros(2)]
    parameters = [np.zeros(2)]
    for _ in range(2):
        student.momentum_step(parameters, gradients, velocities, lr=0.1, momentum=0.9)
    unchanged("the gradients", gradients[0], np.array([1.0, 2.0]))


def test_4_2_each_number_once(student):
    for count, size in ((10, 3), (12, 4), (5, 8)):
        cut = student.batches(count, size, np.random.default_rng(0))
        together = sorted(int(i) for batch in cut for i in batch)
        assert together == list(range(count)), (
            f"with count {count} and batch size {size} your batches hold {together}: each number from 0 to {count - 1} "
            "must occur once; also the last, smaller batch counts")


def test_4_2_sizes(student):
    sizes = [len(batch) for batch in student.batches(10, 3, np.random.default_rng(0))]
    assert sizes == [3, 3, 3, 1], f"with count 10 and batch size 3 your batches have sizes {sizes}, not [3, 3, 3, 1]"


def test_4_2_shuffled(student):
    random = np.random.default_rng(0)
    first, second = (np.concatenate(student.batches(50, 8, random)) for _ in range(2))
    assert (first != np.arange(50)).any(), "your batches are in order: shuffle with random.permutation(count)"
    assert (first != second).any(), (
        "two calls with the same generator give the same order: each epoch needs a new one, so draw from `random`")


def test_4_3_limit(student):
    random = np.random.default_rng(0)
    for curvatures in ((4.0, 0.1, 1.0), (0.5, 0.2, 0.3)):
        axes = np.linalg.qr(random.normal(size=(3, 3)))[0]
        hessian = axes @ np.diag(curvatures) @ axes.T
        rate = float(student.largest_rate(hessian))
        assert rate > 0, f"the rate should be positive; yours is {rate}"
        below = np.linalg.norm(np.linalg.matrix_power(np.eye(3) - 0.99 * rate * hessian, 3000))
        above = np.linalg.norm(np.linalg.matrix_power(np.eye(3) - 1.01 * rate * hessian, 3000))
        given = f"with curvatures {curvatures} descent"
        assert below < 1, f"{given} explodes below your rate {rate:.3g}: the steepest decides"
        assert above > 1, (f"{given} still converges above your rate {rate:.3g}: a step that jumps over the lowest "
                           "point may still come nearer to it")


def test_4_4_training_set(student):
    train = np.random.default_rng(0).normal(3, 5, size=(50, 2)) * [1, 10]
    result, _ = student.standardise(train, train[:5])
    close("the means of your training set", shape("your training set", result, (50, 2)).mean(0), [0, 0],
          "subtract the mean of each column (axis 0)")
    close("the standard deviations of your training set", np.asarray(result).std(0), [1, 1],
          "divide by the standard deviation of each column")


def test_4_4_test_set(student):
    train, test = np.array([[0.0], [4.0]]), np.array([[4.0], [8.0]])
    close("your test set, where train is 0 and 4 and test is 4 and 8", student.standardise(train, test)[1],
          [[1.0], [3.0]], "use the mean and the standard deviation of the training set")


def test_4_4_constant_column(student):
    train = np.array([[1.0, 7.0], [3.0, 7.0]])
    with np.errstate(all="ignore"):
        result, other = student.standardise(train, train + 1)
    close("your training set with a constant column", result, [[-1, 0], [1, 0]],
          "a column that never varies has standard deviation 0: do not divide by it")
    assert np.isfinite(other).all(), "the constant column makes your test set infinite: do not divide by 0"


def small_mlp():
    """(parameters, x, targets) of a network 3 -> 4 -> 2, some of whose hidden units are off."""
    random = np.random.default_rng(0)
    parameters = [random.normal(size=s) for s in ((4, 3), (4,), (2, 4), (2,))]
    return parameters, random.normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])


def loss_by_engine(parameters, x, targets):
    w1, b1, w2, b2 = (minitorch.tensor(np.array(p)) for p in parameters)
    hidden = F.relu(minitorch.tensor(x) @ w1.T + b1)
    return F.cross_entropy(hidden @ w2.T + b2, minitorch.tensor(targets)).item()


def test_4_5_loss(student):
    parameters, x, targets = small_mlp()
    close("your loss", student.mlp_gradients(parameters, x, targets)[0], loss_by_engine(parameters, x, targets))


def test_4_5_large_scores(student):
    parameters, x, targets = small_mlp()
    parameters[2] = parameters[2] * 1e4
    with np.errstate(all="ignore"):
        loss, grads = student.mlp_gradients(parameters, x, targets)
    hint = "exp overflows for large scores: subtract the largest score of each row first"
    assert np.isfinite(loss) and all(np.isfinite(grad).all() for grad in grads), hint
    close("your loss for large scores", loss, loss_by_engine(parameters, x, targets), hint)


@pytest.mark.parametrize("number, name, hint", [
    (3, "b2", "(probabilities - truth) / N, summed over the batch"),
    (2, "w2", "the gradient of the scores, transposed, times h"),
    (1, "b1", "send the gradient through w2 to h, then let it pass where the sum before relu was positive"),
    (0, "w1", "the gradient before relu, transposed, times x"),
], ids=["b2", "w2", "b1", "w1"])  # the order in which backward computes them
def test_4_5_gradients(student, number, name, hint):
    parameters, x, targets = small_mlp()
    grads = student.mlp_gradients(parameters, x, targets)[1]
    assert len(grads) == 4, f"return four gradients, not {len(grads)}"
    shape(f"your gradient of {name}", grads[number], parameters[number].shape, "a gradient has its parameter's shape")

    def loss(value):
        changed = list(parameters)
        changed[number] = value
        return loss_by_engine(changed, x, targets)

    close(f"your gradient of {name}", grads[number], gradient(loss, parameters[number]), hint)


@functools.cache
def digits():
    (x, y), (test_x, test_y) = (datasets.Digits(train=train).arrays() for train in (True, False))
    return x.reshape(-1, 64), y, test_x.reshape(-1, 64), test_y


def test_4_6_reads_digits(student):
    x, y, test_x, test_y = digits()
    say = student.train_mlp(x.copy(), y.copy(), seed=0)
    assert callable(say), "train_mlp should return a function that classifies"
    said = shape("what your network says", say(test_x), (360,), "one class number for each row")
    right = (said == test_y).mean()
    assert right >= 0.95, f"{right:.1%} of the test digits are right; it should be at least 95%: train longer?"


def test_4_6_repeatable(student):
    x, y, test_x, _ = digits()
    first, second = (student.train_mlp(x[:300].copy(), y[:300].copy(), seed=3)(test_x) for _ in range(2))
    assert (first == second).all(), "two trainings with the same seed differ: draw everything from default_rng(seed)"
