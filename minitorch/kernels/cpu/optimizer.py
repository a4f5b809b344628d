"""Parameter updates in place."""

import numpy as np

from minitorch.kernels.cpu.elementwise import in_place
from minitorch.kernels.cpu.parallel import scratch


def sgd(parameter, grad, velocity, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """One step of stochastic gradient descent on one array; `velocity` (None without momentum) is updated too.

    With g = (-grad if maximize else grad) + weight_decay * parameter:
    velocity = momentum * velocity + (1 - dampening) * g, and parameter -= lr * velocity (without momentum lr * g,
    with nesterov lr * (g + momentum * velocity)). The options are Python floats, so that float32 stays float32.
    """

    def step(parameter, grad, velocity=None):
        spare = scratch("sgd_spare", parameter.shape, parameter.dtype)
        change = grad
        if weight_decay or maximize:
            change = scratch("sgd_change", parameter.shape, parameter.dtype)
        if weight_decay:
            np.multiply(parameter, weight_decay, out=change)
            (np.subtract if maximize else np.add)(change, grad, out=change)
        elif maximize:
            np.negative(grad, out=change)
        if velocity is not None:
            velocity *= momentum
            velocity += np.multiply(change, 1 - dampening, out=spare) if dampening else change
            if nesterov:
                np.multiply(velocity, momentum, out=spare)
                change = np.add(change, spare, out=spare)
            else:
                change = velocity
        parameter -= np.multiply(change, lr, out=spare)

    arrays = (parameter, grad) if velocity is None else (parameter, grad, velocity)
    with np.errstate(all="ignore"):  # a run that diverges shows inf and NaN, as everywhere in the engine
        in_place(step, *arrays)
