"""Parameters, MACs, shapes and states of the networks are those of the reference tables, and their docstrings' own."""

import re

import pytest
from models.networks import count_parameters, reference_models, reference_states, run_counted

from minitorch import models
from minitorch.nn import init

MODELS, STATES = reference_models(), reference_states()
OURS = {"lenet5_full": "lenet5"}  # names that differ
NECKS = ("avgpool", "global_pool")  # no map of the backbone
PARTS = {"c1": "features.0", "c3": "features.3", "c5": "classifier.1", "f6": "classifier.3", "output": "classifier.5"}
LENET_MAPS = [("features.1", "c1"), ("features.2", "s2"), ("features.4", "c3"), ("features.5", "s4")]


@pytest.fixture(autouse=True)
def no_random_numbers(monkeypatch):
    """Shapes do not depend on values, and drawing some hundred million takes time."""
    monkeypatch.setattr(init, "normal_", lambda tensor, *args, **kwargs: init.zeros_(tensor))
    monkeypatch.setattr(init, "uniform_", lambda tensor, *args, **kwargs: init.zeros_(tensor))


@pytest.mark.parametrize("name", MODELS)
def test_counts_shapes_and_state(name):
    record, model = MODELS[name], models.create(OURS.get(name, name))
    assert count_parameters(model) == record["params"]
    assert sum(b.numel() for b in model.buffers()) == record["buffers"]
    for part, parameters in record["parts"].items():
        paths = [PARTS[part]] if name == "lenet5_full" else [part]
        if name.startswith("cifar") and part == "conv1":  # counted with its normalisation
            paths.append("bn1")
        assert sum(count_parameters(model.get_submodule(path)) for path in paths) == parameters, part
    if name in STATES:
        assert [(key, tuple(value.shape)) for key, value in model.state_dict().items()] == STATES[name]

    for size, macs in record["macs_at"].items():
        assert run_counted(model, int(size))[2] == macs
    maps, scores, macs = run_counted(model, record["input"][-1])
    assert macs == record["macs"] and scores.shape == tuple(record["output"])
    found = [[info.name, list(m.shape)] for info, m in zip(model.feature_info, maps, strict=True)]
    if name == "lenet5_full":
        assert [info.name for info in model.feature_info] == [path for path, _ in LENET_MAPS]
        found = [[ours, shape] for (_, ours), (_, shape) in zip(LENET_MAPS, found, strict=True)]
    expected = [[stage, shape] for stage, shape in record["features"] if stage not in (*NECKS, "c5", "f6")]
    assert found == expected


@pytest.mark.parametrize("name", models.list())
def test_docstring_states_parameters_and_macs(name):
    text = getattr(models, name).__doc__
    parameters, macs, size = re.search(r"([\d,]+) parameters, ([\d,]+) MACs at (\d+)x\3", text).groups()
    if name in MODELS:  # compared with the network itself above
        assert (parameters, macs) == (f"{MODELS[name]['params']:,}", f"{MODELS[name]['macs']:,}")
        return
    model = models.create(name)
    assert f"{count_parameters(model):,}" == parameters
    assert f"{run_counted(model, int(size))[2]:,}" == macs


def test_every_network_of_the_table_is_listed():
    assert {OURS.get(name, name) for name in MODELS} <= set(models.list())
    assert len(MODELS) == 39 and len(STATES) == 22
