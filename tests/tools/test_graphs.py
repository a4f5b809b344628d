"""The picture of the autograd graph: well-formed, complete, nothing on top of anything else."""

import itertools
import re
import xml.etree.ElementTree as ElementTree

import pytest

import minitorch
import minitorch.nn.functional as F
from minitorch import models, nn
from minitorch.tools import draw_graph

SVG = "{http://www.w3.org/2000/svg}"


def boxes_of(text):
    """List of (x, y, width, height, lines of text) of the boxes, and the number of edges."""
    root = ElementTree.fromstring(text)
    edges, nodes = root.findall(f"{SVG}g")
    boxes = []
    for element in nodes:
        if element.tag == f"{SVG}rect":
            boxes.append([*(float(element.get(key)) for key in ("x", "y", "width", "height")), []])
        else:
            boxes[-1][4].append(element.text)
    return boxes, len(edges.findall(f"{SVG}path"))


def residual_block():
    x = minitorch.randn(2, 4, 6, 6)
    model = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4))
    return model, F.relu(model(x * 1.0) + x.requires_grad_())


def test_names_shapes_and_edges():
    model, y = residual_block()
    boxes, edges = boxes_of(draw_graph(y, model=model))
    lines = [tuple(box[4]) for box in boxes]
    assert sorted(lines) == sorted([
        ("0.weight", "(4, 4, 3, 3)"), ("1.weight", "(4,)"), ("1.bias", "(4,)"), ("tensor", "(2, 4, 6, 6)"),
        ("Convolution", "(2, 4, 6, 6)"), ("NativeBatchNorm", "(2, 4, 6, 6)"), ("Add", "(2, 4, 6, 6)"),
        ("Relu", "(2, 4, 6, 6)"),
    ])  # fmt: skip
    assert edges == 7


@pytest.mark.parametrize("build", [models.lenet5, lambda: models.cifar_resnet(14, in_channels=1, se=True)])
def test_boxes_do_not_overlap_and_are_inside(build):
    model = build()
    text = draw_graph(F.cross_entropy(model(minitorch.randn(2, 1, 32, 32)), minitorch.tensor([0, 1])), model=model)
    boxes, _ = boxes_of(text)
    width, height = (float(n) for n in re.search(r'viewBox="0 0 (\d+) (\d+)"', text).groups())
    assert sum(len(box[4]) for box in boxes) > 2 * len(list(model.parameters()))
    for x, y, w, h, _ in boxes:
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
    for (ax, ay, aw, ah, _), (bx, by, bw, bh, _) in itertools.combinations(boxes, 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay


def test_edges_go_down():
    model, y = residual_block()
    for path in re.findall(r'<path d="M([^"]+)" marker', draw_graph(y, model=model)):
        heights = [float(n) for n in re.findall(r"[-\d.]+ ([-\d.]+)", path)]
        assert heights == sorted(heights)


def test_every_parameter_is_named_once():
    model = models.lenet5()
    boxes, _ = boxes_of(draw_graph(model(minitorch.zeros(1, 1, 28, 28)), model=model))
    names = [box[4][0] for box in boxes]
    for name, _ in model.named_parameters():
        assert names.count(name) == 1


def test_a_tensor_used_twice_is_one_box():
    x = minitorch.ones(3, requires_grad=True)
    boxes, edges = boxes_of(draw_graph(x * x))
    assert [box[4] for box in boxes] == [["tensor", "(3,)"], ["Mul", "(3,)"]] and edges == 1


def test_a_long_chain():
    x = minitorch.ones(1, requires_grad=True)
    for _ in range(2000):
        x = x + 1.0
    assert len(boxes_of(draw_graph(x))[0]) == 2001


def test_file_and_escaping(tmp_path):
    path = tmp_path / "graph.svg"
    model = nn.Module()
    model.register_parameter("a<b&c", nn.Parameter(minitorch.ones(2)))
    text = draw_graph(model.get_parameter("a<b&c").sum(), path, model)
    assert path.read_text() == text and "a&lt;b&amp;c" in text
    ElementTree.fromstring(text)


def test_works_after_backward():
    x = minitorch.ones(2, requires_grad=True)
    y = (x * 3.0).sum()
    y.backward()
    assert len(boxes_of(draw_graph(y))[0]) == 3


def test_bad_input():
    with pytest.raises(ValueError, match="has no graph"):
        draw_graph(minitorch.ones(3))
    with pytest.raises(ValueError, match="has no graph"):
        draw_graph(minitorch.ones(3, requires_grad=True))
    with pytest.raises(TypeError, match="expected a tensor, got int"):
        draw_graph(3)
    with pytest.raises(TypeError, match="model must be an nn.Module"):
        draw_graph(minitorch.ones(3, requires_grad=True) * 2.0, model="lenet5")
