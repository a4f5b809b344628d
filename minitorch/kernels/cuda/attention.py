"""Attention without the matrix of scores."""

from minitorch.kernels.cuda.launcher import contiguous, empty, launch

TILE = 64  # rows of a block
THREADS = 128
LARGEST = 128  # numbers of a query, key or value that the kernels take


def attention(query, key, value, bias, causal, scale):
    """Return (y, log_sum) for query (B, H, L, E), key (B, H, S, E), value (B, H, S, EV); see the CPU kernel."""
    groups, queries = query.shape[0] * query.shape[1], query.shape[2]
    y = empty((*query.shape[:3], value.shape[3]), query.dtype, query)
    log_sum = empty(query.shape[:3], query.dtype, query)
    query, key, value, bias = map(contiguous, (query, key, value, bias))
    launch(
        "attention", "attention", groups * -(-queries // TILE), THREADS,
        query, key, value, bias, y, log_sum, *_problem(query, key, value, bias, causal, scale),
    )  # fmt: skip
    return y, log_sum


def attention_grad(grad, query, key, value, bias, causal, scale, y, log_sum):
    """The gradients to query, key and value, from what `attention` gave."""
    grad, query, key, value, bias, y, log_sum = map(contiguous, (grad, query, key, value, bias, y, log_sum))
    groups, queries, keys = query.shape[0] * query.shape[1], query.shape[2], key.shape[2]
    problem = _problem(query, key, value, bias, causal, scale)
    delta = empty(log_sum.shape, query.dtype, query)
    query_grad, key_grad, value_grad = (empty(x.shape, x.dtype, x) for x in (query, key, value))
    launch(
        "attention", "attention_query_grad", groups * -(-queries // TILE), THREADS,
        grad, query, key, value, bias, y, log_sum, delta, query_grad, *problem,
    )  # fmt: skip
    launch(
        "attention", "attention_key_grad", groups * -(-keys // TILE), THREADS,
        grad, query, key, value, bias, log_sum, delta, key_grad, value_grad, *problem,
    )  # fmt: skip
    return query_grad, key_grad, value_grad


def _problem(query, key, value, bias, causal, scale):
    """The sizes, the strides of the bias (0 where it broadcasts) and the rest of what all three kernels are told."""
    strides = (0, 0, 0, 0)
    if bias is not None:
        strides = [0 if n == 1 else s // bias.itemsize for n, s in zip(bias.shape, bias.strides)]
    sizes = query.shape[2], key.shape[2], query.shape[3], value.shape[3], query.shape[1]
    return *sizes, *strides, causal, scale
