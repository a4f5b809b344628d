"""What operations with two results return: named tuples that print as PyTorch's do."""

from collections import namedtuple


class ValuesIndices(namedtuple("ValuesIndices", ["values", "indices"])):
    """Numbers and where they stood: ``values, indices = x.max(0)``, or ``x.max(0).values``."""

    __slots__ = ()

    def __repr__(self):
        lines = ",\n".join(f"{field}={value!r}" for field, value in zip(self._fields, self))
        return f"minitorch.return_types.{type(self).__name__}(\n{lines})"


class max(ValuesIndices):
    """The result of `minitorch.max` along a dimension."""

    __slots__ = ()


class min(ValuesIndices):
    """The result of `minitorch.min` along a dimension."""

    __slots__ = ()


class median(ValuesIndices):
    """The result of `minitorch.median` along a dimension."""

    __slots__ = ()


class sort(ValuesIndices):
    """The result of `minitorch.sort`."""

    __slots__ = ()


class topk(ValuesIndices):
    """The result of `minitorch.topk`."""

    __slots__ = ()
