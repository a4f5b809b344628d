"""Parameter updates in place."""

import numpy as np

from minitorch.kernels.cpu.elementwise import in_place
from minitorch.kernels.cpu.parallel import scratch


def sgd(parameter, grad, velocity, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """One step of stochastic gradient descent on one array; `velocity` (None without momentum) is updated too.

    A step of momentum: velocity = momentum * velocity + (1 - dampening) * grad; parameter -= lr * velocity.
    """

    def step(parameter, grad, velocity=None):
        change = scratch("sgd_change", parameter.shape, parameter.dtype)
        np.multiply(grad, -1 if maximize else 1, out=change)
        if weight_decay:
            change += weight_decay * parameter
        if velocity is not None:
            velocity *= momentum
            velocity += (1 - dampening) * change if dampening else change
            if nesterov:
                change += momentum * velocity
            else:
                change = velocity
        parameter -= np.multiply(change, lr, out=scratch("sgd_scaled", parameter.shape, parameter.dtype))

    in_place(step, *(a for a in (parameter, grad, velocity) if a is not None))
