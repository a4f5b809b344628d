"""When to end a run before its last epoch: the validation gets no better, or the time is up."""

import math
import time

from minitorch.training.callbacks import Callback, check_positive, column_of


class EarlyStopping(Callback):
    """Ends the run when a number of the epoch has not become better for a while, and takes the best weights back.

    Args:
        metric: the column of the history to go by.
        mode: "min" if less is better, "max" if more is; by default "max" for an accuracy, "min" for all else.
        patience: how many epochs in a row may be no better than the best before them; the run ends with the last.
        min_delta: by how much more than nothing an epoch must be better to count.
        restore_best: at the end of the run, stopped early or not, put back the weights of the best epoch.

    Attributes:
        best, best_epoch: the best number and its epoch, counted from 1.
        waited: how many epochs have been no better since.

    Source: Prechelt 1998, "Early stopping - but when?".
    """

    rank = 40

    def __init__(self, metric="validation_loss", mode=None, patience=5, min_delta=0.0, restore_best=True):
        mode = mode or ("max" if "accuracy" in metric else "min")
        if mode not in ("min", "max"):
            raise ValueError(f"EarlyStopping: mode must be 'min' or 'max', got {mode!r}")
        if patience != math.inf:
            check_positive("EarlyStopping", "patience", patience, whole=True)
        if not min_delta >= 0:
            raise ValueError(f"EarlyStopping: min_delta must not be negative, got {min_delta!r}")
        self.metric, self.mode, self.patience, self.min_delta = metric, mode, patience, min_delta
        self.restore_best = restore_best
        self.best, self.best_epoch, self.waited, self.best_model = None, 0, 0, None

    def on_fit_start(self, trainer):
        self._stop_if_due(trainer)

    def on_epoch_end(self, trainer):
        value = float(column_of(trainer.row, self.metric, "EarlyStopping"))
        if self._is_better(value):
            self.best, self.best_epoch, self.waited = value, trainer.epoch, 0
            if self.restore_best:
                self.best_model = {key: x.clone() for key, x in trainer.model.state_dict().items()}
        else:
            self.waited += 1
        self._stop_if_due(trainer)

    def _is_better(self, value):
        if self.best is None or math.isnan(value):
            return not math.isnan(value)
        gain = value - self.best if self.mode == "max" else self.best - value
        return gain > self.min_delta

    def _stop_if_due(self, trainer):
        if self.waited >= self.patience:
            trainer.stop(f"{self.metric} was best in epoch {self.best_epoch} ({self.best:.4g})")

    def on_fit_end(self, trainer):
        if self.restore_best and self.best_model is not None:
            trainer.model.load_state_dict(self.best_model)

    def state_dict(self):
        kept = ("best", "best_epoch", "waited", "best_model")
        return {name: getattr(self, name) for name in kept}

    def load_state_dict(self, state):
        for name, value in state.items():
            setattr(self, name, value)


class TimeBudget(Callback):
    """Ends the run after so many seconds of training, validation included; what a restored run had used counts.

    The epoch at hand ends with the step at hand, and is evaluated as any other.

    Args:
        seconds: how long.
    """

    rank = 40

    def __init__(self, seconds, clock=time.monotonic):
        check_positive("TimeBudget", "seconds", seconds)
        self.seconds, self.clock, self.used = seconds, clock, 0.0

    def on_fit_start(self, trainer):
        self.start = self.clock() - self.used
        self.on_step_end(trainer)

    def on_step_end(self, trainer):
        self.used = self.clock() - self.start
        if self.used >= self.seconds:
            trainer.stop(f"the {self.seconds:g} seconds are up", at_once=True)

    def state_dict(self):
        return {"used": self.used}

    def load_state_dict(self, state):
        self.used = state["used"]
