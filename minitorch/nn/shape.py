"""Modules that change the shape, or nothing."""

from minitorch.nn.module import Module
from minitorch.ops.operands import axis, sizes


class Flatten(Module):
    """The dimensions from `start_dim` to `end_dim` as one: (N, C, H, W) becomes (N, C H W)."""

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input):
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One dimension as several; one of the sizes may be -1."""

    def __init__(self, dim, unflattened_size):
        super().__init__()
        self.dim, self.unflattened_size = dim, sizes("Unflatten", (unflattened_size,))

    def forward(self, input):
        dim = axis("Unflatten", self.dim, input.ndim)
        part = input.new_zeros(input.shape[dim]).reshape(self.unflattened_size).shape
        return input.reshape(*input.shape[:dim], *part, *input.shape[dim + 1 :])

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Identity(Module):
    """Gives back its input; takes any arguments, so that it can stand in for any layer."""

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input
