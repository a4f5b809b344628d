"""Networks: modules, layers by family, losses, first values of parameters."""

from minitorch.nn import functional, init
from minitorch.nn.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from minitorch.nn.containers import ModuleList, Sequential
from minitorch.nn.convolution import Conv2d
from minitorch.nn.dropout import Dropout
from minitorch.nn.linear import Linear
from minitorch.nn.loss import CrossEntropyLoss, MSELoss, NLLLoss
from minitorch.nn.module import Module
from minitorch.nn.normalization import BatchNorm1d, BatchNorm2d
from minitorch.nn.parameter import Parameter
from minitorch.nn.pooling import AvgPool2d, MaxPool2d
from minitorch.nn.shape import Flatten, Identity, Unflatten

__all__ = [
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Unflatten",
    "functional",
    "init",
]
