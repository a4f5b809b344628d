"""test_4_1_first_step: assigns to names, and the caller sees nothing of it.

Says: "change the arrays themselves"
"""


def momentum_step(parameters, gradients, velocities, lr, momentum):
    for parameter, gradient, velocity in zip(parameters, gradients, velocities):
        velocity = momentum * velocity + gradient
        parameter = parameter - lr * velocity
