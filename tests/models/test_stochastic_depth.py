"""Stochastic depth in residual networks: which branches are dropped how often, and what is left then."""

import numpy as np
import pytest

import minitorch
from minitorch import models
from minitorch.models.resnet import ResidualBlock


def blocks(model):
    return [module for module in model.modules() if isinstance(module, ResidualBlock)]


@pytest.mark.parametrize("name, count", [("cifar_resnet20", 9), ("resnet50", 16), ("seresnet18", 8)])
def test_probabilities_rise_in_a_straight_line(name, count):
    model = models.create(name, stochastic_depth_prob=0.5)
    rates = [block.drop_path.p for block in blocks(model)]
    assert rates == pytest.approx([0.5 * number / count for number in range(1, count + 1)])
    assert model.state_dict().keys() == models.create(name).state_dict().keys()


def test_without_it_the_blocks_have_none():
    assert all(block.drop_path is None for block in blocks(models.cifar_resnet20()))


def test_a_block_is_its_branch_and_its_shortcut_or_its_shortcut_alone():
    block = blocks(models.cifar_resnet20(stochastic_depth_prob=0.5))[-1]  # dropped half of the time
    x = minitorch.randn(64, 64, 4, 4)
    y = block(x).detach().numpy()
    alone = x.relu().numpy()
    both = (x + 2 * block.branch(x)).relu().detach().numpy()  # scaled by 1 / (1 - p)
    dropped = np.array([np.allclose(a, b, atol=1e-5) for a, b in zip(y, alone)])
    kept = np.array([np.allclose(a, b, atol=1e-4) for a, b in zip(y, both)])
    assert np.all(dropped ^ kept) and 12 <= dropped.sum() <= 52


def test_evaluation_is_that_of_the_same_network_without_it():
    model, plain = models.cifar_resnet20(stochastic_depth_prob=0.9), models.cifar_resnet20()
    plain.load_state_dict(model.state_dict())
    x = minitorch.randn(2, 3, 16, 16)
    assert np.array_equal(model.eval()(x).detach().numpy(), plain.eval()(x).detach().numpy())
    assert not np.array_equal(model.train()(x).detach().numpy(), plain.train()(x).detach().numpy())
