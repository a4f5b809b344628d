"""Optimizers: rules by which gradients change parameters.

Schedules of their learning rates are in `lr_scheduler`, averages of weights over a run in `swa_utils`.
"""

from minitorch.optim import lr_scheduler, swa_utils
from minitorch.optim.adagrad import Adagrad
from minitorch.optim.adam import Adam, AdamW
from minitorch.optim.optimizer import Optimizer
from minitorch.optim.rmsprop import RMSprop
from minitorch.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler", "swa_utils"]
