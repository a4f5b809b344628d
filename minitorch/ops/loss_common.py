"""What all losses share: the argument `reduction`, and shapes that must agree."""

import warnings

import numpy as np

from minitorch.ops.operands import require_tensor, shapes_text

REDUCTIONS = ("none", "mean", "sum")


def reduction_name(name, size_average, reduce, reduction, allowed=REDUCTIONS):
    """The checked reduction; size_average and reduce, an older way to say it, win where they are given.

    Raises:
        ValueError: not one of the allowed names, or something else than None, True or False for the older arguments.
    """
    for argument, value in (("size_average", size_average), ("reduce", reduce)):
        if value is not None and not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{name}: {argument} must be None, True or False, got {value!r}; pass reduction= by name")
    if size_average is not None or reduce is not None:
        mean = size_average is None or size_average
        reduction = "none" if reduce is not None and not reduce else "mean" if mean else "sum"
        warnings.warn(
            f"{name}: size_average and reduce are obsolete, use reduction={reduction!r}", UserWarning, stacklevel=3
        )
    if not isinstance(reduction, str) or reduction not in allowed:
        *first, last = (repr(r) for r in allowed)
        raise ValueError(f"{name}: reduction must be {', '.join(first)} or {last}, got {reduction!r}")
    return reduction


def reduce_loss(loss, reduction):
    """The mean or the sum of the terms, or the terms themselves."""
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


def require_broadcast(name, **tensors):
    """Raise RuntimeError, naming all shapes, unless the tensors broadcast to one shape."""
    require_tensor(name, **tensors)
    try:
        np.broadcast_shapes(*[x.array.shape for x in tensors.values()])
    except ValueError as error:
        raise RuntimeError(
            f"{name}: {', '.join(tensors)} of shapes {shapes_text(*tensors.values())} do not broadcast"
        ) from error


def warn_if_broadcast(name, input, target):
    """As `require_broadcast`, with a warning for two shapes: a loss of every pair is nearly always a slip."""
    require_broadcast(name, input=input, target=target)
    if input.array.shape != target.array.shape:
        warnings.warn(
            f"{name}: input of shape {input.array.shape} and target of shape {target.array.shape} are broadcast; "
            "is that meant? Reshape one of them, e.g. target.unsqueeze(1)",
            UserWarning,
            stacklevel=4,  # the caller of the loss
        )
