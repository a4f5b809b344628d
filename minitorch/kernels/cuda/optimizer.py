"""Parameter updates in place."""

import math

from minitorch.device import array_module


def sgd(parameter, grad, velocity, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """One step of stochastic gradient descent; `velocity` (None without momentum) is updated too."""
    change = _change(parameter, grad, weight_decay, maximize)
    if velocity is not None:
        velocity *= momentum
        velocity += (1 - dampening) * change
        change = change + momentum * velocity if nesterov else velocity
    parameter -= lr * change


def adam(
    parameter, grad, exp_avg, exp_avg_sq, max_exp_avg_sq, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize
):
    """Step number `step` (from 1) of Adam; the averages are updated too, the maximum may be None."""
    change = _change(parameter, grad, 0 if decoupled else weight_decay, maximize)
    if decoupled:
        parameter *= 1 - lr * weight_decay
    exp_avg *= beta1
    exp_avg += (1 - beta1) * change
    exp_avg_sq *= beta2
    exp_avg_sq += (1 - beta2) * change**2
    xp = array_module(parameter)
    if max_exp_avg_sq is not None:
        exp_avg_sq = xp.maximum(max_exp_avg_sq, exp_avg_sq, out=max_exp_avg_sq)
    scale = xp.sqrt(exp_avg_sq) / math.sqrt(1 - beta2**step) + eps
    parameter -= lr / (1 - beta1**step) * (exp_avg / scale)


def rmsprop(parameter, grad, square_avg, grad_avg, velocity, lr, alpha, eps, weight_decay, momentum, maximize):
    """One step of RMSprop; `grad_avg` is None unless the rule is centered, `velocity` without momentum."""
    change = _change(parameter, grad, weight_decay, maximize)
    square_avg *= alpha
    square_avg += (1 - alpha) * change**2
    if grad_avg is not None:
        grad_avg *= alpha
        grad_avg += (1 - alpha) * change
        square_avg = square_avg - grad_avg**2
    change = change / (array_module(parameter).sqrt(square_avg) + eps)
    if velocity is not None:
        velocity *= momentum
        velocity += change
        change = velocity
    parameter -= lr * change


def adagrad(parameter, grad, total, lr, eps, weight_decay, maximize):
    """One step of Adagrad; `total`, the sum of all squared gradients, is updated too."""
    change = _change(parameter, grad, weight_decay, maximize)
    total += change**2
    parameter -= lr * (change / (array_module(parameter).sqrt(total) + eps))


def _change(parameter, grad, weight_decay, maximize):
    """The gradient as the rule sees it."""
    change = -grad if maximize else grad
    return change + weight_decay * parameter if weight_decay else change
