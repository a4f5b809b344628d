"""Parameter updates in place: SGD and Adam by kernels over many parameters at once, the others array by array."""

import functools
import math

import numpy as np

from minitorch.device import array_module, device_of, is_emulated, to_device
from minitorch.kernels.cuda.launcher import BLOCK, contiguous, launch
from minitorch.kernels.signature import REALS

CHUNK = 4096  # numbers of a block
ON_THE_EMULATOR = 40  # parameters of a launch there, where a launch takes 256 arrays


def sgd(parameters, grads, velocities, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """One step of stochastic gradient descent on lists of arrays; `velocities` (None without momentum) change, too."""
    for grid, tables in _batches(parameters, grads, velocities):
        launch("optimizer", "sgd", grid, BLOCK, *tables, lr, momentum, 1 - dampening, weight_decay, nesterov, maximize)


def adam(
    parameters, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps, weight_decay, decoupled,
    maximize,
):  # fmt: skip
    """Adam on lists of arrays, each in its step number `steps` (from 1); the maxima may be None."""
    lists = [parameters, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs]
    decay, shrink = (0.0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1.0)
    for step in sorted(set(steps)):
        chosen = [None if a is None else [x for x, s in zip(a, steps) if s == step] for a in lists]
        size, root = lr / (1 - beta1**step), math.sqrt(1 - beta2**step)
        for grid, tables in _batches(*chosen):
            launch(
                "optimizer", "adam", grid, BLOCK, *tables, size, root, beta1, 1 - beta1, beta2, 1 - beta2, eps,
                decay, shrink, maximize,
            )  # fmt: skip


def _batches(*lists):
    """(blocks, the tables that both kernels take) for lists of arrays, of which None stays None.

    An array that is not contiguous, or is of float16, is treated as a copy, which is written back after the launch.
    """
    most = ON_THE_EMULATOR if is_emulated(lists[0][0]) else len(lists[0])
    for start in range(0, len(lists[0]), most):
        given = [None if a is None else a[start : start + most] for a in lists]
        ready = [None if a is None else [_ready(x) for x in a] for a in given]
        sizes = tuple(x.size for x in ready[0])
        table = _chunks(sizes, CHUNK, device_of(ready[0][0]))
        yield len(table[1]), (*ready, *table, CHUNK)
        for arrays, copies in zip(given, ready):
            for x, copy in zip(arrays or (), copies or ()):
                if copy is not x:
                    x[...] = copy


def _ready(x):
    return contiguous(x if x.dtype in REALS else x.astype(np.float32))


@functools.lru_cache(maxsize=64)
def _chunks(sizes, chunk, where):
    """The sizes, and for each chunk its array and its start, on the device; the same for every step of a model."""
    pairs = [(i, start) for i, n in enumerate(sizes) for start in range(0, n, chunk)]
    arrays, starts = np.array([i for i, _ in pairs], np.int32), np.array([start for _, start in pairs], np.int64)
    return tuple(to_device(column, where) for column in (np.array(sizes, np.int64), arrays, starts))


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
