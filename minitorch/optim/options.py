"""Checks of the options that several optimizers have."""

import math
import numbers

import numpy as np

from minitorch.tensor import Tensor


def check_numbers(name, options, *keys):
    """Raise ValueError where an option is no number or is negative. `lr` may be a tensor of one element, too."""
    for key in keys:
        value = options[key]
        if key == "lr" and isinstance(value, Tensor):
            if value.numel() != 1:
                got = value.array.shape
                raise ValueError(f"{name}: lr must be a number or have one element, got a tensor of {got}")
            value = value.item()
        if not is_number(value):
            raise ValueError(f"{name}: {key} must be a number, got {value!r}")
        if value < 0:
            raise ValueError(f"{name}: {key} must not be negative, got {value}")


def check_switches(name, options, *keys):
    """Raise ValueError where an option is not True or False."""
    for key in keys:
        if not isinstance(options[key], (bool, np.bool_, int)):
            raise ValueError(f"{name}: {key} must be True or False, got {options[key]!r}")


def check_implementation(name, options):
    """The options by which PyTorch chooses an implementation.

    `foreach` and `fused` choose the same numbers at another speed; there is one implementation here, so they have no
    effect.

    Raises:
        ValueError: `capturable` (for CUDA graphs) or `differentiable` (a gradient through the step), which are not
            offered.
        RuntimeError: both `fused` and `foreach`.
    """
    for key in ("capturable", "differentiable"):
        if options.get(key):
            raise ValueError(f"{name}: {key}=True is not offered; leave it out")
    for key in ("foreach", "fused"):
        if not isinstance(options.get(key), (type(None), bool, np.bool_)):
            raise ValueError(f"{name}: {key} must be None, True or False, got {options[key]!r}")
    if options.get("foreach") and options.get("fused"):
        raise RuntimeError(f"{name}: foreach and fused cannot both be True; leave both out")


def is_number(value):
    """Whether a value is a real number, NaN and booleans excluded."""
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)) and not math.isnan(value)
