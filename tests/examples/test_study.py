"""Tables of studies: numbers with their spread, as text, Markdown and CSV."""

import importlib
import math
from pathlib import Path

import pytest


@pytest.fixture
def study(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "examples")
    return importlib.import_module("study")


def test_spread_is_that_of_a_sample(study):
    assert study.spread([1.0, 3.0]) == pytest.approx(2**0.5) and math.isnan(study.spread([1.0]))


def test_percent(study):
    assert study.in_percent([0.5, 0.52]) == "51.00 ± 1.41"
    assert study.in_percent([0.01, 0.01], "+") == "+1.00 ± 0.00"
    assert study.in_percent([0.01], "+") == "+1.00" and study.in_percent([-0.01], "+") == "-1.00"


def test_tables(study, tmp_path):
    rows = [{"way": "a", "mean": "1"}, {"way": "b", "mean": "2"}]
    assert study.markdown(rows) == "| way | mean |\n| --- | --- |\n| a | 1 |\n| b | 2 |\n"
    study.write_csv(tmp_path / "table.csv", rows)
    assert (tmp_path / "table.csv").read_text().split() == ["way,mean", "a,1", "b,2"]
