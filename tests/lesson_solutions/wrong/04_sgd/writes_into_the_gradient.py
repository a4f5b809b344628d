"""test_4_1_gradients_stay: the velocity is computed in the gradient's array.

Says: "your function changed the gradients"
"""


def momentum_step(parameters, gradients, velocities, lr, momentum):
    for parameter, gradient, velocity in zip(parameters, gradients, velocities):
        gradient += momentum * velocity
        velocity[...] = gradient
        parameter -= lr * velocity
