"""Checks of the exercises of lesson 12: pytest lessons/exercises/test_12_shuffle.py"""

import numpy as np
import pytest
from checking import close, shape, unchanged

import minitorch
import minitorch.nn.functional as F
from minitorch import nn


def numbers(*sizes, seed=0):
    """Random float64 numbers, the same each time."""
    return np.random.default_rng(seed).normal(size=sizes)


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_12_1_against_a_layer(student, groups):
    layer = nn.Conv2d(12, 18, 3, padding=1, groups=groups, bias=False)
    weights = layer.weight.numel()
    macs = weights * 5 * 7  # each weight is used once at each place of the output
    result = student.grouped_cost(12, 18, 3, groups, 5, 7)
    assert result is not None and tuple(result) == (weights, macs), (
        f"your (weights, MACs) of 3 x 3 from 12 to 18 channels, {groups} groups, output 5 x 7, are {result}; they "
        f"should be {(weights, macs)}: each of 18 channels sees 12 / {groups} channels, at each of 35 places"
    )


def test_12_1_whole_numbers(student):
    result = student.grouped_cost(12, 18, 3, 3, 5, 7)
    assert all(isinstance(value, (int, np.integer)) for value in result), "counts are whole numbers: divide with //"


def test_12_2_the_order_of_the_cards(student):
    x = np.arange(12.0).reshape(1, 12, 1, 1)
    y = shape("your shuffle of 12 channels", student.channel_shuffle(x, 3), (1, 12, 1, 1))
    expected = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]
    assert y.ravel().tolist() == expected, (
        f"your shuffle of 12 channels in 3 groups gives {y.ravel().astype(int).tolist()}; it should be {expected}: a "
        "group is a row of the table, of 4 channels; read by columns"
    )


def test_12_2_images_stay_whole(student):
    x = numbers(2, 6, 3, 4)
    copy = x.copy()
    y = shape("your shuffle of (2, 6, 3, 4)", student.channel_shuffle(x, 2), x.shape)
    for channel, source in enumerate((0, 3, 1, 4, 2, 5)):
        close(f"channel {channel} of your shuffle with 2 groups", y[:, channel], x[:, source],
              f"it should be channel {source} as a whole, of the same image")  # fmt: skip
    unchanged("x", x, copy)


@pytest.mark.parametrize("groups", [2, 3, 6])
def test_12_3_comes_back(student, groups):
    x = numbers(2, 12, 3, 4)
    shuffled = F.channel_shuffle(minitorch.tensor(x), groups).numpy()
    close(f"a shuffle with {groups} groups, undone,", student.unshuffle(shuffled, groups), x,
          "the table has a column for each group now; shuffling again with as many groups is not the way back")


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_12_4_against_the_engine(student, groups):
    x, weight = numbers(2, 6, 3, 5), numbers(12, 6 // groups, seed=1)
    expected = F.conv2d(minitorch.tensor(x), minitorch.tensor(weight[:, :, None, None]), groups=groups)
    y = shape(f"your output for {groups} groups", student.grouped_pointwise(x, weight, groups), (2, 12, 3, 5))
    close(f"your output for {groups} groups", y, expected,
          "the first O / groups rows of weight belong to the first group of inputs")  # fmt: skip


def reach(channels, groups, layers, shuffle):
    """The matrix by walking from each output back to the inputs."""
    each = channels // groups
    result = np.zeros((channels, channels), bool)
    for output in range(channels):
        reached = {output}
        for layer in range(layers):
            reached = {i for o in reached for i in range(o // each * each, (o // each + 1) * each)}
            if shuffle and layer < layers - 1:
                reached = {place % groups * each + place // groups for place in reached}
        result[output, sorted(reached)] = True
    return result


@pytest.mark.parametrize("layers", [1, 3])
def test_12_5_without_a_shuffle(student, layers):
    result = shape("your matrix of 6 channels", student.connections(6, 2, layers, False), (6, 6))
    close(f"your matrix of {layers} layers without a shuffle", result.astype(float), reach(6, 2, layers, False),
          "blocks along the diagonal, however many layers there are")  # fmt: skip


@pytest.mark.parametrize("channels, groups, layers", [(6, 2, 1), (6, 2, 2), (12, 6, 2), (12, 6, 3), (12, 3, 2)],
                         ids=("one", "two", "few_channels", "few_channels_three", "all_connected"))
def test_12_5_with_a_shuffle(student, channels, groups, layers):
    result = student.connections(channels, groups, layers, True)
    result = shape(f"your matrix of {channels} channels", result, (channels, channels))
    close(f"your matrix of {layers} layers, {channels} channels in {groups} groups", result.astype(float),
          reach(channels, groups, layers, True),
          "a shuffle between two layers, none before the first or behind the last; channel g * K + k goes to "
          "k * groups + g")  # fmt: skip


def test_12_5_true_or_false(student):
    result = student.connections(6, 2, 3, True)
    assert result is not None and np.asarray(result).dtype == bool, "return an array of bool: number of paths > 0"


@pytest.mark.parametrize("sizes", [(8, 12, 1, 10), (8, 12, 4, 10), (3, 5, 1, 1)])
def test_12_6_counts(student, sizes):
    before, after, groups, pixels = sizes
    x, layer = np.zeros((before, pixels)), nn.Conv2d(before, after, 1, groups=groups, bias=False)
    expected = x.size + layer.weight.numel() + after * pixels
    result = student.numbers_carried(*sizes)
    assert result == expected, (
        f"you count {result} numbers for {before} to {after} channels, {groups} groups, {pixels} pixels; it should be "
        f"{expected}: input {x.size}, weights {layer.weight.numel()}, output {after * pixels}, each once"
    )


def new_unit(student, channels=6):
    """A unit whose normalisations do something."""
    minitorch.manual_seed(0)
    return student.ShuffleUnit(channels)


def test_12_7_parameters(student):
    unit = new_unit(student)
    sizes = sorted(tuple(p.shape) for p in unit.parameters())
    expected = sorted([(3, 3, 1, 1), (3, 1, 3, 3), (3, 3, 1, 1)] + [(3,)] * 6)
    assert sizes == expected, (
        f"your unit of 6 channels has parameters of the shapes {sizes}; they should be {expected}: two convolutions of "
        "1 x 1 and a depthwise one of half of the channels, groups=3, without bias, and three normalisations"
    )


def test_12_7_first_half_passes(student):
    unit = new_unit(student)
    x = minitorch.randn(2, 6, 5, 5)
    y = shape("your unit's output", unit(x), (2, 6, 5, 5))
    close("channels 0, 2, 4 of your output", y[:, ::2], x[:, :3],
          "the first half passes untouched, and the shuffle deals it out to every second channel")  # fmt: skip


def test_12_7_second_half_is_the_branch(student):
    unit = new_unit(student)
    x = minitorch.randn(2, 6, 5, 5)
    y = shape("your unit's output", unit(x), (2, 6, 5, 5))
    close("channels 1, 3, 5 of your output", y[:, 1::2], unit.branch(x[:, 3:]),
          "the second half of the channels goes through the branch, without an addition", 1e-4)  # fmt: skip


def test_12_7_layers_of_the_branch(student):
    unit = new_unit(student)
    x = minitorch.randn(2, 3, 5, 5)
    first, depthwise, last = [m for m in unit.branch.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in unit.branch.modules() if isinstance(m, nn.BatchNorm2d)]
    y = F.relu(norms[0](first(x)))
    y = norms[1](depthwise(y))
    close("your branch", unit.branch(x), F.relu(norms[2](last(y))),
          "1 x 1, normalisation, ReLU; depthwise, normalisation, no ReLU; 1 x 1, normalisation, ReLU",
          1e-4)  # fmt: skip
