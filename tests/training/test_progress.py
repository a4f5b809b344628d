"""What a run prints: lines outside of a terminal, a bar within one."""

import io
import os
import re

import pytest
from training_runs import loader, network, run

from minitorch import nn, optim
from minitorch.training import Callback, Checkpoint, Progress, Trainer
from minitorch.training import progress as module


class Terminal(io.StringIO):
    """Says that it is a terminal."""

    def isatty(self):
        return True


def test_a_line_for_each_epoch(capsys):
    history = run(callbacks=[Progress()]).fit(loader(), loader(seed=1), epochs=10)
    output, errors = capsys.readouterr()
    lines = output.splitlines()
    assert len(lines) == 10 and errors == ""
    row = history[0]
    expected = (
        f"epoch  1/10  lr 0.1  train_loss {row['train_loss']:.4g}  train_accuracy {row['train_accuracy']:.2%}  "
        f"validation_loss {row['validation_loss']:.4g}  validation_accuracy {row['validation_accuracy']:.2%}  "
    )
    assert lines[0].startswith(expected) and re.fullmatch(r"\d+\.\d s", lines[0][len(expected) :])


def test_it_is_there_unless_told_otherwise(capsys):
    model = network()
    Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss()).fit(loader())
    assert capsys.readouterr().out.startswith("epoch 1/1")
    Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss(), callbacks=[]).fit(loader())
    assert capsys.readouterr().out == ""


def test_a_line_of_ones_own_and_the_reason_of_a_stop(capsys):
    class Stop(Callback):
        def on_epoch_end(self, trainer):
            trainer.stop("enough")

    run(callbacks=[Progress(line=lambda row: f"<{row['epoch']}>"), Stop()]).fit(loader(), epochs=3)
    assert re.fullmatch(r"epoch 1/3  <1>  \d+\.\d s\nstopped: enough\n", capsys.readouterr().out)


def test_a_bar_in_a_terminal(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(module, "REFRESH", 0)
    run(callbacks=[Progress()]).fit(loader(), epochs=2)
    assert "epoch 1/2" in terminal.getvalue() and "epoch 2/2" in terminal.getvalue()
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("known", [True, False])
def test_the_bar_counts_batches_and_ends(monkeypatch, known, tmp_path):
    bars = []

    class Bar:
        def __init__(self, total, initial, **settings):
            self.total, self.n, self.closed, self.texts = total, initial, False, []
            bars.append(self)

        def update(self, count):
            self.n += count

        def set_postfix_str(self, text, refresh):
            self.texts.append(text)

        def close(self):
            self.closed = True

    monkeypatch.setattr(module, "tqdm", Bar)
    monkeypatch.setattr(module, "REFRESH", 0)
    monkeypatch.setattr("sys.stderr", Terminal())
    batches = loader() if known else Unsized()
    trainer = run(callbacks=[Progress(), Checkpoint(tmp_path)], accumulate=4)
    trainer.fit(batches)
    assert len(bars) == 1 and bars[0].total == (6 if known else None) and bars[0].n == 6 and bars[0].closed
    assert re.fullmatch(r"loss [\d.]+  accuracy [\d.]+%", bars[0].texts[0]) and len(bars[0].texts) == 2
    assert os.path.exists(tmp_path / "checkpoint.safetensors")


class Unsized:
    """Batches of unknown number."""

    def __iter__(self):
        return iter(loader())
