"""What every test run has in common: a seed, the settings of hypothesis, and no skip that goes unseen.

A test that lacks something says so in its skip reason: ``needs torch``, ``needs emulator``, ``needs nvrtc``, as in
``torch = pytest.importorskip("torch", reason="needs torch")``. Where the environment variable MINITORCH_REQUIRE
names it (``MINITORCH_REQUIRE=torch,nvrtc``), such a test fails instead of being skipped.
"""

import collections
import os
import re

import hypothesis
import pytest
from gpu_conditions import commit, conditions

import minitorch.random
from minitorch.device import cuda_is_available
from minitorch.device import cupy as load_cupy
from minitorch.kernels import emulator

pytest_plugins = "pytester"

ORACLES = ("torch", "emulator", "nvrtc")

# The second form is what pytest.importorskip says when it is given no reason.
LACK = re.compile(r"\bneeds (\w+)|could not import '(\w+)")

hypothesis.settings.register_profile(
    "minitorch",
    max_examples=30,
    deadline=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    # No test may depend on the clock, and a busy machine makes drawing slow.
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("minitorch")


@pytest.fixture(params=["cpu", "emulator", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    """The name of each device in turn; a test that asks for it runs on all of them."""
    return present(request.param)


@pytest.fixture(params=["emulator", pytest.param("cuda", marks=pytest.mark.gpu)])
def other_device(request):
    """The name of each device that runs the CUDA kernels, for tests that compare with the CPU."""
    return present(request.param)


def present(name):
    """The device's name, or a skip that says what is missing."""
    if name == "cuda" and not cuda_is_available():
        pytest.skip("no GPU with CuPy")
    if name == "emulator" and emulator.why_not():
        pytest.skip(f"needs emulator: {emulator.why_not()}")
    return name


@pytest.fixture(autouse=True)
def seed():
    """Start the default generator of minitorch from 0 before each test."""
    minitorch.random.manual_seed(0)


def pytest_configure(config):
    unknown = required_oracles() - set(ORACLES)
    if unknown:
        raise pytest.UsageError(
            f"MINITORCH_REQUIRE: expected names out of {', '.join(ORACLES)} separated by commas, "
            f"got {', '.join(sorted(unknown))}"
        )


def pytest_report_header(config):
    """Where a run on a GPU takes place: without that its results are worth little."""
    if cuda_is_available():
        return [f"gpu: {line}" for line in conditions(load_cupy())]
    if config.option.markexpr == "gpu":
        return f"gpu: none with CuPy; minitorch at {commit()}"
    return None


def required_oracles():
    """The names in MINITORCH_REQUIRE."""
    names = os.environ.get("MINITORCH_REQUIRE", "").split(",")
    return {name.strip() for name in names if name.strip()}


def skip_reason(report):
    """Why a test or a module was skipped; None where it was not, or where it is an expected failure."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return None
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def fail_if_required(report):
    """Turn a skip into a failure if what it lacked is required."""
    reason = skip_reason(report)
    if reason is None:
        return
    lacking = {name for pair in LACK.findall(reason) for name in pair} & required_oracles()
    if lacking:
        report.outcome = "failed"
        report.longrepr = f"skipped ({reason}), but MINITORCH_REQUIRE names {', '.join(sorted(lacking))}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    fail_if_required(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(collector):
    report = yield
    fail_if_required(report)
    return report


def pytest_terminal_summary(terminalreporter):
    """Print each reason for which something was skipped, with how many tests and whole modules it cost."""
    counts = {}
    for report in terminalreporter.stats.get("skipped", []):
        kind = "test" if isinstance(report, pytest.TestReport) else "module"
        counts.setdefault(skip_reason(report), collections.Counter())[kind] += 1
    if counts:
        terminalreporter.section("skipped, and why")
    for reason in sorted(counts):
        amounts = [f"{n} {kind}{'s' if n > 1 else ''}" for kind, n in sorted(counts[reason].items())]
        terminalreporter.write_line(f"{' and '.join(amounts)}: {reason}")
