"""Borders around tensors."""

import numpy as np

from minitorch.autograd import Function
from minitorch.device import array_module
from minitorch.ops.operands import as_number, is_number, require_tensor, sizes

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # with NumPy's names


class ConstantPad(Function):
    """A border of one value; a negative width cuts off."""

    @staticmethod
    def forward(ctx, x, widths, value):
        ctx.widths = widths
        result = array_module(x).full([n + a + b for n, (a, b) in zip(x.shape, widths)], value, dtype=x.dtype)
        inside = tuple(slice(max(a, 0), m - max(b, 0)) for m, (a, b) in zip(result.shape, widths))
        kept = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, widths))
        result[inside] = x[kept]
        return result

    @staticmethod
    def backward(ctx, grad):
        return ConstantPad.apply(grad, widths=[(-a, -b) for a, b in ctx.widths], value=0)


def pad(input, pad, mode="constant", value=None):
    """A border around the last dimensions.

    Args:
        input: (..., H, W), any number of dimensions.
        pad: (left, right, top, bottom, ...): two widths for the last dimension, two for the one before, and so on;
            negative widths cut off.
        mode: ``"constant"``, ``"reflect"`` (mirrored at the outermost numbers, which are not repeated),
            ``"replicate"`` (those repeated) or ``"circular"`` (from the other side).
        value: what a constant border holds, 0 unless given.
    """
    require_tensor("pad", input=input)
    pad, shape = sizes("pad", (pad,)), input.array.shape
    if len(pad) % 2 or len(pad) // 2 > len(shape):
        raise RuntimeError(f"pad: expected two widths for each of at most {len(shape)} dimensions, got {pad}")
    if mode not in MODES:
        raise NotImplementedError(f"pad: mode must be one of {', '.join(MODES)}, got {mode!r}")
    if value is not None and (mode != "constant" or not is_number(value)):
        raise (ValueError if is_number(value) else TypeError)(f"pad: mode {mode!r} takes no value {value!r}")
    widths = [(0, 0)] * (len(shape) - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    if any(n + a + b < 0 for n, (a, b) in zip(shape, widths)):
        raise RuntimeError(f"pad: widths {pad} cut more than there is of shape {shape}")
    if mode == "constant":
        value = as_number("pad", 0 if value is None else value, input.array.dtype)
        return ConstantPad.apply(input, widths=widths, value=value)
    return _pad_by_index(input, widths, mode)


def _pad_by_index(input, widths, mode):
    """The border made of the tensor's own numbers: along each dimension, which entry stands at which place."""
    index = []
    for dim, (n, (before, after)) in enumerate(zip(input.array.shape, widths)):
        most = {"reflect": n - 1, "replicate": n and np.inf, "circular": n}[mode]
        if max(before, after) > most:
            raise RuntimeError(
                f"pad: widths {(before, after)} of mode {mode!r} are too large for dimension {dim} of shape "
                f"{input.array.shape}"
            )
        index.append(np.pad(np.arange(n), (max(before, 0), max(after, 0)), mode=MODES[mode])
                     [max(-before, 0) : n + max(before, 0) + after])
    for dim, (places, width) in enumerate(zip(index, widths)):
        if width != (0, 0):
            input = input[(slice(None),) * dim + (places,)]
    return input
