"""Kernels for the CPU: NumPy, work split over threads in blocks that stay in the cache."""

from minitorch.kernels.cpu.activation import log_softmax, relu, relu6, relu6_grad, relu_grad, softmax
from minitorch.kernels.cpu.adaptive_pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_grad,
    adaptive_max_pool2d,
    adaptive_max_pool2d_grad,
)
from minitorch.kernels.cpu.attention import attention, attention_grad
from minitorch.kernels.cpu.channel_shuffle import channel_shuffle
from minitorch.kernels.cpu.convolution import conv2d, conv2d_input_grad, conv2d_weight_grad
from minitorch.kernels.cpu.dropout import dropout
from minitorch.kernels.cpu.elementwise import add
from minitorch.kernels.cpu.embedding import embedding, embedding_grad
from minitorch.kernels.cpu.joining import concatenate
from minitorch.kernels.cpu.layer_norm import group_norm, group_norm_grad
from minitorch.kernels.cpu.linalg import matmul
from minitorch.kernels.cpu.loss import cross_entropy, cross_entropy_grad
from minitorch.kernels.cpu.normalization import batch_norm, batch_norm_grad, channel_affine, channel_affine_grad
from minitorch.kernels.cpu.optimizer import adagrad, adam, rmsprop, sgd
from minitorch.kernels.cpu.patches import fold, unfold
from minitorch.kernels.cpu.pooling import avg_pool2d, avg_pool2d_grad, max_pool2d, max_pool2d_grad, window_indices
from minitorch.kernels.cpu.scatter import index_add, scatter_add
from minitorch.kernels.cpu.squeeze_excitation import channel_scale, channel_scale_grad

__all__ = [
    "adagrad",
    "adam",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_grad",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_grad",
    "add",
    "attention",
    "attention_grad",
    "avg_pool2d",
    "avg_pool2d_grad",
    "batch_norm",
    "batch_norm_grad",
    "channel_affine",
    "channel_affine_grad",
    "channel_scale",
    "channel_scale_grad",
    "channel_shuffle",
    "concatenate",
    "conv2d",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "fold",
    "cross_entropy",
    "cross_entropy_grad",
    "dropout",
    "embedding",
    "embedding_grad",
    "group_norm",
    "group_norm_grad",
    "index_add",
    "log_softmax",
    "matmul",
    "max_pool2d",
    "max_pool2d_grad",
    "relu",
    "relu6",
    "relu6_grad",
    "relu_grad",
    "rmsprop",
    "scatter_add",
    "sgd",
    "softmax",
    "unfold",
    "window_indices",
]
