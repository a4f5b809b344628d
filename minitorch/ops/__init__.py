"""Differentiable operations, a file for each family; forward and backward of one stand side by side.

This page is the index: which name stands in which file.
"""

from minitorch.ops.activation import glu, log_softmax, prelu, relu, softmax, softmin
from minitorch.ops.activation_table import (
    celu, elu, gelu, hardsigmoid, hardswish, hardtanh, leaky_relu, logsigmoid, mish, relu6, selu, silu, softplus,
    softsign, tanhshrink, threshold,
)
from minitorch.ops.adaptive_pooling import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_max_pool1d, adaptive_max_pool2d,
)
from minitorch.ops.attention import attention_definition, scaled_dot_product_attention
from minitorch.ops.convolution_transposed import conv_transpose1d, conv_transpose2d, conv_transpose2d_definition
from minitorch.ops.distance import (
    cosine_embedding_loss, cosine_similarity, hinge_embedding_loss, margin_ranking_loss, normalize,
    pairwise_distance, triplet_margin_loss,
)
from minitorch.ops.dropout import dropout, dropout1d, dropout2d, stochastic_depth
from minitorch.ops.arithmetic import (
    add, div, divide, floor_divide, mul, multiply, pow, rdiv, remainder, rfloor_divide, rpow, rremainder, rsub, sub,
    subtract, true_divide,
)
from minitorch.ops.arrange import (
    argwhere, count_nonzero, diag_embed, diagonal, dstack, hstack, repeat_interleave, split_with_sizes,
    tensor_split, vstack,
)
from minitorch.ops.comparison import (
    allclose, bitwise_and, bitwise_or, bitwise_xor, clamp, clamp_max, clamp_min, clip, eq, equal, ge, greater,
    greater_equal, gt, isclose, le, less, less_equal, logical_and, logical_or, logical_xor, lt, masked_fill,
    maximum, minimum, ne, not_equal, where,
)
from minitorch.ops.convolution import conv1d, conv2d, conv2d_definition
from minitorch.ops.cumulative import cumprod, diff
from minitorch.ops.einsum import einsum
from minitorch.ops.embedding import embedding, one_hot
from minitorch.ops.grid_sampling import affine_grid, grid_sample
from minitorch.ops.indexing import gather, getitem, index_select, nonzero, setitem
from minitorch.ops.joining import cat, chunk, concat, concatenate, repeat, roll, split, stack, tile, unbind
from minitorch.ops.layer_norm import group_norm, instance_norm, layer_norm, local_response_norm, rms_norm
from minitorch.ops.linear_algebra import bmm, dot, linear, matmul, mm, mv, outer
from minitorch.ops.loss import cross_entropy, nll_loss
from minitorch.ops.loss_pointwise import (
    binary_cross_entropy, binary_cross_entropy_with_logits, huber_loss, kl_div, l1_loss, mse_loss, smooth_l1_loss,
)
from minitorch.ops.multi_head_attention import multi_head_attention_forward
from minitorch.ops.norm import dist, norm
from minitorch.ops.normalization import batch_norm, batch_norm_definition, batch_norm_relu, batch_norm_relu6
from minitorch.ops.operands import (
    as_filling, as_number, axes, axis, cast, is_number, move, require_numbers, require_tensor, result_type, sizes,
)
from minitorch.ops.padding import pad
from minitorch.ops.patches import fold, unfold
from minitorch.ops.convolution_pool import conv2d_relu_max_pool2d, conv2d_relu_max_pool2d_definition
from minitorch.ops.pooling import (
    avg_pool1d, avg_pool2d, avg_pool2d_definition, max_pool1d, max_pool2d, max_pool2d_definition,
)
from minitorch.ops.products import addmm, addmv, addr, baddbmm, cross, tensordot, trace
from minitorch.ops.rearranging import channel_shuffle, pixel_shuffle, pixel_unshuffle
from minitorch.ops.reduction import (
    all, amax, amin, any, argmax, argmin, cumsum, logsumexp, max, mean, min, prod, std, std_mean, sum, var,
    var_mean,
)
from minitorch.ops.resampling import interpolate, upsample, upsample_bilinear, upsample_nearest
from minitorch.ops.scatter import (
    index_add, index_copy, index_fill, index_put, masked_select, scatter, scatter_add, select, take_along_dim,
)
from minitorch.ops.shape import (
    broadcast_tensors, broadcast_to, clone, contiguous, expand, expand_as, flatten, flip, is_contiguous,
    matrix_transpose, moveaxis, movedim, narrow, permute, ravel, reshape, reshape_as, squeeze, sum_to_size,
    swapaxes, swapdims, t, transpose, unflatten, unsqueeze, view, view_as,
)
from minitorch.ops.squeeze_excitation import channel_scale
from minitorch.ops.sorting import argsort, median, sort, topk, unique
from minitorch.ops.special import addcdiv, addcmul, atan2, erf, erfc, fmod, hypot, lerp, logaddexp, nan_to_num
from minitorch.ops.triangle import diag, tril, triu
from minitorch.ops.unary import (
    abs, absolute, bitwise_not, ceil, cos, cosh, exp, expm1, floor, isfinite, isinf, isnan, log, log1p, log2, log10,
    logical_not, neg, negative, positive, reciprocal, round, rsqrt, sigmoid, sign, sin, sinh, sqrt, square, tan, tanh,
    trunc,
)
