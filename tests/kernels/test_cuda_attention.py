"""Attention in CUDA C++ and on the CPU against the formula, written out with the whole matrix of scores."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from kernels.on_device import MODES, close, numbers, on, quick, transposed_memory

from minitorch.kernels import cpu, cuda

# (B, H, L, S, E, EV), shape of the bias or None, causal
CASES = {
    "one of everything": ((1, 1, 1, 1, 1, 1), None, False),
    "small and odd": ((2, 3, 5, 7, 3, 2), (2, 3, 5, 7), False),
    "bias for all heads": ((2, 2, 5, 3, 4, 4), (2, 1, 5, 3), False),
    "bias for all samples": ((2, 2, 3, 5, 4, 4), (1, 2, 3, 5), False),
    "bias of a row": ((3, 1, 3, 5, 4, 4), (3, 1, 1, 5), False),
    "bias of a column": ((1, 3, 3, 5, 4, 4), (1, 1, 3, 1), False),
    "two tiles of queries": ((1, 2, 67, 5, 17, 9), (1, 2, 67, 5), False),
    "two tiles of keys": ((2, 1, 3, 71, 33, 35), (2, 1, 3, 71), False),
    "whole tiles": ((1, 1, 64, 64, 32, 64), None, False),
    "causal": ((1, 2, 70, 70, 5, 6), None, True),
    "causal, more keys": ((1, 1, 66, 131, 3, 5), None, True),
    "causal, more queries": ((1, 1, 131, 66, 5, 3), None, True),
    "wide values": ((1, 2, 5, 35, 4, 65), (1, 2, 5, 35), False),
    "wide queries": ((1, 2, 35, 5, 67, 4), (1, 2, 35, 5), False),
    "the widest": ((1, 2, 3, 66, 128, 127), None, False),
}


def formula(grad, query, key, value, bias, causal, scale):
    """(y, log_sum), gradients to query, key and value, in float64; what a closed query gets is 0."""
    grad, query, key, value = (x.astype(np.float64) for x in (grad, query, key, value))
    scores = query @ key.swapaxes(-1, -2) * scale + (0 if bias is None else bias)
    if causal:
        scores[..., np.arange(key.shape[2]) > np.arange(query.shape[2])[:, None]] = -np.inf
    largest = scores.max(-1, keepdims=True)
    weights = np.exp(scores - np.where(largest == -np.inf, 0, largest))
    total = weights.sum(-1, keepdims=True)
    weights /= np.where(total == 0, 1, total)
    log_sum = np.where(total == 0, 0, largest + np.log(np.where(total == 0, 1, total)))[..., 0]
    change = grad @ value.swapaxes(-1, -2)
    change = weights * (change - (weights * change).sum(-1, keepdims=True)) * scale
    y = weights @ value
    return (y, log_sum), (change @ key, change.swapaxes(-1, -2) @ query, weights.swapaxes(-1, -2) @ grad)


def check(sizes, bias_shape, causal, dtype, device, mode="check", closed=0.0, order=np.asarray):
    kernels = cpu if device == "cpu" else cuda
    b, h, rows, columns, size, value_size = sizes
    shapes = (b, h, rows, size), (b, h, columns, size), (b, h, columns, value_size), (b, h, rows, value_size)
    query, key, value, grad = (order(numbers(shape, dtype, i)) for i, shape in enumerate(shapes))
    bias = None if bias_shape is None else numbers(bias_shape, dtype, 9)
    if closed:
        bias[np.random.default_rng(1).random(bias_shape) < closed] = -np.inf
    settings = (query, key, value, bias, causal, 0.7)
    forward, backward = formula(grad, *settings)
    found = on(device, kernels.attention, *settings, mode=mode)
    close(found, [x.astype(dtype) for x in forward], dtype)
    found = on(device, kernels.attention_grad, grad, *settings, *(x.astype(dtype) for x in forward), mode=mode)
    close(found, [x.astype(dtype) for x in backward], dtype)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equals_formula(name, dtype, device):
    check(*CASES[name], dtype, device)


@pytest.mark.parametrize("mode", MODES)
def test_in_every_order(mode, other_device):
    check((1, 2, 66, 67, 9, 66), (1, 1, 66, 67), False, "float32", other_device, mode)
    check((2, 1, 5, 35, 17, 5), None, True, "float64", other_device, mode)


@pytest.mark.parametrize("closed", [0.5, 0.9, 1.0])
@pytest.mark.parametrize("sizes", [(2, 2, 5, 3, 4, 2), (1, 1, 3, 70, 2, 3)])
def test_closed_keys_and_queries(closed, sizes, device):
    check(sizes, (sizes[0], sizes[1], *sizes[2:4]), False, "float64", device, closed=closed)


def test_memory_in_any_order(device):
    check((2, 3, 5, 7, 3, 2), (1, 3, 1, 7), False, "float64", device, order=transposed_memory)


@pytest.mark.parametrize("sizes", [(0, 2, 3, 4, 5, 6), (2, 0, 3, 4, 5, 6), (1, 1, 0, 4, 5, 6), (1, 1, 3, 0, 5, 6)])
def test_empty(sizes, device):
    b, h, rows, columns, size, value_size = sizes
    kernels = cpu if device == "cpu" else cuda
    query, key, value = (np.ones((b, h, n, m)) for n, m in ((rows, size), (columns, size), (columns, value_size)))
    y, log_sum = on(device, kernels.attention, query, key, value, None, False, 1.0)
    assert y.shape == (b, h, rows, value_size) and not y.any() and not log_sum.any()
    grads = on(device, kernels.attention_grad, y, query, key, value, None, False, 1.0, y, log_sum)
    assert [g.shape for g in grads] == [x.shape for x in (query, key, value)] and not any(g.any() for g in grads)


@quick
@given(
    st.tuples(*[st.integers(1, 2)] * 2, *[st.sampled_from([1, 2, 7, 31, 65])] * 2, *[st.integers(1, 128)] * 2),
    st.booleans(),
    st.sampled_from(["float32", "float64"]),
)
def test_any_size(other_device, sizes, causal, dtype):
    check(sizes, None, causal, dtype, other_device)


def test_large_scores_do_not_overflow(device):
    query, key, value = np.full((1, 1, 1, 1), 1e3), np.array([-1e3, 1e3, 0]).reshape(1, 1, 3, 1), np.arange(3.0)
    kernels = cpu if device == "cpu" else cuda
    y, log_sum = on(device, kernels.attention, query, key, value.reshape(1, 1, 3, 1), None, False, 1.0)
    assert y.item() == 1 and log_sum.item() == 1e6


def test_nan_is_not_lost(device):
    query, key = np.ones((1, 1, 2, 3)), np.ones((1, 1, 70, 3))
    query[0, 0, 1, 2] = np.nan
    y, _ = on(device, (cpu if device == "cpu" else cuda).attention, query, key, key, None, False, 1.0)
    assert np.isnan(y[0, 0, 1]).all() and not np.isnan(y[0, 0, 0]).any()
