"""A run that is killed twenty times, also while it writes, ends as one in one piece."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch
from minitorch.tensor import Tensor

SCRIPT = Path(__file__).with_name("lives.py")
KILLS = 20


def assert_same(found, expected, place=""):
    assert type(found) is type(expected), place
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), place
        for key, value in expected.items():
            assert_same(found[key], value, f"{place}/{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), place
        for number, value in enumerate(expected):
            assert_same(found[number], value, f"{place}/{number}")
    elif isinstance(expected, Tensor):
        np.testing.assert_array_equal(found.numpy(), expected.numpy(), err_msg=place)
    else:
        assert found == expected, place


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork processes")
def test_killed_at_twenty_moments(tmp_path):
    command = [sys.executable, str(SCRIPT), str(tmp_path), str(KILLS)]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    kills, *events = result.stdout.split()
    assert int(kills) == KILLS and "write" in events, "some of the kills must fall in a file half written"
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    states = [minitorch.load(folder / "checkpoint.safetensors") for folder in (broken, whole)]
    assert states[1]["step"] == 60
    assert_same(*states)
    for name in ("history.csv", "history.json"):
        assert (broken / name).read_text() == (whole / name).read_text()
    assert not list(broken.glob(".*")), "half-written files are left over"
