"""Checks of the exercises of lesson 5: pytest lessons/exercises/test_05_initialisation.py"""

import math

import numpy as np
from checking import array, close, shape, unchanged

import minitorch
from minitorch import nn


def test_5_1_fans_of_a_linear_layer(student):
    fans = tuple(student.fan_in_and_out((10, 784)))
    assert fans == (784, 10), (
        f"your fans of a linear layer of shape (10, 784) are {fans}; they should be (784, 10): the weight is stored as "
        "(out, in), so the second number is the fan-in"
    )


def test_5_1_fans_of_a_convolution(student):
    fans = tuple(student.fan_in_and_out((8, 3, 5, 5)))
    assert fans == (75, 200), (
        f"your fans of a convolution of shape (8, 3, 5, 5) are {fans}; they should be (75, 200): one output sees "
        "in_channels * height * width numbers, and one input feeds out_channels * height * width outputs"
    )


def test_5_2_without_activation(student):
    close("your standard deviation for fan_in 256 and no activation", student.standard_deviation(256), 1 / 16,
          "256 * Var(w) must be 1, and the standard deviation is the root of the variance")  # fmt: skip


def test_5_2_relu(student):
    close("your standard deviation for fan_in 200 and ReLU", student.standard_deviation(200, slope=0), 0.1,
          "ReLU leaves half, so 200 * Var(w) / 2 must be 1")  # fmt: skip


def test_5_2_leaky_relu(student):
    for slope in (0.01, 0.2, 1.0):
        expected = math.sqrt(2 / (50 * (1 + slope**2)))
        result = student.standard_deviation(50, slope)
        close(f"your standard deviation for fan_in 50 and slope {slope}", result, expected,
              "a leaky ReLU leaves (1 + slope**2) / 2; with slope 1 it is no activation at all")  # fmt: skip


def test_5_3_shape_and_bound(student):
    for form, bound in (((200, 100), math.sqrt(6 / 300)), ((16, 8, 5, 5), math.sqrt(6 / 600))):
        weight = shape("your weight", student.xavier_uniform(form, np.random.default_rng(0)), form)
        largest = np.abs(weight).max()
        assert largest <= bound, (
            f"the largest number of your weight of shape {form} is {largest:.4f}; it should be at most {bound:.4f}: "
            "a = sqrt(3 * variance) = sqrt(6 / (fan_in + fan_out)); the fans of a convolution count the kernel's area"
        )
        assert largest > 0.97 * bound, (
            f"the largest number of your weight of shape {form} is {largest:.4f}; among so many uniform numbers some "
            f"should come close to a = {bound:.4f}: the variance of uniform numbers is a**2 / 3, so "
            "a = sqrt(3 * variance)"
        )
        assert weight.min() < 0, "all numbers of your weight are positive; they should lie between -a and a"


def test_5_3_uniform_and_from_the_generator(student):
    weight = array("your weight", student.xavier_uniform((300, 300), np.random.default_rng(0)))
    middle = np.mean(np.abs(weight) < np.abs(weight).max() / 2)
    assert abs(middle - 0.5) < 0.02, (
        f"{middle:.0%} of your numbers lie in the inner half of their range; of uniform numbers it is 50%: draw with "
        "generator.uniform, not generator.normal"
    )
    again = student.xavier_uniform((300, 300), np.random.default_rng(0))
    other = student.xavier_uniform((300, 300), np.random.default_rng(1))
    assert np.array_equal(weight, again) and not np.array_equal(weight, other), (
        "your numbers do not come from the generator: the same seed must give the same weight, another seed another one"
    )


def test_5_4_by_hand(student):
    weights = [np.array([[1.0, 0.0], [0.0, -1.0]]), np.array([[2.0, 2.0]])]
    squares = student.relu_mean_squares(weights, np.array([[3.0, 1.0], [-1.0, -1.0]]))
    close("your list of mean squares", squares, [(9 + 1) / 4, (36 + 4) / 2],
          "behind layer 1 the outputs are [[3, 0], [0, 1]], behind layer 2 [[6], [2]]: take the mean of their squares, "
          "without taking off the mean, and give the outputs of the ReLU to the next layer")  # fmt: skip


def test_5_4_against_the_engine(student):
    minitorch.manual_seed(0)
    model = nn.Sequential(*(part for _ in range(4) for part in (nn.Linear(20, 20, bias=False), nn.ReLU())))
    x, expected = minitorch.randn(50, 20), []
    y = x
    for layer in model:
        y = layer(y)
        if isinstance(layer, nn.ReLU):
            expected.append(float((y.detach().numpy() ** 2).mean()))
    weights = [layer.weight.detach().numpy() for layer in model if isinstance(layer, nn.Linear)]
    images = x.numpy().copy()
    close("your list of mean squares of four layers", student.relu_mean_squares(weights, images), expected)
    unchanged("x", images, x.numpy())


def test_5_5_by_hand(student):
    weight, bias = np.array([[1.0], [1.0], [-1.0], [1.0]]), np.array([0.0, -2.0, 0.0, -5.0])
    dead = shape("your result", student.dead_units(weight, bias, np.array([[1.0], [3.0]])), (4,), "one for each unit")
    assert dead.dtype == bool, f"your result holds {dead.dtype}; it should hold True and False"
    assert not dead[1], (
        "unit 1 has outputs 0 and 1: you call it dead, but a dead unit is 0 for all inputs, not for some: all(axis=0)"
    )
    assert not dead[0], "unit 0 has outputs 1 and 3, it is alive; you call it dead"
    assert dead[3], (
        "unit 3 sees 1 - 5 and 3 - 5, both negative, so it is dead; you call it alive: does your sum have the bias?"
    )
    assert dead[2], "unit 2 sees -1 and -3, so it is dead; you call it alive"


def test_5_5_bias_keeps_a_unit_alive(student):
    weight, bias = np.array([[-1.0, 0.0], [0.1, 0.0], [0.0, 0.0]]), np.array([5.0, 0.0, 0.0])
    dead = student.dead_units(weight, bias, np.array([[1.0, 7.0], [3.0, 7.0]]))
    assert not dead[0], "a unit with outputs 5 - 1 and 5 - 3 is alive; you call it dead: add the bias"
    assert not dead[1], "a unit with outputs 0.1 and 0.3 is alive, however small they are"
    assert dead[2], "a unit whose outputs are all exactly 0 is dead"


def test_5_6_every_layer_has_variance_one(student):
    minitorch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 30), nn.Tanh(), nn.Linear(30, 5))
    x = minitorch.randn(40, 1, 8, 8)
    student.unit_variance(model, x)
    for number, layer in enumerate(model):
        x = layer(x).detach()
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            variance = float(x.numpy().var())
            assert abs(variance - 1) < 1e-3, (
                f"the outputs of layer {number}, {type(layer).__name__}, have variance {variance:.4g}; it should be 1: "
                "divide by the standard deviation, not the variance; divide the bias too; and let each layer see the "
                "outputs of the layers before it as they are after scaling"
            )


def test_5_6_returns_what_it_found(student):
    minitorch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 6, bias=False), nn.ReLU(), nn.Linear(6, 3))
    x = minitorch.randn(100, 6)
    first = float((x @ model[0].weight.T).detach().numpy().std())
    found = student.unit_variance(model, x)
    assert found is not None and len(found) == 2, (
        f"your function returned {found}; it should be a list of two numbers, one for each layer with a weight"
    )
    close("the first standard deviation that you found", found[0], first, tolerance=1e-4)
    again = student.unit_variance(model, x)
    close("the standard deviations that you find in a network that is scaled already", again, [1.0, 1.0],
          tolerance=1e-3)  # fmt: skip
