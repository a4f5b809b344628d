"""Parameter updates in place."""


def sgd(parameter, grad, velocity, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """One step of stochastic gradient descent; `velocity` (None without momentum) is updated too."""
    change = -grad if maximize else grad
    if weight_decay:
        change = change + weight_decay * parameter
    if velocity is not None:
        velocity *= momentum
        velocity += (1 - dampening) * change
        change = change + momentum * velocity if nesterov else velocity
    parameter -= lr * change
