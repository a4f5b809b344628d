"""Squeeze-and-excitation scaling of (N, C, ...) arrays: each plane times its gate."""

import math

import numpy as np

from minitorch.kernels.cpu.parallel import block_size, parallel_for
from minitorch.memory import empty


def _planes(x):
    """(N * C, everything else), contiguous."""
    return np.ascontiguousarray(x).reshape(math.prod(x.shape[:2]), math.prod(x.shape[2:]))


def channel_scale(x, gate):
    """x times gate (N, C)."""
    planes, factors = _planes(x), np.ascontiguousarray(gate).reshape(-1, 1)
    y = empty(planes.shape, x.dtype)

    def scale(start, stop):
        np.multiply(planes[start:stop], factors[start:stop], out=y[start:stop])

    parallel_for(scale, len(planes), block_size(len(planes), max(planes[:1].nbytes, 1)))
    return y.reshape(x.shape)


def channel_scale_grad(grad, x, gate):
    """Return (dx, dgate) for `channel_scale`: grad * gate, and the sums of grad * x over each plane."""
    planes, grads, factors = _planes(x), _planes(grad), np.ascontiguousarray(gate).reshape(-1, 1)
    dx, dgate = empty(planes.shape, x.dtype), np.empty(len(planes), x.dtype)

    def scale(start, stop):
        g = grads[start:stop]
        np.multiply(g, factors[start:stop], out=dx[start:stop])
        dgate[start:stop] = np.matmul(g[:, None, :], planes[start:stop, :, None])[:, 0, 0]

    parallel_for(scale, len(planes), block_size(len(planes), max(planes[:1].nbytes, 1)))
    return dx.reshape(x.shape), dgate.reshape(gate.shape)
