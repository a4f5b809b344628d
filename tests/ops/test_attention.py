"""Attention against loops over queries and keys, and against PyTorch; masks, shared heads, dropout."""

import itertools
import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from minitorch import nn, ops
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.nn.functional import multi_head_attention_forward
from minitorch.tensor import Tensor


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def attention(q, k, v, bias, scale):
    """One head, query by query: the mean of the values by weights exp(score), 0 where no key is open."""
    y = np.zeros((len(q), v.shape[1]))
    for i, query in enumerate(q):
        scores = [scale * float(query @ key) + bias[i, j] for j, key in enumerate(k)]
        weights = [math.exp(s) if s > -math.inf else 0.0 for s in scores]
        if sum(weights):
            y[i] = sum(w * value for w, value in zip(weights, v)) / sum(weights)
    return y


@given(st.tuples(*[st.integers(1, 4)] * 4), st.sampled_from(["none", "causal", "bool", "float"]))
def test_equals_loops(sizes, kind):
    rows, columns, width, value_width = sizes
    q, k, v = normal(2, rows, width), normal(2, columns, width, seed=1), normal(2, columns, value_width, seed=2)
    bias, options = np.zeros((rows, columns)), {}
    if kind == "causal":
        bias = np.where(np.arange(columns) > np.arange(rows)[:, None], -np.inf, 0)
        options["is_causal"] = True
    elif kind == "bool":
        mask = np.random.default_rng(3).random((rows, columns)) < 0.5
        bias, options["attn_mask"] = np.where(mask, 0, -np.inf), Tensor(mask)
    elif kind == "float":
        bias = normal(rows, columns, seed=3)
        options["attn_mask"] = Tensor(bias)
    y = ops.scaled_dot_product_attention(Tensor(q), Tensor(k), Tensor(v), **options)
    for head in range(2):
        np.testing.assert_allclose(y.array[head], attention(q[head], k[head], v[head], bias, width**-0.5), atol=1e-10)


def test_a_query_that_sees_nothing_gives_zero_and_passes_no_nan_back():
    q, k, v = (Tensor(normal(2, 3, seed=i), requires_grad=True) for i in range(3))
    mask = Tensor(np.array([[True, False], [False, False]]))
    y = ops.scaled_dot_product_attention(q, k, v, mask)
    assert y.tolist()[1] == [0, 0, 0]
    np.testing.assert_allclose(y.array[0], v.array[0])
    y.sum().backward()
    for x in (q, k, v):
        assert np.isfinite(x.grad.array).all()


def test_shared_heads():
    q, k, v = normal(1, 4, 2, 3), normal(1, 2, 5, 3, seed=1), normal(1, 2, 5, 3, seed=2)
    y = ops.scaled_dot_product_attention(*map(Tensor, (q, k, v)), enable_gqa=True)
    whole = ops.scaled_dot_product_attention(*map(Tensor, (q, k.repeat(2, 1), v.repeat(2, 1))))
    np.testing.assert_array_equal(y.array, whole.array)


def test_dropout_scales_what_it_keeps():
    q, k, v = np.zeros((1, 1, 2)), np.zeros((1, 4000, 2)), np.ones((1, 4000, 2))
    y = ops.scaled_dot_product_attention(*map(Tensor, (q, k, v)), dropout_p=0.25).array
    assert not np.allclose(y, 1, atol=1e-9) and np.allclose(y, 1, atol=5 * math.sqrt(0.25 / 0.75 / 4000))
    assert not ops.scaled_dot_product_attention(*map(Tensor, (q, k, v)), dropout_p=1.0).array.any()


def projections(embed, kdim=None, vdim=None, extra=True):
    w = {"in_proj_bias": normal(3 * embed, seed=1), "out_proj_weight": normal(embed, embed, seed=2)}
    w["out_proj_bias"] = normal(embed, seed=3)
    w["bias_k"], w["bias_v"] = (normal(1, 1, embed, seed=4), normal(1, 1, embed, seed=5)) if extra else (None, None)
    if kdim is None:
        return {**w, "in_proj_weight": normal(3 * embed, embed, seed=6)}
    w.update(in_proj_weight=None, use_separate_proj_weight=True, q_proj_weight=normal(embed, embed, seed=7))
    return {**w, "k_proj_weight": normal(embed, kdim, seed=8), "v_proj_weight": normal(embed, vdim, seed=9)}


OPTIONS = list(itertools.product((False, True), (False, True), (None, "2d", "3d", "bool"), (False, True)))


@pytest.mark.parametrize("batched, extra, mask, padding", OPTIONS)
def test_multi_head_attention_equals_pytorch(batched, extra, mask, padding):
    torch = pytest.importorskip("torch", reason="needs torch")
    rows, columns, batch, heads, embed = 3, 4, 2 if batched else 1, 2, 4
    middle = (batch,) if batched else ()
    for kdim, vdim in ((None, None), (3, 5)):
        query = normal(rows, *middle, embed)
        key, value = normal(columns, *middle, kdim or embed, seed=1), normal(columns, *middle, vdim or embed, seed=2)
        value = value if kdim else key + 1
        given = {"query": query, "key": key, "value": value, **projections(embed, kdim, vdim, extra)}
        if mask:
            attn_mask = normal(*((batch * heads,) if mask == "3d" else ()), rows, columns, seed=3)
            given["attn_mask"] = attn_mask > 1 if mask == "bool" else attn_mask
        if padding:
            hidden = np.arange(columns) >= columns - 1 - np.arange(batch)[:, None]
            given["key_padding_mask"] = hidden if batched else hidden[0]
        given.update(embed_dim_to_check=embed, num_heads=heads, add_zero_attn=extra, dropout_p=0.0)
        for average, need in ((True, True), (False, True), (True, False)):
            options = {"average_attn_weights": average, "need_weights": need}
            ours = {k: Tensor(a) if isinstance(a, np.ndarray) else a for k, a in given.items()}
            theirs = {k: torch.tensor(a) if isinstance(a, np.ndarray) else a for k, a in given.items()}
            found = multi_head_attention_forward(**ours, **options)
            expected = torch.nn.functional.multi_head_attention_forward(**theirs, **options)
            for a, b in zip(found, expected):
                assert (a is None) == (b is None)
                if a is not None:
                    assert a.shape == tuple(b.shape)
                    np.testing.assert_allclose(a.array, b.numpy(), atol=1e-10)


def test_gradients_of_multi_head_attention():
    names = ("in_proj_weight", "in_proj_bias", "bias_k", "bias_v", "out_proj_weight", "out_proj_bias")
    parts = projections(2)
    inputs = [Tensor(normal(2, 1, 2, seed=20 + i), requires_grad=True) for i in range(3)]
    inputs += [Tensor(parts[name], requires_grad=True) for name in names]

    def call(q, k, v, in_weight, in_bias, bias_k, bias_v, weight, bias):
        settings = (2, 2, in_weight, in_bias, bias_k, bias_v, True, 0.0, weight, bias)
        return multi_head_attention_forward(q, k, v, *settings)

    assert gradcheck(call, inputs)
    assert gradgradcheck(lambda *x: call(*x)[0], inputs)


def test_causal_hint_needs_the_mask_and_takes_its_place():
    given = {k: Tensor(a) if isinstance(a, np.ndarray) else a for k, a in projections(4, extra=False).items()}
    given.update(embed_dim_to_check=4, num_heads=2, add_zero_attn=False, dropout_p=0.0, need_weights=False)
    x = Tensor(normal(3, 2, 4))
    with pytest.raises(RuntimeError, match="pass the causal mask"):
        multi_head_attention_forward(x, x, x, **given, is_causal=True)
    mask = Tensor(np.triu(np.ones((3, 3), bool), 1))
    hinted, _ = multi_head_attention_forward(x, x, x, **given, is_causal=True, attn_mask=mask)
    plain, _ = multi_head_attention_forward(x, x, x, **given, attn_mask=mask)
    np.testing.assert_allclose(hinted.array, plain.array, atol=1e-12)


q, k = Tensor(np.zeros((2, 3, 4))), Tensor(np.zeros((2, 5, 4)))
f = ops.scaled_dot_product_attention
layer = nn.MultiheadAttention(4, 2).double()


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: f(q, k[..., :2], k), RuntimeError, r"scaled_dot_product_attention: expected query \(..., L, E\)"),
        (lambda: f(q, k, q), RuntimeError, r"got \(2, 3, 4\), \(2, 5, 4\) and \(2, 3, 4\)"),
        (lambda: f(q, k[:1].expand(3, 5, 4), k), RuntimeError, "do not broadcast before the last two"),
        (lambda: f(q[0, 0], k, k), RuntimeError, "expected query"),
        (lambda: f(q, k, k.float()), RuntimeError, "same dtype"),
        (lambda: f(q.long(), k.long(), k.long()), RuntimeError, "floating point"),
        (lambda: f(q, k, None), TypeError, "value must be a tensor, got NoneType"),
        (lambda: f(q, k, k, q), RuntimeError, r"attn_mask of shape \(2, 3, 4\) does not broadcast to \(2, 3, 5\)"),
        (lambda: f(q, k, k, Tensor(np.zeros((3, 5), int))), RuntimeError, "boolean or floating point, got int64"),
        (lambda: f(q, k, k, Tensor(np.zeros((3, 5))), is_causal=True), RuntimeError, "attn_mask or is_causal=True"),
        (lambda: f(q, k, k, dropout_p=1.5), ValueError, "dropout_p must be between 0 and 1"),
        (lambda: f(q, k, k, dropout_p="0"), TypeError, "must be numbers"),
        (lambda: f(q, k, k, enable_gqa=True, attn_mask=q), RuntimeError, "attn_mask of shape"),
        (lambda: f(q[None], k[None, :1].expand(1, 3, 5, 4), k[None], enable_gqa=True), RuntimeError, "multiple of key"),
        (lambda: layer(q, k, q), RuntimeError, "do not fit together"),
        (lambda: layer(q[..., :2], q[..., :2], q[..., :2]), RuntimeError, "must have 4 numbers an entry"),
        (lambda: layer(q, q, q, attn_mask=q), RuntimeError, r"attn_mask must have shape \(2, 2\) or \(6, 2, 2\)"),
        (lambda: layer(q, q, q, key_padding_mask=q > 0), RuntimeError, r"key_padding_mask must have shape \(3, 2\)"),
        (lambda: layer(q, q, q, key_padding_mask=(q[..., 0] > 0).long()), RuntimeError, "boolean or floating point"),
        (lambda: layer(q, q, q, is_causal=True), RuntimeError, "pass the causal mask"),
        (lambda: layer(q, None, q), TypeError, "key must be a tensor"),
        (lambda: nn.MultiheadAttention(5, 2), ValueError, "num_heads=2 does not divide embed_dim=5"),
        (lambda: nn.MultiheadAttention(0, 2), ValueError, "embed_dim must be a positive integer"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
