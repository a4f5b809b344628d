"""`Size`: the shape of a tensor, a tuple of integers."""

import math
import operator


class Size(tuple):
    """The sizes of a tensor's dimensions: a tuple that counts the elements and prints as ``minitorch.Size([2, 3])``.

    Args:
        sizes: integers.

    Raises:
        TypeError: something that is no integer.
    """

    __slots__ = ()

    def __new__(cls, sizes=()):
        return super().__new__(cls, map(operator.index, sizes))

    def numel(self):
        """The number of elements of a tensor of this shape."""
        return math.prod(self)

    def __repr__(self):
        return f"minitorch.Size({list(self)})"

    def __getitem__(self, place):
        found = super().__getitem__(place)
        return Size(found) if isinstance(place, slice) else found

    def __add__(self, other):
        return Size(super().__add__(other)) if isinstance(other, tuple) else NotImplemented

    def __radd__(self, other):
        return Size(other + tuple(self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times):
        return Size(super().__mul__(times))

    __rmul__ = __mul__
