"""test_4_1_second_step: a moving average, where the gradient counts 1 - momentum.

Says: "not multiplied by 1 - momentum"
"""


def momentum_step(parameters, gradients, velocities, lr, momentum):
    for parameter, gradient, velocity in zip(parameters, gradients, velocities):
        velocity *= momentum
        velocity += (1 - momentum) * gradient if velocity.any() else gradient
        parameter -= lr * velocity
