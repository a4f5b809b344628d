"""Batch normalisation of (N, C, ...) arrays, per channel over all other axes."""

from minitorch.device import array_module


def _others(x):
    """All axes but the channel's, and the shape that lays a vector along the channels."""
    return tuple(i for i in range(x.ndim) if i != 1), (1, -1) + (1,) * (x.ndim - 2)


def batch_norm(x, weight, bias, eps):
    """Return (y, mean, biased variance): y = (x - mean) / sqrt(var + eps) * weight + bias."""
    xp = array_module(x)
    axes, shape = _others(x)
    if x.size == 0:
        return x.copy(), xp.zeros(x.shape[1], x.dtype), xp.zeros(x.shape[1], x.dtype)
    mean, var = x.mean(axis=axes), x.var(axis=axes)
    scale = 1 / xp.sqrt(var + x.dtype.type(eps))
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    return x * scale.reshape(shape) + shift.reshape(shape), mean, var


def channel_affine(x, scale, shift):
    """x * scale + shift with one scale and one shift per channel."""
    _, shape = _others(x)
    return x * scale.reshape(shape) + shift.reshape(shape)


def batch_norm_grad(grad, x, weight, mean, var, eps):
    """Return (dx, dweight, dbias) for `batch_norm`; the formulas stand in the CPU kernel."""
    xp = array_module(x)
    axes, shape = _others(x)
    n = max(x.size // max(x.shape[1], 1), 1)
    inverse_std = 1 / xp.sqrt(var + x.dtype.type(eps))
    normal = (x - mean.reshape(shape)) * inverse_std.reshape(shape)
    dbias, dweight = grad.sum(axis=axes), (grad * normal).sum(axis=axes)
    factor = inverse_std if weight is None else inverse_std * weight
    spread = (dbias.reshape(shape) + normal * dweight.reshape(shape)) / x.dtype.type(n)
    return (grad - spread) * factor.reshape(shape), dweight, dbias
