"""test_1_4_gradient_of_the_bias: averages over the batch in place of adding.

Says: "do not average"
"""


def linear_backward(grad_output, x, weight):
    return grad_output @ weight, grad_output.T @ x, grad_output.mean(axis=0)
