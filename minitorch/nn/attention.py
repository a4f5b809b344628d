"""Attention, and the encoder of the Transformer built from it."""

import copy

from minitorch.creation import empty
from minitorch.nn import init
from minitorch.nn.checks import integers
from minitorch.nn.containers import ModuleList
from minitorch.nn.dropout import Dropout
from minitorch.nn.functional import gelu, multi_head_attention_forward, relu
from minitorch.nn.layer_norm import LayerNorm
from minitorch.nn.linear import Linear
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter


class MultiheadAttention(Module):
    """Attention in several heads, each on its own linear maps of query, key and value.

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.2.

    Args:
        embed_dim: numbers an entry, E; num_heads divides it.
        num_heads: heads of E / num_heads numbers.
        dropout: probability with which weights become 0 in training.
        bias: whether the linear maps have biases.
        add_bias_kv: whether every sequence gets one more, learnt, key and value.
        add_zero_attn: whether it gets one more of zeros.
        kdim, vdim: numbers an entry of key and value, E unless given.
        batch_first: whether sequences are (N, L, E) in place of (L, N, E).

    Attributes:
        in_proj_weight: (3 E, E), the maps of query, key and value; None where kdim or vdim differ, which have
            q_proj_weight (E, E), k_proj_weight (E, kdim) and v_proj_weight (E, vdim).
        in_proj_bias: (3 E,) or None.
        bias_k, bias_v: (1, 1, E) or None.
        out_proj: Linear(E, E), applied to the heads' joined results.

    Raises:
        ValueError: sizes that are not positive, heads that do not divide embed_dim.
    """

    def __init__(
        self,
        embed_dim,
        num_heads,
        dropout=0.0,
        bias=True,
        add_bias_kv=False,
        add_zero_attn=False,
        kdim=None,
        vdim=None,
        batch_first=False,
        device=None,
        dtype=None,
    ):
        super().__init__()
        embed_dim, num_heads = integers("MultiheadAttention", 1, embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"MultiheadAttention: num_heads={num_heads} does not divide embed_dim={embed_dim}")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self._qkv_same_embed_dim = self.kdim == embed_dim == self.vdim
        shapes = {
            "in_proj_weight": (3 * embed_dim, embed_dim) if self._qkv_same_embed_dim else None,
            "q_proj_weight": None if self._qkv_same_embed_dim else (embed_dim, embed_dim),
            "k_proj_weight": None if self._qkv_same_embed_dim else (embed_dim, self.kdim),
            "v_proj_weight": None if self._qkv_same_embed_dim else (embed_dim, self.vdim),
            "in_proj_bias": (3 * embed_dim,) if bias else None,
            "bias_k": (1, 1, embed_dim) if add_bias_kv else None,
            "bias_v": (1, 1, embed_dim) if add_bias_kv else None,
        }
        for name, shape in shapes.items():
            self.register_parameter(name, shape and Parameter(empty(shape, device=device, dtype=dtype)))
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self._reset_parameters()

    def _reset_parameters(self):
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for entry in (self.bias_k, self.bias_v):
            if entry is not None:
                init.xavier_normal_(entry)

    def forward(
        self,
        query,
        key,
        value,
        key_padding_mask=None,
        need_weights=True,
        attn_mask=None,
        average_attn_weights=True,
        is_causal=False,
    ):
        """(output, weights or None); arguments as `multi_head_attention_forward`, batch first if so made."""
        turned = self.batch_first and getattr(query, "ndim", 0) == 3
        if turned:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        y, weights = multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias,
            self.bias_k, self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )  # fmt: skip
        return (y.transpose(0, 1) if turned else y), weights


class TransformerEncoderLayer(Module):
    """Self-attention and a two-layer network, each added to its input and normalised.

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.1.

    Args:
        d_model: numbers an entry, E.
        nhead: heads of the attention.
        dim_feedforward: size of the hidden layer.
        dropout: probability of 0, in the attention, behind it, and behind each layer of the network.
        activation: ``"relu"``, ``"gelu"`` or a function, between the two layers.
        layer_norm_eps: eps of the normalisations.
        batch_first: whether sequences are (N, L, E) in place of (L, N, E).
        norm_first: normalise before attention and network, in place of after the sums.
        bias: whether linear layers and normalisations have biases.
    """

    def __init__(
        self,
        d_model,
        nhead,
        dim_feedforward=2048,
        dropout=0.1,
        activation=relu,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
        device=None,
        dtype=None,
    ):
        super().__init__()
        place = {"device": device, "dtype": dtype}
        if isinstance(activation, str):
            if activation not in ("relu", "gelu"):
                raise RuntimeError(f"TransformerEncoderLayer: activation must be 'relu' or 'gelu', got {activation!r}")
            activation = {"relu": relu, "gelu": gelu}[activation]
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **place)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **place)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = activation

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        """The layer's output, of the shape of src; masks as for `multi_head_attention_forward`."""
        x, masks = src, (src_mask, src_key_padding_mask, is_causal)
        if self.norm_first:
            x = x + self._attend(self.norm1(x), *masks)
            return x + self._transform(self.norm2(x))
        x = self.norm1(x + self._attend(x, *masks))
        return self.norm2(x + self._transform(x))

    def _attend(self, x, mask, key_padding_mask, is_causal):
        settings = {"key_padding_mask": key_padding_mask, "need_weights": False, "is_causal": is_causal}
        return self.dropout1(self.self_attn(x, x, x, attn_mask=mask, **settings)[0])

    def _transform(self, x):
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerEncoder(Module):
    """Copies of an encoder layer, one after the other.

    Args:
        encoder_layer: the layer to copy.
        num_layers: how many copies.
        norm: a module applied to the result, or None.
        enable_nested_tensor, mask_check: taken for PyTorch's sake, without effect.
    """

    def __init__(self, encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True):
        super().__init__()
        if not isinstance(encoder_layer, Module):
            kind = type(encoder_layer).__name__
            raise TypeError(f"TransformerEncoder: encoder_layer must be an nn.Module, got {kind}")
        self.layers = ModuleList(copy.deepcopy(encoder_layer) for _ in range(num_layers))
        self.num_layers, self.norm = num_layers, norm

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        """The last layer's output, of the shape of src; masks as for `multi_head_attention_forward`."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)
