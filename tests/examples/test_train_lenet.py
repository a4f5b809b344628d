"""The example as its user runs it, on the small digits."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import minitorch

SCRIPT = Path(__file__).parents[2] / "examples" / "train_lenet.py"
FILES = [
    "checkpoint.previous.safetensors", "checkpoint.safetensors", "confusion_matrix.png", "filters.png", "history.csv",
    "history.json", "learning_curves.png", "mistakes.png",
]  # fmt: skip


def command(output, *arguments, epochs=2):
    return [
        sys.executable, str(SCRIPT), "--data", "digits", "--epochs", str(epochs), "--output", str(output), *arguments
    ]  # fmt: skip


def run(output, *arguments, **settings):
    return subprocess.run(command(output, *arguments, **settings), capture_output=True, text=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    output = tmp_path_factory.mktemp("finished")
    return output, run(output, epochs=4)


def weights(output):
    return minitorch.load(output / "checkpoint.safetensors")["model"]


def test_trains_and_leaves_everything(finished):
    output, result = finished
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if line.startswith("epoch")]
    assert len(lines) == 4
    assert sorted(p.name for p in output.iterdir()) == FILES
    with open(output / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4]
    assert float(rows[-1]["test_accuracy"]) > 0.9
    assert f"{float(rows[-1]['test_accuracy']):.2%}" in lines[-1]


def test_interrupted_run_goes_on_to_the_same_weights(finished, tmp_path):
    with subprocess.Popen(command(tmp_path, epochs=4), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("epoch"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
        assert process.wait() == 130
    assert "go on with" in rest and "--resume" in rest
    assert run(tmp_path, "--resume", epochs=4).returncode == 0
    expected = weights(finished[0])
    for key, value in weights(tmp_path).items():
        np.testing.assert_array_equal(value.numpy(), expected[key].numpy(), err_msg=key)
    assert (tmp_path / "history.csv").read_text() == (finished[0] / "history.csv").read_text()


def test_interrupted_within_an_epoch_the_history_is_the_same(tmp_path):
    """Stopped by a signal at some batch of the first epoch; the rows are those of a run in one piece."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run(whole, "--batch-size", "2", epochs=1).returncode == 0
    with subprocess.Popen(command(broken, "--batch-size", "2", epochs=1), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("LeNet-5")  # the line before the training
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode in (0, 130)
    assert run(broken, "--resume", "--batch-size", "2", epochs=1).returncode == 0
    assert (broken / "history.csv").read_text() == (whole / "history.csv").read_text()


def test_another_seed_gives_other_weights(finished, tmp_path):
    assert run(tmp_path, "--seed", "1", epochs=4).returncode == 0
    key = "features.0.weight"
    assert (weights(tmp_path)[key].numpy() != weights(finished[0])[key].numpy()).any()


def test_a_diverged_run_says_so(tmp_path):
    result = run(tmp_path, "--lr", "1e6", epochs=1)
    assert result.returncode == 1 and "diverged; try a smaller --lr than 1e+06" in result.stderr
    assert "epoch 1, step " in result.stderr and "layer 'features." in result.stderr
    assert "Traceback" not in result.stderr and not (tmp_path / "checkpoint.safetensors").exists()


def test_a_new_run_keeps_the_checkpoints_of_older_ones(tmp_path):
    before = []
    for number in range(3):
        result = run(tmp_path, "--seed", str(number), epochs=1)
        assert result.returncode == 0 and (f"checkpoint.older-{number}.safetensors" in result.stdout) == (number > 0)
        before.append((tmp_path / "checkpoint.safetensors").read_bytes())
    kept = [(tmp_path / f"checkpoint.older-{number}.safetensors").read_bytes() for number in (1, 2)]
    assert kept == before[:2] and len(set(before)) == 3


def test_unwritable_output_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    result = run(tmp_path / "file" / "out")
    assert result.returncode == 1 and "cannot be written to" in result.stderr
    assert "epoch" not in result.stdout and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--resume"], "no checkpoint"),
        (["--lr", "-1"], "must be positive"),
        (["--lr", "nan"], "must be positive"),
        (["--epochs", "0"], "must be positive"),
        (["--batch-size", "x"], "invalid"),
        (["--warmup", "1"], "less than 1"),
        (["--ema", "-0.1"], "at least 0"),
        (["--schedule", "step"], "invalid choice"),
        (["--workers", "-1"], "argument --workers: must be non-negative"),
        (["--device", "tpu"], "expected 'cpu'"),
    ],
)
def test_bad_arguments(tmp_path, arguments, words):
    result = run(tmp_path, *arguments)
    assert result.returncode != 0 and words in result.stderr
    assert "Traceback" not in result.stderr


def test_device_without_a_gpu_says_what_to_install(tmp_path):
    if minitorch.cuda.is_available():
        pytest.skip("there is a GPU")
    result = run(tmp_path, "--device", "cuda")
    assert result.returncode == 1 and "pip install" in result.stderr


def test_a_cut_checkpoint_is_reported_and_the_one_before_used(finished, tmp_path):
    """Killed after the third epoch, and the newest file damaged: the third epoch is done again."""
    with subprocess.Popen(command(tmp_path, epochs=4), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("epoch 3/4"):
                process.kill()
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    result = run(tmp_path, "--resume", epochs=4)
    assert result.returncode == 0 and "is cut short" in result.stderr and "checkpoint.previous" in result.stderr
    expected = weights(finished[0])
    for key, value in weights(tmp_path).items():
        np.testing.assert_array_equal(value.numpy(), expected[key].numpy(), err_msg=key)


def test_no_whole_checkpoint_is_refused(tmp_path):
    assert run(tmp_path, epochs=1).returncode == 0
    for path in tmp_path.glob("checkpoint*"):
        path.write_bytes(path.read_bytes()[:1000])
    result = run(tmp_path, "--resume", epochs=1)
    assert result.returncode == 1 and "checkpoint.safetensors" in result.stderr and "Traceback" not in result.stderr


def test_any_number_of_workers_and_all_techniques(tmp_path):
    """The same seed gives the same run; the history has the average, too."""
    histories = []
    for workers in ("0", "3"):
        arguments = ["--workers", workers, "--augment", "--mixup", "0.4", "--ema", "0.9", "--clip-norm", "1",
                     "--schedule", "linear", "--warmup", "0", "--shift", "1", "--label-smoothing", "0.1"]  # fmt: skip
        result = run(tmp_path / workers, *arguments)
        assert result.returncode == 0, result.stderr
        histories.append((tmp_path / workers / "history.csv").read_text())
    assert histories[0] == histories[1]
    last = list(csv.DictReader(histories[0].splitlines()))[-1]
    average, own = (f"{float(last[name]):.2%}" for name in ("average_test_accuracy", "test_accuracy"))
    assert f"{average} of the test images right by the average of the weights, {own} by the last," in result.stdout


def test_resume_with_other_settings_is_refused(finished):
    result = run(finished[0], "--resume", "--lr", "0.5", epochs=4)
    assert result.returncode == 1 and "'lr': 0.05" in result.stderr


def test_does_not_depend_on_the_working_folder(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}
    result = subprocess.run(command(tmp_path, epochs=1), capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert result.returncode == 0, result.stderr
