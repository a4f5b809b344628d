"""`summary` and `cost`: against the reference tables, and against counts made by hand."""

import csv
import io
import json
from pathlib import Path

import pytest

import minitorch
from minitorch import models, nn
from minitorch.tools import Cost, cost, summary

TABLE = Path(__file__).parents[1] / "models" / "reference" / "models.jsonl"
REFERENCE = {record["name"]: record for record in map(json.loads, TABLE.read_text().splitlines())}
NETWORKS = ["resnet18", "seresnet18", "mobilenetv1_025", "mobilenet_v2", "mobilenet_v3_small", "cifar_resnet20",
            "shufflenet_v1_x1_0_g3", "shufflenet_v2_x0_5"]  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_cost_equals_the_reference(name):
    record = REFERENCE[name]
    result = cost(models.create(name), tuple(record["input"]))
    assert (result.parameters, result.macs, result.attention_macs) == (record["params"], record["macs"], 0)


@pytest.mark.parametrize("name", ["resnet18", "shufflenet_v2_x0_5"])
def test_rows_have_the_reference_shapes_and_parts(name):
    record = REFERENCE[name]
    rows = {row.layer: row for row in summary(models.create(name), tuple(record["input"])).rows}
    assert rows[""].output == tuple(record["output"])
    for layer, shape in record["features"]:
        assert rows[layer].output == tuple(shape)
    for layer, parameters in record["parts"].items():
        assert rows[layer].parameters == parameters


class Attention(nn.Module):
    """Self-attention of 6 entries of 8 numbers, as in a vision transformer's block."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


def test_attention_is_apart_and_its_linear_maps_are_not():
    result = cost(Attention(), (6, 8))
    assert result.macs == 6 * 8 * 24 + 6 * 8 * 8
    assert result.attention_macs == 2 * 6 * 6 * 8


def small():
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 5))


def test_cost_by_hand():
    result = cost(small(), (2, 8, 8))
    parameters = 4 * 18 + 4 + 64 * 5 + 5
    numbers = {"input": 128, "convolution": 256, "relu": 256, "pool": 64, "output": 5}
    written = sum(numbers.values()) - numbers["input"]
    read = sum(numbers.values()) - numbers["output"] + parameters
    assert result == Cost(parameters, 256 * 18 + 64 * 5, 0, 4 * read, 4 * written)


def test_cost_is_for_one_image():
    one, four = cost(small(), (2, 8, 8)), cost(small(), (4, 2, 8, 8))
    assert four[:3] == one[:3] and four.bytes_written == one.bytes_written
    assert four.bytes_read == one.bytes_read - 3 * one.parameters  # weights, of 4 bytes, are shared by 4 images


def test_rows_by_hand():
    rows = summary(small(), (2, 8, 8)).rows
    assert [(row.layer, row.kind, row.depth) for row in rows] == [
        ("", "Sequential", 0), ("0", "Conv2d", 1), ("1", "ReLU", 1), ("2", "MaxPool2d", 1), ("3", "Flatten", 1),
        ("4", "Linear", 1),
    ]  # fmt: skip
    assert [row.output for row in rows] == [(1, 5), (1, 4, 8, 8), (1, 4, 8, 8), (1, 4, 4, 4), (1, 64), (1, 5)]
    assert [row.parameters for row in rows] == [401, 76, 0, 0, 0, 325]
    assert [row.macs for row in rows] == [4928, 4608, 0, 0, 0, 320]
    assert [row.memory for row in rows] == [4 * (256 + 256 + 64 + 5), 1024, 1024, 256, 0, 20]
    assert [row.receptive_field for row in rows] == [None, (3, 3), (3, 3), (4, 4), None, None]
    assert [row.stride for row in rows] == [None, (1, 1), (1, 1), (2, 2), None, None]
    assert [row.sees_all for row in rows] == [True, False, False, False, True, True]


class Twice(nn.Module):
    """Calls one layer twice, has one that nobody calls, and adds two inputs."""

    def __init__(self):
        super().__init__()
        self.layer, self.unused = nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 2), nn.ReLU())

    def forward(self, a, b):
        return self.layer(self.layer(a)) + b, a


def test_shared_layers_several_inputs_and_unused_parameters():
    result = summary(Twice(), [(4, 3), (3,)])
    assert [(row.layer, row.parameters, row.again) for row in result.rows] == [
        ("", 20, False), ("layer", 12, False), ("layer", 0, True), ("unused", 8, False)
    ]  # fmt: skip
    assert result.rows[0].output == [(1, 4, 3), (1, 4, 3)] and result.rows[3].output is None
    assert result.cost.parameters == 20 and result.cost.macs == 2 * 4 * 9
    assert "layer: Linear (again)" in str(result) and "not called" in str(result)
    assert result.inputs == [(1, 4, 3), (1, 3)]


def test_tied_parameters_count_once():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    assert cost(model, 3).parameters == 9 + 3 + 3


def test_functional_calls_count_where_they_are():
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(minitorch.ones(4, 3, 3, 3))

        def forward(self, x):
            return nn.functional.conv2d(x, self.weight).relu()

    row = summary(Functional(), (3, 6, 6)).rows[0]
    assert row.macs == 4 * 16 * 27 and row.receptive_field == (3, 3)


def test_integers_as_inputs():
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2))
    assert cost(model, minitorch.tensor([[1, 2, 3]])).macs == 3 * 4 * 2


def test_text_is_aligned_and_complete():
    text = str(summary(models.cifar_resnet(8), (3, 32, 32)))
    lines = text.splitlines()
    assert lines[0].split() == ["layer", "output", "parameters", "MACs", "memory", "field", "stride"]
    assert "  layer1: Sequential" in text and "      conv1: Conv2d" in text
    column = lines[0].index("MACs") + 4
    widths = {line[:column].rstrip()[-1:].isdigit() for line in lines if "Conv2d" in line}
    assert widths == {True}  # the numbers end below the name of their column
    assert any(line.split() == ["parameters", "75,290"] for line in lines)


def test_gates_are_marked():
    result = summary(models.cifar_resnet(8, se=True), (3, 32, 32))
    row = next(row for row in result.rows if row.layer == "layer3")
    plain = next(row for row in summary(models.cifar_resnet(8), (3, 32, 32)).rows if row.layer == "layer3")
    assert row.sees_all and not plain.sees_all and row.receptive_field == plain.receptive_field
    assert f"{row.receptive_field[0]}*" in str(result) and "sees the whole image" in str(result)


def test_depth_and_maps_of_a_backbone():
    result = summary(models.mobilenet_v3_small(), (3, 64, 64), depth=1)
    assert {row.depth for row in result.rows} == {0, 1}
    row = next(row for row in result.rows if row.layer == "features")
    assert row.output == (1, 576, 2, 2) and row.stride == (32, 32)
    assert max(map(len, str(result).splitlines())) < 120
    with pytest.raises(ValueError, match="depth"):
        summary(small(), (2, 8, 8), depth=-1)


def test_table_and_csv(tmp_path):
    result = summary(small(), (2, 8, 8))
    header, *lines = result.table()
    assert header[:4] == ["layer", "kind", "output", "parameters"] and lines[1][:4] == ["0", "Conv2d", (1, 4, 8, 8), 76]
    text = result.csv(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["MACs"]) for row in rows] == [row.macs for row in result.rows]
    assert rows[1]["output"] == "1x4x8x8" and rows[1]["receptive field"] == "3x3" and rows[5]["stride"] == ""


def test_bad_input():
    with pytest.raises(TypeError, match="summary: model must be an nn.Module"):
        summary(nn.Linear, 3)
    with pytest.raises(ValueError, match="cost: input_size must hold positive numbers"):
        cost(small(), (2, 0, 8))
    with pytest.raises(ValueError, match="got 1 channels"):
        summary(models.cifar_resnet(8), (1, 32, 32))
