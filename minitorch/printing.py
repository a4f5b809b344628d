"""The text that `repr` gives for a tensor: the same characters that PyTorch prints for the same numbers."""

import math
import types

import numpy as np

from minitorch.dtype import bool_, float32, int64

PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}

_options = types.SimpleNamespace(**PROFILES["default"], sci_mode=None)  # what `set_printoptions` sets


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Set how tensors print from now on. What is left at None stays as it was, except ``sci_mode``.

    Args:
        precision: digits after the decimal point, at first 4.
        threshold: a tensor with more elements than this prints only its edges, at first 1000.
        edgeitems: how many items such a tensor shows at each end of a dimension, at first 3.
        linewidth: characters in a line before it wraps, at first 80.
        profile: ``"default"``, ``"short"`` or ``"full"``: values for the four above, which the other arguments
            then change.
        sci_mode: True or False: always or never print floats as ``1.0000e+00``. None, also when it is left out:
            where the numbers are so large, small or far apart that plain digits would say little.

    Raises:
        TypeError, ValueError: a value of the wrong type or sign, or an unknown profile; nothing is changed.
    """
    if profile is not None and profile not in PROFILES:
        raise ValueError(f"set_printoptions: profile must be one of {', '.join(PROFILES)}, got {profile!r}")
    counts = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    given = {name: value for name, value in counts.items() if value is not None}
    for name, value in given.items():
        endless = name == "threshold" and isinstance(value, float) and value == math.inf
        if not endless and (isinstance(value, bool) or not isinstance(value, (int, np.integer))):
            raise TypeError(f"set_printoptions: {name} must be an integer, got {value!r}")
        if value < 0:
            raise ValueError(f"set_printoptions: {name} must not be negative, got {value}")
    if sci_mode is not None and not isinstance(sci_mode, bool):
        raise TypeError(f"set_printoptions: sci_mode must be True, False or None, got {sci_mode!r}")
    for name, value in {**PROFILES.get(profile, {}), **given, "sci_mode": sci_mode}.items():
        setattr(_options, name, value)


def get_printoptions():
    """The options in force, a dictionary that ``set_printoptions(**options)`` takes back."""
    return dict(vars(_options))


def format_tensor(
    array,
    *,
    requires_grad=False,
    grad_fn_name=None,
    device_text=None,
    prefix="tensor(",
    default_dtype=float32,
):
    """The text of a tensor, as PyTorch prints it.

    Args:
        array: NumPy array of any shape, of booleans, integers or floats.
        requires_grad: say ``requires_grad=True``, unless there is a ``grad_fn_name``.
        grad_fn_name: name of the graph node, shown as ``grad_fn=<MulBackward0>``; None for a leaf.
        device_text: such as ``"cuda:0"``; None for a tensor on the default device.
        prefix: what stands before the numbers. Later lines are indented by its length.
        default_dtype: floating-point type that goes without saying. int64 and bool do too, except in an empty
            tensor, whose numbers cannot show it.

    Raises:
        TypeError: not a NumPy array, or of another type than those.
    """
    if not isinstance(array, (np.ndarray, np.generic)) or array.dtype.kind not in "biuf":
        found = f"an array of {array.dtype}" if hasattr(array, "dtype") else type(array).__name__
        raise TypeError(f"format_tensor: array must be a NumPy array of bool, int or float, got {found}")
    array = np.asarray(array)
    notes = []
    if device_text is not None:
        notes.append(f"device='{device_text}'")
    if array.size == 0:
        body, shows_shape, silent_dtypes = "[]", array.ndim != 1, (default_dtype,)
    else:
        body = _numbers(array, len(prefix))
        shows_shape, silent_dtypes = not _options.edgeitems, (default_dtype, int64, bool_)
    if shows_shape:
        notes.append(f"size={array.shape}")
    if array.dtype not in silent_dtypes:
        notes.append(f"dtype=minitorch.{array.dtype.name}")
    if grad_fn_name is not None:
        notes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        notes.append("requires_grad=True")
    return _append_notes(prefix + body, notes, len(prefix)) + ")"


def _append_notes(text, notes, indent):
    """Put ``, note`` after the text for each note, on a new line where PyTorch's text would pass the line width."""
    # To break where PyTorch does, count as it does: its shorter name, and two characters more in the last line.
    column = len(text.rpartition("\n")[2]) + 2
    for note in notes:
        length = len(note.replace("minitorch.", "torch."))
        if column + length + 2 > _options.linewidth:
            text += ",\n" + " " * indent + note
            column = indent + length
        else:
            text += ", " + note
            column += length + 2
    return text


def _numbers(array, indent):
    """The brackets and numbers of an array with at least one element."""
    edge = _options.edgeitems
    is_long = array.size > _options.threshold
    cut = [is_long and length > 2 * edge for length in array.shape]
    kept = [[*range(edge), *range(n - edge, n)] if short else range(n) for n, short in zip(array.shape, cut)]
    shown = array[np.ix_(*kept)] if is_long else array
    write, width = _number_format(shown)
    return _layout(shown.tolist(), cut, indent, write, width)


def _number_format(array):
    """How the numbers of an array are written: a function of one number, and the width that all are padded to.

    One format serves the whole array. Zeros, infinities and nan have no say in it, nor in the width.
    """
    if array.dtype.kind != "f":
        return str, max((len(str(value)) for value in array.ravel().tolist()), default=1)
    values = array.astype(np.float64).ravel()
    values = values[np.isfinite(values) & (values != 0)]
    if values.size == 0:
        return _write_whole, 1
    digits = _options.precision
    whole = bool(np.all(values == np.ceil(values)))
    if _uses_exponent(np.abs(values)):
        write = f"{{:.{digits}e}}".format
    else:
        write = _write_whole if whole else f"{{:.{digits}f}}".format
    return write, max(len(write(value)) for value in values.tolist())


def _uses_exponent(magnitudes):
    if _options.sci_mode is not None:
        return _options.sci_mode
    smallest, largest = float(magnitudes.min()), float(magnitudes.max())
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


def _write_whole(value):
    """A float without a fraction: ``3.``, or ``nan`` and ``inf`` as they are."""
    return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"


def _layout(values, cut, column, write, width):
    """Text of nested lists of numbers, one level for each item of ``cut``.

    Args:
        cut: for each dimension, whether its middle was left out and dots belong there.
        column: where the opening bracket stands in its line.
    """
    if not cut:
        return write(values).rjust(width)
    parts = [_layout(value, cut[1:], column + 1, write, width) for value in values]
    is_row = len(cut) == 1
    if cut[0]:
        parts.insert(_options.edgeitems, " ..." if is_row and _options.edgeitems else "...")
    if is_row:
        per_line = max(1, (_options.linewidth - column) // (width + 2))
        parts = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
    line_breaks = "\n" * max(1, len(cut) - 1)
    return "[" + f",{line_breaks}{' ' * (column + 1)}".join(parts) + "]"
