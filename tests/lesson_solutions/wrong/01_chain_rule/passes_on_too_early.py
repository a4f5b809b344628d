"""test_1_5_long_way_and_short_way: visits values breadth first, before their gradients are complete.

Says: "pass a gradient on only when it is complete"
"""


def backward(self):
    self.grad += 1.0
    waiting, seen = [self], {self}
    while waiting:
        node = waiting.pop(0)
        for parent, derivative in zip(node.parents, node.slopes):
            parent.grad += derivative * node.grad
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)


Value.backward = backward  # noqa: F821  (of the solution that this is appended to)
