"""Receptive fields, carried from operation to operation: which pixels can each number of a feature map depend on?

Along a spatial axis, unit i of a feature map sees the pixels from ``low + i * jump`` to ``high + i * jump``. The
pixels of the image itself have low = high = 0 and jump = 1. A window of k entries, d apart, with stride s and padding
p, reads the entries i s - p to i s - p + d (k - 1) of its input, so that it makes of these numbers::

    low - p * jump,    high + (d (k - 1) - p) * jump,    s * jump

Where branches meet, the union counts. What goes through a mean over the whole image, or through a linear layer over
all places, sees everything. Where a map is enlarged, jump is a fraction and the units differ in what they see; then
low and high hold for all of them.

Source: Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks", Distill.
"""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from minitorch.autograd import Variable
from minitorch.ops.adaptive_pooling import AdaptiveAvgPool2d, AdaptiveMaxPool2d
from minitorch.ops.convolution import Conv2d, Conv2dInputGrad
from minitorch.ops.cumulative import CumProd
from minitorch.ops.indexing import Slice
from minitorch.ops.joining import Cat
from minitorch.ops.linear_algebra import Linear, MatMul
from minitorch.ops.padding import ConstantPad
from minitorch.ops.pooling import AvgPool2d, MaxPool2d
from minitorch.ops.reduction import Cumsum
from minitorch.ops.shape import CopiedView, Flip, Permute, Squeeze, Transpose, Unsqueeze, View
from minitorch.ops.weighted_sum import WeightedSum


class Span(NamedTuple):
    """Along one axis: the pixels that unit 0 sees, and how many pixels further unit 1 looks."""

    jump: Fraction
    low: Fraction
    high: Fraction

    def shifted(self, low, high, factor=1):
        """The span of units that see from entry `low` to entry `high` of these ones, `factor` of them apart."""
        return Span(self.jump * factor, self.low + low * self.jump, self.high + high * self.jump)


class Field(NamedTuple):
    """What the units of one tensor see.

    Attributes:
        spans: one for each spatial axis; none if every unit sees everything.
        axes: where these axes are in the tensor; None while they are folded into another one.
        whole: whether each unit sees, beside the spans, also the whole image (through a gate, for example).
        layout: (shape, axes) of the tensor before they were folded.
    """

    spans: tuple
    axes: tuple = None
    whole: bool = False
    layout: tuple = None


EVERYTHING = Field((), None, True)


class FieldTracker:
    """Learns the fields of all results from `autograd.watch`: pass its `note` there.

    Args:
        images: the inputs of the network; of each, the axes from the third on are spatial.
    """

    def __init__(self, images):
        self.known = {}  # id -> (tensor, field); holds the tensor, so that no other one can get its id
        for image in images:
            if image.ndim > 2:
                axes = tuple(range(2, image.ndim))
                self._put(image, Field((Span(Fraction(1), Fraction(0), Fraction(0)),) * len(axes), axes))

    def _put(self, tensor, field):
        self.known[id(tensor)] = (tensor, field)

    def field(self, tensor):
        """The field of a tensor; None for one that does not depend on the images."""
        return self.known.get(id(tensor), (None, None))[1]

    def note(self, operation, inputs, outputs, params):
        """Work out the fields of an operation's results."""
        seen = [(x, self.field(x)) for x in inputs if isinstance(x, Variable)]
        if all(field is None for _, field in seen):
            for x in outputs:  # a constant written over a tensor
                self.known.pop(id(x), None)
            return
        for output in outputs:
            if operation is None:
                result = seen[0][1]
            elif operation in RULES and seen[0][1] is not None:
                result = RULES[operation](seen, output, params)
            else:
                result = _pointwise(seen, output, params)
            self._put(output, result)


def _pointwise(seen, output, params):
    """Every unit sees what the units at its own place in the inputs see."""
    ndim, shape = output.array.ndim, output.array.shape
    fields = []
    for x, field in seen:
        if field is None or not field.spans:
            fields.append(field)
        elif field.axes is None:
            fields.append(field if x.array.shape[:1] == shape[:1] else EVERYTHING)
        else:
            axes = tuple(axis - x.array.ndim + ndim for axis in field.axes)
            kept = all(a >= 0 and shape[a] == x.array.shape[b] for a, b in zip(axes, field.axes))
            fields.append(field._replace(axes=axes) if kept else EVERYTHING)
    return _union(fields)


def _union(fields):
    """All that several fields see; they lie on the same axes."""
    fields = [field for field in fields if field is not None]
    local = [field for field in fields if field.spans]
    if not local:
        return EVERYTHING
    first = local[0]
    if any((field.axes, len(field.spans)) != (first.axes, len(first.spans)) for field in local):
        return EVERYTHING
    spans = tuple(
        Span(max(s.jump for s in along), min(s.low for s in along), max(s.high for s in along))
        for along in zip(*(field.spans for field in local))
    )
    return first._replace(spans=spans, whole=any(field.whole for field in fields))


def _along(field, change):
    """The field with ``change(axis, span)`` for each of its spans."""
    if not field.spans or field.axes is None:
        return EVERYTHING
    return field._replace(spans=tuple(change(axis, span) for axis, span in zip(field.axes, field.spans)))


def _window(seen, output, params):
    """Convolution and pooling."""
    x, field = seen[0]
    kernel = params.get("kernel_size") or seen[1][0].array.shape[2:]
    dilation = params.get("dilation", (1, 1))

    def change(axis, span):
        i = axis - x.array.ndim + 2
        before = params["padding"][i]
        before = before[0] if isinstance(before, tuple) else before
        return span.shifted(-before, dilation[i] * (kernel[i] - 1) - before, params["stride"][i])

    return _along(field, change)


def _transposed_window(seen, output, params):
    """Output entry o takes the input entries i with ``i * stride - padding + t * dilation = o``, t < kernel."""
    (x, field), (weight, _) = seen[:2]

    def change(axis, span):
        i = axis - x.array.ndim + 2
        before, stride = params["padding"][i][0], params["stride"][i]
        reach = params["dilation"][i] * (weight.array.shape[2 + i] - 1)
        return span.shifted(Fraction(before - reach, stride), Fraction(before, stride), Fraction(1, stride))

    return _along(field, change)


def _weighted_sum(seen, output, params):
    """Resizing and adaptive averages: output entry i takes the entries ``positions[i]``."""
    positions, weights = params["positions"], params["weights"]
    present = weights != 0

    def change(axis, span):
        if axis != params["dim"]:
            return span
        first = np.where(present, positions, positions.max()).min(1).tolist()
        last = np.where(present, positions, 0).max(1).tolist()
        step = Fraction(seen[0][0].array.shape[axis], len(positions))
        low = min(place - i * step for i, place in enumerate(first))
        high = max(place - i * step for i, place in enumerate(last))
        return span.shifted(low, high, step)

    return _along(seen[0][1], change)


def _adaptive(seen, output, params):
    """Adaptive pooling: of n entries, output i of m takes those from floor(i n / m) to ceil((i + 1) n / m)."""
    x, field = seen[0]
    if max(output.array.shape[2:]) == 1:
        return EVERYTHING

    def change(axis, span):
        n, m = x.array.shape[axis], output.array.shape[axis]
        step = Fraction(n, m)
        low = min(i * n // m - i * step for i in range(m))
        high = max(-(-(i + 1) * n // m) - 1 - i * step for i in range(m))
        return span.shifted(low, high, step)

    return _along(field, change)


def _pad(seen, output, params):
    return _along(seen[0][1], lambda axis, span: span.shifted(-params["widths"][axis][0], -params["widths"][axis][0]))


def _slice(seen, output, params):
    x, field = seen[0]
    if not field.spans or field.axes is None:
        return field
    axis, place, moved, spans = 0, 0, {}, dict(zip(field.axes, field.spans))
    for item in (*params["index"], *(slice(None),) * x.array.ndim):
        if axis == x.array.ndim:
            break
        if item is None:
            place += 1
        elif isinstance(item, slice):
            start, _, step = item.indices(x.array.shape[axis])
            if axis in spans:
                moved[place] = spans[axis].shifted(start, start, step)
            axis, place = axis + 1, place + 1
        else:
            axis += 1
    if len(moved) < len(spans):
        return EVERYTHING
    return field._replace(axes=tuple(moved), spans=tuple(moved.values()))


def _permute(seen, output, params):
    field = seen[0][1]
    if field.axes is None:
        return EVERYTHING if field.layout else field
    return field._replace(axes=tuple(list(params["order"]).index(axis) for axis in field.axes))


def _reshape(seen, output, params):
    """The axes are found again where as many entries lie before them, and they are as long, as they were; of several
    such places (next to axes of length 1) the one that is as far from the end."""
    x, field = seen[0]
    if not field.spans:
        return field
    shape, axes = field.layout if field.axes is None else (x.array.shape, field.axes)
    new, found = output.array.shape, []
    for axis in axes:
        wanted = math.prod(shape[:axis]), shape[axis]
        places = [i for i, n in enumerate(new) if (math.prod(new[:i]), n) == wanted]
        if not places:
            return field._replace(axes=None, layout=(shape, axes))
        found.append(min(places, key=lambda i: abs((len(new) - i) - (len(shape) - axis))))
    return field._replace(axes=tuple(found), layout=None)


def _features(seen, output, params):
    """A matrix product that mixes the last axis keeps places that are folded into the rows."""
    x, field = seen[0]
    others = any(other is not None for _, other in seen[1:])
    if others or not field.spans or field.layout is None or x.array.ndim != 2:
        return EVERYTHING
    shape, axes = field.layout
    return field if max(math.prod(shape[: axis + 1]) for axis in axes) <= x.array.shape[0] else EVERYTHING


def _cat(seen, output, params):
    """Along a spatial axis (a mirrored border, for example) the largest piece counts, and where it stands."""
    dim = params["dim"]
    parts = [(x, field) for x, field in seen if field is not None]
    if all(field.axes is None or dim not in field.axes for _, field in parts):
        return _pointwise(seen, output, params)
    x, field = max(parts, key=lambda part: part[0].array.shape[dim] if part[1].spans else 0)
    start = 0
    for other, _ in seen:
        if other is x:
            break
        start += other.array.shape[dim]
    return _along(field, lambda axis, span: span.shifted(-start, -start) if axis == dim else span)


def _everything(seen, output, params):
    return EVERYTHING


RULES = {
    Conv2d: _window,
    MaxPool2d: _window,
    AvgPool2d: _window,
    AdaptiveAvgPool2d: _adaptive,
    AdaptiveMaxPool2d: _adaptive,
    Conv2dInputGrad: _transposed_window,
    WeightedSum: _weighted_sum,
    ConstantPad: _pad,
    Slice: _slice,
    Permute: _permute,
    Transpose: _permute,
    View: _reshape,
    CopiedView: _reshape,
    Unsqueeze: _reshape,
    Squeeze: _reshape,
    Linear: _features,
    MatMul: _features,
    Cat: _cat,
    Flip: _everything,
    Cumsum: _everything,
    CumProd: _everything,
}
