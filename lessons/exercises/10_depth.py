"""Exercises of lesson 10. Fill in the functions, then: pytest lessons/exercises/test_10_depth.py"""

import numpy as np

import minitorch
import minitorch.nn.functional as F
from minitorch import nn


def layers_with_weights(blocks_per_stage):
    """Exercise 10.1 (5 minutes): how deep a ResNet for small images is.

    It has a first convolution, three stages of `blocks_per_stage` blocks with two convolutions each, a linear layer.

    Args:
        blocks_per_stage: n.

    Returns:
        The number of layers with weights, not counting normalisation; 20 for n = 3.
    """
    raise NotImplementedError("exercise 10.1: return the number of layers with weights")


def residual_backward(grad_output, x, weight1, weight2):
    """Exercise 10.2 (30 minutes): the gradients of the block y = x + relu(x @ weight1.T) @ weight2.T, in NumPy.

    Args:
        grad_output: array (N, D), the gradient of y.
        x: array (N, D).
        weight1: array (H, D).
        weight2: array (D, H).

    Returns:
        (grad_x, grad_weight1, grad_weight2).

    Hint: x acts on two ways, and the gradients of the two ways add up.
    """
    raise NotImplementedError("exercise 10.2: return the gradients to x, weight1 and weight2")


def padding_shortcut(x, out_channels, stride):
    """Exercise 10.3 (15 minutes): a shortcut without parameters where a block changes the shape.

    Args:
        x: tensor (N, C, H, W).
        out_channels: at least C.
        stride: every stride-th row and column remains.

    Returns:
        Tensor (N, out_channels, H / stride, W / stride): the pixels that remain; the new channels come last and are 0.

    Hint: x[:, :, ::2, ::2]; F.pad(x, (0, 0, 0, 0, before, after)) adds channels.
    """
    raise NotImplementedError("exercise 10.3: return every stride-th pixel, with channels of zeros behind")


def path_lengths(blocks):
    """Exercise 10.4 (10 minutes): the ways through a residual network, counted by their length.

    Multiply out (1 + f)(1 + f)...: at each block a way goes through the branch or through the shortcut.

    Args:
        blocks: number of blocks, at most 60.

    Returns:
        A list of blocks + 1 ints: entry k is the number of ways that go through exactly k branches.

    Hint: math.comb, or Pascal's triangle.
    """
    raise NotImplementedError("exercise 10.4: return the number of ways of each length")


class ResidualBlock(nn.Module):
    """Exercise 10.5 (an hour): the basic block of ResNet, which may change the shape.

    relu(norm2(conv2(relu(norm1(conv1(x))))) + shortcut(x)). The convolutions are 3 x 3 with padding 1 and without bias;
    the first one has the stride. The shortcut is x itself where nothing changes; where the stride is not 1 or the
    channels differ, it is a convolution of 1 x 1 with the stride, without bias, and a batch normalisation.
    """

    def __init__(self, in_channels, out_channels, stride=1):
        """Attributes conv1, norm1, conv2, norm2, and shortcut: an nn.Sequential, empty where nothing changes."""
        super().__init__()
        raise NotImplementedError("exercise 10.5: build the layers of the block")

    def forward(self, x):
        """(N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""
        raise NotImplementedError("exercise 10.5: return the block's output")


def start_as_identity(model):
    """Exercise 10.6 (10 minutes, after 10.5): let every block begin as relu(x), so that depth does no harm at first.

    Set the weight of norm2 in each `ResidualBlock` of the model to 0, in place. Source: Goyal et al. 2017, "Accurate,
    large minibatch SGD", section 5.1.

    Args:
        model: an `nn.Module` that has blocks somewhere inside.

    Returns:
        The number of blocks found.

    Hint: model.modules() gives all modules, at any depth; nn.init.zeros_. A block is what has a norm2.
    """
    raise NotImplementedError("exercise 10.6: set the weight of each block's norm2 to 0")
