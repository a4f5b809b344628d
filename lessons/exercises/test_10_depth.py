"""Checks of the exercises of lesson 10: pytest lessons/exercises/test_10_depth.py"""

import numpy as np
from checking import close, shape

import minitorch
import minitorch.nn.functional as F
from minitorch import nn


def numbers(*sizes, seed=0):
    """Random float64 numbers, the same each time."""
    return np.random.default_rng(seed).normal(size=sizes)


def test_10_1_depths(student):
    for n, expected in ((3, 20), (9, 56), (18, 110)):
        depth = student.layers_with_weights(n)
        assert depth == expected, (
            f"your depth for {n} blocks in each stage is {depth}; it should be {expected}: one convolution, three "
            "stages of n blocks with two convolutions, one linear layer"
        )


def test_10_2_against_the_engine(student):
    arrays = numbers(5, 4), numbers(6, 4, seed=1), numbers(4, 6, seed=2)
    x, weight1, weight2 = leaves = [minitorch.tensor(a, requires_grad=True) for a in arrays]
    grad = numbers(5, 4, seed=3)
    (x + F.relu(x @ weight1.T) @ weight2.T).backward(minitorch.tensor(grad))
    result = student.residual_backward(grad, *arrays)
    assert result is not None and len(result) == 3, "return three gradients: to x, weight1 and weight2"
    branch_only = leaves[0].grad.numpy() - grad
    assert not np.allclose(result[0], branch_only), (
        "your gradient to x is that of the branch alone; the shortcut passes grad_output on unchanged: add it"
    )
    for name, mine, leaf in zip(("x", "weight1", "weight2"), result, leaves):
        close(f"your gradient to {name}", mine, leaf.grad,
              "through the branch: back through weight2, where relu let it pass, then through weight1")


def test_10_2_needs_no_branch(student):
    grad = numbers(3, 4)
    result = student.residual_backward(grad, numbers(3, 4, seed=1), np.zeros((2, 4)), np.zeros((4, 2)))
    close("your gradient to x where all weights are 0", result[0], grad, "the shortcut passes grad_output on unchanged")


def test_10_3_shape_and_numbers(student):
    x = minitorch.tensor(numbers(2, 3, 6, 8))
    y = shape("your shortcut of (2, 3, 6, 8) to 5 channels, stride 2", student.padding_shortcut(x, 5, 2), (2, 5, 3, 4))
    close("the first three channels", y[:, :3], x.numpy()[:, :, ::2, ::2], "rows 0, 2, 4, not a mean of neighbours")
    close("the new channels", y[:, 3:], np.zeros((2, 2, 3, 4)), "they come last and are 0")


def test_10_3_nothing_to_do(student):
    x = minitorch.tensor(numbers(2, 3, 4, 4))
    close("your shortcut where nothing changes", student.padding_shortcut(x, 3, 1), x)


def test_10_4_ways(student):
    assert list(student.path_lengths(3)) == [1, 3, 3, 1], (
        f"your ways through 3 blocks are {student.path_lengths(3)}; they should be [1, 3, 3, 1]: one takes every "
        "shortcut, three go through one branch, ..."
    )
    ways = list(student.path_lengths(54))
    assert sum(ways) == 2**54, f"through 54 blocks there are 2**54 ways in all; yours add up to {sum(ways)}"
    middle = 1946939425648112
    assert ways[27] == middle, f"your ways through 27 of 54 branches are {ways[27]}, not {middle}: use whole numbers"


def block_by_formula(block, x):
    """The output that a block should have, from its own layers."""
    y = block.norm2(block.conv2(F.relu(block.norm1(block.conv1(x)))))
    return F.relu(y + block.shortcut(x))


def test_10_5_same_shape(student):
    minitorch.manual_seed(0)
    block = student.ResidualBlock(4, 4)
    x = minitorch.randn(2, 4, 6, 6)
    y = shape("your block's output", block(x), (2, 4, 6, 6))
    sizes = sorted(tuple(p.shape) for p in block.parameters())
    expected = sorted([(4, 4, 3, 3), (4,), (4,)] * 2)
    assert sizes == expected, (
        f"your block of 4 channels has parameters of the shapes {sizes}; they should be {expected}: two convolutions "
        "without bias, two normalisations, and a shortcut without parameters"
    )
    assert (y >= 0).all(), "your output has negative numbers: the last ReLU comes after the sum"
    close("your block's output", y, block_by_formula(block, x),
          "relu(norm2(conv2(relu(norm1(conv1(x))))) + x)", 1e-4)  # fmt: skip


def test_10_5_new_shape(student):
    minitorch.manual_seed(0)
    block = student.ResidualBlock(4, 6, stride=2)
    x = minitorch.randn(2, 4, 6, 6)
    y = shape("your output of (2, 4, 6, 6) for 6 channels and stride 2", block(x), (2, 6, 3, 3),
              "the first convolution has the stride, the second has not")  # fmt: skip
    close("your block's output", y, block_by_formula(block, x), tolerance=1e-4)
    shortcut = [tuple(p.shape) for p in block.shortcut.parameters()]
    assert shortcut == [(6, 4, 1, 1), (6,), (6,)], (
        f"your shortcut has parameters of the shapes {shortcut}; they should be (6, 4, 1, 1) without bias, and a "
        "normalisation of 6 channels"
    )


def test_10_5_shortcut_is_used(student):
    block = student.ResidualBlock(3, 3)
    nn.init.zeros_(block.norm2.weight)
    x = minitorch.randn(2, 3, 5, 5)
    close("your block's output where norm2 gives 0", block(x), F.relu(x), "then only the shortcut is left: relu(x)")
    same_channels = student.ResidualBlock(3, 3, stride=2)
    shape("your output for stride 2 and as many channels as before", same_channels(x), (2, 3, 3, 3),
          "a stride alone needs a convolution on the shortcut too")  # fmt: skip


class Pair(nn.Module):
    """Two blocks of a known form, one of them deeper inside, for exercise 10.6 alone."""

    def __init__(self):
        super().__init__()
        self.first, self.inner = Stand(), nn.Sequential(nn.ReLU(), nn.Sequential(Stand()))


class Stand(nn.Module):
    """What `start_as_identity` looks for: norm1 and norm2."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(3), nn.BatchNorm2d(3)


def test_10_6_finds_all_blocks(student):
    model = Pair()
    count = student.start_as_identity(model)
    weights = [stand.norm2.weight for stand in (model.first, model.inner[1][0])]
    for place, weight in zip(("first", "one inside a Sequential"), weights):
        close(f"the weight of norm2 in the block that is {place}", weight, np.zeros(3), "go through model.modules()")
    assert count == 2, f"you return {count}; the model has 2 blocks"
    for weight in (model.first.norm1.weight, model.first.norm2.bias + 1):
        close("the weight of norm1, and 1 + the bias of norm2,", weight, np.ones(3), "nothing else must change")
