"""What a network consists of and what it costs: `summary`, a table of its layers, and `cost`, five numbers."""

import csv
import io
from typing import NamedTuple

from minitorch.serialization import write_atomically
from minitorch.tools.receptive_fields import field_of
from minitorch.tools.trace import example_inputs, parameter_count, trace

COLUMNS = ("layer", "kind", "output", "parameters", "MACs", "attention MACs", "memory", "receptive field", "stride")
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class Cost(NamedTuple):
    """What one image costs in one forward pass.

    Attributes:
        parameters: elements of all parameters, shared ones once.
        macs: multiply-accumulates of convolutions and linear layers.
        attention_macs: those of the two matrix products of attention, not part of `macs`.
        bytes_read, bytes_written: what the operations take from memory and put there, if each takes its inputs and
            weights from memory and puts its whole result there. Beside the MACs they say whether a network is bound
            by arithmetic or by memory; a layer of few MACs and many bytes is not fast.
    """

    parameters: int
    macs: int
    attention_macs: int
    bytes_read: int
    bytes_written: int


def cost(model, input_size=None):
    """The `Cost` of a model for each image, measured in one forward pass in evaluation mode.

    The weights are read once for the whole batch; with a batch in `input_size` their bytes are shared among its
    images. The model is left as it was found.

    Source of the idea that bytes count beside MACs: Ma et al. 2018, "ShuffleNet V2", section 2.

    Args:
        model: an `nn.Module`.
        input_size: (C, H, W) of an image, or (N, C, H, W), or a list of shapes or tensors for several inputs; unless
            given, a usual size that the model takes.

    Raises:
        TypeError, ValueError: no module, or no shape.
    """
    inputs = example_inputs("cost", model, input_size)
    return _cost(model, trace(model, inputs).calls[0], inputs[0].shape[0])


def _cost(model, whole, batch):
    totals = (whole.macs, whole.attention_macs, whole.bytes_read, whole.bytes_written)
    return Cost(parameter_count(model), *(_share(total, batch) for total in totals))


def _share(total, batch):
    return total // batch if total % batch == 0 else round(total / batch)


class Row(NamedTuple):
    """A line of a summary: one call of a layer.

    Attributes:
        layer: its path in the network.
        kind: its class.
        depth: how many layers it is inside of.
        output: the shape of what it returned, batch included; a list of them if there are several; None if the layer
            has parameters but was not called itself.
        parameters: elements of its parameters and of those inside it; 0 where the layer is called `again`.
        macs, attention_macs: for one image, with all that is inside it.
        memory: bytes of all results that its operations wrote, for one image; training keeps most of them.
        receptive_field, stride: (vertical, horizontal) pixels that each place of the output sees, and their distance
            from one place to the next; None where there are no places.
        sees_all: whether each place also depends on the whole image.
        again: whether the layer had been called before.
    """

    layer: str
    kind: str
    depth: int
    output: tuple
    parameters: int
    macs: int = 0
    attention_macs: int = 0
    memory: int = 0
    receptive_field: tuple = None
    stride: tuple = None
    sees_all: bool = False
    again: bool = False


def summary(model, input_size=None, depth=None):
    """A table of the layers of a model in the order in which they are called; print it, or take its `rows`.

    The numbers of a layer include those of the layers inside it. A line of the table stands for one call, so that a
    layer that is used twice has two. The model is left as it was found.

    Args:
        model: an `nn.Module`.
        input_size: (C, H, W) of an image, or (N, C, H, W), or a list of shapes or tensors for several inputs; unless
            given, a usual size that the model takes.
        depth: show layers down to this depth: 0 is the network alone.

    Returns:
        A `Summary`.

    Raises:
        TypeError, ValueError: no module, no shape, a depth below 0.
    """
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise ValueError(f"summary: depth must be a whole number of at least 0, got {depth!r}")
    inputs = example_inputs("summary", model, input_size)
    tracer = trace(model, inputs)
    batch = inputs[0].shape[0]
    rows = [_row(call, batch) for call in tracer.calls] + _uncalled(model, tracer.called)
    rows = [row for row in rows if depth is None or row.depth <= depth]
    return Summary(rows, _cost(model, tracer.calls[0], batch), [tuple(x.shape) for x in inputs])


def _row(call, batch):
    field = field_of(call)
    return Row(
        layer=call.path,
        kind=type(call.module).__name__,
        depth=call.depth,
        output=call.outputs[0] if len(call.outputs) == 1 else list(call.outputs),
        parameters=0 if call.again else parameter_count(call.module),
        macs=_share(call.macs, batch),
        attention_macs=_share(call.attention_macs, batch),
        memory=_share(call.bytes_written, batch),
        receptive_field=field.size,
        stride=field.stride,
        sees_all=field.whole,
        again=call.again,
    )


def _uncalled(model, called):
    """The outermost layers that hold parameters and were not called: not in use, or used without a call."""
    rows, inside = [], set()
    for path, module in model.named_modules():
        if id(module) in called or id(module) in inside:
            continue
        inside.update(id(below) for below in module.modules())
        if parameter_count(module):
            depth = path.count(".") + 1
            rows.append(Row(path, type(module).__name__, depth, None, parameter_count(module)))
    return rows


class Summary:
    """The layers of a network as a table.

    Attributes:
        rows: a list of `Row`.
        cost: the `Cost` of the network.
        inputs: shapes of its inputs.
    """

    def __init__(self, rows, cost, inputs):
        self.rows, self.cost, self.inputs = rows, cost, inputs

    def table(self):
        """The table as a list of lists, the names of the columns first; numbers are numbers, memory is in bytes."""
        return [list(COLUMNS)] + [
            [row.layer, row.kind, row.output, row.parameters, row.macs, row.attention_macs, row.memory,
             row.receptive_field, row.stride]
            for row in self.rows
        ]  # fmt: skip

    def csv(self, path=None):
        """The table as comma-separated values, sizes written as ``64x112x112``; also to a file if there is a path."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        header, *lines = self.table()
        writer.writerow(header)
        for line in lines:
            writer.writerow([_joined(cell) if isinstance(cell, (tuple, list)) else cell for cell in line])
        if path is not None:
            write_atomically(path, text.getvalue().encode())
        return text.getvalue()

    def __str__(self):
        header = ["layer", "output", "parameters", "MACs", "memory", "field", "stride"]
        cells = [header] + [_cells(row) for row in self.rows]
        widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
        lines = [_aligned(line, widths) for line in cells]
        return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "-" * len(lines[0]), *self._totals()])

    __repr__ = __str__

    def _totals(self):
        """The lines below the table."""
        cost = self.cost
        yield f"parameters     {cost.parameters:,}"
        yield f"MACs           {cost.macs:,}" + (f", attention {cost.attention_macs:,}" if cost.attention_macs else "")
        yield f"memory         {_bytes(cost.bytes_read)} read, {_bytes(cost.bytes_written)} written"
        if any(row.sees_all and row.receptive_field for row in self.rows):
            yield "* each place also sees the whole image"


def _cells(row):
    """The texts of a line."""
    name = row.layer.rpartition(".")[2]
    layer = "  " * row.depth + (f"{name}: {row.kind}" if name else row.kind) + (" (again)" if row.again else "")
    if row.output is None:
        return [layer, "not called", f"{row.parameters:,}", "", "", "", ""]
    field = "all" if row.sees_all else ""
    if row.receptive_field:
        field = _pixels(row.receptive_field) + ("*" if row.sees_all else "")
    macs = row.macs + row.attention_macs
    return [layer, _shapes(row.output), f"{row.parameters:,}" if row.parameters else "", f"{macs:,}" if macs else "",
            _bytes(row.memory) if row.memory else "", field, _pixels(row.stride)]  # fmt: skip


def _aligned(line, widths):
    """Names to the left, numbers to the right."""
    cells = [text.ljust(width) if i < 2 else text.rjust(width) for i, (text, width) in enumerate(zip(line, widths))]
    return "  ".join(cells).rstrip()


def _shapes(output):
    """The shape, or the first and the last of several."""
    if not isinstance(output, list):
        return str(output)
    return f"{output[0]} .. {output[-1]}" if output else ""


def _pixels(pair):
    """``7`` for (7, 7), ``7x5`` for (7, 5)."""
    if not pair:
        return ""
    return _joined(pair) if len(set(pair)) > 1 else f"{pair[0]:g}"


def _joined(value):
    if isinstance(value, list):
        return " ".join(_joined(item) for item in value)
    return "x".join(f"{n:g}" if isinstance(n, float) else str(n) for n in value)


def _bytes(count):
    """A number of bytes with a unit, three digits and more."""
    size, unit = float(count), 0
    while size >= 1024 and unit + 1 < len(UNITS):
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {UNITS[unit]}" if unit == 0 else f"{size:.2f} {UNITS[unit]}"
