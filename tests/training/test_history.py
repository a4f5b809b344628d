"""The files of a run's history."""

import csv
import json
import math
import os

import pytest
from training_runs import loader, network, run

from minitorch.training import Checkpoint, History, write_history


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_tables(tmp_path):
    rows = [{"epoch": 1, "loss": 0.1 + 0.2}, {"epoch": 2, "loss": math.nan, "late": 3}]
    write_history(tmp_path / "a.csv", rows)
    assert rows_of(tmp_path / "a.csv") == [
        {"epoch": "1", "loss": repr(0.1 + 0.2), "late": ""}, {"epoch": "2", "loss": "nan", "late": "3"}
    ]  # fmt: skip
    write_history(tmp_path / "a.json", rows)
    assert json.loads((tmp_path / "a.json").read_text()) == [rows[0], {"epoch": 2, "loss": None, "late": 3}]
    with pytest.raises(ValueError, match="must end in .csv or .json"):
        write_history(tmp_path / "a.txt", rows)
    with pytest.raises(ValueError, match="must end in .csv or .json"):
        History(tmp_path / "a.txt")
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "a.json"]


def test_files_of_a_run(tmp_path):
    history = run(callbacks=[History(tmp_path / "h.csv", tmp_path / "h.json")]).fit(loader(), loader(), epochs=3)
    assert json.loads((tmp_path / "h.json").read_text()) == history
    assert [{key: float(value) for key, value in row.items()} for row in rows_of(tmp_path / "h.csv")] == history


def test_a_folder_that_is_missing_or_cannot_be_is_known_before_training(tmp_path):
    run(callbacks=[History(tmp_path / "new" / "h.csv")]).fit(loader())
    assert len(rows_of(tmp_path / "new" / "h.csv")) == 1
    trainer = run(callbacks=[History(tmp_path / "new" / "h.csv" / "h.json")])
    with pytest.raises(OSError, match="the output folder .*h.csv cannot be written to"):
        trainer.fit(loader())
    assert trainer.step == 0


def test_a_restored_run_writes_what_was_missed(tmp_path):
    callbacks = [Checkpoint(tmp_path, resume=True), History(tmp_path / "h.csv")]
    run(network(), callbacks).fit(loader(), epochs=2)
    text = (tmp_path / "h.csv").read_text()
    (tmp_path / "h.csv").unlink()
    (tmp_path / ".minitorch-h.csv-12.tmp").write_text("half")
    run(network(), callbacks).fit(loader(), epochs=2)
    assert (tmp_path / "h.csv").read_text() == text
    assert not list(tmp_path.glob(".*"))
