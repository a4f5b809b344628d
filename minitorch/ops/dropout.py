"""Dropout: numbers, whole channels or whole branches set to 0 at random."""

import warnings

import numpy as np

from minitorch.autograd import Function, become
from minitorch.device import array_module
from minitorch.kernels import backend
from minitorch.ops.arguments import arguments
from minitorch.ops.operands import is_number, require_float, require_tensor
from minitorch.random import default_generator

WORD = 2**32  # how many values a random word has


class Dropout(Function):
    """The input times a mask of 0 and `scale`, which follows from the key; so does the gradient, with the same mask."""

    @staticmethod
    def forward(ctx, x, **mask):
        ctx.mask = mask
        return backend(x).dropout(x, **mask)

    @staticmethod
    def backward(ctx, grad):
        return Dropout.apply(grad, **ctx.mask)


@arguments()
def dropout(input, p=0.5, training=True, inplace=False):
    """Each number set to 0 with probability p, the others scaled by 1 / (1 - p); nothing happens in evaluation.

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Args:
        p: probability of 0.
        training: False leaves the input as it is.
        inplace: write the result into the input.

    Raises:
        ValueError: p outside [0, 1].
    """
    _check_probability("dropout", input, p)
    return _dropped("dropout", input, input.array.shape, p, training, inplace)


@arguments()
def dropout1d(input, p=0.5, training=True, inplace=False):
    """Whole channels of (N, C, L) or (C, L) set to 0, the others scaled by 1 / (1 - p). Arguments as `dropout`."""
    _check_probability("dropout1d", input, p)
    shape = input.array.shape
    if len(shape) not in (2, 3):
        raise RuntimeError(f"dropout1d: input must be (N, C, L) or (C, L), got shape {shape}")
    return _dropped("dropout1d", input, (*shape[:-1], 1), p, training, inplace)


@arguments()
def dropout2d(input, p=0.5, training=True, inplace=False):
    """Whole channels of (N, C, H, W) set to 0, the others scaled by 1 / (1 - p). Arguments as `dropout`.

    Three dimensions are taken as (N, C, L), any other number than 4 gives a warning.

    Source: Tompson et al. 2015, "Efficient object localization using convolutional networks", section 3.3.
    """
    _check_probability("dropout2d", input, p)
    shape = input.array.shape
    if len(shape) < 2:
        raise RuntimeError(f"dropout2d: input must be (N, C, H, W), got shape {shape}")
    if len(shape) != 4:
        warnings.warn(
            f"dropout2d: expected (N, C, H, W), got shape {shape}, whose first two dimensions are taken as (N, C)",
            UserWarning,
            stacklevel=3,
        )
    return _dropped("dropout2d", input, shape[:2] + (1,) * (len(shape) - 2), p, training, inplace)


@arguments()
def stochastic_depth(input, p, mode, training=True):
    """The output of a residual branch set to 0 with probability p, or scaled by 1 / (1 - p), so that the mean stays.

    Args:
        input: (N, ...).
        p: probability of 0.
        mode: ``"row"`` draws for each of the N images, ``"batch"`` once for all.
        training: False leaves the input as it is.

    Raises:
        ValueError: p outside [0, 1], or another mode.

    Source: Huang et al. 2016, "Deep networks with stochastic depth" (arXiv:1603.09382), section 3; it scales in
    evaluation, which comes to the same.
    """
    _check_probability("stochastic_depth", input, p)
    if mode not in ("batch", "row"):
        raise ValueError(f"stochastic_depth: mode must be 'batch' or 'row', got {mode!r}")
    shape = input.array.shape
    if not shape:
        raise ValueError("stochastic_depth: input must be (N, ...), got shape ()")
    count = shape[0] if mode == "row" else 1
    return _dropped("stochastic_depth", input, (count,) + (1,) * (len(shape) - 1), p, training, False)


def _check_probability(name, input, p):
    require_tensor(name, input=input)
    if not is_number(p):
        raise TypeError(f"{name}: p must be a number, got {type(p).__name__}")
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p must be between 0 and 1, got {p}")


def _dropped(name, input, mask_shape, p, training, inplace):
    """The input times a mask of 0 and 1 / (1 - p) that broadcasts to it."""
    if not training or p == 0:
        return input
    require_float(name, input=input)
    key = default_generator.numpy.integers(0, 2**64, 2, dtype=np.uint64).tolist()
    mask = {"threshold": min(round(p * WORD), WORD - 1), "scale": 1 / (1 - p) if p < 1 else 0.0, "key": key}
    if mask_shape == input.array.shape:
        result = Dropout.apply(input, **mask)
    else:
        ones = array_module(input.array).ones(mask_shape, dtype=input.array.dtype)
        result = input * input._wrap(backend(ones).dropout(ones, **mask))
    return become(input, result, f"{name}_") if inplace else result
