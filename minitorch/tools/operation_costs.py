"""What one operation costs: multiply-accumulates, and bytes read and written."""

import math

from minitorch.autograd import Variable
from minitorch.ops.attention import Attention
from minitorch.ops.convolution import Conv2d, Conv2dInputGrad
from minitorch.ops.linear_algebra import Linear, MatMul


def _convolution(inputs, outputs):
    return math.prod(outputs[0].array.shape) * _filter_size(inputs[1])


def _transposed_convolution(inputs, outputs):
    return math.prod(inputs[0].array.shape) * _filter_size(inputs[1])


def _filter_size(weight):
    return math.prod(weight.array.shape[1:])


def _linear(inputs, outputs):
    return math.prod(inputs[0].array.shape) * inputs[1].array.shape[0]


def _product(inputs, outputs):
    return math.prod(outputs[0].array.shape) * inputs[0].array.shape[-1]


def _attention(inputs, outputs):
    query, key, value = (x.array.shape for x in inputs[:3])
    return math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


MACS = {
    Attention: _attention,
    Conv2d: _convolution,
    Conv2dInputGrad: _transposed_convolution,
    Linear: _linear,
    MatMul: _product,
}


def multiply_accumulates(operation, inputs, outputs):
    """(those of convolutions and linear layers, those of attention) of one operation.

    A convolution takes (elements of the output) x (elements of one filter), a transposed one (elements of the input)
    x (elements of one filter), a product of n x k by k x m takes n k m. A product of two batches of matrices counts
    as attention, and so does the fused attention. Additions of biases, normalisation, activations, pooling and resizing
    are not counted.
    """
    count = MACS[operation](inputs, outputs) if operation in MACS else 0
    batched = operation is Attention or operation is MatMul and min(x.array.ndim for x in inputs) > 2
    return (0, count) if batched else (count, 0)


def traffic(operation, inputs, outputs):
    """(bytes read, bytes written) of one operation that takes all its inputs from memory and puts all results there.

    Operations that only look at the same memory in another way cost nothing. Caches are not considered.
    """
    arrays = {id(x.array): x.array for x in inputs if isinstance(x, Variable)}.values()
    if operation is not None and (operation.is_view or any(_same(x, y.array) for x in arrays for y in outputs)):
        return 0, 0
    return sum(map(occupied, arrays)), sum(occupied(x.array) for x in outputs)


def occupied(array):
    """Bytes of memory behind an array; what is repeated without a copy counts once."""
    return array.itemsize * math.prod(n for n, step in zip(array.shape, array.strides) if step or not n)


def _same(before, after):
    """Whether an operation gave back its input, as dropout does in evaluation."""
    return before.shape == after.shape and _owner(before) is _owner(after)


def _owner(array):
    while getattr(array, "base", None) is not None:
        array = array.base
    return array
