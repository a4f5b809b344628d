"""Reference solutions of the exercises of lesson 7."""

import numpy as np


def shift(x, rows, columns):
    """Exercise 7.1."""
    y = np.zeros_like(x)
    height, width = x.shape[2:]
    down, up, right, left = max(rows, 0), max(-rows, 0), max(columns, 0), max(-columns, 0)
    y[:, :, down : height - up, right : width - left] = x[:, :, up : height - down, left : width - right]
    return y


def windows(x, size):
    """(N, C, H, W) -> (N, C, H / size, W / size, size * size)"""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // size, size, w // size, size)
    return x.swapaxes(3, 4).reshape(n, c, h // size, w // size, size * size)


def max_pool(x, size):
    """Exercise 7.2."""
    return windows(x, size).max(axis=-1)


def max_pool_backward(grad_output, x, size):
    """Exercise 7.3."""
    rows = windows(x, size)
    grad = np.zeros_like(rows)
    np.put_along_axis(grad, rows.argmax(axis=-1)[..., None], grad_output[..., None], axis=-1)
    n, c, h, w = grad_output.shape
    return grad.reshape(n, c, h, w, size, size).swapaxes(3, 4).reshape(x.shape)


def equivariance_error(function, x, step):
    """Exercise 7.4."""
    before, after = function(x), function(np.roll(x, step, axis=3))
    return float(np.linalg.norm(after - np.roll(before, 1, axis=3)) / np.linalg.norm(before))


def blur_pool(x):
    """Exercise 7.5."""
    for axis in (2, 3):
        x = (np.roll(x, 1, axis) + 2 * x + np.roll(x, -1, axis)) / 4
    return x[:, :, ::2, ::2]


def polyphase_pool(x):
    """Exercise 7.6."""
    ways = np.stack([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], axis=1)
    strongest = (ways**2).sum(axis=(2, 3, 4)).argmax(axis=1)
    return ways[np.arange(len(x)), strongest]
