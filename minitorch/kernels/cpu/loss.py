"""Cross entropy of scores (N, C, inner), for each of the N * inner places.

The target holds class numbers, (N, inner), or probabilities, (N, C, inner). With softmax p the loss of a place is the
sum over classes of -share log p, where share = weight ((1 - smoothing) target + smoothing / C). Class numbers without
smoothing give a share to one class alone, and that case is worked out without an array of shares.
"""

import numpy as np

from minitorch.kernels.cpu.parallel import block_size, parallel_for, scratch


def cross_entropy(score, target, weight, ignored, smoothing):
    """Return (loss, log_sum, mass, factor), each (N, inner).

    log_sum is the logarithm of the sum of exp(score), mass the sum of the shares, and factor what a mean divides by the
    sum of: the weight of the right class, 0 where the class number is the ignored one, 1 for probabilities.
    """
    loss, log_sum, mass, factor = (np.empty((score.shape[0], score.shape[2]), score.dtype) for _ in range(4))

    def block(start, stop):
        part = slice(start, stop)
        x, right = score[part], target[part]
        largest = x.max(1, keepdims=True)
        largest[largest == -np.inf] = 0
        terms = np.subtract(x, largest, out=scratch("cross_entropy", x.shape, x.dtype))
        np.exp(terms, out=terms)
        log_sum[part] = np.log(terms.sum(1)) + largest[:, 0]
        kept, factor[part] = _kept(right, weight, ignored, x.dtype)
        if kept is not None and not smoothing:
            mass[part] = factor[part]
            losses = log_sum[part] - x.reshape(-1)[_positions(kept, x.shape)]
            np.multiply(losses, factor[part], out=losses)
        else:
            shares = _shares(right, kept, weight, smoothing, x)
            mass[part] = shares.sum(1)
            np.subtract(log_sum[part, np.newaxis], x, out=terms)
            losses = np.multiply(terms, shares, out=terms).sum(1)
        loss[part] = losses if kept is None else np.where(right == ignored, 0, losses)
        if kept is not None:
            mass[part][right == ignored] = 0

    parallel_for(block, len(score), block_size(len(score), score[:1].nbytes))
    return loss, log_sum, mass, factor


def cross_entropy_grad(grad, score, target, weight, ignored, smoothing, log_sum, mass):
    """The gradient to the scores, that of a place's loss times (mass softmax - share), from what the loss gave."""
    result = np.empty(score.shape, score.dtype)

    def block(start, stop):
        part = slice(start, stop)
        x, right, slopes = score[part], target[part], result[part]
        np.subtract(x, log_sum[part, np.newaxis], out=slopes)
        np.exp(slopes, out=slopes)
        slopes *= mass[part, np.newaxis]
        kept, factor = _kept(right, weight, ignored, x.dtype)
        if kept is not None and not smoothing:
            slopes.reshape(-1)[_positions(kept, x.shape)] -= factor
        else:
            shares = _shares(right, kept, weight, smoothing, x)
            slopes -= shares if kept is None else np.where(right[:, np.newaxis] == ignored, 0, shares)
        slopes *= grad[part, np.newaxis]

    parallel_for(block, len(score), block_size(len(score), score[:1].nbytes))
    return result


def _kept(target, weight, ignored, dtype):
    """Class numbers with 0 for ignored ones, (N, inner), and the weights of them; (None, 1) for probabilities."""
    if target.dtype.kind == "f":
        return None, 1
    counts = target != ignored
    kept = np.where(counts, target, 0).astype(np.int64, copy=False)
    factor = counts.astype(dtype)
    return kept, factor if weight is None else factor * weight[kept]


def _positions(kept, shape):
    """Where the scores of the class numbers (n, inner) lie in flat scores of the shape (n, C, inner)."""
    n, classes, inner = shape
    return (np.arange(n)[:, np.newaxis] * classes + kept) * inner + np.arange(inner)


def _shares(target, kept, weight, smoothing, like):
    """The share of each class of each place, of the shape and type of the scores `like`."""
    if kept is None:
        shares = target * like.dtype.type(1 - smoothing)
        shares += like.dtype.type(smoothing / like.shape[1])
    else:
        shares = np.full(like.shape, smoothing / like.shape[1], like.dtype)
        shares.reshape(-1)[_positions(kept, like.shape)] = 1 - smoothing + smoothing / like.shape[1]
    if weight is not None:
        shares *= weight[:, np.newaxis]
    return shares
