"""Networks: modules, layers by family, losses, first values of parameters."""

from minitorch.nn import functional, init, utils
from minitorch.nn.activation import (
    CELU, ELU, GELU, GLU, SELU, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish, PReLU, ReLU,
    ReLU6, Sigmoid, SiLU, Softmax, Softmin, Softplus, Softsign, Tanh, Tanhshrink, Threshold,
)
from minitorch.nn.attention import MultiheadAttention, TransformerEncoder, TransformerEncoderLayer
from minitorch.nn.containers import ModuleDict, ModuleList, Sequential
from minitorch.nn.convolution import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d
from minitorch.nn.distance import CosineSimilarity, PairwiseDistance
from minitorch.nn.dropout import Dropout, Dropout1d, Dropout2d, StochasticDepth
from minitorch.nn.embedding import Embedding
from minitorch.nn.layer_norm import GroupNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm, LocalResponseNorm, RMSNorm
from minitorch.nn.linear import Linear
from minitorch.nn.loss import (
    BCELoss, BCEWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, HingeEmbeddingLoss, HuberLoss, KLDivLoss, L1Loss,
    MarginRankingLoss, MSELoss, NLLLoss, SmoothL1Loss, TripletMarginLoss,
)
from minitorch.nn.module import Module
from minitorch.nn.normalization import BatchNorm1d, BatchNorm2d
from minitorch.nn.padding import CircularPad2d, ConstantPad2d, ReflectionPad2d, ReplicationPad2d, ZeroPad2d
from minitorch.nn.parameter import Parameter
from minitorch.nn.parameter_containers import ParameterDict, ParameterList
from minitorch.nn.patches import Fold, Unfold
from minitorch.nn.pooling import (
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, AvgPool2d, MaxPool1d,
    MaxPool2d,
)
from minitorch.nn.resampling import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from minitorch.nn.shape import ChannelShuffle, Flatten, Identity, PixelShuffle, PixelUnshuffle, Unflatten

__all__ = ["functional", "init", "utils"]
__all__ += [name for name, x in globals().items() if isinstance(x, type)]
