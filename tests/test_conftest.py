"""The hooks in conftest.py: a required oracle that is missing fails the run, and skips are always printed."""

import sys
from pathlib import Path

import hypothesis
import pytest

IN_TESTS = """
import pytest

@pytest.mark.skipif(True, reason="needs torch")
def test_mark():
    pass

def test_call():
    pytest.skip("needs torch 2.0 or newer")

@pytest.fixture
def oracle():
    return pytest.importorskip("no_such_module_here", reason="needs torch")

def test_fixture(oracle):
    pass

def test_passes():
    pass
"""

AT_MODULE_LEVEL = {
    "skip": "import pytest\npytest.skip('needs torch', allow_module_level=True)\ndef test_a(): pass",
    "importorskip": "import pytest\npytest.importorskip('no_such_module_here', reason='needs torch')",
}


@pytest.fixture
def run_tests(pytester, monkeypatch):
    """Run the text of a test file under conftest.py, with MINITORCH_REQUIRE set to ``require``."""
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text(encoding="utf-8"))

    def run(text, require):
        monkeypatch.setenv("MINITORCH_REQUIRE", require)
        pytester.makepyfile(test_inner=text)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider")

    settings = hypothesis.settings
    profile = settings.get_current_profile_name()
    kept = {name: settings.get_profile(name) for name in (profile, "minitorch")}
    yield run
    # The inner run loads its profile into this very process.
    for name, values in kept.items():
        settings.register_profile(name, values)
    settings.load_profile(profile)


@pytest.mark.parametrize("require", ["", "emulator", "nvrtc, emulator"])
def test_skips_stay_skips_when_their_oracle_is_not_required(run_tests, require):
    result = run_tests(IN_TESTS, require)
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=1, skipped=3)


@pytest.mark.parametrize("require", ["torch", "nvrtc, torch,"])
def test_skips_fail_when_their_oracle_is_required(run_tests, require):
    result = run_tests(IN_TESTS, require)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    # A mark and a fixture skip before the test's body runs, which pytest counts as an error.
    result.assert_outcomes(passed=1, failed=1, errors=2)
    result.stdout.fnmatch_lines(["*skipped (needs torch 2.0 or newer), but MINITORCH_REQUIRE names torch*"])


@pytest.mark.parametrize("text", AT_MODULE_LEVEL.values(), ids=AT_MODULE_LEVEL.keys())
def test_a_module_that_skips_itself_fails_when_its_oracle_is_required(run_tests, text):
    result = run_tests(text, "torch")
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*skipped (needs torch), but MINITORCH_REQUIRE names torch*"])


@pytest.mark.parametrize("text", AT_MODULE_LEVEL.values(), ids=AT_MODULE_LEVEL.keys())
def test_a_module_that_skips_itself_stays_skipped_otherwise(run_tests, text):
    result = run_tests(text, "nvrtc")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["1 module: needs torch"])


def test_importorskip_without_a_reason_is_understood(run_tests, monkeypatch):
    text = """
import sys
import pytest

def test_import(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    pytest.importorskip("torch")
"""
    run_tests(text, "").assert_outcomes(skipped=1)
    run_tests(text, "torch").assert_outcomes(failed=1)


def test_names_are_compared_whole_and_other_reasons_are_left_alone(run_tests):
    text = """
import pytest

@pytest.mark.parametrize("reason", ["needs torchvision", "torch has no such thing", "no GPU"])
def test_skip(reason):
    pytest.skip(reason)
"""
    run_tests(text, "torch").assert_outcomes(skipped=3)


def test_expected_failures_are_left_alone(run_tests):
    text = """
import pytest

@pytest.mark.xfail(reason="needs torch")
def test_fails():
    assert False

@pytest.mark.xfail(run=False, reason="needs torch")
def test_is_not_run():
    pass
"""
    run_tests(text, "torch").assert_outcomes(xfailed=2)


def test_an_unknown_oracle_is_refused(run_tests):
    result = run_tests("def test_a(): pass", "torhc")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*MINITORCH_REQUIRE: expected names out of torch, emulator, nvrtc*got torhc"])


def test_skip_reasons_are_printed_with_their_counts(run_tests):
    text = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_gpu(number):
    pytest.skip("no GPU")

@pytest.mark.skip(reason="needs nvrtc")
def test_compile():
    pass
"""
    result = run_tests(text, "")
    result.stdout.fnmatch_lines(["*skipped, and why*", "1 test: needs nvrtc", "3 tests: no GPU"])


def test_nothing_is_printed_when_nothing_is_skipped(run_tests):
    run_tests("def test_a(): pass", "torch").stdout.no_fnmatch_line("*skipped, and why*")


def test_each_test_starts_from_the_same_seed(run_tests):
    text = """
import minitorch.random

def draw():
    return minitorch.random.default_generator.numpy.random()

minitorch.random.manual_seed(0)
FIRST = draw()

def test_a():
    assert draw() == FIRST

def test_b():
    assert draw() == FIRST
"""
    run_tests(text, "").assert_outcomes(passed=2)


@pytest.mark.parametrize("ci, repeats", [("1", True), ("", False)])
def test_hypothesis_draws_the_same_examples_only_in_ci(run_tests, monkeypatch, ci, repeats):
    monkeypatch.setenv("CI", ci)
    text = f"""
import hypothesis

def test_profile():
    settings = hypothesis.settings()
    assert settings.derandomize is {repeats}
    assert settings.deadline is None and settings.max_examples == 30 and settings.print_blob
"""
    run_tests(text, "").assert_outcomes(passed=1)


@pytest.mark.parametrize("words, shown", [(("-m", "gpu"), True), ((), False)])
def test_a_run_on_a_gpu_says_where(words, shown, run_tests, pytester, monkeypatch):
    monkeypatch.setattr(sys.modules["minitorch.device"], "cuda_is_available", lambda: False)
    run_tests("def test_passes(): pass", "")
    text = pytester.runpytest_inprocess("-p", "no:cacheprovider", *words).stdout.str()
    assert ("gpu: none with CuPy; minitorch at " in text) == shown


def test_the_device_of_a_run_on_a_gpu(run_tests, pytester, monkeypatch):
    monkeypatch.setattr(sys.modules["minitorch.device"], "cuda_is_available", lambda: True)
    monkeypatch.setattr(sys.modules["minitorch.device"], "cupy", lambda: None)
    monkeypatch.setattr("gpu_conditions.conditions", lambda cupy: ["A Fine GPU", "CuPy 14.0"])
    run_tests("def test_passes(): pass", "")
    pytester.runpytest_inprocess("-p", "no:cacheprovider").stdout.fnmatch_lines(["gpu: A Fine GPU", "gpu: CuPy 14.0"])
