"""The check of sizes that layers and networks are built with."""

import numbers


def integers(owner, least, **values):
    """The values, which are whole numbers of any kind, as ints.

    Args:
        owner: the layer or network, for the message.
        least: 0 or 1.
        values: the arguments by name.

    Raises:
        ValueError: one of them is no whole number, or less than `least`.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            kind = "positive" if least else "non-negative"
            raise ValueError(f"{owner}: {name} must be a {kind} integer, got {value!r}")
    return [int(value) for value in values.values()]
