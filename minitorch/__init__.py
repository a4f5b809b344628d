"""minitorch: a deep-learning engine on NumPy and CuPy that can be read from end to end.

Names, arguments and behaviour are PyTorch's: `minitorch.tensor`, `minitorch.nn`, `minitorch.optim` and so on. The
subpackages are imported when they are first used, so that ``import minitorch`` itself is quick.
"""

import importlib
import types
import warnings

from minitorch import autograd, cuda, return_types
from minitorch.autograd import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from minitorch.creation import (
    arange, as_tensor, empty, empty_like, eye, from_numpy, full, full_like, linspace, ones, ones_like, rand, rand_like,
    randint, randint_like, randn, randn_like, randperm, tensor, zeros, zeros_like,
)
from minitorch.device import device
from minitorch.dtype import bool_ as bool
from minitorch.dtype import (
    double, finfo, float16, float32, float64, get_default_dtype, half, iinfo, int8, int16, int32, int64, long,
    promote_types, set_default_dtype, short, uint8,
)
from minitorch.dtype import float_ as float
from minitorch.dtype import int_ as int
from minitorch.kernels.cpu.parallel import get_num_threads, set_num_threads
from minitorch.ops import (
    abs, absolute, adaptive_avg_pool1d, add, addcdiv, addcmul, addmm, addmv, addr, all, allclose, amax, amin, any,
    argmax, argmin, argsort, argwhere, atan2, avg_pool1d, baddbmm, batch_norm, bitwise_and, bitwise_not, bitwise_or,
    bitwise_xor, bmm, broadcast_tensors, broadcast_to, cat, ceil, celu, channel_shuffle, chunk, clamp, clamp_max,
    clamp_min, clip, clone, concat, concatenate, conv1d, conv2d, conv_transpose1d, conv_transpose2d, cos, cosh,
    cosine_embedding_loss, cosine_similarity, count_nonzero, cross, cumprod, cumsum, diag, diag_embed, diagonal, diff,
    dist, div, divide, dot, dropout, dstack, einsum, eq, equal, erf, erfc, exp, expm1, flatten, flip, floor,
    floor_divide, fmod, gather, ge, greater, greater_equal, group_norm, gt, hinge_embedding_loss, hstack, hypot,
    index_add, index_copy, index_fill, index_put, index_select, isclose, isfinite, isinf, isnan, layer_norm, le, lerp,
    less, less_equal, log, log10, log1p, log2, log_softmax, logaddexp, logical_and, logical_not, logical_or,
    logical_xor, logsumexp, lt, margin_ranking_loss, masked_fill, masked_select, matmul, max, max_pool1d, max_pool2d,
    maximum, mean, median, min, minimum, mm, moveaxis, movedim, mul, multiply, mv, nan_to_num, narrow, ne, neg,
    negative, nonzero, norm, not_equal, outer, pairwise_distance, permute, pixel_shuffle, pixel_unshuffle, positive,
    pow, prelu, prod, ravel, reciprocal, relu, remainder, repeat_interleave, reshape, result_type, rms_norm, roll,
    round, rsqrt, scatter, scatter_add, select, selu, sigmoid, sign, sin, sinh, softmax, sort, split, split_with_sizes,
    sqrt, square, squeeze, stack, std, std_mean, sub, subtract, sum, swapaxes, swapdims, t, take_along_dim, tan, tanh,
    tensor_split, tensordot, threshold, tile, topk, trace, transpose, tril, triplet_margin_loss, triu, true_divide,
    trunc, unbind, unflatten, unique, unsqueeze, var, var_mean, vstack, where,
)
from minitorch.printing import get_printoptions, set_printoptions
from minitorch.random import Generator, default_generator, initial_seed, manual_seed
from minitorch.size import Size
from minitorch.tensor import Tensor

__version__ = "0.1.0"

# inf - inf is NaN without a word, as in PyTorch. A filter costs nothing in `a + b`; np.errstate would double its time.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minitorch\.")

_SUBPACKAGES = ("data", "models", "nn", "optim", "tools", "training")
_FILES = ("load", "save")  # functions of `minitorch.serialization`

__all__ = ["autograd", "cuda", "return_types", *_SUBPACKAGES, *_FILES]
__all__ += [name for name, x in globals().items() if name[0] != "_" and not isinstance(x, types.ModuleType)]


def __getattr__(name):
    """A subpackage, or what `serialization` holds, imported at its first use."""
    if name in _SUBPACKAGES:
        return importlib.import_module(f"minitorch.{name}")
    if name in _FILES:
        return getattr(importlib.import_module("minitorch.serialization"), name)
    raise AttributeError(f"module 'minitorch' has no attribute {name!r}")


def __dir__():
    return [*globals(), *_SUBPACKAGES, *_FILES]
