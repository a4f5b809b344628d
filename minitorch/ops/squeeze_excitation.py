"""The scaling of squeeze-and-excitation blocks."""

from minitorch.autograd import Function, is_grad_enabled
from minitorch.kernels import backend
from minitorch.ops.definition import through_definition
from minitorch.ops.operands import require_float, require_same


class ChannelScale(Function):
    """Each plane of x (N, C, ...) times its number of gate (N, C, 1, ...)."""

    @staticmethod
    def forward(ctx, x, gate):
        ctx.save_for_backward(x, gate)
        return backend(x).channel_scale(x, gate.reshape(x.shape[:2]))

    @staticmethod
    def backward(ctx, grad):
        x, gate = ctx.saved_tensors
        if is_grad_enabled():  # a graph of the backward is asked for
            return through_definition(channel_scale_definition, (x, gate), ctx.needs_input_grad, grad)
        flat = gate.array.reshape(x.array.shape[:2])
        to_x, to_gate = backend(x.array).channel_scale_grad(grad.array, x.array, flat)
        return grad._wrap(to_x), grad._wrap(to_gate.reshape(gate.array.shape))


def channel_scale_definition(input, gate):
    """input * gate, the gate broadcast over each plane."""
    return input * gate.reshape(*gate.array.shape[:2], *[1] * (input.array.ndim - 2))


def channel_scale(input, gate):
    """Each plane of the input times its gate: what a squeeze-and-excitation block does at its end.

    The same as input * gate, but its backward reads the planes once for both gradients.

    Source: Hu et al. 2018, "Squeeze-and-excitation networks", equation 4.

    Args:
        input: (N, C, ...), floating point.
        gate: (N, C), or (N, C, 1, ...) with as many dimensions as the input.

    Raises:
        RuntimeError: shapes or dtypes that do not fit.
    """
    require_float("channel_scale", input=input, gate=gate)
    require_same("channel_scale", input=input, gate=gate)
    shape, given = input.array.shape, gate.array.shape
    if len(shape) < 2:
        raise RuntimeError(f"channel_scale: input must be (N, C, ...), got shape {shape}")
    wanted = (*shape[:2], *[1] * (len(shape) - 2))
    if given not in (wanted, shape[:2]):
        raise RuntimeError(
            f"channel_scale: gate must have shape {shape[:2]} or {wanted} for input of shape {shape}, got {given}"
        )
    return ChannelScale.apply(input, gate)
