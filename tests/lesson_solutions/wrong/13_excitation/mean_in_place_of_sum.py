"""test_13_3_gradients: takes the mean over the places.

Says: "the sum, not the mean"
"""


def scale_backward(grad_output, x, gates):
    return grad_output * gates[:, :, None, None], (grad_output * x).mean(axis=(2, 3))
