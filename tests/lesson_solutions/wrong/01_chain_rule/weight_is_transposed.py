"""test_1_4_gradient_of_the_weight: (in, out) in place of (out, in).

Says: "a gradient has the shape of its parameter"
"""


def linear_backward(grad_output, x, weight):
    return grad_output @ weight, x.T @ grad_output, grad_output.sum(axis=0)
