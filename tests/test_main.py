"""``python -m minitorch``."""

import csv
import io
import subprocess
import sys

import pytest

from minitorch.__main__ import main, setting


def test_summary_as_its_user_runs_it():
    command = [sys.executable, "-m", "minitorch", "summary", "resnet18", "--input", "3", "64", "64", "--depth", "1"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "parameters     11,689,512" in result.stdout and "layer4: Sequential" in result.stdout
    assert "(1, 512, 2, 2)" in result.stdout and "BasicBlock" not in result.stdout


def test_a_reader_that_stops_early_is_no_error():
    with subprocess.Popen(
        [sys.executable, "-m", "minitorch", "summary", "cifar_resnet110"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait() == 0


def test_settings(capsys):
    assert main(["summary", "cifar_resnet20", "--set", "num_classes=7", "--set", "in_channels=1"]) == 0
    text = capsys.readouterr().out
    assert "(1, 7)" in text and "(1, 16, 32, 32)" in text


def test_csv(capsys):
    assert main(["summary", "lenet5", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[0]["kind"] == "LeNet5" and int(rows[0]["MACs"]) == 416520


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["resnet81"], "nearest name is 'resnet18'"),
        (["resnet18", "--set", "colour=3"], "colour"),
        (["lenet5", "--input", "3", "32", "32"], "expected images (N, 1, 28, 28)"),
        (["lenet5", "--input", "0"], "positive"),
        (["lenet5", "--depth", "-1"], "depth"),
    ],
)
def test_errors_are_one_line(arguments, words, capsys):
    assert main(["summary", *arguments]) == 1
    error = capsys.readouterr().err
    assert words in error and error.startswith("minitorch summary: ") and "Traceback" not in error


@pytest.mark.parametrize("arguments", [[], ["draw"], ["summary"], ["summary", "lenet5", "--set", "num_classes"]])
def test_bad_command_lines(arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert "usage" in capsys.readouterr().err


def test_values_are_literals_or_texts():
    assert setting("a=3") == ("a", 3) and setting("b=(1, 2)") == ("b", (1, 2)) and setting("c=None") == ("c", None)
    assert setting("d=option=A") == ("d", "option=A")
