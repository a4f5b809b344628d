"""Each lesson: its form as cells, its imports, and a run in quick mode that must draw all of its pictures."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minitorch.kernels import emulator

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py"))
HEAD = ("**Teaches:**", "**Needs:**", "**Time:**", "**Sources:**")
NEED_EMULATOR = {"14_gpu"}
LIBRARIES = {"minitorch", "numpy", "matplotlib", "classroom"} | set(sys.stdlib_module_names)


def name_of(path):
    return path.stem


def cells(text):
    """(kind, body) of each cell, where kind is ``markdown`` or ``code``."""
    parts = re.split(r"^# %%(.*)\n", text, flags=re.MULTILINE)
    assert parts[0] == "", "a lesson begins with a cell"
    return [("markdown" if "[markdown]" in kind else "code", body) for kind, body in zip(parts[1::2], parts[2::2])]


def names_used(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield from node.name.split(".")


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_form(lesson):
    text = lesson.read_text(encoding="utf-8")
    (kind, head), *rest = cells(text)
    assert kind == "markdown" and head.startswith(f"# # Lesson {int(lesson.stem[:2])}: ")
    for item in HEAD:
        assert item in head
    for kind, body in rest:
        if kind == "markdown":
            assert all(line.startswith("#") for line in body.strip().splitlines()), body
        else:
            statements = ast.parse(body).body
            if "\nsave(" in body:
                assert ast.unparse(statements[-1]).startswith("save("), "a notebook shows the last line of a cell"
    asked = [following for (_, body), (following, _) in zip(rest, rest[1:]) if "**Question" in body]
    assert len(asked) >= 4 and set(asked) == {"code"}, "a question stands before the cell that answers it"
    assert f"pytest lessons/exercises/test_{lesson.name}" in text or int(lesson.stem[:2]) > 13


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_public_interface_only(lesson):
    tree = ast.parse(lesson.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= LIBRARIES
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module.split(".")[0] in LIBRARIES
        assert not (isinstance(node, ast.Name) and node.id == "__file__"), "a notebook has no __file__"
    private = {name for name in names_used(tree) if name.startswith("_") and not name.endswith("__")}
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert private <= own


def quick_run(lesson, folder, **variables):
    """What a lesson prints in quick mode, started from a folder, with its pictures in ``output`` there."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "MINITORCH_LESSON_OUTPUT": str(folder / "output"), **variables}
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    command = [sys.executable, str(lesson), "--quick"]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""  # no warning either
    return run.stdout


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_quick_run_draws_every_picture(lesson, tmp_path):
    if lesson.stem in NEED_EMULATOR and emulator.why_not():
        pytest.skip(f"needs emulator: {emulator.why_not()}")
    output = tmp_path / "output"
    quick_run(lesson, tmp_path)
    text = lesson.read_text(encoding="utf-8")
    saved = set(re.findall(r'\bsave\(\w+, "([^"]+)"', text))
    assert len(saved) >= 2 and all(name.startswith(lesson.stem[:3]) for name in saved)
    assert {path.stem for path in output.glob("*.png")} == saved
    for name in saved:
        with Image.open(output / f"{name}.png") as picture:
            assert picture.width >= 800, "too small for a projector"
            assert len(np.unique(np.asarray(picture.convert("L")))) > 20, "blank"


@pytest.mark.parametrize("name", sorted(NEED_EMULATOR))
def test_without_a_compiler_a_lesson_says_so_and_ends(name, tmp_path):
    printed = quick_run(ROOT / "lessons" / f"{name}.py", tmp_path, CXX="no-such-compiler")
    assert "cannot run here: the emulator" in printed
    assert not list((tmp_path / "output").glob("*.png"))
