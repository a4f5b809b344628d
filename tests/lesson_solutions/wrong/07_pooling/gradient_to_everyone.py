"""test_7_3_by_hand: gives each number of a window the gradient of the window.

Says: "10 goes to the 5"
"""


def max_pool_backward(grad_output, x, size):
    return grad_output.repeat(size, axis=2).repeat(size, axis=3)
