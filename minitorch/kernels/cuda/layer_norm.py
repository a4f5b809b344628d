"""Layer, group, instance and RMS normalisation of (N, C, ...) arrays: per sample and group of channels."""

from minitorch.kernels.cuda.grids import rows, slices_of_channels
from minitorch.kernels.cuda.half import in_float32
from minitorch.kernels.cuda.launcher import contiguous, empty, launch, zeros
from minitorch.kernels.cuda.normalization import as_channels, finish_sums


@in_float32
def group_norm(x, weight, bias, groups, eps, centred=True):
    """Return (y, mean, var), the last two (N, groups); see the CPU kernel."""
    images, channels, size = as_channels(x)
    if x.size == 0:
        return x.copy(), zeros((images, groups), x.dtype, x), zeros((images, groups), x.dtype, x)
    y = empty(x.shape, x.dtype, x)
    mean, var = empty((images, groups), x.dtype, x), empty((images, groups), x.dtype, x)
    each = channels // groups
    launch(
        "layer_norm", "group_norm", *rows(each * size, images * groups),
        contiguous(x), contiguous(weight), contiguous(bias), y, mean, var,
        images * groups, groups, each, size, eps, centred,
    )  # fmt: skip
    return y, mean, var


@in_float32
def group_norm_grad(grad, x, weight, mean, var, groups, eps, centred=True, parameters=True):
    """Return (dx, dweight, dbias) for `group_norm`; without `parameters` the last two are None."""
    images, channels, size = as_channels(x)
    if x.size == 0:
        return x.copy(), *((zeros(channels, x.dtype, x) if parameters else None) for _ in range(2))
    grad, x = contiguous(grad), contiguous(x)
    dx, inverse_std = empty(x.shape, x.dtype, x), empty((images, groups), x.dtype, x)
    each = channels // groups
    launch(
        "layer_norm", "group_norm_grad", *rows(each * size, images * groups),
        grad, x, contiguous(weight), mean, var, dx, inverse_std, images * groups, groups, each, size, eps, centred,
    )  # fmt: skip
    if not parameters:
        return dx, None, None
    group, rounds, grid, block = slices_of_channels(images, channels, size, x)
    parts = [empty((grid[1], channels), x.dtype, x) for _ in range(2)]
    launch(
        "normalization", "channel_sums_of_groups", grid, block,
        grad, x, mean, inverse_std, *parts, images, channels, size, groups, group, rounds,
    )  # fmt: skip
    return dx, *finish_sums(parts, None, eps)
