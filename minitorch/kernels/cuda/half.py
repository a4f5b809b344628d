"""float16 for kernels that are written for float32 and float64."""

import functools

import numpy as np


def in_float32(function):
    """Let a function of arrays take float16: it computes in float32, and its floating-point results are rounded."""

    @functools.wraps(function)
    def compute(x, *arguments, **settings):
        if x.dtype != np.float16:
            return function(x, *arguments, **settings)
        wide = [a.astype(np.float32) if getattr(a, "dtype", None) == np.float16 else a for a in (x, *arguments)]
        settings = {k: a.astype(np.float32) if hasattr(a, "dtype") else a for k, a in settings.items()}
        results = function(*wide, **settings)
        return tuple(map(_narrow, results)) if isinstance(results, tuple) else _narrow(results)

    return compute


def _narrow(result):
    return result.astype(np.float16) if result is not None and result.dtype == np.float32 else result
