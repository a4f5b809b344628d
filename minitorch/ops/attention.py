"""Attention: for each query the mean of the values, weighted by how well their keys match it."""

import math

import numpy as np

from minitorch.autograd import Function, is_grad_enabled
from minitorch.device import CPU, array_module, device_of
from minitorch.dtype import float32, float64
from minitorch.kernels import backend
from minitorch.ops.activation import softmax
from minitorch.ops.arguments import arguments
from minitorch.ops.definition import through_definition
from minitorch.ops.dropout import dropout
from minitorch.ops.linear_algebra import matmul
from minitorch.ops.operands import cast, is_number, require_float, require_same, require_same_device, require_tensor
from minitorch.ops.shape import expand, reshape

LARGEST = 128  # numbers of a query or value for which a GPU has kernels


class Attention(Function):
    """Attention of query (B, H, L, E), key (B, H, S, E) and value (B, H, S, EV) that never has all scores at once."""

    @staticmethod
    def forward(ctx, query, key, value, bias, causal, scale):
        y, log_sum = backend(query).attention(query, key, value, bias, causal, scale)
        ctx.save_for_backward(query, key, value, y, log_sum)
        ctx.settings = (bias, causal, scale)
        return y

    @staticmethod
    def backward(ctx, grad):
        query, key, value, y, log_sum = ctx.saved_tensors
        bias, causal, scale = ctx.settings
        if is_grad_enabled():  # a graph of the backward is asked for
            bias = None if bias is None else grad._wrap(bias)
            bias = causal_bias(query, query.array.shape[-2], key.array.shape[-2]) if causal else bias
            inputs = (query, key, value)
            return through_definition(
                lambda *x: attention_definition(*x, bias, scale)[0], inputs, ctx.needs_input_grad, grad
            )
        arrays = (query.array, key.array, value.array, bias, causal, scale, y.array, log_sum.array)
        grads = backend(grad.array).attention_grad(grad.array, *arrays)
        return tuple(grad._wrap(g) if needed else None for g, needed in zip(grads, ctx.needs_input_grad))


def attention(query, key, value, bias=None, causal=False, scale=None, dropout_p=0.0):
    """`attention_definition` without the weights: by the kernel where there is one for such arguments.

    The arguments are checked; query, key and value may have any equal number of dimensions before the last two, and
    broadcast there.
    """
    scale = 1 / math.sqrt(query.array.shape[-1]) if scale is None else scale
    if not _has_kernel(query, value, bias, dropout_p):
        if causal:
            bias = causal_bias(query, query.array.shape[-2], key.array.shape[-2])
        return attention_definition(query, key, value, bias, scale, dropout_p)[0]
    lead = np.broadcast_shapes(*(x.array.shape[:-2] for x in (query, key, value)))
    planes = (math.prod(lead[:-1]), *(lead[-1:] or (1,)))
    parts = [_as_planes(x, lead, planes) for x in (query, key, value)]
    bias = None if bias is None else _bias_planes(bias.array, lead, planes)
    y = Attention.apply(*parts, bias=bias, causal=causal, scale=float(scale))
    return y if y.array.shape[:-2] == lead else reshape(y, *lead, *y.array.shape[-2:])


def _has_kernel(query, value, bias, dropout_p):
    """Whether the kernel covers this call; what is left takes the definition."""
    size, value_size = query.array.shape[-1], value.array.shape[-1]
    if dropout_p or query.array.dtype not in (float32, float64) or (bias is not None and bias.requires_grad):
        return False
    return size > 0 and (device_of(query.array) == CPU or max(size, value_size) <= LARGEST)


def _as_planes(x, lead, planes):
    """(B, H, rows, columns) of a tensor whose leading dimensions broadcast to `lead`."""
    rows, columns = x.array.shape[-2:]
    if x.array.shape[:-2] != lead:
        x = expand(x, *lead, rows, columns)
    return x if len(lead) == 2 else reshape(x, *planes, rows, columns)


def _bias_planes(bias, lead, planes):
    """The bias as an array of four dimensions that broadcasts to (B, H, L, S), copied only where it must be."""
    bias = bias.reshape((1,) * (len(lead) + 2 - bias.ndim) + bias.shape)
    batch = bias.shape[: len(lead)][:-1]
    if batch != lead[:-1] and math.prod(batch) != 1:  # it broadcasts along some dimensions of the batch, not all
        bias = array_module(bias).broadcast_to(bias, (*lead[:-1], *bias.shape[len(lead) - 1 :]))
        batch = lead[:-1]
    return bias.reshape(math.prod(batch), bias.shape[len(lead) - 1] if lead else 1, *bias.shape[-2:])


def attention_definition(query, key, value, bias=None, scale=None, dropout_p=0.0):
    """softmax(query key^T scale + bias) value, and the softmax: the formula of Vaswani et al. 2017, equation 1.

    A query to which no key is open (a row of -inf in the bias) gives 0.
    """
    scale = 1 / math.sqrt(query.array.shape[-1]) if scale is None else scale
    scores = matmul(query * scale, key.transpose(-2, -1))
    if bias is None:
        weights = softmax(scores, -1)
    else:
        scores = scores + bias
        closed = scores._wrap((scores.array == -np.inf).all(-1, keepdims=True))
        weights = softmax(scores.masked_fill(closed, 0.0), -1).masked_fill(closed, 0.0)
    weights = dropout(weights, dropout_p) if dropout_p else weights
    return matmul(weights, value), weights


@arguments()
def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
):
    """softmax(query key^T / sqrt(E) + mask) value.

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.1.

    Args:
        query: (..., H, L, E): L queries of E numbers for each of H heads.
        key: (..., H, S, E), value: (..., H, S, EV).
        attn_mask: broadcasts to (..., H, L, S): boolean, True where a query may see a key; or numbers that are added.
        dropout_p: probability with which weights become 0 (there is no evaluation mode: pass 0).
        is_causal: query i sees the keys up to i alone; not together with a mask.
        scale: in place of 1 / sqrt(E).
        enable_gqa: key and value may have fewer heads, each shared by as many query heads as it takes.

    Returns:
        (..., H, L, EV).

    Raises:
        RuntimeError: shapes, dtypes or devices that do not fit, a mask together with is_causal.
        ValueError: dropout_p outside [0, 1].
    """
    name = "scaled_dot_product_attention"
    _check(name, query, key, value, dropout_p, scale)
    if attn_mask is not None and is_causal:
        raise RuntimeError(f"{name}: give attn_mask or is_causal=True, not both")
    if enable_gqa:
        key, value = (_shared_heads(name, query, x) for x in (key, value))
    try:
        lead = np.broadcast_shapes(*(x.array.shape[:-2] for x in (query, key, value)))
    except ValueError as error:
        raise RuntimeError(f"{name}: {_shapes(query, key, value)} do not broadcast before the last two") from error
    rows, columns = query.array.shape[-2], key.array.shape[-2]
    bias = _bias(name, query, attn_mask, (*lead, rows, columns))
    return attention(query, key, value, bias, is_causal, scale, dropout_p)


def causal_bias(like, rows, columns):
    """0 where query i may see key j, j <= i, else -inf; (rows, columns), of the type and device of a tensor."""
    xp = array_module(like.array)
    later = xp.arange(columns) > xp.arange(rows)[:, None]
    return like._wrap(xp.where(later, -np.inf, 0.0).astype(like.array.dtype))


def mask_bias(mask, dtype, shown):
    """A mask as numbers to add: a boolean one gives 0 where it is `shown`, else -inf; numbers are cast."""
    if mask.array.dtype.kind != "b":
        return cast(mask, dtype)
    xp = array_module(mask.array)
    return mask._wrap(xp.where(mask.array == shown, 0.0, -np.inf).astype(dtype))


def _bias(name, query, mask, shape):
    if mask is None:
        return None
    require_tensor(name, attn_mask=mask)
    require_same_device(name, query, mask)
    if mask.array.dtype.kind not in "bf":
        raise RuntimeError(f"{name}: attn_mask must be boolean or floating point, got {mask.array.dtype}; use .bool()")
    try:
        fits = np.broadcast_shapes(mask.array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(f"{name}: attn_mask of shape {mask.array.shape} does not broadcast to {shape}")
    return mask_bias(mask, query.array.dtype, True)


def _shapes(query, key, value):
    return f"query, key and value of shapes {query.array.shape}, {key.array.shape} and {value.array.shape}"


def _check(name, query, key, value, dropout_p, scale):
    require_tensor(name, query=query, key=key, value=value)
    require_same(name, query=query, key=key, value=value)
    require_float(name, query=query)
    q, k, v = (x.array.shape for x in (query, key, value))
    if min(len(q), len(k), len(v)) < 2 or q[-1] != k[-1] or k[-2] != v[-2]:
        raise RuntimeError(
            f"{name}: expected query (..., L, E), key (..., S, E) and value (..., S, EV), got {q}, {k} and {v}"
        )
    if isinstance(dropout_p, bool) or not is_number(dropout_p) or not (scale is None or is_number(scale)):
        raise TypeError(f"{name}: dropout_p and scale must be numbers, got {dropout_p!r} and {scale!r}")
    if not 0 <= dropout_p <= 1:
        raise ValueError(f"{name}: dropout_p must be between 0 and 1, got {dropout_p}")


def _shared_heads(name, query, x):
    """Key or value with each head repeated for the query heads that share it."""
    q, shape = query.array.shape, x.array.shape
    if min(len(q), len(shape)) < 3 or not shape[-3] or q[-3] % shape[-3]:
        raise RuntimeError(
            f"{name}: enable_gqa needs query heads that are a multiple of key heads, got shapes {q} and {shape}"
        )
    copies = q[-3] // shape[-3]
    spread = x.unsqueeze(-3).expand(*shape[:-2], copies, *shape[-2:])
    return spread.reshape(*shape[:-3], q[-3], *shape[-2:])
