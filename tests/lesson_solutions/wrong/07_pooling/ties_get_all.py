"""test_7_3_ties: gives the gradient to all that equal the maximum.

Says: "not with =="
"""


def max_pool_backward(grad_output, x, size):
    def enlarge(y):
        return y.repeat(size, axis=2).repeat(size, axis=3)

    return enlarge(grad_output) * (x == enlarge(windows(x, size).max(axis=-1)))
