"""test_1_5_number_used_twice: assigns gradients in place of adding to them.

Says: "each use adds to its gradient"
"""


def backward(self):
    self.grad = 1.0
    for node in backward_order(self):  # noqa: F821  (of the solution that this is appended to)
        for parent, derivative in zip(node.parents, node.slopes):
            parent.grad = derivative * node.grad


Value.backward = backward  # noqa: F821
