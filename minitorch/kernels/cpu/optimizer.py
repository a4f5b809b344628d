"""Parameter updates in place.

Options are Python floats, so that float32 stays float32. `change` below is the gradient as the rule sees it:
(-grad if maximize else grad) + weight_decay * parameter. No kernel writes into `grad`.
"""

import math

import numpy as np

from minitorch.kernels.cpu.elementwise import in_place
from minitorch.kernels.cpu.parallel import scratch


def sgd(parameters, grads, velocities, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """One step of stochastic gradient descent on lists of arrays; `velocities` (None without momentum) change, too."""
    options = lr, momentum, dampening, weight_decay, nesterov, maximize
    for arrays in zip(parameters, grads, _each(velocities, parameters)):
        _sgd(*arrays, *options)


def adam(
    parameters, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps, weight_decay, decoupled,
    maximize,
):  # fmt: skip
    """Adam on lists of arrays, each in its step number `steps` (from 1); the maxima may be None."""
    options = lr, beta1, beta2, eps, weight_decay, decoupled, maximize
    for arrays in zip(parameters, grads, exp_avgs, exp_avg_sqs, _each(max_exp_avg_sqs, parameters), steps):
        _adam(*arrays, *options)


def _each(arrays, parameters):
    return [None] * len(parameters) if arrays is None else arrays


def _sgd(parameter, grad, velocity, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """One step of stochastic gradient descent on one array; `velocity` (None without momentum) is updated too.

    velocity = momentum * velocity + (1 - dampening) * change, and parameter -= lr * velocity (without momentum
    lr * change, with nesterov lr * (change + momentum * velocity)).
    """

    def step(parameter, grad, velocity):
        change, spare = _change(parameter, grad, weight_decay, maximize), _spare(parameter)
        if velocity is not None:
            velocity *= momentum
            velocity += np.multiply(change, 1 - dampening, out=spare) if dampening else change
            if nesterov:
                np.multiply(velocity, momentum, out=spare)
                change = np.add(change, spare, out=spare)
            else:
                change = velocity
        parameter -= np.multiply(change, lr, out=spare)

    _run(step, parameter, grad, velocity)


def _adam(
    parameter, grad, exp_avg, exp_avg_sq, max_exp_avg_sq, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize
):
    """Step number `step` (from 1) of Adam on one array; the averages are updated too, the maximum may be None.

    With `decoupled`, the weight decay shrinks the parameter by the factor 1 - lr * weight_decay and leaves the
    gradient alone.
    """
    size, root = lr / (1 - beta1**step), math.sqrt(1 - beta2**step)

    def update(parameter, grad, exp_avg, exp_avg_sq, max_exp_avg_sq):
        change, spare = _change(parameter, grad, 0 if decoupled else weight_decay, maximize), _spare(parameter)
        if decoupled and weight_decay:
            parameter *= 1 - lr * weight_decay
        exp_avg *= beta1
        exp_avg += np.multiply(change, 1 - beta1, out=spare)
        _average_square(exp_avg_sq, change, beta2, spare)
        if max_exp_avg_sq is not None:
            exp_avg_sq = np.maximum(max_exp_avg_sq, exp_avg_sq, out=max_exp_avg_sq)
        np.sqrt(exp_avg_sq, out=spare)
        spare /= root
        spare += eps
        np.divide(exp_avg, spare, out=spare)
        spare *= size
        parameter -= spare

    _run(update, parameter, grad, exp_avg, exp_avg_sq, max_exp_avg_sq)


def rmsprop(parameter, grad, square_avg, grad_avg, velocity, lr, alpha, eps, weight_decay, momentum, maximize):
    """One step of RMSprop on one array; the averages and the velocity are updated too.

    `grad_avg` is None unless the rule is centered, `velocity` without momentum.
    """

    def step(parameter, grad, square_avg, grad_avg, velocity):
        change, spare = _change(parameter, grad, weight_decay, maximize), _spare(parameter)
        _average_square(square_avg, change, alpha, spare)
        if grad_avg is not None:
            grad_avg *= alpha
            grad_avg += np.multiply(change, 1 - alpha, out=spare)
            np.square(grad_avg, out=spare)
            square_avg = np.subtract(square_avg, spare, out=spare)
        np.sqrt(square_avg, out=spare)
        spare += eps
        change = np.divide(change, spare, out=spare)
        if velocity is not None:
            velocity *= momentum
            velocity += change
            change = velocity
        parameter -= np.multiply(change, lr, out=spare)

    _run(step, parameter, grad, square_avg, grad_avg, velocity)


def adagrad(parameter, grad, total, lr, eps, weight_decay, maximize):
    """One step of Adagrad on one array; `total`, the sum of all squared gradients, is updated too."""

    def step(parameter, grad, total):
        change, spare = _change(parameter, grad, weight_decay, maximize), _spare(parameter)
        total += np.square(change, out=spare)
        np.sqrt(total, out=spare)
        spare += eps
        np.divide(change, spare, out=spare)
        spare *= lr
        parameter -= spare

    _run(step, parameter, grad, total)


def _run(step, *arrays):
    """Call `step` on matching blocks of the arrays; what is None stays None."""
    places = [i for i, a in enumerate(arrays) if a is not None]

    def block(*parts):
        given = dict(zip(places, parts))
        step(*[given.get(i) for i in range(len(arrays))])

    with np.errstate(all="ignore"):  # a run that diverges shows inf and NaN, as everywhere in the engine
        in_place(block, *[arrays[i] for i in places])


def _spare(parameter):
    return scratch("optimizer_spare", parameter.shape, parameter.dtype)


def _change(parameter, grad, weight_decay, maximize):
    """The gradient as the rule sees it: `grad` itself, or a scratch buffer."""
    if not weight_decay and not maximize:
        return grad
    change = scratch("optimizer_change", parameter.shape, parameter.dtype)
    if not weight_decay:
        return np.negative(grad, out=change)
    np.multiply(parameter, weight_decay, out=change)
    return (np.subtract if maximize else np.add)(change, grad, out=change)


def _average_square(average, change, beta, spare):
    """average = beta * average + (1 - beta) * change**2, in place."""
    average *= beta
    np.square(change, out=spare)
    spare *= 1 - beta
    average += spare
