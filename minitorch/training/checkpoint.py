"""Checkpoints of a run as a callback."""

import time
from pathlib import Path

from minitorch.serialization import remove_leftovers
from minitorch.training.callbacks import Callback, check_positive
from minitorch.training.checkpoint_file import exists, put_aside, read_checkpoint, writable_folder, write_checkpoint

_ERRORS = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)


class Checkpoint(Callback):
    """Saves the whole run to one safetensors file, and restores it.

    The file holds the model, the optimizer, the generators, the position in the epoch with its running sums, the
    history, and what the other callbacks remember: schedule, averaged model, best score. A run that is killed at any
    moment and restored ends with the very weights of one in one piece, given the same number of threads. The file is
    replaced as a whole; the one before it stays as ``checkpoint.previous.safetensors``.

    It is written after each epoch, and at the end, after Ctrl-C, and as often as the arguments say.

    Args:
        path: the file, or a folder, for ``checkpoint.safetensors`` in it. The folder is made if missing.
        every_epochs: after how many epochs to save; None for not at all.
        every_steps: after how many of the optimizer's steps.
        every_seconds: with the first step that ends so long after the latest saving.
        resume: go on from the file where there is one. Otherwise the run begins anew, and the file of an earlier run
            is put aside as ``checkpoint.older-1.safetensors``, or with the next number that is free.
        settings: what else must be alike in both runs, a dictionary of numbers and strings, such as the batch size.
    """

    rank = 80

    def __init__(self, path, every_epochs=1, every_steps=None, every_seconds=None, resume=False, settings=None):
        path = Path(path)
        self.path = path if path.suffix == ".safetensors" else path / "checkpoint.safetensors"
        for name, value in (("every_epochs", every_epochs), ("every_steps", every_steps)):
            if value is not None:
                check_positive("Checkpoint", name, value, whole=True)
        if every_seconds is not None:
            check_positive("Checkpoint", "every_seconds", every_seconds)
        self.every_epochs, self.every_steps, self.every_seconds = every_epochs, every_steps, every_seconds
        self.resume, self.settings = resume, copied(settings)  # with lists for tuples, as they come back

    def on_load(self, trainer):
        writable_folder(self.path.parent)
        remove_leftovers(self.path)
        if trainer.step == 0:  # else the file is of an earlier call of fit
            if self.resume and exists(self.path):
                self.load(trainer)
            else:
                put_aside(self.path)
        self.saved = time.monotonic()

    def on_step_end(self, trainer):
        by_steps = self.every_steps is not None and trainer.step % self.every_steps == 0
        if by_steps or (self.every_seconds is not None and time.monotonic() - self.saved >= self.every_seconds):
            self.save(trainer)

    def on_epoch_end(self, trainer):
        if self.every_epochs is not None and trainer.epoch % self.every_epochs == 0:
            self.save(trainer)

    def on_fit_end(self, trainer):
        self.save(trainer)

    def on_interrupt(self, trainer):
        self.save(trainer)

    def save(self, trainer):
        """Write the file. Raises Diverged, and keeps the file as it is, where a weight is not finite."""
        trainer.check_weights()
        write_checkpoint(self.path, {"settings": self.settings, **trainer.state_dict()})
        self.saved = time.monotonic()

    def load(self, trainer):
        """Restore the run; nothing is changed when it raises.

        Raises:
            FileNotFoundError: there is no file.
            ValueError: it is damaged, and there is no whole one before it; or it is of another run.
        """
        state = read_checkpoint(self.path)
        if not {"settings", "callbacks"} <= state.keys():
            raise ValueError(f"{self.path} is not a checkpoint of a Trainer")
        if state["settings"] != self.settings:
            saved, own = different(state["settings"] or {}, self.settings or {})
            raise ValueError(f"{self.path} does not fit this run: it was saved with {saved}, this run has {own}")
        before = copied(trainer.state_dict())
        try:
            trainer.load_state_dict(state)
        except _ERRORS as error:
            trainer.load_state_dict(before)
            raise ValueError(f"{self.path} does not fit this run: {error}") from error


def different(first, second):
    """The entries of two dictionaries that are not in both alike, as two dictionaries."""
    return [
        {key: value for key, value in one.items() if key not in other or other[key] != value}
        for one, other in ((first, second), (second, first))
    ]


def copied(state):
    """A state with copies of its tensors."""
    if isinstance(state, dict):
        return {key: copied(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [copied(value) for value in state]
    return state.clone() if hasattr(state, "clone") else state
