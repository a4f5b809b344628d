"""Optimizers: rules by which gradients change parameters."""

from minitorch.optim.optimizer import Optimizer
from minitorch.optim.sgd import SGD

__all__ = ["SGD", "Optimizer"]
