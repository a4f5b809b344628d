"""Two-dimensional convolution of (N, C, H, W) arrays and its two gradients, each by one of three ways.

* `convolution_depthwise`, one input channel for each filter: memory decides the time, and its kernels read an image
  once. Only a tile that shared memory cannot hold (very large kernels or dilations) goes elsewhere.
* `convolution_columns`, 1 x 1 kernels (which need no columns) and layers of many channels, on a GPU: cuBLAS should
  multiply about twice as fast as the kernel of the third way. To write and read a number of the columns takes as long
  as some 60 multiplications by cuBLAS, so the columns pay where each is multiplied by well over a hundred filters.
  These limits are reckoned from the flops and bytes of a GPU of 2023, not measured.
* `convolution_implicit`, all else, and all else on the emulator: columns are never written.

A result without numbers starts no kernel.
"""

from minitorch.device import is_emulated
from minitorch.kernels.cuda import convolution_columns as by_columns
from minitorch.kernels.cuda import convolution_depthwise as depthwise
from minitorch.kernels.cuda import convolution_implicit as implicit
from minitorch.kernels.cuda.convolution_geometry import output_size
from minitorch.kernels.cuda.half import in_float32
from minitorch.kernels.cuda.launcher import zeros

POINTWISE_CHANNELS = 32  # filters and channels of a group, from which cuBLAS takes 1 x 1 kernels
MANY_CHANNELS = 128  # and from which it takes others


@in_float32
def conv2d(x, weight, bias, stride, padding, dilation, groups):
    """Cross-correlate x (N, C, H, W) with weight (O, C / groups, KH, KW); returns (N, O, OH, OW).

    ``stride`` and ``dilation`` are (vertical, horizontal), ``padding`` is ((top, bottom), (left, right)), ``bias`` is
    (O,) or None.
    """
    if x.size == 0:
        out = output_size(x.shape[2:], weight.shape[2:], stride, padding, dilation)
        y = zeros((x.shape[0], weight.shape[0], *out), x.dtype, like=x)
        return y if bias is None else y + bias.reshape(-1, 1, 1)
    return route(x, weight.shape, stride, dilation, groups).conv2d(x, weight, bias, stride, padding, dilation, groups)


@in_float32
def conv2d_input_grad(grad, weight, input_shape, stride, padding, dilation, groups):
    """Gradient of `conv2d` for x, from grad (N, O, OH, OW); returns ``input_shape``."""
    if grad.size == 0 or 0 in input_shape:
        return zeros(input_shape, grad.dtype, like=grad)
    chosen = route(grad, weight.shape, stride, dilation, groups)
    return chosen.conv2d_input_grad(grad, weight, input_shape, stride, padding, dilation, groups)


@in_float32
def conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
    """Gradient of `conv2d` for the weight, from grad (N, O, OH, OW); returns ``weight_shape``."""
    if grad.size == 0 or x.size == 0:
        return zeros(weight_shape, grad.dtype, like=grad)
    chosen = route(grad, weight_shape, stride, dilation, groups)
    return chosen.conv2d_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups)


def route(like, weight_shape, stride, dilation, groups):
    """The module whose way is chosen, see above; ``like`` is an array on the device, of the type that is computed."""
    filters, group_channels, *kernel = weight_shape
    if group_channels == 1 and depthwise.fits(like.itemsize, kernel, stride, dilation):
        return depthwise
    few = POINTWISE_CHANNELS if kernel == [1, 1] else MANY_CHANNELS
    if is_emulated(like) or min(filters // groups, group_channels) < few:
        return implicit
    return by_columns
