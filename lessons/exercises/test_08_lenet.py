"""Checks of the exercises of lesson 8: pytest lessons/exercises/test_08_lenet.py"""

import numpy as np
from checking import array, close, shape

import minitorch
import minitorch.nn.functional as F
from minitorch import models, nn


def test_8_1_each_layer(student):
    layers = [("conv", 3, 6, 5), ("relu",), ("pool", 2), ("linear", 400, 120)]
    counts = list(student.parameter_counts(layers))
    assert len(counts) == 4, f"you return {len(counts)} numbers for 4 layers; layers without parameters count 0"
    assert counts[0] == 456, (
        f"your count of a convolution from 3 to 6 channels, 5 x 5, is {counts[0]}; it should be 456 = 6 * (3 * 25 + 1)"
        ": each of the 6 filters is 3 channels deep and has one bias"
    )
    assert counts[3] == 48120, (
        f"your count of a linear layer from 400 to 120 is {counts[3]}; it should be 48120 = 120 * (400 + 1): one bias "
        "for each output"
    )
    assert counts[1:3] == [0, 0], f"ReLU and pooling have no parameters; you count {counts[1:3]}"


def test_8_2_shape_of_the_scores(student):
    model = student.lenet(7)
    scores = shape("your scores for 2 images and 7 classes", model(minitorch.zeros(2, 1, 28, 28)), (2, 7))
    assert np.isfinite(scores).all()
    probability = array("scores", student.lenet()(minitorch.randn(4, 1, 28, 28))).sum(axis=1)
    assert not np.allclose(probability, 1, atol=1e-3), (
        "your scores add up to 1: is there a softmax at the end? Leave it out, cross_entropy has it inside"
    )


def test_8_2_parameters(student):
    mine = [tuple(p.shape) for p in student.lenet().parameters()]
    expected = [tuple(p.shape) for p in models.lenet5().parameters()]
    assert mine == expected, (
        f"your parameters have the shapes {mine}; they should be {expected}: weight and bias of two convolutions and "
        "three linear layers"
    )


def test_8_2_same_network(student):
    minitorch.manual_seed(0)
    mine, theirs = student.lenet(), models.lenet5()
    with minitorch.no_grad():
        for p, q in zip(mine.parameters(), theirs.parameters()):
            p.copy_(q)
        x = minitorch.randn(3, 1, 28, 28)
        close("your scores, with the weights of models.lenet5,", mine(x), theirs(x),
              "the layers fit but compute something else: is there a ReLU behind each layer but the last, and is the "
              "pooling max pooling?", tolerance=1e-4)  # fmt: skip


def test_8_3_by_hand(student):
    counts = student.confusion_counts(np.array([0, 1, 1, 1, 2]), np.array([0, 1, 2, 2, 2]), 4)
    counts = shape("your counts", counts, (4, 4), "4 classes, though one never occurs")
    assert counts.sum() == 5, (
        f"your counts add up to {counts.sum():g} for 5 images: a pair that comes twice must count twice (np.add.at)"
    )
    assert counts[1, 2] == 0, (
        "your counts[1, 2] is not 0, but no image of class 1 was taken for 2: the row is the true class, the column "
        "the predicted one"
    )
    close("your counts", counts, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 2, 1, 0], [0, 0, 0, 0]])


def test_8_4_by_hand(student):
    recall, precision = student.recall_and_precision(np.array([[8, 2, 0], [1, 4, 0], [1, 4, 0]]))
    close("your recall", recall, [0.8, 0.8, 0.0], "divide the diagonal by the sums of the rows, the true classes")
    close("your precision", precision, [0.8, 0.4, 0.0],
          "divide the diagonal by the sums of the columns; class 2 was never predicted, its precision counts as 0")


def test_8_5_by_hand(student):
    probabilities = np.array([[0.9, 0.1, 0.0], [0.6, 0.3, 0.1], [0.2, 0.8, 0.0], [0.0, 0.3, 0.7], [0.99, 0.0, 0.01]])
    labels = np.array([0, 1, 2, 1, 0])
    worst = shape("your list of the worst", student.worst_mistakes(probabilities, labels, 10), (3,),
                  "there are three mistakes: images 1, 2 and 3")  # fmt: skip
    assert set(worst.tolist()) == {1, 2, 3}, (
        f"your list is {worst.tolist()}; the mistakes are the images 1, 2 and 3, counted among all images, right ones "
        "too"
    )
    assert worst.tolist() == [2, 3, 1], (
        f"your list is {worst.tolist()}; it should be [2, 3, 1]: the network was sure by 0.8, 0.7 and 0.6, the most "
        "confident mistake comes first"
    )
    close("your list of at most 2", student.worst_mistakes(probabilities, labels, 2), [2, 3])


def small_problem(count=10, seed=0):
    """A linear model, images and labels of three classes."""
    minitorch.manual_seed(seed)
    random = np.random.default_rng(seed)
    return nn.Linear(4, 3), random.normal(size=(count, 4)).astype(np.float32), random.integers(0, 3, count)


def steps_by_hand(model, images, labels, steps, lr):
    """The weight after full-batch steps on a copy of a linear model, and the losses."""
    weight, bias = (p.detach().clone().requires_grad_() for p in model.parameters())
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(F.linear(minitorch.from_numpy(images), weight, bias), minitorch.from_numpy(labels))
        gradients = minitorch.autograd.grad(loss, [weight, bias])
        weight, bias = ((p - lr * g).detach().requires_grad_() for p, g in zip((weight, bias), gradients))
        losses.append(loss.item())
    return weight, losses


def test_8_6_one_step(student):
    model, images, labels = small_problem()
    expected, losses = steps_by_hand(model, images, labels, 1, lr=0.5)
    result = student.train(model, images, labels, epochs=1, batch_size=10, lr=0.5)
    close("the weight after one step", model.weight, expected, "weight - lr * gradient of cross_entropy", 1e-4)
    close("your losses of one epoch of one step", result, losses, "the loss before the step, as a list", 1e-4)


def test_8_6_gradients_do_not_pile_up(student):
    model, images, labels = small_problem()
    expected, losses = steps_by_hand(model, images, labels, 3, lr=0.5)
    result = student.train(model, images, labels, epochs=3, batch_size=10, lr=0.5)
    close("the weight after three steps", model.weight, expected,
          "after one step it may be right and after three wrong if zero_grad is missing", 1e-4)  # fmt: skip
    close("your losses of three epochs", result, losses, tolerance=1e-4)


class Recorder(nn.Module):
    """A model that notes which images it saw, by their first number."""

    def __init__(self):
        super().__init__()
        self.linear, self.seen = nn.Linear(2, 3), []

    def forward(self, x):
        self.seen.append(x.numpy()[:, 0].astype(int).tolist())
        return self.linear(x)


def test_8_6_every_image_in_every_epoch(student):
    minitorch.manual_seed(0)
    model, images = Recorder(), np.stack([np.arange(11), np.zeros(11)], axis=1).astype(np.float32)
    student.train(model, images, np.zeros(11, dtype=np.int64), epochs=2, batch_size=4, lr=0.01)
    assert len(model.seen) == 6, (
        f"your training makes {len(model.seen)} steps for 11 images in batches of 4 and 2 epochs; it should make 3 in "
        "each epoch: the last batch has 3 images and counts too"
    )
    epochs = [sum(model.seen[:3], []), sum(model.seen[3:], [])]
    for number, seen in enumerate(epochs):
        assert sorted(seen) == list(range(11)), f"epoch {number} saw the images {sorted(seen)}; it should see each once"
    assert epochs[0] != list(range(11)) and epochs[0] != epochs[1], (
        "the images come in the same order in each epoch, or in that of the data; shuffle them anew each time"
    )


def test_8_6_mean_over_images(student):
    model, images, labels = small_problem(5)
    with minitorch.no_grad():
        scores = F.linear(minitorch.from_numpy(images), model.weight, model.bias)
        expected = F.cross_entropy(scores, minitorch.from_numpy(labels)).item()
    result = student.train(model, images, labels, epochs=1, batch_size=4, lr=0.0)
    close("your loss of an epoch with 5 images in batches of 4 and lr 0", result[0], expected,
          "the batch of 1 image must not count as much as the batch of 4: weigh each batch by its images", 1e-4)


def test_8_7_by_hand(student):
    probabilities = np.array([[0.95, 0.05], [0.91, 0.09], [0.35, 0.65], [0.62, 0.38]])
    labels = np.array([0, 1, 1, 0])
    expected = 0.5 * abs(0.93 - 0.5) + 0.5 * abs(0.635 - 1.0)
    close("your calibration error", student.calibration_error(probabilities, labels), expected,
          "drawer (0.9, 1]: confidence 0.93, right 0.5; drawer (0.6, 0.7]: confidence 0.635, right 1; half of the "
          "images in each; the signs must not cancel")


def test_8_7_weights(student):
    probabilities = np.array([[1.0, 0.0]] * 3 + [[0.55, 0.45]])
    close("your calibration error", student.calibration_error(probabilities, np.array([0, 0, 0, 1])), 0.25 * 0.55,
          "three sure images, all right, and one at 0.55 that is wrong: each drawer counts by its share of the images, "
          "and a confidence of exactly 1 is in the last drawer")
