"""Learning-rate schedules as a callback."""

from minitorch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from minitorch.training.callbacks import Callback, column_of


class Schedule(Callback):
    """Steps a schedule of `optim.lr_scheduler` after each epoch, or after each step of the optimizer.

    Args:
        scheduler: a schedule of the trainer's optimizer. For one that counts steps, a run of `epochs` epochs has
            ``epochs * len(train_loader)`` of them.
        per: "epoch" or "step".
        metric: for `ReduceLROnPlateau` the column of the history that it watches.
    """

    rank = 30

    def __init__(self, scheduler, per="epoch", metric=None):
        plateau = isinstance(scheduler, ReduceLROnPlateau)
        if not isinstance(scheduler, LRScheduler):
            raise TypeError(f"Schedule: scheduler must be one of optim.lr_scheduler, got {type(scheduler).__name__}")
        if per not in ("epoch", "step"):
            raise ValueError(f"Schedule: per must be 'epoch' or 'step', got {per!r}")
        if plateau and per == "step":
            raise ValueError("Schedule: ReduceLROnPlateau goes by the epoch's metric, so per must be 'epoch'")
        if metric is not None and not plateau:
            raise ValueError(f"Schedule: metric is for ReduceLROnPlateau; {type(scheduler).__name__} watches none")
        self.scheduler, self.per = scheduler, per
        self.metric = metric or ("validation_loss" if plateau else None)

    def on_fit_start(self, trainer):
        if self.scheduler.optimizer is not trainer.optimizer:
            raise ValueError("Schedule: the schedule is of another optimizer than the trainer's")

    def on_step_end(self, trainer):
        if self.per == "step":
            self.scheduler.step()

    def on_epoch_end(self, trainer):
        if self.metric is not None:
            self.scheduler.step(column_of(trainer.row, self.metric, "Schedule"))
        elif self.per == "epoch":
            self.scheduler.step()

    def state_dict(self):
        return self.scheduler.state_dict()

    def load_state_dict(self, state):
        self.scheduler.load_state_dict(state)
