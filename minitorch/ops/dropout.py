"""Dropout: numbers or whole channels set to 0 at random."""

import warnings

from minitorch.autograd import become
from minitorch.device import array_module
from minitorch.ops.arguments import arguments
from minitorch.ops.operands import is_number, require_float, require_tensor
from minitorch.random import default_generator


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
            stacklevel=2,
        )
    return _dropped("dropout2d", input, shape[:2] + (1,) * (len(shape) - 2), p, training, inplace)


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
    dtype = input.array.dtype
    scale = dtype.type(1 / (1 - p) if p < 1 else 0)
    kept = default_generator.numpy.random(mask_shape, dtype="float32") >= p
    result = input * input._wrap(array_module(input.array).asarray(kept * scale))
    return become(input, result, f"{name}_") if inplace else result
