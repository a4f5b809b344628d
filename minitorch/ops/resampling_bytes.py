"""Resizing of uint8 images in whole numbers, as image libraries do it: rounded after each dimension."""

import numpy as np

from minitorch.device import array_module


def resample_bytes(x, tables):
    """The uint8 array x (N, C, H, W) resized, width first.

    The weights become integers of 16 bits with as many digits behind the point as the largest one leaves room for;
    each dimension's sums are rounded and clipped to 0..255.

    Args:
        tables: for each spatial dimension (positions, weights), NumPy arrays (OUT, K).
    """
    xp = array_module(x)
    for dim in reversed(range(2, x.ndim)):
        positions, weights = tables[dim - 2]
        if len(positions) == x.shape[dim] and (positions == np.arange(len(positions))[:, None])[weights != 0].all():
            continue
        weights = _merged(positions, weights)
        digits = _digits(weights.max())
        whole = np.trunc(weights * 2**digits + np.where(weights < 0, -0.5, 0.5)).astype(np.int64)
        column = [-1] + [1] * (x.ndim - 1 - dim)
        total = 1 << (digits - 1)
        for position, weight in zip(positions.T, whole.T):
            total = total + xp.take(x, xp.asarray(position), axis=dim) * xp.asarray(weight).reshape(column)
        x = xp.clip(total >> digits, 0, 255).astype(np.uint8)
    return x


def _merged(positions, weights):
    """The weights with those of one position, as the edge has several, in one."""
    weights = weights.copy()
    for k in range(1, weights.shape[1]):
        same = positions[:, k] == positions[:, k - 1]
        weights[same, k] += weights[same, k - 1]
        weights[same, k - 1] = 0
    return weights


def _digits(largest):
    """Binary digits behind the point for which the largest weight fits into 15 bits."""
    digits = 0
    while digits < 22 and int(0.5 + largest * 2 ** (digits + 1)) < 2**15:
        digits += 1
    return digits
