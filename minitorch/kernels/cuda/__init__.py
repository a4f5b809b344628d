"""Kernels for the GPU: the functions of `kernels.cpu` as array expressions, which CuPy runs on the device.

They are written for any array module, so that they can be tested against the CPU kernels on NumPy arrays.
"""

from minitorch.kernels.cuda.activation import log_softmax, relu, relu_grad, softmax
from minitorch.kernels.cuda.convolution import conv2d, conv2d_input_grad, conv2d_weight_grad
from minitorch.kernels.cuda.linalg import matmul
from minitorch.kernels.cuda.normalization import batch_norm, batch_norm_grad, channel_affine
from minitorch.kernels.cuda.optimizer import adagrad, adam, rmsprop, sgd
from minitorch.kernels.cuda.pooling import avg_pool2d, avg_pool2d_grad, max_pool2d, max_pool2d_grad, window_indices

__all__ = [
    "adagrad",
    "adam",
    "avg_pool2d",
    "avg_pool2d_grad",
    "batch_norm",
    "batch_norm_grad",
    "channel_affine",
    "conv2d",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "log_softmax",
    "matmul",
    "max_pool2d",
    "max_pool2d_grad",
    "relu",
    "relu_grad",
    "rmsprop",
    "sgd",
    "softmax",
    "window_indices",
]
