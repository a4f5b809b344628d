"""test_6_6_gradient_of_x: does not cut off the padding.

Says: "cut off the padding"
"""


class Convolution(Convolution):
    def backward(self, grad_output):
        return pad(super().backward(grad_output), self.padding)
