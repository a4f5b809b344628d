"""What the transforms have in common: the check of the image, the name, the probability, the random numbers."""

import numbers
from typing import ClassVar

from minitorch.data.randomness import current_generator
from minitorch.data.transforms.functional.images import check_image


class Transform:
    """A function of one image: subclass it and write `apply(image)`.

    A call checks the image's kind first. A transform that draws random numbers takes them from
    `minitorch.data.current_generator()` in each call.
    """

    shown: ClassVar = ()  # the attributes that repr shows

    def __call__(self, image):
        check_image(type(self).__name__, image)
        return self.apply(image)

    def apply(self, image):
        """The transformed image."""
        raise NotImplementedError(f"{type(self).__name__}: a transform must write apply(image)")

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={_shown(getattr(self, name))}' for name in self.shown)})"


class RandomTransform(Transform):
    """A transform that is applied with probability `p`, and else gives the image as it is."""

    shown: ClassVar = ("p",)

    def __init__(self, p=0.5):
        self.p = check_probability(type(self).__name__, p)

    def __call__(self, image):
        check_image(type(self).__name__, image)
        return self.apply(image) if happens(self.p) else image


def happens(probability):
    """Draw whether something of this probability happens."""
    return current_generator().random() < probability


def draw_index(size):
    """Draw a whole number of 0 to `size - 1`."""
    return int(current_generator().random() * size)  # several times faster than integers(size)


def check_probability(name, p):
    """`p`, if it is a probability."""
    if not isinstance(p, numbers.Real) or not 0 <= p <= 1:
        raise ValueError(f"{name}: p must be a probability, a number of 0 to 1, got {p!r}")
    return p


def check_range(name, argument, value, least=float("-inf"), most=float("inf")):
    """`(low, high)` of two numbers in rising order within bounds."""
    values = tuple(value) if isinstance(value, (list, tuple)) else ()
    if len(values) != 2 or not all(isinstance(number, numbers.Real) for number in values):
        raise TypeError(f"{name}: {argument} must be two numbers (low, high), got {value!r}")
    if not least <= values[0] <= values[1] <= most:
        raise ValueError(f"{name}: {argument} must be (low, high) with {least} <= low <= high <= {most}, got {value!r}")
    return values


def symmetric_range(name, argument, value, lengths=(2,)):
    """`(-value, value)` of a number of at least 0; or ranges `(low, high)`, one after the other, as they are."""
    if isinstance(value, numbers.Real):
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name}: {argument} must be at least 0 if it is one number, got {value!r}")
        return (-float(value), float(value))
    values = tuple(value) if isinstance(value, (list, tuple)) else ()
    if len(values) not in lengths:
        raise TypeError(f"{name}: {argument} must be a number or {' or '.join(map(str, lengths))} numbers, got "
                        f"{value!r}")
    for low in range(0, len(values), 2):
        check_range(name, argument, values[low:low + 2])
    return tuple(float(number) for number in values)


def _shown(value):
    value = value.tolist() if hasattr(value, "tolist") else value
    return repr(getattr(value, "value", value))
