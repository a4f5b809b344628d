"""test_13_3_gradients: leaves the gradient to the gates at each place.

Says: "sum over the places"
"""


def scale_backward(grad_output, x, gates):
    return grad_output * gates[:, :, None, None], grad_output * x
