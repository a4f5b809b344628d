"""Schedules made of schedules: one after the other, or all at once."""

import bisect

from minitorch.optim.lr_scheduler.plateau import ReduceLROnPlateau
from minitorch.optim.lr_scheduler.scheduler import LRScheduler, check_integer, option_values, set_lr


class _Combined(LRScheduler):
    """What both have in common: the list of schedules, and states that hold states."""

    def _check_schedulers(self, schedulers, optimizer):
        name = type(self).__name__
        if not isinstance(schedulers, (list, tuple)) or not schedulers:
            raise ValueError(f"{name}: schedulers must be a list of at least one schedule, got {schedulers!r}")
        for i, scheduler in enumerate(schedulers):
            if not isinstance(scheduler, LRScheduler):
                raise TypeError(f"{name}: schedulers[{i}] must be a schedule, got {type(scheduler).__name__}")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{name}: schedulers[{i}] is a ReduceLROnPlateau, whose step needs the metric; step it on its own"
                )
            if optimizer is not None and scheduler.optimizer is not optimizer:
                raise ValueError(f"{name}: schedulers[{i}] ({type(scheduler).__name__}) is for another optimizer")

    def _initial_step(self):
        # As the first part of a sequence: the steps made here do not come too early.
        stepped, self.optimizer._stepped = self.optimizer._stepped, True
        try:
            super()._initial_step()
        finally:
            self.optimizer._stepped = stepped

    def state_dict(self):
        """Everything but the optimizer, with the states of the schedules in a list."""
        states = [scheduler.state_dict() for scheduler in self._schedulers]
        return {**super().state_dict(), "_schedulers": states}

    def _check_state(self, state_dict):
        super()._check_state(state_dict)
        states, count = state_dict["_schedulers"], len(self._schedulers)
        if not isinstance(states, list) or len(states) != count:
            raise ValueError(f"{type(self).__name__}.load_state_dict: expected the states of {count} schedules")
        for scheduler, state in zip(self._schedulers, states):
            scheduler._check_state(state)

    def _take(self, state_dict):
        super()._take({key: value for key, value in state_dict.items() if key != "_schedulers"})
        for scheduler, state in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler._take(state)


class SequentialLR(_Combined):
    """One schedule after the other: each milestone starts the next one from its epoch 0.

    Args:
        optimizer: the `Optimizer` of all the schedules.
        schedulers: a list of schedules, made just before in this order.
        milestones: in which epoch the second, third, ... begins; one fewer than schedules.
        last_epoch: -1 for a new run; use `load_state_dict` to go on with one.

    Raises:
        ValueError, TypeError: no schedules, such as do not fit, milestones that do not fit.
    """

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1):
        self._check_schedulers(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedules need {len(schedulers) - 1} milestones, got {milestones!r}"
            )
        for milestone in milestones:
            check_integer("SequentialLR", "each milestone", milestone, 0)
        if sorted(milestones) != list(milestones):
            raise ValueError(f"SequentialLR: milestones must not fall, got {milestones!r}")
        for i, scheduler in enumerate(schedulers[1:], 1):
            if isinstance(scheduler, _Combined):
                kind = type(scheduler).__name__
                raise ValueError(f"SequentialLR: schedulers[{i}] is a {kind}, which can only be the first")
        check_integer("SequentialLR", "last_epoch", last_epoch, -1)
        self._schedulers, self._milestones = schedulers, milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Every schedule has made its first step when it was made; only that of the first one is to count.
        for group in optimizer.param_groups:
            set_lr(group, group["initial_lr"])
        _undo_step(self)
        first = schedulers[bisect.bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self):
        """Go to the next epoch and set the learning rates."""
        self.last_epoch += 1
        i = bisect.bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _undo_step(scheduler):
    if isinstance(scheduler, _Combined):
        for inner in scheduler._schedulers:
            _undo_step(inner)
    else:
        scheduler.last_epoch -= 1


class ChainedScheduler(_Combined):
    """All schedules at once: each changes the learning rate that the one before has set.

    Args:
        schedulers: a list of schedules of one optimizer.
        optimizer: that optimizer; if None, taken from the first schedule.

    Raises:
        ValueError, TypeError: no schedules, or such as do not fit.
    """

    def __init__(self, schedulers, optimizer=None):
        self._check_schedulers(schedulers, None)
        optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        self._check_schedulers(schedulers, optimizer)
        self._schedulers, self.optimizer = schedulers, optimizer
        self._last_lr = option_values(optimizer, "lr")

    def step(self):
        """Go to the next epoch and set the learning rates."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = option_values(self.optimizer, "lr")
