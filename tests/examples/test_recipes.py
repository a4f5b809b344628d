"""The study of techniques: what differs between its runs, and whether the table says what they gave."""

import csv
import dataclasses
import importlib
import json
from pathlib import Path

import numpy as np
import pytest

import minitorch
from minitorch import optim
from minitorch.creation import tensor
from minitorch.nn import Parameter
from minitorch.training import Trainer

EXAMPLES = Path(__file__).parents[2] / "examples"
TINY = ["--limit", "40", "--test-limit", "20", "--epochs", "1", "--batch-size", "20", "--width", "2"]


@pytest.fixture
def recipes(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("recipes")


def run(recipes, monkeypatch, output, *arguments):
    monkeypatch.setattr("sys.argv", ["recipes.py", *TINY, "--output", str(output), *arguments])
    return recipes.main()


def test_the_table_is_of_the_runs(recipes, monkeypatch, tmp_path, capsys):
    assert run(recipes, monkeypatch, tmp_path, "--seeds", "2") == 0
    runs = json.loads((tmp_path / "runs.json").read_text())["runs"]
    assert runs.keys() == {f"{name}/{seed}" for name in recipes.RECIPES for seed in (0, 1)}
    with open(tmp_path / "recipes.csv") as file:
        rows = {row["technique"]: row for row in csv.DictReader(file)}
    assert list(rows) == list(recipes.TECHNIQUES)
    for name, (off, on) in recipes.TECHNIQUES.items():
        off, on = ([runs[f"{recipe}/{seed}"]["accuracy"] for seed in (0, 1)] for recipe in (off, on))
        assert float(rows[name]["on_mean"]) == pytest.approx(sum(on) / 2)
        assert float(rows[name]["gain_mean"]) == pytest.approx((on[0] - off[0] + on[1] - off[1]) / 2)
        assert float(rows[name]["gain_std"]) == pytest.approx(abs(on[0] - off[0] - on[1] + off[1]) / 2**0.5)
    table = (tmp_path / "recipes.md").read_text()
    assert table in capsys.readouterr().out and table.count("\n") == len(rows) + 2
    assert (tmp_path / "recipes.png").stat().st_size > 10_000


def test_finished_runs_are_not_done_again(recipes, monkeypatch, tmp_path):
    run(recipes, monkeypatch, tmp_path, "--seeds", "1", "--only", "dropout")
    before = json.loads((tmp_path / "runs.json").read_text())["runs"]
    trained = []

    def train(recipe, arguments, data, seed):
        trained.append((recipe, seed))
        return {"accuracy": 0.5, "seconds": 1.0, "epochs": 1}

    monkeypatch.setattr(recipes, "train", train)
    run(recipes, monkeypatch, tmp_path, "--seeds", "2", "--only", "dropout")
    assert trained == [(recipes.RECIPES[name], 1) for name in ("none", "dropout")]
    after = json.loads((tmp_path / "runs.json").read_text())["runs"]
    assert {key: after[key] for key in before} == before
    with pytest.raises(ValueError, match="holds runs of other settings"):
        run(recipes, monkeypatch, tmp_path, "--lr", "0.05")


def test_every_technique_departs_in_one_thing(recipes):
    assert not set(recipes.RECIPES) - {name for pair in recipes.TECHNIQUES.values() for name in pair}
    for off, on in recipes.TECHNIQUES.values():
        off, on = (dataclasses.asdict(recipes.RECIPES[name]) for name in (off, on))
        differing = [key for key in off if off[key] != on[key] and key != "rate"]
        assert len(differing) == 1


def arguments(recipes, **changes):
    parsed = recipes.make_parser().parse_args([])
    vars(parsed).update(changes)
    return parsed


@pytest.mark.parametrize(
    "recipe, expected",
    [
        ({}, [0.005, 0.1, 0.05, 0.0]),
        ({"cosine": False}, [0.1, 0.1, 0.1, 0.1]),
        ({"cosine": False, "average": "SWA"}, [0.1, 0.1, 0.1, 0.05]),
    ],
)
def test_schedules(recipes, recipe, expected):
    """The rate of the first step, after the warm-up, in the middle of the fall, and at the end."""
    optimizer = optim.SGD([Parameter(tensor([1.0]))], 0.1)
    callbacks = recipes.schedule_of(recipes.Recipe(**recipe), optimizer, arguments(recipes, epochs=20), 10)
    seen = [optimizer.param_groups[0]["lr"]]
    optimizer._stepped = True
    for step in range(200):
        for callback in callbacks:
            callback.on_step_end(None)
            if step % 10 == 9:
                callback.metric is None and callback.per == "epoch" and callback.scheduler.step()
        seen.append(optimizer.param_groups[0]["lr"])
    assert [seen[i] for i in (0, 20, 110, 200)] == pytest.approx(expected, abs=1e-9)


def test_the_recipe_reaches_the_training(recipes, monkeypatch):
    """What the trainer is given under each recipe."""
    seen = {}

    class Watched(Trainer):
        def fit(self, loader, validation, epochs):
            seen.update(trainer=self, loader=loader, validation=validation)
            return super().fit(loader, validation, epochs)

    monkeypatch.setattr(recipes, "Trainer", Watched)
    random = np.random.default_rng(0)
    images, labels = random.random((40, 1, 28, 28)).astype("float32"), np.arange(40) % 10
    settings = arguments(recipes, epochs=1, batch_size=20, width=2)

    def train(name):
        result = recipes.train(recipes.RECIPES[name], settings, (images, labels, images[:20], labels[:20]), 0)
        assert 0 <= result["accuracy"] <= 1 and result["epochs"] == 1
        return seen["trainer"]

    assert train("label smoothing").loss.label_smoothing == 0.1 and train("none").loss.label_smoothing == 0
    assert train("dropout").model.dropout.p == 0.2
    assert train("stochastic depth").model.layer3[0].drop_path.p == pytest.approx(0.2)
    assert [g["weight_decay"] for g in train("no decay of norms").optimizer.param_groups] == [5e-4, 0]
    assert [g["weight_decay"] for g in train("none").optimizer.param_groups] == [5e-4]
    for name in ("MixUp", "CutMix"):
        mixed, soft = train(name).batch_transform(images[:4], labels[:4])
        assert mixed.shape == (4, 1, 28, 28) and soft.sum(1) == pytest.approx(np.ones(4))
    train("early stopping, constant rate")
    assert len(seen["validation"].dataset) == 4 and len(seen["loader"].dataset) == 36
    train("augmentation")
    minitorch.manual_seed(0)
    drawn = {seen["loader"].dataset[0][0].tobytes() for _ in range(20)}
    assert len(drawn) > 10 and seen["loader"].dataset[0][0].shape == (1, 28, 28)
    recipes.train(recipes.RECIPES["none"], settings, (images, labels, images[:3], labels[:3]), 0)
    assert seen["trainer"].model.fc.out_features == 10, "a class that no test image has"
