"""Attention, block by block of queries, so that the scores of one block at a time exist and stay in the cache.

The shapes are query (B, H, L, E), key (B, H, S, E), value (B, H, S, EV); the bias, or None, has four dimensions and
broadcasts to (B, H, L, S). Blocks of short sequences take several heads and samples at once.
"""

import itertools

import numpy as np

from minitorch.kernels.cpu.parallel import CACHE_BYTES, parallel_for, scratch

SHORTEST = 32  # queries of a block, at least: a product of fewer rows is slow
SCORE_BYTES = 4 * CACHE_BYTES


def attention(query, key, value, bias, causal, scale):
    """Return (y, log_sum): y = softmax(scale query key^T + bias) value, and the log of each sum of exp(score).

    With `causal`, query i sees the keys up to i. A query that sees no key gives 0, and 0 in log_sum.
    """
    y = np.empty((*query.shape[:3], value.shape[3]), query.dtype)
    log_sum = np.empty(query.shape[:3], query.dtype)
    samples, heads, rows = _blocks(query.shape, key.shape[2], query.itemsize)

    def block(b, h, r):
        keys = min(r.stop, key.shape[2]) if causal else key.shape[2]
        weights = _scores(query[b, h, r], key[b, h, :keys], _part(bias, b, h, r, keys), causal, scale, r.start)
        if not keys:
            y[b, h, r], log_sum[b, h, r] = 0, 0
            return
        largest = weights.max(-1, keepdims=True)
        largest[largest == -np.inf] = 0
        weights -= largest
        np.exp(weights, out=weights)
        total = weights.sum(-1, keepdims=True)
        closed = total == 0
        total[closed] = 1
        np.matmul(weights, value[b, h, :keys], out=y[b, h, r])
        y[b, h, r] /= total
        log_sum[b, h, r] = np.where(closed, 0, largest + np.log(total))[..., 0]

    _each(block, samples, heads, rows)
    return y, log_sum


def attention_grad(grad, query, key, value, bias, causal, scale, y, log_sum):
    """The gradients to query, key and value, from what `attention` gave.

    With the weights w, computed anew, the gradient to the scores is w (grad value^T - sum(grad y)).
    """
    query_grad = np.empty(query.shape, query.dtype)
    key_grad, value_grad = np.zeros(key.shape, key.dtype), np.zeros(value.shape, value.dtype)
    samples, heads, rows = _blocks(query.shape, key.shape[2], query.itemsize)

    def block(b, h):
        for r in rows:
            keys = min(r.stop, key.shape[2]) if causal else key.shape[2]
            q, k, v, g = query[b, h, r], key[b, h, :keys], value[b, h, :keys], grad[b, h, r]
            weights = _scores(q, k, _part(bias, b, h, r, keys), causal, scale, r.start)
            weights -= log_sum[b, h, r, np.newaxis]
            np.exp(weights, out=weights)
            value_grad[b, h, :keys] += np.matmul(weights.swapaxes(-1, -2), g)
            change = np.matmul(g, v.swapaxes(-1, -2), out=scratch("attention_change", weights.shape, weights.dtype))
            change -= (g * y[b, h, r]).sum(-1, keepdims=True)
            change *= weights
            change *= scale
            np.matmul(change, k, out=query_grad[b, h, r])
            key_grad[b, h, :keys] += np.matmul(change.swapaxes(-1, -2), q)

    _each(block, samples, heads)
    return query_grad, key_grad, value_grad


def _blocks(shape, keys, itemsize):
    """Slices of samples, heads and queries for blocks of so many scores: the last are cut first, the first last."""
    samples, heads, queries = shape[:3]
    fitting = SCORE_BYTES // itemsize // max(keys, 1)  # rows of scores
    many = max(queries, 1), max(heads * queries, 1)
    part = max(SHORTEST, fitting) if fitting < many[0] else queries
    return _slices(samples, fitting // many[1]), _slices(heads, fitting // many[0]), _slices(queries, part)


def _slices(n, size):
    size = max(size, 1)
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def _each(function, *slices):
    """Call a function for each combination of the slices, on all threads."""
    combinations = list(itertools.product(*slices))

    def run(start, stop):
        for i in range(start, stop):
            function(*combinations[i])

    parallel_for(run, len(combinations))


def _part(bias, b, h, r, keys):
    """The bias of some samples, heads, queries and keys, still broadcasting; or None."""
    if bias is None:
        return None
    return bias[tuple(s if n > 1 else slice(None) for s, n in zip((b, h, r, slice(keys)), bias.shape))]


def _scores(query, key, bias, causal, scale, first):
    """The scores of the queries from `first` on, in a scratch buffer; -inf where a key is closed."""
    keys = key.shape[2]
    scores = scratch("attention_scores", (*query.shape[:3], keys), query.dtype)
    np.matmul(query * scale, key.swapaxes(-1, -2), out=scores)
    if bias is not None:
        scores += bias
    if causal and keys > first + 1:
        np.copyto(scores, -np.inf, where=np.arange(keys) > np.arange(first, first + query.shape[2])[:, None])
    return scores
