"""Fine-tuning against training from scratch: what each way trains, and how the data is cut."""

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minitorch

EXAMPLES = Path(__file__).parents[2] / "examples"
TINY = ["--shots", "2", "--limit", "40", "--test-limit", "20", "--source-epochs", "1", "--epochs", "2",
        "--repeats", "1", "--batch-size", "5", "--width", "2", "--seeds", "2"]  # fmt: skip


@pytest.fixture
def finetune(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("finetune")


def parse(finetune, *arguments):
    return finetune.make_parser().parse_args([*TINY, *arguments])


def test_a_run_leaves_table_and_pictures(finetune, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["finetune.py", *TINY, "--output", str(tmp_path)])
    assert finetune.main() == 0
    with open(tmp_path / "finetune.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["way"] for row in rows] == list(finetune.WAYS)
    assert all(0 <= float(row["mean"]) <= 1 and float(row["std"]) >= 0 for row in rows)
    assert int(rows[0]["parameters"]) == 8 * 5 + 5 < int(rows[1]["parameters"]) == int(rows[3]["parameters"])
    assert (tmp_path / "finetune.md").read_text() in capsys.readouterr().out
    for name in ("finetune.png", "finetune_curves.png"):
        assert (tmp_path / name).stat().st_size > 10_000


def states(finetune, way):
    """The state of the source, of the model before the training and after it."""
    settings = parse(finetune)
    source, target = finetune.load(settings)
    minitorch.manual_seed(3)
    source_model = finetune.build(settings, 5, 1)
    for _ in range(2):
        source_model(minitorch.randn(8, 1, 28, 28))
    seen = {}
    train = finetune.train

    def watched(model, *others):
        seen["before"] = {key: value.numpy().copy() for key, value in model.state_dict().items()}
        curve = train(model, *others)
        seen["after"] = {key: value.numpy().copy() for key, value in model.state_dict().items()}
        return curve

    finetune.train = watched
    try:
        curve, _, trained = finetune.try_way(settings, way, source_model, target, 0)
    finally:
        finetune.train = train
    assert len(curve) == 2
    return {key: value.numpy() for key, value in source_model.state_dict().items()}, seen["before"], seen["after"]


def changed(first, second):
    return {key for key in first if not np.array_equal(first[key], second[key])}


@pytest.mark.parametrize("way", ["linear probe", "fine-tuning", "fine-tuning, frozen batch norms", "from scratch"])
def test_what_each_way_begins_with_and_changes(finetune, way):
    source, before, after = states(finetune, way)
    head = {"fc.weight", "fc.bias"}
    statistics = {key for key in source if "running" in key or "num_batches" in key}
    if way != "from scratch":
        assert changed(source, before) == head  # also where both have 5 classes the head is new
    else:
        assert "conv1.weight" in changed(source, before)
    expected = {
        "linear probe": head,
        "fine-tuning, frozen batch norms": set(source) - statistics,
    }.get(way, set(source))
    assert changed(before, after) == expected


def test_the_head_learns_at_ten_times_the_rate(finetune):
    model = finetune.build(parse(finetune), 5, 1)
    rates = {}
    for group in finetune.fine_tuning(model, 0.1).param_groups:
        rates.update(dict.fromkeys(map(id, group["params"]), group["lr"]))
    assert all(rates[id(p)] == pytest.approx(0.1 if name.startswith("fc") else 0.01) for name, p in
               model.named_parameters())  # fmt: skip


def test_classes_are_cut_and_counted_anew(finetune):
    images, labels = np.arange(6)[:, None], np.array([7, 2, 5, 2, 7, 9])
    chosen, counted = finetune.only_classes(images, labels, [2, 7])
    assert chosen[:, 0].tolist() == [0, 1, 3, 4] and counted.tolist() == [1, 0, 0, 1]
    source, target = finetune.load(parse(finetune, "--source-classes", "8", "0"))
    assert source[4] == 2 and set(source[1]) == {0, 1} and target[4] == 8 and set(target[3]) == set(range(8))
    assert len(source[1]) == 2000 and len(target[1]) == 8000
    for classes in (["0", "10"], [str(i) for i in range(10)]):
        with pytest.raises(ValueError, match="--source-classes must be some of 0 to 9"):
            finetune.load(parse(finetune, "--source-classes", *classes))


def test_few_images_of_each_class(finetune):
    labels = np.array([0, 1, 0, 1, 1, 0, 2])
    images, chosen = finetune.few(np.arange(7), labels, 2, np.random.default_rng(0))
    assert sorted(chosen) == [0, 0, 1, 1, 2] and np.array_equal(labels[images], chosen)
    again, _ = finetune.few(np.arange(7), labels, 2, np.random.default_rng(1))
    assert not np.array_equal(images, again)


def test_grey_and_colour(finetune):
    grey = np.arange(8, dtype=np.uint8).reshape(2, 1, 2, 2)
    color = finetune.with_channels(grey, 3)
    assert color.shape == (2, 3, 2, 2) and (color == grey).all()
    assert np.abs(finetune.with_channels(color, 1).astype(int) - grey).max() <= 1
    green = np.zeros((1, 3, 1, 1), np.uint8)
    green[0, 1] = 100
    assert finetune.with_channels(green, 1).tolist() == [[[[58]]]]


def test_a_folder_of_ones_own(finetune, tmp_path):
    for part, count in (("train", 4), ("test", 2)):
        for number, name in enumerate(("cat", "dog", "owl")):
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (40, 30), (80 * number, 0, 10 * i)).save(tmp_path / part / name / f"{i}.png")
    source, target = finetune.load(parse(finetune, "--target-folder", str(tmp_path)))
    assert source[4] == 10 and len(source[1]) == 10_000
    assert target[0].shape == (12, 1, 28, 28) and target[2].shape == (6, 1, 28, 28) and target[4] == 3
    assert target[0].dtype == np.float32
