"""Checks of the exercises of lesson 3: pytest lessons/exercises/test_03_pixels.py"""

import ast
import inspect
import tracemalloc

import numpy as np
from checking import close, gradient, shape


def test_3_1_against_a_loop(student):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(4, 3)), random.normal(size=(5, 3))
    wanted = [[((row - other) ** 2).sum() for other in b] for row in a]
    close("your squared distances", student.squared_distances(a, b), wanted,
          "|a|^2 - 2 a.b + |b|^2, with |a|^2 down the rows and |b|^2 along the columns")


def test_3_1_without_a_loop(student):
    student.squared_distances(np.ones((2, 3)), np.ones((4, 3)))
    tree = ast.parse(inspect.getsource(student.squared_distances))
    loops = [node for node in ast.walk(tree) if isinstance(node, (ast.For, ast.While, ast.comprehension))]
    assert not loops, "your function has a loop: a @ b.T holds all the products a.b at once"


def test_3_1_none_is_negative(student):
    a = np.random.default_rng(0).uniform(size=(50, 784)).astype(np.float32)
    distances = shape("your squared distances", student.squared_distances(a, a), (50, 50))
    assert distances.min() >= 0, f"a squared distance is {distances.min():.1e}: rounding; cut negative ones off at 0"


def test_3_1_memory(student):
    a, b = np.ones((100, 300)), np.ones((200, 300))
    tracemalloc.start()
    student.squared_distances(a, b)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < a.nbytes * 20, (
        f"your function needed {peak / 1e6:.0f} MB for 100 and 200 rows of 300: do not make an array (M, N, D)")


def test_3_2_nearest(student):
    distances = np.array([[3.0, 1.0, 2.0], [0.5, 9.0, 9.5]])
    close("your answer with k = 1", student.nearest_say(distances, np.array([7, 4, 5]), 1), [4, 7],
          "the smallest distance is the nearest")


def test_3_2_majority(student):
    distances = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]])
    labels = np.array([0, 2, 2, 0, 0])
    close("your answer for votes 0 2 2 with k = 3", student.nearest_say(distances, labels, 3), [2],
          "the class with the most votes among the k nearest")
    close("your answer for votes 0 2 2 0 0 with k = 5", student.nearest_say(distances, labels, 5), [0])


def test_3_2_tie(student):
    distances = np.array([[4.0, 3.0, 2.0, 1.0]])
    close("your answer for two votes each, where the nearest is of class 5",
          student.nearest_say(distances, np.array([1, 1, 5, 5]), 4), [5],
          "of classes with equally many votes, the one with the nearest member")


def some_scores():
    random = np.random.default_rng(0)
    return random.normal(size=(4, 3)), np.array([0, 2, 1, 2])


def loss_by_definition(scores, targets):
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    return -np.log(p[np.arange(len(targets)), targets]).mean()


def test_3_3_loss(student):
    scores, targets = some_scores()
    close("your loss", student.cross_entropy(scores, targets)[0], loss_by_definition(scores, targets),
          "the mean over the examples of -log of the probability at the target")


def test_3_3_gradient(student):
    scores, targets = some_scores()
    result = shape("your gradient", student.cross_entropy(scores, targets)[1], (4, 3))
    right = gradient(lambda s: loss_by_definition(s, targets), scores)
    if np.allclose(result, 4 * right, atol=1e-5):
        raise AssertionError("your gradient is 4 times too large for 4 examples: the loss is a mean, divide by N")
    close("your gradient", result, right, "probabilities, minus 1 at the target, divided by N")


def test_3_3_large_scores(student):
    scores = np.array([[1000.0, 0.0], [-1000.0, 0.0]])
    with np.errstate(all="ignore"):
        loss, grad = student.cross_entropy(scores, np.array([0, 0]))
    hint = "subtract the largest score of each row before exp, and take the logarithm on paper"
    close("your loss for scores of 1000 and -1000", loss, 500.0, hint)
    close("your gradient for scores of 1000 and -1000", grad, [[0, 0], [-0.5, 0.5]], hint)


def test_3_4_shares(student):
    images = np.array([[[0.0, 0.1], [0.6, 0.4]], [[0.9, 0.9], [0.9, 0.3]]])
    close("your histogram", student.gray_histogram(images, 2), [[0.75, 0.25], [0.25, 0.75]],
          "shares of the pixels, not counts: divide by the number of pixels")


def test_3_4_white_is_in_the_last_bin(student):
    images = np.ones((1, 2, 2))
    close("your histogram of a picture of ones", student.gray_histogram(images, 4), [[0, 0, 0, 1.0]],
          "1.0 belongs to the last bin")


def test_3_4_edges_of_bins(student):
    images = np.array([[[0.0, 0.25, 0.5, 0.75]]])
    close("your histogram of 0, 1/4, 1/2, 3/4", student.gray_histogram(images, 4), [[0.25] * 4],
          "each of these is the lowest value of its bin")


def three_clouds(seed=0):
    """(x, targets): three clouds of points that a line can tell apart, but only with a bias."""
    random = np.random.default_rng(seed)
    targets = np.repeat(np.arange(3), 30)
    centres = np.array([[4.0, 4.0], [6.0, 4.0], [5.0, 6.0]])
    return centres[targets] + random.normal(size=(90, 2)) * 0.3, targets


def test_3_5_one_step(student):
    x, targets = three_clouds()
    weight, bias = student.train_linear(x, targets, 3, steps=1, lr=0.1)
    grad = (np.full((90, 3), 1 / 3) - np.eye(3)[targets]) / 90
    close("your weight after one step", shape("your weight", weight, (3, 2)), -0.1 * grad.T @ x,
          "from zero, one step is -lr * G^T x, where G has been divided by N")
    close("your bias after one step", shape("your bias", bias, (3,)), -0.1 * grad.sum(0), "-lr * the sum of G over n")


def test_3_5_learns(student):
    x, targets = three_clouds()
    weight, bias = student.train_linear(x, targets, 3, steps=3000, lr=0.1)
    right = ((x @ weight.T + bias).argmax(1) == targets).mean()
    assert right > 0.95, f"after 3000 steps {right:.0%} of three well separated clouds are right; it should be over 95%"


def test_3_5_leaves_the_data_alone(student):
    x, targets = three_clouds()
    copies = x.copy(), targets.copy()
    student.train_linear(x, targets, 3, steps=5, lr=0.1)
    assert (x == copies[0]).all() and (targets == copies[1]).all(), "your function changed x or targets"


def slanted(angle, size=8):
    """A picture that gets brighter in one direction, in degrees: an angle of 90 points down."""
    rows, columns = np.mgrid[:size, :size]
    return rows * np.sin(np.radians(angle)) + columns * np.cos(np.radians(angle))


def test_3_6_shape(student):
    shape("your HOG of a picture (8, 12) with cells of 4 and 9 directions", student.hog(np.zeros((8, 12)), 4, 9),
          (2, 3, 9))


def test_3_6_direction(student):
    for angle, wanted in ((10, 0), (60, 1), (100, 2), (170, 3)):
        result = student.hog(slanted(angle), 4, 4)
        close(f"your HOG of a picture that gets brighter at {angle} degrees", result.sum((0, 1)),
              64.0 * np.eye(4)[wanted], f"the angle of (right, down) is {angle} degrees: bin {wanted} of 4",
              tolerance=1e-3)


def test_3_6_no_front_and_back(student):
    for angle, wanted in ((10 + 180, 0), (60 + 180, 1), (-80, 2)):
        result = student.hog(slanted(angle), 4, 4)
        close(f"your HOG of a picture that gets brighter at {angle} degrees", result.sum((0, 1)),
              64.0 * np.eye(4)[wanted], "turn angles outside 0 to 180 by 180 degrees", tolerance=1e-3)


def test_3_6_cells_and_border(student):
    image = np.zeros((4, 8))
    image[:, 6:] = 1.0  # one upright edge, between columns 5 and 6
    result = student.hog(image, 4, 2)
    wanted = np.zeros((1, 2, 2))
    wanted[0, 1, 0] = 4.0  # in each of four rows 1/2 at the pixels 5 and 6
    close("your HOG of an upright edge", result, wanted, "right = (right neighbour - left neighbour) / 2, cell by cell")
    image = np.zeros((4, 4))
    image[:, 0] = 1.0
    close("your HOG of an edge at the border", student.hog(image, 4, 1), [[[4 * 1.5]]],
          "at the border the pixel stands in for its missing neighbour, and there is no division by 2")


def test_3_6_angle_of_pi(student):
    image = np.tile(np.arange(4.0), (4, 1))
    image[:, 0] = -1e-17 * np.arange(4)  # so little downwards that the angle, turned, is rounded to 180 degrees
    with np.errstate(all="ignore"):
        result = student.hog(image, 4, 3)
    close("your HOG of a picture with angles of -0.00000000000000001", result, [[[12.0, 0.0, 4.0]]],
          "an angle that rounding makes 180 degrees belongs to the last bin")


def test_3_6_strength(student):
    random = np.random.default_rng(0)
    image = random.uniform(size=(6, 6))
    down, right = np.gradient(image)
    close("the sum of all numbers of your HOG", student.hog(image, 3, 5).sum(), np.hypot(down, right).sum(),
          "each pixel counts with its strength, in one bin")
