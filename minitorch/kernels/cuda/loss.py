"""Cross entropy of scores."""

import numpy as np

from minitorch.kernels.cuda.grids import ceil_div
from minitorch.kernels.cuda.launcher import BLOCK, contiguous, empty, launch

WARP = 32


def cross_entropy(score, target, weight, ignored, smoothing):
    """Return (loss, log_sum, mass, factor) of each place of (N, C, inner); see the CPU kernel."""
    places = (score.shape[0], score.shape[2])
    results = [empty(places, score.dtype, score) for _ in range(4)]
    launch("loss", "cross_entropy", *_teams(score), contiguous(score), *_target(target), contiguous(weight), *results,
           *_sizes(score), ignored, smoothing)  # fmt: skip
    return tuple(results)


def cross_entropy_grad(grad, score, target, weight, ignored, smoothing, log_sum, mass):
    """The gradient to the scores, from what `cross_entropy` gave."""
    result = empty(score.shape, score.dtype, score)
    launch("loss", "cross_entropy_grad", *_teams(score), contiguous(grad), contiguous(score), *_target(target),
           contiguous(weight), log_sum, mass, result, *_sizes(score), ignored, smoothing)  # fmt: skip
    return result


def _teams(score):
    """(grid, block): a team of threads for each place, one thread where places lie side by side, else up to a warp."""
    images, classes, inner = score.shape
    team = 1 if inner > 1 else min(WARP, 1 << max(classes - 1, 0).bit_length())
    return ceil_div(images * inner, BLOCK // team), (team, BLOCK // team)


def _target(target):
    """(class numbers, probabilities), one of them None."""
    if target.dtype.kind == "f":
        return None, contiguous(target)
    return contiguous(target.astype(np.int64, copy=False)), None


def _sizes(score):
    images, classes, inner = score.shape
    return images * inner, inner, classes
