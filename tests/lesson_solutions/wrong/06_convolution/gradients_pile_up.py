"""test_6_6_second_call_does_not_add: adds to the gradient of the call before.

Says: "sets the gradient anew"
"""


class Convolution(Convolution):
    def backward(self, grad_output):
        before = self.grad_weight
        grad_x = super().backward(grad_output)
        if before is not None:
            self.grad_weight = self.grad_weight + before
        return grad_x
