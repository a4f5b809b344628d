"""Writing into a tensor: its numbers change, and so does its place in the graph.

A write through a view is a write to the tensor that owns the memory. That tensor takes over the history: what it was
before, with the view's part replaced. Other views of it find out when they are next used, and take their place
behind the write (`Variable._renew`).
"""


from minitorch import dtype as dtypes
from minitorch.autograd.function import Function
from minitorch.autograd.mode import mode
from minitorch.autograd.variable import steps_of
from minitorch.device import array_module


class WriteView(Function):
    """The owner of the memory after `value` was written to a view of it. The numbers are there already."""

    @staticmethod
    def forward(ctx, owner, value, steps):
        ctx.steps, ctx.shape = steps, owner.shape
        ctx.order = sorted(range(owner.ndim), key=lambda i: -abs(owner.strides[i]))
        return owner

    @staticmethod
    def backward(ctx, grad):
        # A mask laid out as the memory was, so that each step is a view of it too.
        written = array_module(grad.array).zeros([ctx.shape[i] for i in ctx.order], bool)
        mask = part = written.transpose([ctx.order.index(i) for i in range(len(ctx.order))])
        to_value = grad
        for cls, params in steps_of(ctx.steps):
            part = cls.forward(cls(), part, **params)
            to_value = cls.apply(to_value, **params)
        part[...] = True
        return grad.masked_fill(grad._wrap(mask), 0), to_value


def become(tensor, result, name, uniform=False):
    """Let the tensor take over numbers and history of a result of its shape: what every in-place operation does.

    Args:
        name: of the operation, for messages.
        uniform: the result is one number everywhere, so that it may also go where elements share memory.

    Raises:
        RuntimeError: memory that cannot be written, a leaf that requires a gradient, a result of another shape or of
            a wider kind of number.
    """
    array, new = tensor.array, result.array
    tensor._check_writable(name, array[(*map(_first, array.strides), ...)] if uniform else None, result._requires_grad)
    if new.shape != array.shape:
        raise RuntimeError(f"{name}: a result of shape {new.shape} does not fit shape {array.shape}")
    if dtypes.category(new.dtype) > dtypes.category(array.dtype):
        raise RuntimeError(f"{name}: a result of {new.dtype} does not fit a tensor of {array.dtype}")
    if result._requires_grad:
        result._edge[0]._keep_copy(array)
    array[...] = new
    tensor._counter[0] += 1
    for watcher in mode.watchers:
        watcher(None, (result,), [tensor], {})
    if result._requires_grad:
        result = result.to(array.dtype)
    if not mode.grad:
        return tensor
    if tensor._base is None:
        tensor._move(result)
    elif result._requires_grad or tensor._base[0]._requires_grad:
        owner, _, steps = tensor._base
        owner._move(WriteView.apply(owner, result, steps=steps))
        tensor._renew()
    return tensor


def _first(step):
    """What is taken of an axis along which elements share memory: the first of them."""
    return slice(None) if step else slice(1)


def become_view(tensor, view, name):
    """Let the tensor take over the shape of a view of itself: `squeeze_`, `t_`, `transpose_` and the like.

    The numbers stay where they are. From now on the tensor is a view of what it was.

    Raises:
        RuntimeError: a leaf that requires a gradient, or a view of one.
    """
    tensor._check_place(name)
    owner, edge, steps = view._base
    if owner is tensor:
        owner = tensor._wrap(tensor.array)
        owner._counter, owner._edge, owner._requires_grad = tensor._counter, tensor._edge, tensor._requires_grad
    tensor.array, tensor._base = view.array, (owner, edge, steps)
    tensor._counter[0] += 1
    if mode.grad:
        tensor._move(view)
    return tensor
