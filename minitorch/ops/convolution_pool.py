"""Convolution, ReLU and max pooling as one operation, for the networks that begin like LeNet."""

import contextlib

from minitorch.autograd import Function, enable_grad, is_grad_enabled
from minitorch.autograd import grad as gradients
from minitorch.kernels import backend, cpu
from minitorch.kernels.cpu import convolution_pool as kernels
from minitorch.kernels.cpu.convolution import few_channels, output_size
from minitorch.ops.activation import relu
from minitorch.ops.convolution import convolve, geometry_of
from minitorch.ops.pooling import max_pool2d


class Conv2dReLUMaxPool2d(Function):
    @staticmethod
    def forward(ctx, x, weight, bias, out_size, stride, padding, dilation, groups):
        ctx.geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        ctx.cut = (out_size, stride, (padding[0][0], padding[1][0]), dilation)
        wanted = any(ctx.needs_input_grad)
        y, kept = kernels.conv2d_relu_max_pool2d(x, weight, bias, *ctx.cut, keep_columns=wanted)
        ctx.save_for_backward(x, weight, bias, *kept)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, weight, bias, *kept = ctx.saved_tensors
        needs = ctx.needs_input_grad
        if not is_grad_enabled():
            kept = kernels.Kept(*(getattr(value, "array", value) for value in kept))
            with contextlib.suppress(FloatingPointError):
                arrays = kernels.conv2d_relu_max_pool2d_grad(
                    grad.array, kept, x.array, weight.array, bias is not None, needs[0], *ctx.cut
                )
                return tuple(grad._wrap(a) if needed else None for a, needed in zip(arrays, needs))
        with enable_grad():
            inputs = [None if t is None else t.clone() for t in (x, weight, bias)]
            y = conv2d_relu_max_pool2d_definition(*inputs, ctx.geometry)
        wanted = [i for i in range(3) if needs[i]]
        found = gradients([y], [inputs[i] for i in wanted], grad, create_graph=is_grad_enabled())
        found = dict(zip(wanted, found))
        return tuple(found.get(i) for i in range(3))


def conv2d_relu_max_pool2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """``max_pool2d(relu(conv2d(input, weight, bias, ...)), 2)``, on the CPU in one pass where the channels are few.

    Args and errors as `conv2d` and `max_pool2d` with windows of 2 x 2.

    Returns:
        (N, O, OH // 2, OW // 2) for a convolution whose result is (N, O, OH, OW).
    """
    geometry = geometry_of("conv2d", input, weight, bias, stride, padding, dilation, groups, 2)
    x, w = input.array, weight.array
    if x.ndim == 4 and len(x) and x.dtype.kind == "f" and backend(x) is cpu and few_channels(w.shape, groups):
        out_size = output_size(x.shape, w.shape, geometry["stride"], geometry["padding"], geometry["dilation"])
        if min(out_size) >= 2:
            with contextlib.suppress(FloatingPointError):
                return Conv2dReLUMaxPool2d.apply(input, weight, bias, out_size=out_size, **geometry)
    return conv2d_relu_max_pool2d_definition(input, weight, bias, geometry)


def conv2d_relu_max_pool2d_definition(input, weight, bias, geometry):
    """The three operations one after the other."""
    return max_pool2d(relu(convolve(input, weight, bias, geometry)), 2)
