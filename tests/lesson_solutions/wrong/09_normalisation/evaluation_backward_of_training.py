"""test_9_6_backward: uses the gradient of training in evaluation.

Says: "are constants"
"""


class BatchNorm(BatchNorm):
    def backward(self, grad_output):
        super().backward(grad_output)
        return batch_norm_backward(grad_output, self.x, self.weight, self.eps)
