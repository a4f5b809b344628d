"""Kernels for the GPU: the functions of `kernels.cpu`, which start the CUDA text in ``source/``.

On CuPy's arrays they run on the GPU, on the emulator's on the CPU. What has no kernel of its own are array expressions
that both understand.
"""

from minitorch.kernels.cuda.activation import log_softmax, relu, relu6, relu6_grad, relu_grad, softmax
from minitorch.kernels.cuda.adaptive_pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_grad,
    adaptive_max_pool2d,
    adaptive_max_pool2d_grad,
)
from minitorch.kernels.cuda.attention import attention, attention_grad
from minitorch.kernels.cuda.channel_shuffle import channel_shuffle
from minitorch.kernels.cuda.convolution import conv2d, conv2d_input_grad, conv2d_weight_grad
from minitorch.kernels.cuda.dropout import dropout
from minitorch.kernels.cuda.elementwise import add
from minitorch.kernels.cuda.embedding import embedding, embedding_grad
from minitorch.kernels.cuda.joining import concatenate
from minitorch.kernels.cuda.layer_norm import group_norm, group_norm_grad
from minitorch.kernels.cuda.linalg import matmul
from minitorch.kernels.cuda.loss import cross_entropy, cross_entropy_grad
from minitorch.kernels.cuda.normalization import batch_norm, batch_norm_grad, channel_affine, channel_affine_grad
from minitorch.kernels.cuda.optimizer import adagrad, adam, rmsprop, sgd
from minitorch.kernels.cuda.patches import fold, unfold
from minitorch.kernels.cuda.pooling import avg_pool2d, avg_pool2d_grad, max_pool2d, max_pool2d_grad, window_indices
from minitorch.kernels.cuda.scatter import index_add, scatter_add
from minitorch.kernels.cuda.squeeze_excitation import channel_scale, channel_scale_grad

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
