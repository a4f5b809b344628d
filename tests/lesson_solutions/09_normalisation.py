"""Reference solutions of the exercises of lesson 9."""

import numpy as np

AXES = (0, 2, 3)


def along_channels(values):
    """(C,) -> (1, C, 1, 1)"""
    return values.reshape(1, -1, 1, 1)


def normalise(x, eps):
    """x-hat by the batch itself."""
    return (x - x.mean(AXES, keepdims=True)) / np.sqrt(x.var(AXES, keepdims=True) + eps)


def batch_norm(x, weight, bias, eps=1e-5):
    """Exercise 9.1."""
    return normalise(x, eps) * along_channels(weight) + along_channels(bias)


def update_running(running_mean, running_var, x, momentum=0.1):
    """Exercise 9.2."""
    mean = (1 - momentum) * running_mean + momentum * x.mean(AXES)
    return mean, (1 - momentum) * running_var + momentum * x.var(AXES, ddof=1)


def batch_norm_backward(grad_output, x, weight, eps=1e-5):
    """Exercise 9.3."""
    g, normal = grad_output, normalise(x, eps)
    centred = g - g.mean(AXES, keepdims=True) - normal * (g * normal).mean(AXES, keepdims=True)
    return along_channels(weight) / np.sqrt(x.var(AXES, keepdims=True) + eps) * centred


def fold(weight, bias, gamma, beta, mean, variance, eps=1e-5):
    """Exercise 9.4."""
    scale = gamma / np.sqrt(variance + eps)
    return weight * scale.reshape(-1, 1, 1, 1), ((0 if bias is None else bias) - mean) * scale + beta


def group_norm(x, groups, weight, bias, eps=1e-5):
    """Exercise 9.5."""
    parts = x.reshape(len(x), groups, -1)
    parts = (parts - parts.mean(2, keepdims=True)) / np.sqrt(parts.var(2, keepdims=True) + eps)
    return parts.reshape(x.shape) * along_channels(weight) + along_channels(bias)


class BatchNorm:
    """Exercise 9.6."""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        self.weight, self.bias = np.ones(channels), np.zeros(channels)
        self.running_mean, self.running_var = np.zeros(channels), np.ones(channels)
        self.eps, self.momentum, self.training = eps, momentum, True

    def forward(self, x):
        """By the batch in training, by the estimates otherwise."""
        self.x, self.by_batch = x, self.training
        if self.by_batch:
            self.running_mean, self.running_var = update_running(self.running_mean, self.running_var, x, self.momentum)
            self.normal = normalise(x, self.eps)
        else:
            self.scale = along_channels(1 / np.sqrt(self.running_var + self.eps))
            self.normal = (x - along_channels(self.running_mean)) * self.scale
        return self.normal * along_channels(self.weight) + along_channels(self.bias)

    def backward(self, grad_output):
        """The gradient to x."""
        self.grad_weight, self.grad_bias = (grad_output * self.normal).sum(AXES), grad_output.sum(AXES)
        if self.by_batch:
            return batch_norm_backward(grad_output, self.x, self.weight, self.eps)
        return grad_output * along_channels(self.weight) * self.scale
