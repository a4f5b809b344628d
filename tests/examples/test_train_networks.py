"""The examples of the networks as their users run them, on a small folder of images."""

import csv
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minitorch
from minitorch import models

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = ["train_resnet", "train_mobilenet", "train_senet", "train_shufflenet"]
FILES = [
    "checkpoint.previous.safetensors", "checkpoint.safetensors", "confusion_matrix.png", "filters.png", "history.csv",
    "history.json", "learning_curves.png", "mistakes.png",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two kinds of pictures: with a bright upper half, and with a bright left half."""
    root, random = tmp_path_factory.mktemp("pictures"), np.random.RandomState(0)
    for split, count in (("train", 32), ("test", 8)):
        for name in ("left", "upper"):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = random.randint(0, 100, (32, 32, 3)).astype(np.uint8)
                pixels[:, :16] += 100 * (name == "left")
                pixels[:16] += 100 * (name == "upper")
                Image.fromarray(pixels).save(root / split / name / f"{number}.png")
    return root


def command(script, folder, output, *arguments):
    return [sys.executable, str(EXAMPLES / f"{script}.py"), "--data", "image-folder", "--root", str(folder),
            "--batch-size", "16", "--output", str(output), *arguments]  # fmt: skip


def run(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True)


def history(output):
    with open(output / "history.csv") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("script", SCRIPTS)
def test_leaves_everything(script, folder, tmp_path):
    result = run(script, folder, tmp_path, "--epochs", "1")
    assert result.returncode == 0, result.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == FILES
    assert len(history(tmp_path)) == 1 and "64 training and 16 test images" in result.stdout


def test_degradation_compares_four_networks(folder, tmp_path):
    result = run("degradation", folder, tmp_path, "--epochs", "1", "--limit", "32")
    assert result.returncode == 0, result.stderr
    with open(tmp_path / "degradation.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["network"] for row in rows] == ["plain20", "plain56", "cifar_resnet20", "cifar_resnet56"]
    assert all(0 < float(row["train_loss"]) < 10 and row["epoch"] == "1" for row in rows)
    assert (tmp_path / "degradation.png").read_bytes()[:4] == b"\x89PNG"


def test_learns(folder, tmp_path):
    assert run("train_resnet", folder, tmp_path, "--epochs", "6", "--lr", "0.05").returncode == 0
    assert float(history(tmp_path)[-1]["test_accuracy"]) > 0.9


def test_interrupted_run_with_augmentation_goes_on_to_the_same_weights(folder, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    arguments = ("--epochs", "3", "--label-smoothing", "0.1")
    assert run("train_resnet", folder, whole, *arguments).returncode == 0
    with subprocess.Popen(
        command("train_resnet", folder, broken, *arguments), stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if line.startswith("epoch"):
                process.send_signal(signal.SIGINT)
                break
        process.stdout.read()
        assert process.wait() == 130
    assert run("train_resnet", folder, broken, *arguments, "--resume").returncode == 0
    expected, got = (minitorch.load(place / "checkpoint.safetensors")["model"] for place in (whole, broken))
    for key, value in got.items():
        np.testing.assert_array_equal(value.numpy(), expected[key].numpy(), err_msg=key)
    assert history(broken) == history(whole)


def test_another_model_is_chosen_and_a_resume_of_the_first_refused(folder, tmp_path):
    arguments = ("--epochs", "1", "--no-augment")
    assert run("train_resnet", folder, tmp_path, *arguments).stdout.startswith("resnet8, 74,770 parameters")
    result = run("train_resnet", folder, tmp_path, *arguments, "--model", "cifar_resnet20", "--resume")
    assert result.returncode == 1 and "does not fit" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_bad_arguments(script, tmp_path):
    result = run(script, tmp_path / "none", tmp_path)
    assert result.returncode == 1 and "must have the folders train and test" in result.stderr
    result = run(script, tmp_path, tmp_path, "--model", "alexnet")
    assert result.returncode == 2 and "invalid choice: 'alexnet'" in result.stderr


PARSERS = {
    "classification": lambda module: module.make_parser("", ["resnet8"]),
    "finetune": lambda module: module.make_parser(),
    "recipes": lambda module: module.make_parser(),
}
RANGES = {  # options of whole numbers and of numbers, with the values that each must refuse beside NaN and words
    ("size", "epochs", "batch-size", "depth", "width", "limit", "test-limit", "shots", "seeds", "repeats",
     "source-epochs"): ["0", "-1", "1.5"],
    ("workers", "shift", "source-classes"): ["-1", "1.5"],
    ("lr", "mixup", "clip-norm"): ["0", "-0.1", "inf"],
    ("weight-decay",): ["-0.1", "-inf", "inf"],
    ("label-smoothing", "warmup", "ema", "ema-decay"): ["-0.1", "1", "inf"],
}  # fmt: skip


@pytest.mark.parametrize("module", PARSERS)
def test_numbers_out_of_range_are_refused_with_the_name_of_the_option(module, monkeypatch, capsys):
    monkeypatch.syspath_prepend(EXAMPLES)
    parser = PARSERS[module](__import__(module))
    options = {action.option_strings[-1] for action in parser._actions}
    tried = 0
    for names, values in RANGES.items():
        for option in options & {f"--{name}" for name in names}:
            for value in (*values, "nan", "many"):
                with pytest.raises(SystemExit):
                    parser.parse_args([f"{option}={value}"])
                assert f"argument {option}: " in capsys.readouterr().err, (option, value)
                tried += 1
    numbers = [action for action in parser._actions if action.type not in (None, Path, int)]
    assert tried >= 4 * len(numbers) >= 20  # no option with a range was left out


def test_degradation_has_the_options_of_the_others(tmp_path):
    for option in ("--limit=0", "--weight-decay=nan"):
        result = subprocess.run([sys.executable, EXAMPLES / "degradation.py", option], capture_output=True, text=True)
        assert result.returncode == 2 and f"argument {option.split('=')[0]}: must be" in result.stderr


def test_each_model_and_data_set_has_a_folder_of_its_own(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(EXAMPLES)
    classification = __import__("classification")
    parser = classification.make_parser("", ["resnet8", "resnet18"])

    def folder(*arguments):
        arguments = parser.parse_args(arguments)
        return classification.output_folder(arguments, arguments.model)

    given = [("--model", model, "--data", data) for model in ("resnet8", "resnet18") for data in ("digits", "cifar10")]
    given += [("--data", "image-folder", "--root", str(tmp_path / name)) for name in ("cats", "dogs")]
    assert len({folder(*arguments) for arguments in given}) == 6
    assert folder("--model", "resnet18", "--data", "digits") == EXAMPLES / "output" / "resnet18-digits"
    assert folder("--data", "digits", "--output", "here") == Path("here")


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_model_can_be_built(script, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    example = __import__(script)
    for name in example.MODELS:
        if not name.startswith(("wide", "resnext")):  # their many weights take long to draw
            model = example.build(name, 32, num_classes=5, in_channels=1)
            assert isinstance(model, models.ImageClassifier) and model.stride <= 32, name


def test_learning_rate_rises_and_falls(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    rate = __import__("classification").rate
    assert [rate(p) for p in (0, 0.1, 0.2, 0.6, 1)] == pytest.approx([0, 0.5, 1, 0.5, 0], abs=1e-12)
    assert [rate(p, "linear", 0.5) for p in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx([0, 0.5, 1, 0.5, 0], abs=1e-12)
    assert [rate(p, "linear", 0) for p in (0, 0.25, 1)] == pytest.approx([1, 0.75, 0], abs=1e-12)
    assert [rate(p, "constant", 0.5) for p in (0.25, 0.5, 1)] == [0.5, 1, 1]


def test_the_recipe(monkeypatch, tmp_path):
    """What the command line says reaches the optimizer, the loss and the schedule."""
    monkeypatch.syspath_prepend(EXAMPLES)
    classification = __import__("classification")
    parser = classification.make_parser("", ["resnet8"], epochs=2, schedule="linear", warmup=0.5, shift=1)
    arguments = parser.parse_args(["--lr", "0.4", "--label-smoothing", "0.1", "--weight-decay", "0.01"])
    assert (arguments.epochs, arguments.schedule, arguments.warmup, arguments.shift) == (2, "linear", 0.5, 1)
    arguments.output = tmp_path
    trainer = classification.make_trainer(arguments, models.cifar_resnet(8), steps=10, classes=10)
    groups = trainer.optimizer.param_groups
    assert {group["weight_decay"] for group in groups} == {0.01, 0.0}
    for group in groups:
        assert {p.ndim > 1 for p in group["params"]} == {group["weight_decay"] > 0}
        assert group["momentum"] == 0.9 and group["nesterov"]
    assert trainer.loss.label_smoothing == 0.1 and trainer.batch_transform is None
    rates = []
    for _ in range(11):
        rates.append(groups[0]["lr"])
        trainer.optimizer._stepped = True
        trainer.callbacks[0].scheduler.step()
    assert rates == pytest.approx([0, 0.08, 0.16, 0.24, 0.32, 0.4, 0.32, 0.24, 0.16, 0.08, 0], abs=1e-12)
