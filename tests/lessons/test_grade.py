"""The table of points, from JUnit files that pytest itself writes."""

import importlib.util
import io
from pathlib import Path

import pytest

EXERCISES = Path(__file__).parents[2] / "lessons" / "exercises"
CHECKS = """
import pytest
def test_1_2_a(): pass
def test_1_2_b(): assert False
def test_1_10_a(): pass
def test_1_1_a(): pass
@pytest.fixture
def broken(): raise ValueError
def test_2_1_a(broken): pass
def test_2_1_b(): pytest.skip("no")
def helper(): pass
"""


@pytest.fixture
def grade():
    spec = importlib.util.spec_from_file_location("grade", EXERCISES / "grade.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_table(grade, pytester):
    pytester.makepyfile(CHECKS)
    pytester.runpytest("--junitxml", "anna.xml")
    pytester.makepyfile("def test_1_1_a(): assert False")
    pytester.runpytest("--junitxml", "ben.xml")
    output = io.StringIO()
    assert grade.main(["anna.xml", "ben.xml"], output) == 0
    assert output.getvalue().splitlines() == [
        "student,1.1,1.2,1.10,2.1,sum", "anna,1.00,0.50,1.00,0.00,2.50", "ben,0.00,0.00,0.00,0.00,0.00",
    ]


@pytest.mark.parametrize("text, message", [
    ("", "not an XML file"), ("<testsuites>", "not an XML file"), ("<testsuites/>", "holds no check"),
])
def test_a_broken_file_is_reported(grade, tmp_path, capsys, text, message):
    path = tmp_path / "x.xml"
    path.write_text(text)
    assert grade.main([path, tmp_path / "missing.xml"], io.StringIO()) == 1
    said = capsys.readouterr().err
    assert message in said and "missing.xml" in said
