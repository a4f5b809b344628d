"""Multi-head attention: several small attentions side by side, between linear maps."""

from minitorch.ops.arguments import arguments
from minitorch.ops.attention import attention, attention_definition, causal_bias, mask_bias
from minitorch.ops.joining import cat
from minitorch.ops.linear_algebra import linear
from minitorch.ops.operands import is_number, require_float, require_same, require_tensor
from minitorch.ops.padding import pad

NAME = "multi_head_attention_forward"


@arguments()
def multi_head_attention_forward(
    query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn,
    dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True, attn_mask=None,
    use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, static_k=None,
    static_v=None, average_attn_weights=True, is_causal=False,
):  # fmt: skip
    """Attention in `num_heads` heads, each on its own linear maps of query, key and value.

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.2.

    Args:
        query: (L, N, E) or (L, E); key, value: (S, N, E) or (S, E).
        embed_dim_to_check: E; num_heads divides it.
        in_proj_weight: (3 E, E), the maps of query, key and value one below the other; in_proj_bias: (3 E,) or None.
        bias_k, bias_v: (1, 1, E), one more key and value; both or neither.
        add_zero_attn: add a key and a value of zeros.
        dropout_p: probability with which weights become 0 in training.
        out_proj_weight, out_proj_bias: (E, E) and (E,) or None, applied to the heads' joined results.
        key_padding_mask: (N, S) or (S,), True (or -inf) for keys that nobody sees.
        need_weights: give also the weights.
        attn_mask: (L, S) or (N num_heads, L, S), True (or -inf) where a query must not see a key; numbers are added.
        use_separate_proj_weight: take q_proj_weight (E, E), k_proj_weight (E, EK) and v_proj_weight (E, EV).
        static_k, static_v: (N num_heads, S, E / num_heads), in place of the mapped keys and values.
        average_attn_weights: the mean of the weights over the heads.
        is_causal: the mask given is the causal one (a mask must be given with it).

    Returns:
        (L, N, E) or (L, E), and the weights: (N, L, S), without averaging (N, num_heads, L, S), no N for input
        without; or None.

    Raises:
        RuntimeError: shapes or dtypes that do not fit.
    """
    _check(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight, dropout_p)
    batched = query.array.ndim == 3
    if not batched:
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    (rows, batch, embed_dim), columns = query.array.shape, key.array.shape[0]
    bias = _bias(query, (batch, num_heads, rows, columns), attn_mask, key_padding_mask, is_causal, need_weights)
    weights = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else in_proj_weight
    q, k, v = _projected((query, key, value), weights, in_proj_bias, embed_dim)
    k, v = _with_bias_entry(k, v, bias_k, bias_v, static_k is not None or static_v is not None, embed_dim)
    q, k, v = (x.reshape(x.array.shape[0], batch, num_heads, -1).permute(1, 2, 0, 3) for x in (q, k, v))
    k, v = _static("static_k", static_k, k), _static("static_v", static_v, v)
    if add_zero_attn:
        k, v = pad(k, (0, 0, 0, 1)), pad(v, (0, 0, 0, 1))
    if bias is not None and k.array.shape[2] > bias.array.shape[-1]:
        bias = pad(bias, (0, k.array.shape[2] - bias.array.shape[-1]))
    dropout_p = dropout_p if training else 0.0
    if need_weights:
        y, weights = attention_definition(q, k, v, bias, dropout_p=dropout_p)
    else:
        y = attention(q, k, v, bias, dropout_p=dropout_p)
    y = linear(y.permute(2, 0, 1, 3).reshape(rows, batch, embed_dim), out_proj_weight, out_proj_bias)
    y = y if batched else y.squeeze(1)
    if not need_weights:
        return y, None
    weights = weights.mean(1) if average_attn_weights else weights
    return y, (weights if batched else weights.squeeze(0))


def _check(query, key, value, embed_dim, num_heads, separate, dropout_p):
    require_tensor(NAME, query=query, key=key, value=value)
    require_same(NAME, query=query, key=key, value=value)
    require_float(NAME, query=query)
    q, k, v = (x.array.shape for x in (query, key, value))
    if len(q) not in (2, 3) or len(k) != len(q) or len(v) != len(q):
        raise RuntimeError(f"{NAME}: query, key and value must be (L, N, E) or (L, E), got {q}, {k} and {v}")
    if k[:-1] != v[:-1] or q[1:-1] != k[1:-1] or (not separate and (k != v or k[-1] != q[-1])):
        raise RuntimeError(f"{NAME}: query, key and value do not fit together, got shapes {q}, {k} and {v}")
    if q[-1] != embed_dim:
        raise RuntimeError(f"{NAME}: query of shape {q} must have {embed_dim} numbers an entry")
    if isinstance(num_heads, bool) or not isinstance(num_heads, int) or num_heads < 1 or embed_dim % num_heads:
        raise RuntimeError(f"{NAME}: num_heads {num_heads!r} does not divide {embed_dim} numbers an entry")
    if isinstance(dropout_p, bool) or not is_number(dropout_p) or not 0 <= dropout_p <= 1:
        raise ValueError(f"{NAME}: dropout_p must be a number between 0 and 1, got {dropout_p!r}")


def _bias(query, shape, attn_mask, key_padding_mask, is_causal, need_weights):
    """Both masks as numbers to add to the scores, broadcasting to (N, num_heads, L, S), or None."""
    batch, heads, rows, columns = shape
    if is_causal and attn_mask is None:
        raise RuntimeError(f"{NAME}: is_causal=True says what attn_mask is: pass the causal mask with it")
    bias = None
    for name, mask in (("attn_mask", attn_mask), ("key_padding_mask", key_padding_mask)):
        if mask is not None:
            require_tensor(NAME, **{name: mask})
            if mask.array.dtype.kind not in "bf":
                raise RuntimeError(f"{NAME}: {name} must be boolean or floating point, got {mask.array.dtype}")
    if attn_mask is not None:
        if attn_mask.array.shape not in ((rows, columns), (batch * heads, rows, columns)):
            raise RuntimeError(
                f"{NAME}: attn_mask must have shape {(rows, columns)} or {(batch * heads, rows, columns)}, "
                f"got {attn_mask.array.shape}"
            )
        if is_causal and key_padding_mask is None and not need_weights:
            bias = causal_bias(query, rows, columns)
        else:
            bias = mask_bias(attn_mask, query.array.dtype, False)
            bias = bias if bias.array.ndim == 2 else bias.reshape(shape)
    if key_padding_mask is not None:
        if key_padding_mask.array.shape != (batch, columns):
            raise RuntimeError(
                f"{NAME}: key_padding_mask must have shape {(batch, columns)}, got {key_padding_mask.array.shape}"
            )
        hidden = mask_bias(key_padding_mask, query.array.dtype, False).reshape(batch, 1, 1, columns)
        bias = hidden if bias is None else bias + hidden
    return bias


def _projected(inputs, weights, biases, embed_dim):
    """The linear maps of query, key and value."""
    if weights is None or (isinstance(weights, tuple) and any(w is None for w in weights)):
        raise RuntimeError(
            f"{NAME}: needs in_proj_weight, or with use_separate_proj_weight=True all of q_proj_weight, "
            "k_proj_weight and v_proj_weight"
        )
    if not isinstance(weights, tuple):
        require_same(NAME, query=inputs[0], in_proj_weight=weights)
        if weights.array.shape != (3 * embed_dim, embed_dim):
            wanted = (3 * embed_dim, embed_dim)
            raise RuntimeError(f"{NAME}: in_proj_weight must have shape {wanted}, got {weights.array.shape}")
        weights = weights.chunk(3)
    if biases is not None:
        require_same(NAME, query=inputs[0], in_proj_bias=biases)
        if biases.array.shape != (3 * embed_dim,):
            raise RuntimeError(f"{NAME}: in_proj_bias must have shape {(3 * embed_dim,)}, got {biases.array.shape}")
    biases = (None,) * 3 if biases is None else biases.chunk(3)
    return [linear(x, weight, bias) for x, weight, bias in zip(inputs, weights, biases)]


def _with_bias_entry(k, v, bias_k, bias_v, static, embed_dim):
    """One more key and value, learnt ones, behind those of every sample."""
    if (bias_k is None) != (bias_v is None):
        raise RuntimeError(f"{NAME}: bias_k and bias_v must be given both or not at all")
    if bias_k is None:
        return k, v
    if static:
        raise RuntimeError(f"{NAME}: bias_k and bias_v do not go together with static_k and static_v")
    require_same(NAME, key=k, bias_k=bias_k, bias_v=bias_v)
    if bias_k.array.size != embed_dim or bias_v.array.size != embed_dim:
        raise RuntimeError(
            f"{NAME}: bias_k and bias_v must have shape {(1, 1, embed_dim)}, got {bias_k.array.shape} and "
            f"{bias_v.array.shape}"
        )
    batch = k.array.shape[1]
    k, v = (cat([x, b.reshape(1, 1, -1).expand(1, batch, -1)]) for x, b in ((k, bias_k), (v, bias_v)))
    return k, v


def _static(name, static, mapped):
    """Keys or values given as (N num_heads, S, E / num_heads) in place of the mapped ones."""
    if static is None:
        return mapped
    require_same(NAME, **{"query": mapped, name: static})
    batch, heads, _, size = mapped.array.shape
    shape = static.array.shape
    if len(shape) != 3 or shape[0] != batch * heads or shape[2] != size:
        raise RuntimeError(f"{NAME}: {name} must have shape ({batch * heads}, S, {size}), got {shape}")
    return static.reshape(batch, heads, *shape[1:])
