"""`Parameter`: a tensor that a module owns and an optimizer changes."""

from minitorch.tensor import Tensor


class Parameter(Tensor):
    """A leaf tensor that becomes part of a `Module` when it is assigned to one of its attributes.

    Args:
        data: the first values; the memory is shared.
        requires_grad: whether backward gives it a gradient.

    Raises:
        TypeError: data that is not a tensor.
        RuntimeError: data that is not floating point, with requires_grad.
    """

    def __init__(self, data, requires_grad=True):
        if not isinstance(data, Tensor):
            raise TypeError(f"Parameter: data must be a tensor, got {type(data).__name__}; use minitorch.tensor(...)")
        super().__init__(data.array.view())
        self._counter = data._counter
        self.requires_grad = requires_grad

    def __repr__(self):
        return f"Parameter containing:\n{super().__repr__()}"
