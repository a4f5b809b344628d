"""The checks of the exercises: the solution passes, the empty file fails, and known mistakes are caught."""

import ast
import html
import re
from pathlib import Path

import pytest

# What checks import is imported here, once: pytester forgets at the end of a run what was new to it.
from minitorch import data, models, nn, optim, tools, training  # noqa: F401

ROOT = Path(__file__).parents[2]
EXERCISES = sorted((ROOT / "lessons" / "exercises").glob("[0-9][0-9]_*.py"))
SOLUTIONS = ROOT / "tests" / "lesson_solutions"
MISTAKES = sorted((SOLUTIONS / "wrong").glob("*/*.py"))
INTENDED = re.compile(r'(test_\w+(?:\[\w+\])?): .+\n\nSays: "(.+)"', re.DOTALL)


@pytest.fixture
def check(pytester):
    """Run the checks of an exercise file, or one of them, on a student's file; name -> (outcome, sentence)."""

    def run(exercise, student, only=""):
        checks = exercise.with_name(f"test_{exercise.name}")
        selected = f"{checks}::{only}" if only else str(checks)
        record = pytester.inline_run("-p", "no:cacheprovider", selected, "--student", str(student))
        assert not record.getfailedcollections()
        reports = [report for report in record.getreports("pytest_runtest_logreport") if report.when == "call"]
        assert len(reports) == len(record.getcalls("pytest_itemcollected")) > 0
        return {report.nodeid.split("::")[1]: (report.outcome, str(report.longrepr)) for report in reports}

    return run


def number_of(name):
    """``test_6_2_padding`` -> ``6.2``"""
    return ".".join(re.match(r"test_(\d+)_(\d+)_", name).groups())


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda path: path.stem)
def test_solution_passes(check, exercise):
    failed = {name: text for name, (outcome, text) in check(exercise, SOLUTIONS / exercise.name).items()
              if outcome != "passed"}
    assert not failed


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda path: path.stem)
def test_empty_file_fails_everywhere_with_its_sentence(check, exercise):
    results = check(exercise, exercise)
    assert len({number_of(name) for name in results}) >= 4, "at least four exercises"
    for name, (outcome, text) in results.items():
        assert outcome == "failed" and text.startswith(f"exercise {number_of(name)}: "), (name, text)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_mistake_is_caught_by_its_check(check, mistake, tmp_path):
    exercise = ROOT / "lessons" / "exercises" / f"{mistake.parent.name}.py"
    solution, wrong = ((folder / name).read_text(encoding="utf-8") for folder, name in
                       [(SOLUTIONS, exercise.name), (mistake.parent, mistake.name)])
    intended, sentence = INTENDED.fullmatch(ast.get_docstring(ast.parse(wrong))).groups()
    student = tmp_path / exercise.name
    student.write_text(f"{solution}\n\n{wrong}", encoding="utf-8")  # the later definition counts
    outcome, text = check(exercise, student, only=intended)[intended]
    assert outcome == "failed" and sentence in text


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda path: path.stem)
def test_enough_mistakes(exercise):
    assert len([path for path in MISTAKES if path.parent.name == exercise.stem]) >= 3


def test_every_lesson_up_to_13_has_exercises():
    lessons = {path.name for path in (ROOT / "lessons").glob("[0-9][0-9]_*.py") if int(path.name[:2]) <= 13}
    assert {path.name for path in EXERCISES} >= lessons




def reports_of(pytester, student, body="def test_1_1_f(student):\n    assert student.f() == 1, 'f() is 1'\n"):
    """The reports of one check on a student's file, both given as text, with the conftest of the exercises."""
    pytester.makeconftest((ROOT / "lessons" / "exercises" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(**{"test_01_f": body})
    pytester.path.joinpath("mine.py").write_text(student, encoding="utf-8")
    record = pytester.inline_run("--student", "mine.py", "--junitxml", "grades.xml")
    return record.getreports("pytest_runtest_logreport")


@pytest.mark.parametrize("student, sentence", [
    ("def f():\n    return 2\n", "f() is 1"),
    ("def f():\n    return 1 / 0\n", "line 2 of your mine.py raised ZeroDivisionError: division by zero"),
    ("def f():\n    raise NotImplementedError('exercise 1.1: f')\n", "exercise 1.1: f"),
    ("def f(:\n", "Python cannot load your file mine.py"),
    ("import a_module_that_is_not_there\n", "No module named 'a_module_that_is_not_there'"),
    ("", "your mine.py has no f"),
])
def test_a_failure_is_a_sentence(pytester, student, sentence):
    (failed,) = [report for report in reports_of(pytester, student) if report.failed]
    text = str(failed.longrepr)
    assert sentence in text and "assert " not in text
    assert sentence in html.unescape(pytester.path.joinpath("grades.xml").read_text(encoding="utf-8"))


def test_a_result_that_the_check_cannot_use_is_a_sentence(pytester):
    body = "def test_1_1_f(student):\n    a, b = student.f()\n"
    (failed,) = [report for report in reports_of(pytester, "def f():\n    return 2\n", body) if report.failed]
    text = str(failed.longrepr)
    assert text.startswith("the check cannot use what your function returned (TypeError: ")
    assert text.endswith("Line 2 of test_01_f.py is: a, b = student.f()") and "\n" not in text


def test_a_missing_file_is_told(pytester):
    pytester.makeconftest((ROOT / "lessons" / "exercises" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(test_01_f="def test_1_1_f(student):\n    pass\n")
    pytester.runpytest().stdout.fnmatch_lines(["*there is no file *01_f.py*"])
