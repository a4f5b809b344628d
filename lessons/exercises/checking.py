"""How the checks of the exercises compare, so that each failure is a sentence that helps.

Every function raises an AssertionError whose text is for the student: what came out, what should have, and a hint.
"""

import numpy as np

from minitorch import Tensor


def array(name, value):
    """A tensor, an array, a list or a number as an array; ``name`` is what the sentence calls it."""
    __tracebackhide__ = True
    if value is None:
        raise AssertionError(f"{name} is None: does your function return its result?")
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy()
    try:
        result = np.asarray(value)
    except ValueError:
        result = np.asarray(None)
    if result.dtype == object:
        raise AssertionError(f"{name} should be numbers, but it is of type {type(value).__name__}")
    return result


def shape(name, value, expected, hint=""):
    """The value has the shape; returned as an array."""
    __tracebackhide__ = True
    result = array(name, value)
    if result.shape != tuple(expected):
        raise AssertionError(f"{name} has shape {result.shape}; it should be {tuple(expected)}{_more(hint)}")
    return result


def close(name, value, expected, hint="", tolerance=1e-5):
    """The value has the shape and, within the relative and absolute tolerance, the numbers of what is expected."""
    __tracebackhide__ = True
    expected = array("the expected value", expected)
    result = shape(name, value, expected.shape, hint)
    wrong = ~np.isclose(result, expected, rtol=tolerance, atol=tolerance, equal_nan=True)
    if not wrong.any():
        return
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    at = f" at {list(place)}" if place else ""
    count = f" ({wrong.sum()} of {wrong.size} numbers are wrong)" if wrong.size > 1 else ""
    got, want = (f"{x[place]:.6g}" if x.dtype.kind == "f" else f"{x[place]}" for x in (result, expected))
    raise AssertionError(f"{name} is {got}{at}; it should be {want}{count}{_more(hint)}")


def unchanged(name, value, copy):
    """The function did not write into what it was given."""
    __tracebackhide__ = True
    if not np.array_equal(array(name, value), array(name, copy), equal_nan=True):
        raise AssertionError(f"your function changed {name}, which belongs to the caller: work on a copy")


def gradient(function, array, step=1e-6):
    """The gradient of a function from float64 arrays to a number, by central differences: the oracle of the checks."""
    array = np.array(array, dtype=np.float64)
    result = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        middle = array[place]
        array[place] = middle + step
        above = float(function(array))
        array[place] = middle - step
        result[place] = (above - float(function(array))) / (2 * step)
        array[place] = middle
    return result


def _more(hint):
    return f": {hint}" if hint else ""
