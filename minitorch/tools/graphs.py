"""Pictures of the autograd graph, as SVG text that every browser shows."""

import html

from minitorch.autograd import Variable
from minitorch.nn import Module, Parameter
from minitorch.serialization import write_atomically
from minitorch.tools.layered import layout

CHARACTER, LINE, PADDING, GAP, STEP, MARGIN = 6.7, 15, 9, 18, 62, 16  # pixels
BESIDE = (2 * LINE + PADDING) / 2  # so far above and below the middle of a row an edge runs straight, past the boxes
LEAVES = ("parameter", "tensor")
COLORS = {  # fill and border
    "operation": ("#e8eff8", "#1f5fa8"),
    "result": ("#1f5fa8", "#1f5fa8"),
    "parameter": ("#fcebd9", "#d9730d"),
    "tensor": ("#e5f3e5", "#3a8a3a"),
}


class Box:
    """A node of the picture: an operation, or a leaf of the graph."""

    def __init__(self, kind, name):
        self.kind, self.name, self.shape, self.rank = kind, name, None, 0

    @property
    def lines(self):
        """The name, and below it the shape of what comes out."""
        return [self.name] if self.shape is None else [self.name, str(self.shape)]

    width = property(lambda self: max(map(len, self.lines)) * CHARACTER + 2 * PADDING)
    height = property(lambda self: len(self.lines) * LINE + PADDING)


def draw_graph(tensor, path=None, model=None):
    """The autograd graph of a tensor: what backward walks through, from the leaves above down to the tensor.

    Operations are blue, with the shape of their result; parameters are orange; other leaves that want a gradient
    are green. Constants are not in the graph.

    Args:
        tensor: the result of operations, as a loss.
        path: the file to write, by custom ``.svg``.
        model: an `nn.Module`, whose parameters are then called by their names.

    Returns:
        The SVG text.

    Raises:
        TypeError: not a tensor.
        ValueError: the tensor has no graph.
    """
    if not isinstance(tensor, Variable):
        raise TypeError(f"draw_graph: expected a tensor, got {type(tensor).__name__}")
    if model is not None and not isinstance(model, Module):
        raise TypeError(f"draw_graph: model must be an nn.Module, got {type(model).__name__}")
    if tensor.grad_fn is None:
        raise ValueError("draw_graph: the tensor has no graph; compute it from tensors with requires_grad=True, and "
                         "not under no_grad()")  # fmt: skip
    names = {id(p): name for name, p in model.named_parameters()} if model is not None else {}
    boxes, edges = _boxes(tensor, names)
    text = _svg(boxes, edges)
    if path is not None:
        write_atomically(path, text.encode())
    return text


def _reachable(start):
    """All operations that lead to one, in the order in which they ran."""
    seen, stack = {start}, [start]
    while stack:
        for node, _ in stack.pop().next_functions:
            if node is not None and not isinstance(node, Variable) and node not in seen:
                seen.add(node)
                stack.append(node)
    return sorted(seen, key=lambda node: node._number)


def _boxes(tensor, names):
    """(boxes, edges as pairs of their numbers): operations in their order, each after its leaves."""
    boxes, numbers, edges = [], {}, []
    for node in _reachable(tensor.grad_fn):
        box = Box("operation", node.name().rpartition("Backward")[0])
        sources = []
        for (source, _), shape in zip(node.next_functions, node.input_shapes):
            if source is None:
                continue
            if id(source) not in numbers:
                numbers[id(source)] = len(boxes)
                boxes.append(_leaf(source, names))
            boxes[numbers[id(source)]].shape = shape
            sources.append(numbers[id(source)])
        numbers[id(node)] = len(boxes)
        edges += [(source, len(boxes)) for source in dict.fromkeys(sources)]
        boxes.append(box)
    boxes[-1].kind, boxes[-1].shape = "result", tensor.array.shape
    _rank(boxes, edges)
    return boxes, edges


def _leaf(leaf, names):
    kind = "parameter" if isinstance(leaf, Parameter) else "tensor"
    return Box(kind, names.get(id(leaf), kind))


def _rank(boxes, edges):
    """An operation stands below all that goes into it, a leaf right above the first operation that takes it."""
    for source, target in edges:  # in the order of the targets
        boxes[target].rank = max(boxes[target].rank, boxes[source].rank + 1)
    lowest = {}
    for source, target in edges:
        lowest[source] = min(lowest.get(source, len(boxes)), boxes[target].rank - 1)
    for number, rank in lowest.items():
        if boxes[number].kind in LEAVES:
            boxes[number].rank = rank


def _svg(boxes, edges):
    weights = [1 if box.kind in LEAVES else 20 for box in boxes]
    x, bends = layout([box.width for box in boxes], weights, [box.rank for box in boxes], edges, GAP)
    x = [MARGIN + place for place in x]
    rows = max(box.rank for box in boxes) + 1
    width = max(place + box.width / 2 for place, box in zip(x, boxes))
    width = max(width, *(MARGIN + place for chain in bends for place, _ in chain), 0) + MARGIN
    height = rows * STEP + 2 * MARGIN

    def y(rank):
        return MARGIN + STEP * (rank + 0.5)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8Z" fill="#666"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>',
        '<g fill="none" stroke="#888" stroke-width="1.2">',
    ]
    for (source, target), chain in zip(edges, bends):
        above, below = boxes[source], boxes[target]
        points = [(x[source], y(above.rank) + above.height / 2)]
        points += [(MARGIN + place, y(rank) + side) for place, rank in chain for side in (-BESIDE, BESIDE)]
        points.append((x[target], y(below.rank) - below.height / 2 - 1))
        parts.append(f'<path d="{_curve(points)}" marker-end="url(#arrow)"/>')
    parts.append('</g><g font-family="monospace" font-size="11" text-anchor="middle">')
    parts += [_box(box, place, y(box.rank)) for box, place in zip(boxes, x)]
    return "\n".join([*parts, "</g></svg>", ""])


def _curve(points):
    """A smooth line through points, upright at each of them."""
    (px, py), *rest = points
    text = f"M{px:.1f} {py:.1f}"
    for qx, qy in rest:
        middle = (py + qy) / 2
        text += f"C{px:.1f} {middle:.1f} {qx:.1f} {middle:.1f} {qx:.1f} {qy:.1f}"
        px, py = qx, qy
    return text


def _box(box, x, y):
    fill, border = COLORS[box.kind]
    left, top = x - box.width / 2, y - box.height / 2
    corner = 11 if box.kind in LEAVES else 4
    color = "white" if box.kind == "result" else "#222"
    text = "".join(
        f'<text x="{x:.1f}" y="{top + PADDING / 2 + LINE * (i + 0.75):.1f}" fill="{color}">{html.escape(line)}</text>'
        for i, line in enumerate(box.lines)
    )
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{corner}" '
        f'fill="{fill}" stroke="{border}"/>{text}'
    )
