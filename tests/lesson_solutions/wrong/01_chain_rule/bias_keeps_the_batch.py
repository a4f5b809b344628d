"""test_1_4_gradient_of_the_bias: the gradient of the bias is that of the output.

Says: "your gradient for the bias has shape (4, 2); it should be (2,): sum over the batch"
"""


def linear_backward(grad_output, x, weight):
    return grad_output @ weight, grad_output.T @ x, grad_output
