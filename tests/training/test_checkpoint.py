"""A run that is saved and gone on with, against the same run in one piece."""

import os

import numpy as np
import pytest
from training_runs import arrays, assert_same_weights, loader, network, run

import minitorch
from minitorch import nn
from minitorch.data import DataLoader
from minitorch.optim.lr_scheduler import OneCycleLR
from minitorch.optim.swa_utils import AveragedModel
from minitorch.training import (
    Averaging,
    Callback,
    Checkpoint,
    Diverged,
    EarlyStopping,
    History,
    Schedule,
    Statistics,
)
from minitorch.training.checkpoint_file import previous


class Killed(Exception):
    """In place of a signal."""


def full_run(folder, epochs=3, accumulate=1):
    """All callbacks that remember something, on a shuffled loader, with dropout."""
    trainer = run(network(dropout=0.4), accumulate=accumulate)
    trainer.callbacks = [
        Statistics(every=4, bins=5),
        Averaging(AveragedModel(trainer.model)),
        Schedule(OneCycleLR(trainer.optimizer, 0.2, total_steps=40), per="step"),
        EarlyStopping(patience=9, restore_best=False),
        History(folder / "history.json"),
        Checkpoint(folder, every_steps=2, resume=True),
    ]
    folder.mkdir(exist_ok=True)
    trainer.fit(loader(56, shuffle=True), loader(seed=1, shuffle=True), epochs)
    return trainer


def killed_run(folder, step, before_saving, monkeypatch, **settings):
    """The same, ended after a step, before or after its checkpoint is written."""
    original = Checkpoint.on_step_end

    def on_step_end(self, trainer):
        if trainer.step != step or not before_saving:
            original(self, trainer)
        if trainer.step == step:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Checkpoint, "on_step_end", on_step_end)
        full_run(folder, **settings)


@pytest.mark.parametrize("accumulate", [1, 3])
def test_killed_at_any_step(tmp_path, monkeypatch, accumulate):
    """21 steps of which every second is saved, or 9 of three batches (3, 3, 1)."""
    whole = full_run(tmp_path / "whole", accumulate=accumulate)
    for step in range(1, whole.step + 1):
        folder = tmp_path / f"{step}"
        killed_run(folder, step, step % 3 == 0, monkeypatch, accumulate=accumulate)
        restored = full_run(folder, accumulate=accumulate)
        assert_same_weights(restored.model, whole.model)
        assert restored.history == whole.history and restored.step == whole.step
        assert_same_weights(restored.callbacks[1].averaged, whole.callbacks[1].averaged)
        for name in whole.callbacks[0].names("gradient"):
            pair = [trainer.callbacks[0].series("gradient", name) for trainer in (restored, whole)]
            for mine, other in zip(*pair):
                np.testing.assert_array_equal(mine, other)
        assert (folder / "history.json").read_text() == (tmp_path / "whole" / "history.json").read_text()


def saved_steps(folder, monkeypatch, epochs=2, **settings):
    """The steps after which a run of six steps an epoch is saved."""
    steps = []
    original = Checkpoint.save
    monkeypatch.setattr(Checkpoint, "save", lambda self, trainer: (steps.append(trainer.step), original(self, trainer)))
    run(callbacks=[Checkpoint(folder, **settings)]).fit(loader(), epochs=epochs)
    return steps


def test_when_it_is_saved(tmp_path, monkeypatch):
    """The last is the one at the end of the run."""
    assert saved_steps(tmp_path, monkeypatch) == [6, 12, 12]
    assert saved_steps(tmp_path, monkeypatch, every_epochs=2) == [12, 12]
    assert saved_steps(tmp_path, monkeypatch, every_epochs=None) == [12]
    assert saved_steps(tmp_path, monkeypatch, every_epochs=None, every_steps=5) == [5, 10, 12]
    now = iter(range(0, 10000, 2))
    monkeypatch.setattr("time.monotonic", lambda: next(now))  # two seconds pass with each look
    assert saved_steps(tmp_path, monkeypatch, every_epochs=None, every_seconds=6) == [3, 6, 9, 12, 12]


def test_it_holds_everything(tmp_path):
    full_run(tmp_path / "run")
    state = minitorch.load(tmp_path / "run" / "checkpoint.safetensors")
    assert state.keys() == {
        "settings", "model", "optimizer", "position", "epoch", "batch", "step", "lr", "sums", "history", "callbacks"
    }  # fmt: skip
    assert state["callbacks"].keys() == {"Schedule", "Averaging", "EarlyStopping", "Statistics"}
    assert previous(tmp_path / "run" / "checkpoint.safetensors").exists()


def test_callbacks_that_remember_nothing_may_come_and_go(tmp_path):
    run(network(), [Checkpoint(tmp_path), Callback()]).fit(loader(), epochs=1)
    trainer = run(network(), [Checkpoint(tmp_path, resume=True), History(tmp_path / "history.csv")])
    assert len(trainer.fit(loader(), epochs=2)) == 2 and trainer.step == 12


def test_without_resume_a_run_begins_anew(tmp_path):
    first = run(network(), [Checkpoint(tmp_path)])
    first.fit(loader(), epochs=2)
    second = run(network(), [Checkpoint(tmp_path)])
    second.fit(loader(), epochs=1)
    assert second.step == 6
    epochs = {path.name: minitorch.load(path)["epoch"] for path in tmp_path.iterdir()}
    assert epochs == {
        "checkpoint.older-1.safetensors": 2, "checkpoint.older-1.previous.safetensors": 2,
        "checkpoint.previous.safetensors": 1, "checkpoint.safetensors": 1,
    }  # fmt: skip


@pytest.mark.parametrize("resume", [False, True])
def test_a_second_call_of_fit_is_the_same_run(tmp_path, resume):
    trainer = run(network(), [Checkpoint(tmp_path, resume=resume)])
    for epochs in (1, 2):
        trainer.fit(loader(), epochs=epochs)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.previous.safetensors", "checkpoint.safetensors"
    ]  # fmt: skip


def test_another_number_of_workers_goes_on_alike(tmp_path):
    models = []
    for workers in ((0, 0), (3, 0), (0, 3)):
        folder = tmp_path / "-".join(map(str, workers))
        for number, epochs in zip(workers, (1, 3)):
            model = network(dropout=0.5)
            batches = loader(shuffle=True, num_workers=number)
            run(model, [Checkpoint(folder, resume=True)]).fit(batches, epochs=epochs)
        models.append(model)
    assert_same_weights(models[1], models[0])
    assert_same_weights(models[2], models[0])


class Plain:
    """A loader as a user writes one: it shuffles when the pass begins."""

    def __init__(self):
        self.batches = list(loader())

    def __iter__(self):
        for place in minitorch.default_generator.numpy.permutation(len(self.batches)):
            yield self.batches[place]


def test_a_loader_of_the_users(tmp_path):
    class KillAt8(Checkpoint):
        def on_step_end(self, trainer):
            super().on_step_end(trainer)
            if trainer.step == 8 and not self.resume:
                raise Killed

    whole = network(dropout=0.5)
    run(whole).fit(Plain(), epochs=3)
    with pytest.raises(Killed):
        run(network(dropout=0.5), [KillAt8(tmp_path, every_steps=4)]).fit(Plain(), epochs=3)
    restored = network(dropout=0.5)
    run(restored, [KillAt8(tmp_path, every_steps=4, resume=True)]).fit(Plain(), epochs=3)
    assert_same_weights(restored, whole)


# What cannot be gone on with.


def refused(tmp_path, words, model=None, callbacks=(), settings=None):
    """A run that is refused, with nothing changed."""
    trainer = run(model, [Checkpoint(tmp_path, resume=True, settings=settings), *callbacks])
    before, generator = arrays(trainer.model), minitorch.default_generator.get_state()
    with pytest.raises(ValueError, match=words):
        trainer.fit(loader(), epochs=2)
    assert_same_weights(trainer.model, before)
    assert minitorch.default_generator.get_state() == generator and trainer.epoch == trainer.step == 0


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    same = {"lr": 0.1, "seed": (3, 4)}
    run(network(), [Checkpoint(tmp_path, settings=same)]).fit(loader())
    assert run(network(), [Checkpoint(tmp_path, resume=True, settings=same)]).fit(loader())
    other = {**same, "lr": 0.2}
    refused(tmp_path, "fit this run: it was saved with {'lr': 0.1}, this run has {'lr': 0.2}", settings=other)
    refused(tmp_path, "it was saved with {'lr': 0.1, 'seed': .*}, this run has {}")
    refused(tmp_path, "(?s)does not fit this run: .*size mismatch", nn.Sequential(nn.Linear(4, 5)), settings=same)
    refused(tmp_path, "has the callbacks none, this run has EarlyStopping", None, [EarlyStopping()], same)
    minitorch.save({"settings": same}, tmp_path / "checkpoint.safetensors")
    refused(tmp_path, "is not a checkpoint of a Trainer", settings=same)


def test_a_damaged_state_changes_nothing(tmp_path):
    """The model fits, what comes after it does not."""
    path = tmp_path / "checkpoint.safetensors"
    run(network(), [Checkpoint(tmp_path)]).fit(loader())
    whole = minitorch.load(path)
    for key, value in (("optimizer", {}), ("position", {}), ("step", None), ("callbacks", None)):
        state = {**whole, key: value}
        if value is None:
            del state[key]
        minitorch.save(state, path)
        refused(tmp_path, "does not fit this run|is not a checkpoint of a Trainer")


def test_another_length_of_the_epoch_is_refused(tmp_path):
    trainer = run(network(), [Checkpoint(tmp_path, every_epochs=None, every_steps=4)])
    trainer.fit(loader(), epochs=1)
    trainer = run(network(), [Checkpoint(tmp_path, resume=True)])
    with pytest.raises(ValueError, match="does not fit this run"):
        trainer.fit(loader(40), epochs=2)


def test_a_damaged_newest_checkpoint(tmp_path):
    whole = full_run(tmp_path / "whole")
    folder = tmp_path / "broken"
    full_run(folder, epochs=2)
    path = folder / "checkpoint.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 8
    path.write_bytes(data)
    with pytest.warns(UserWarning, match="its checksum does not fit"):
        restored = full_run(folder)
    assert_same_weights(restored.model, whole.model)


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    class Spoil(Callback):
        def on_step_end(self, trainer):
            if trainer.step == 5:
                trainer.model[4].bias.array[1] = np.nan

    trainer = run(network(), [Spoil(), Checkpoint(tmp_path, every_steps=1)])
    with pytest.raises(Diverged, match="step 5"):
        trainer.fit(loader())
    assert minitorch.load(tmp_path / "checkpoint.safetensors")["step"] == 4


def test_a_full_disk_ends_the_run_with_a_clear_error(tmp_path, monkeypatch):
    original, calls = os.fsync, []

    def fsync(number):
        calls.append(number)
        if len(calls) > 6:
            raise OSError(28, "No space left on device")
        original(number)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="could not be written.*No space left.*last good checkpoint is .*checkpoint.safe"):
        run(network(), [Checkpoint(tmp_path, every_steps=1)]).fit(loader())
    monkeypatch.undo()
    assert minitorch.load(tmp_path / "checkpoint.safetensors")["step"] == 3
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.previous.safetensors", "checkpoint.safetensors"]


def test_a_bad_folder_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    trainer = run(callbacks=[Checkpoint(tmp_path / "file" / "run")])
    with pytest.raises(OSError, match="cannot be written to"):
        trainer.fit(loader())
    assert trainer.step == 0


def test_bad_settings(tmp_path):
    for settings in ({"every_epochs": 0}, {"every_steps": 1.5}, {"every_seconds": -1}):
        with pytest.raises(ValueError, match=f"{next(iter(settings))} must be a positive"):
            Checkpoint(tmp_path, **settings)
    assert Checkpoint(tmp_path / "a.safetensors").path == tmp_path / "a.safetensors"
    assert isinstance(loader(), DataLoader)
