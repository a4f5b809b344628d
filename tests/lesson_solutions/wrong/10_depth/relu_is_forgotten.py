"""test_10_2_against_the_engine: forgets relu on the way back.

Says: "where relu let it pass"
"""

import numpy as np


def residual_backward(grad_output, x, weight1, weight2):
    hidden = np.maximum(x @ weight1.T, 0)
    grad_hidden = grad_output @ weight2
    return grad_output + grad_hidden @ weight1, grad_hidden.T @ x, grad_output.T @ hidden
