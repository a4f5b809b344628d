"""Matrix products."""

from minitorch.device import array_module


def matmul(a, b, out=None):
    """(..., n, k) times (..., k, m), by cuBLAS."""
    return array_module(a).matmul(a, b, out=out)
