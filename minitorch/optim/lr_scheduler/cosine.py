"""Schedules that follow half a cosine, once or with restarts."""

import math

from minitorch.optim.lr_scheduler.scheduler import LRScheduler, check_integer, check_number, option_values


class CosineAnnealingLR(LRScheduler):
    """Let the learning rate fall along half a cosine from base_lr to eta_min in T_max epochs, then rise again.

    ``lr = eta_min + (base_lr - eta_min) * (1 + cos(pi * epoch / T_max)) / 2``, reached by changes of lr as it is.

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        T_max: number of epochs to the bottom, above 0.
        eta_min: the learning rate there.

    Raises:
        ValueError: T_max or eta_min out of range. Others as `LRScheduler`.

    Source: Loshchilov and Hutter 2017, "SGDR", equation 5, without restarts.
    """

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1):
        check_number("CosineAnnealingLR", "T_max", T_max, above=0)
        check_number("CosineAnnealingLR", "eta_min", eta_min)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def _height(self, epoch):
        """How far above eta_min, as a share of the way to base_lr."""
        return (1 + math.cos(math.pi * epoch / self.T_max)) / 2

    def get_lr(self):
        lrs = option_values(self.optimizer, "lr")
        if self._is_initial:
            return lrs
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # From the bottom, where the height was 0, no factor leads up again.
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base_lr - self.eta_min) * rise for lr, base_lr in zip(lrs, self.base_lrs)]
        change = self._height(self.last_epoch) / self._height(self.last_epoch - 1)
        return [self.eta_min + (lr - self.eta_min) * change for lr in lrs]

    def _get_closed_form_lr(self):
        height = self._height(self.last_epoch)
        return [self.eta_min + (base_lr - self.eta_min) * height for base_lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Let the learning rate fall along half a cosine from base_lr to eta_min, jump back to base_lr, and so on.

    ``lr = eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2`` for a cycle of T_i epochs, T_cur of them
    done.

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        T_0: number of epochs in the first cycle.
        T_mult: how many times longer each cycle is than the one before.
        eta_min: the learning rate at the bottom.

    Raises:
        ValueError: an argument out of range. Others as `LRScheduler`.

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5.
    """

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1):
        name = "CosineAnnealingWarmRestarts"
        check_integer(name, "T_0", T_0, 1)
        check_integer(name, "T_mult", T_mult, 1)
        check_number(name, "eta_min", eta_min)
        self.T_0, self.T_i, self.T_mult, self.eta_min, self.T_cur = T_0, T_0, T_mult, eta_min, last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base_lr - self.eta_min) * height for base_lr in self.base_lrs]

    def step(self, epoch=None):
        """Go to the next epoch, or to the one given, which may be a fraction: epoch + batch / batches.

        Raises:
            ValueError: a negative epoch.
        """
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            epoch = 0 if epoch is None else epoch
            check_number("CosineAnnealingWarmRestarts.step", "epoch", epoch, 0)
            self.T_cur, self.T_i = self._place(epoch)
        self.last_epoch = math.floor(epoch)
        self._set_lr(self.get_lr())

    def _place(self, epoch):
        """(how far into its cycle, length of the cycle) of an epoch."""
        if self.T_mult == 1:
            return epoch % self.T_0, self.T_0
        length = self.T_0
        while epoch >= length:
            epoch -= length
            length *= self.T_mult
        return epoch, length
