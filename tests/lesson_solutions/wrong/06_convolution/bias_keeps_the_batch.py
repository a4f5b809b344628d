"""test_6_6_gradient_of_bias: sums over places alone.

Says: "sum over the batch and all places"
"""


class Convolution(Convolution):
    def backward(self, grad_output):
        grad_x = super().backward(grad_output)
        self.grad_bias = grad_output.sum(axis=(2, 3))
        return grad_x
