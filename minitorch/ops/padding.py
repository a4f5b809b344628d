"""Borders around tensors."""

from minitorch.autograd import Function
from minitorch.device import array_module
from minitorch.ops.joining import cat
from minitorch.ops.operands import as_filling, is_number, require_tensor, sizes
from minitorch.ops.shape import expand, flip, narrow

MODES = ("constant", "reflect", "replicate", "circular")


class ConstantPad(Function):
    """A border of one value; a negative width cuts off."""

    label = "ConstantPadNdBackward0"

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
        input: (..., H, W), any number of dimensions; for the other modes than ``"constant"`` the padded dimensions
            (1 to 3) and one or two before them.
        pad: (left, right, top, bottom, ...): two widths for the last dimension, two for the one before, and so on;
            negative widths cut off.
        mode: ``"constant"``, ``"reflect"`` (mirrored at the outermost numbers, which are not repeated),
            ``"replicate"`` (those repeated) or ``"circular"`` (from the other side).
        value: what a constant border holds, 0 unless given.

    Raises:
        RuntimeError: widths that do not fit the shape; NotImplementedError, a kind of it, for an unknown mode.
        ValueError: a value for another mode than ``"constant"``.
    """
    require_tensor("pad", input=input)
    pad, shape = sizes("pad", (pad,)), input.array.shape
    if mode not in MODES:
        raise NotImplementedError(f"pad: mode must be one of {', '.join(MODES)}, got {mode!r}")
    if len(pad) % 2 or len(pad) // 2 > len(shape):
        raise RuntimeError(f"pad: expected two widths for each of at most {len(shape)} dimensions, got {pad}")
    if value is not None and not is_number(value):
        raise TypeError(f"pad: value must be a number, got {value!r}")
    if value and mode != "constant":
        raise ValueError(f"pad: mode {mode!r} takes no value, got {value!r}")
    widths = [(0, 0)] * (len(shape) - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    if any(n + a + b < 0 for n, (a, b) in zip(shape, widths)):
        raise RuntimeError(f"pad: widths {pad} cut more than there is of shape {shape}")
    if mode == "constant":
        if any(n + min(a, 0) + min(b, 0) < 0 for n, (a, b) in zip(shape, widths)):
            raise RuntimeError(f"pad: widths {pad} cut more on one side than there is of shape {shape}")
        value = as_filling("pad", 0 if value is None else value, input.array.dtype)
        return ConstantPad.apply(input, widths=widths, value=value)
    _check_border(shape, pad, widths, mode)
    for dim, (before, after) in enumerate(widths):
        if (before, after) != (0, 0):
            input = _with_border(input, dim, before, after, mode)
    return input if max(pad) > 0 else input.clone()  # cut alone, it would be a view


def _check_border(shape, pad, widths, mode):
    """The border of a dimension is made of its own numbers: there must be enough of them."""
    padded = len(pad) // 2
    lead = len(shape) - padded
    if not 1 <= padded <= 3 or lead not in (1, 2):
        raise NotImplementedError(
            f"pad: mode {mode!r} needs (C, ...) or (N, C, ...) with 1 to 3 padded dimensions, got shape {shape} and "
            f"widths {pad}"
        )
    if 0 in shape[lead - 1 :] and mode != "circular":
        raise RuntimeError(f"pad: mode {mode!r} needs (C, ...) that is not empty, got shape {shape}")
    for dim in range(lead, len(shape)):
        n, (before, after) = shape[dim], widths[dim]
        longest = max(before, after)
        # Circular: what was cut is gone; PyTorch reads memory that it has not yet written where a border is longer.
        most = {"reflect": n - 1, "replicate": longest, "circular": n + min(before, 0) + min(after, 0)}[mode]
        if longest > 0 and longest > most:
            raise RuntimeError(
                f"pad: widths {(before, after)} of mode {mode!r} are too large for dimension {dim} of shape {shape}: "
                f"at most {most} numbers can be taken over"
            )
    if mode != "circular" and not any(n + sum(width) for n, width in zip(shape[lead:], widths[lead:])):
        raise RuntimeError(f"pad: widths {pad} leave nothing of shape {shape}")


def _with_border(input, dim, before, after, mode):
    """One dimension with its border; negative widths cut off at last, or first where the ends are to be joined."""
    if mode == "circular":
        input, before, after = _cut(input, dim, before, after), max(before, 0), max(after, 0)
    n, parts = input.array.shape[dim], [input]
    if before > 0:
        parts.insert(0, _piece(input, dim, before, mode, {"reflect": 1, "replicate": 0, "circular": n - before}[mode]))
    if after > 0:
        start = {"reflect": n - 1 - after, "replicate": n - 1, "circular": 0}[mode]
        parts.append(_piece(input, dim, after, mode, start))
    return _cut(cat(parts, dim) if len(parts) > 1 else input, dim, before, after)


def _piece(input, dim, length, mode, start):
    """The border on one side, from the numbers that begin at `start`."""
    if mode == "replicate":
        size = list(input.array.shape)
        size[dim] = length
        return expand(narrow(input, dim, start, 1), size)
    piece = narrow(input, dim, start, length)
    return flip(piece, dim) if mode == "reflect" else piece


def _cut(input, dim, before, after):
    first, last = max(-before, 0), max(-after, 0)
    return narrow(input, dim, first, input.array.shape[dim] - first - last) if first or last else input
