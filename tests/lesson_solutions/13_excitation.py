"""Reference solutions of the exercises of lesson 13."""

import numpy as np

import minitorch.nn.functional as F
from minitorch import nn


def extra_parameters(channels, reduction):
    """Exercise 13.1."""
    return sum(2 * c * (c // reduction) + c // reduction + c for c in channels)


def squeeze_excitation(x, weight1, bias1, weight2, bias2):
    """Exercise 13.2."""
    hidden = np.maximum(x.mean(axis=(2, 3)) @ weight1.T + bias1, 0)
    gates = 1 / (1 + np.exp(-(hidden @ weight2.T + bias2)))
    return x * gates[:, :, None, None]


def scale_backward(grad_output, x, gates):
    """Exercise 13.3."""
    return grad_output * gates[:, :, None, None], (grad_output * x).sum(axis=(2, 3))


def class_means(gates, labels, classes):
    """Exercise 13.4."""
    means = np.full((classes, gates.shape[1]), np.nan)
    for label in np.unique(labels):
        means[label] = gates[labels == label].mean(axis=0)
    return means


def share_between_classes(gates, labels, classes):
    """Exercise 13.5."""
    between = class_means(gates, labels, classes)[labels].var(axis=0)
    total = gates.var(axis=0)
    return np.divide(between, total, out=np.zeros_like(total), where=total > 0)


def gain(without, with_block):
    """Exercise 13.6."""
    differences = np.subtract(with_block, without)
    return differences.mean(), differences.std(ddof=1) / np.sqrt(len(differences))


class SqueezeExcitation(nn.Module):
    """Exercise 13.7."""

    def __init__(self, channels, reduction=4, hard=False):
        super().__init__()
        self.reduce = nn.Linear(channels, channels // reduction)
        self.expand = nn.Linear(channels // reduction, channels)
        self.hard = hard

    def forward(self, x):
        """Each channel times its gate."""
        a = self.expand(F.relu(self.reduce(x.mean(dim=(2, 3)))))
        gates = F.relu6(a + 3) / 6 if self.hard else a.sigmoid()
        return x * gates.reshape(*gates.shape, 1, 1)
