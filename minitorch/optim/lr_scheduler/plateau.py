"""A schedule that waits for the metric to stop improving."""

import math
import numbers

from minitorch.optim.lr_scheduler.scheduler import (
    LRScheduler,
    check_number,
    check_optimizer,
    one_per_group,
    option_values,
    set_lr,
)


class ReduceLROnPlateau(LRScheduler):
    """Multiply the learning rate by factor when a metric has not improved for more than patience epochs.

    Args:
        optimizer: the `Optimizer` whose groups are to be changed.
        mode: "min" if less is better (a loss), "max" if more is better (an accuracy).
        factor: less than 1.
        patience: how many epochs without improvement pass before the next one reduces the learning rate.
        threshold: how much better counts as improved.
        threshold_mode: "rel", a share of the best value so far, or "abs", a difference.
        cooldown: number of epochs after a reduction that count for nothing.
        min_lr: the learning rate never falls below it; a number or a list with one for each group.
        eps: a reduction by no more than this is left out.

    Attributes:
        best: the best metric so far.
        num_bad_epochs: epochs without improvement.

    Raises:
        TypeError: no optimizer. ValueError: an argument out of range.
    """

    def __init__(
        self,
        optimizer,
        mode="min",
        factor=0.1,
        patience=10,
        threshold=1e-4,
        threshold_mode="rel",
        cooldown=0,
        min_lr=0,
        eps=1e-8,
    ):
        name = "ReduceLROnPlateau"
        check_optimizer(name, optimizer)
        if mode not in ("min", "max"):
            raise ValueError(f"{name}: mode must be 'min' (for a loss) or 'max' (for an accuracy), got {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"{name}: threshold_mode must be 'rel' or 'abs', got {threshold_mode!r}")
        check_number(name, "factor", factor)
        if factor >= 1:
            raise ValueError(f"{name}: factor must be less than 1, got {factor}")
        check_number(name, "patience", patience, 0)
        check_number(name, "cooldown", cooldown, 0)
        for argument, value in (("threshold", threshold), ("eps", eps)):
            check_number(name, argument, value)
        self.min_lrs = one_per_group(name, "min_lr", min_lr, optimizer)
        for value in self.min_lrs:
            check_number(name, "min_lr", value)
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.optimizer = optimizer
        self.mode, self.factor, self.patience, self.cooldown, self.eps = mode, factor, patience, cooldown, eps
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.last_epoch = 0
        self._last_lr = option_values(optimizer, "lr")
        self.mode_worse = self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter = self.num_bad_epochs = 0

    in_cooldown = property(lambda self: self.cooldown_counter > 0, doc="Whether epochs count for nothing just now.")

    def step(self, metrics, epoch=None):
        """Take note of the metric of an epoch, and reduce the learning rates if it is time.

        Args:
            metrics: a number or a tensor of one element; NaN counts as no improvement.
            epoch: its number, the next one unless given.

        Raises:
            TypeError, ValueError, RuntimeError: no number; RuntimeError also if groups were added since and min_lr
                was a list.
        """
        current = self._number(metrics)
        improved = self._is_better(current, self.best)
        bad_epochs = 0 if improved or self.in_cooldown else self.num_bad_epochs + 1
        if bad_epochs > self.patience:
            self._reduce_lr()
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self.best = current if improved else self.best
        self.cooldown_counter = max(self.cooldown_counter - 1, 0)
        self.num_bad_epochs = bad_epochs
        if bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = option_values(self.optimizer, "lr")

    @staticmethod
    def _number(metrics):
        value = metrics.item() if hasattr(metrics, "item") else metrics  # of a tensor or an array
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(
                f"ReduceLROnPlateau.step: metrics must be a number such as the validation loss, got {metrics!r}"
            )
        return float(value)

    def _is_better(self, value, best):
        sign = 1 if self.mode == "max" else -1
        goal = best + sign * self.threshold if self.threshold_mode == "abs" else best * (1 + sign * self.threshold)
        return value > goal if self.mode == "max" else value < goal

    def _reduce_lr(self):
        groups = self.optimizer.param_groups
        if len(self.min_lrs) != len(groups):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"ReduceLROnPlateau.step: min_lr was given for {len(self.min_lrs)} parameter groups, the optimizer "
                    f"has {len(groups)}; extend min_lrs of the schedule"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs):
            before = float(group["lr"])
            after = max(before * self.factor, least)
            if before - after > self.eps:
                set_lr(group, after)
