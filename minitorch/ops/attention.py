"""Attention: for each query the mean of the values, weighted by how well their keys match it."""

import math

import numpy as np

from minitorch.device import array_module
from minitorch.ops.activation import softmax
from minitorch.ops.arguments import arguments
from minitorch.ops.dropout import dropout
from minitorch.ops.linear_algebra import matmul
from minitorch.ops.operands import cast, is_number, require_float, require_same, require_same_device, require_tensor


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
    if is_causal:
        bias = causal_bias(query, rows, columns)
    return attention_definition(query, key, value, bias, scale, dropout_p)[0]


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
