"""Runs the checks on a student's file, and turns each failure into one sentence.

    pytest lessons/exercises/test_01_tensors.py
    pytest lessons/exercises/test_01_tensors.py --student handed_in/anna/01_tensors.py --junitxml anna.xml
"""

import importlib.util
import traceback
from pathlib import Path

import pytest

import minitorch


def pytest_addoption(parser):
    parser.addoption("--student", metavar="FILE", help="check this file in place of the one beside the checks")


@pytest.fixture(autouse=True)
def seed():
    """Start minitorch's generator from 0 before each check."""
    minitorch.manual_seed(0)


@pytest.fixture
def student(request):
    """The student's file as a module, loaded anew for each check, so that no check can spoil another."""
    path = student_file(request.config, request.path)
    if not path.is_file():
        pytest.fail(f"there is no file {path}", pytrace=False)
    spec = importlib.util.spec_from_file_location("student", path)
    module = importlib.util.module_from_spec(spec)
    problem = None
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        problem = "".join(traceback.format_exception_only(error)).strip()
    if problem:
        pytest.fail(f"Python cannot load your file {path.name}, so nothing can be checked:\n{problem}", pytrace=False)
    return module


def student_file(config, check):
    """The file that is checked: the one of --student, or the check's own name without ``test_``."""
    chosen = config.getoption("--student")
    if chosen is None:
        return check.with_name(check.name.removeprefix("test_"))
    return Path(config.invocation_params.dir, chosen)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed:
        report.longrepr = sentence(call.excinfo, student_file(item.config, item.path), item.path)
    return report


def sentence(excinfo, path, check):
    """What the student reads: the text of a check or of an empty exercise; of any other error also the line."""
    if excinfo.errisinstance((AssertionError, NotImplementedError)) and str(excinfo.value):
        return str(excinfo.value).split("\nassert ")[0]  # what follows is pytest's own view of the check
    if excinfo.errisinstance(AttributeError) and getattr(excinfo.value.obj, "__name__", None) == "student":
        return f"your {path.name} has no {excinfo.value.name}"
    error = f"{excinfo.typename}: {excinfo.value}"
    lines = [entry.lineno + 1 for entry in excinfo.traceback if Path(entry.path) == path]
    if lines:
        return f"line {lines[-1]} of your {path.name} raised {error}"
    lines = [(entry.lineno + 1, entry.statement) for entry in excinfo.traceback if Path(entry.path) == check]
    if not lines:
        return str(excinfo.getrepr(style="short"))
    line, statement = lines[-1]
    return (f"the check cannot use what your function returned ({error}): compare it with what the exercise says under "
            f"Returns. Line {line} of {check.name} is: {str(statement).strip().splitlines()[0]}")
