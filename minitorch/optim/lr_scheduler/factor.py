"""Schedules of the form lr = base_lr * factor(epoch)."""

import bisect
import collections

from minitorch.optim.lr_scheduler.scheduler import (
    LRScheduler,
    check_integer,
    check_number,
    check_optimizer,
    function_state,
    one_per_group,
    option_values,
)


class FactorLR(LRScheduler):
    """The base class: lr = base_lr * factor(epoch).

    `get_lr` multiplies the learning rate as it is by the change, factor(epoch) / factor(epoch - 1), so that
    schedules of one optimizer multiply each other. A jump to an epoch starts from base_lr.
    """

    def _factor(self, epoch):
        """What base_lr is multiplied by in an epoch."""
        raise NotImplementedError

    def _change(self, epoch):
        """What lr is multiplied by where an epoch begins."""
        return self._factor(epoch) / self._factor(epoch - 1)

    def get_lr(self):
        change = self._change(self.last_epoch)
        return [lr * change for lr in option_values(self.optimizer, "lr")]

    def _get_closed_form_lr(self):
        factor = self._factor(self.last_epoch)
        return [base_lr * factor for base_lr in self.base_lrs]


class StepLR(FactorLR):
    """Multiply the learning rate by gamma every step_size epochs: lr = base_lr * gamma ** (epoch // step_size).

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        step_size: number of epochs, above 0.
        gamma: the factor.

    Raises:
        ValueError: step_size or gamma out of range. Others as `LRScheduler`.
    """

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1):
        check_number("StepLR", "step_size", step_size, above=0)
        check_number("StepLR", "gamma", gamma)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch):
        return self.gamma ** (epoch // self.step_size)

    def _change(self, epoch):
        return self.gamma if epoch and epoch % self.step_size == 0 else 1


class MultiStepLR(FactorLR):
    """Multiply the learning rate by gamma at each milestone.

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        milestones: numbers of epochs; one that is there twice counts twice.
        gamma: the factor.

    Raises:
        TypeError, ValueError: milestones that are no list of integers, gamma no number. Others as `LRScheduler`.
    """

    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1):
        if isinstance(milestones, str) or not hasattr(milestones, "__iter__"):
            kind = type(milestones).__name__
            raise TypeError(f"MultiStepLR: milestones must be a list of epochs, got {kind}; StepLR takes one number")
        milestones = list(milestones)
        for milestone in milestones:
            check_integer("MultiStepLR", "each milestone", milestone, 0)
        check_number("MultiStepLR", "gamma", gamma)
        self.milestones, self.gamma = collections.Counter(map(int, milestones)), gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch):
        return self.gamma ** bisect.bisect_right(sorted(self.milestones.elements()), epoch)

    def _change(self, epoch):
        return self.gamma ** self.milestones[epoch]

    def _take(self, state_dict):
        super()._take({**state_dict, "milestones": collections.Counter(state_dict["milestones"])})


class ConstantLR(FactorLR):
    """Multiply the learning rate by factor up to epoch total_iters, then by nothing: a plain warm-up.

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        factor: between 0 and 1.
        total_iters: the first epoch with the full learning rate.

    Raises:
        ValueError: an argument out of range. Others as `LRScheduler`.
    """

    def __init__(self, optimizer, factor=1.0 / 3, total_iters=5, last_epoch=-1):
        check_number("ConstantLR", "factor", factor, 0, 1)
        check_number("ConstantLR", "total_iters", total_iters)
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch):
        return 1 if epoch >= self.total_iters else self.factor

    def _change(self, epoch):
        if epoch == 0:
            return self.factor
        return 1 / self.factor if epoch == self.total_iters else 1

    def get_lr(self):
        if not self.factor and self.last_epoch == self.total_iters:  # nothing brings a learning rate back from 0
            return self._get_closed_form_lr()
        return super().get_lr()


class LinearLR(FactorLR):
    """Let the factor of the learning rate grow (or fall) evenly over total_iters epochs: the usual warm-up.

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        start_factor: in epoch 0; above 0, at most 1.
        end_factor: from epoch total_iters on; between 0 and 1.
        total_iters: number of epochs.

    Raises:
        ValueError: an argument out of range. Others as `LRScheduler`.

    Source: Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2.
    """

    def __init__(self, optimizer, start_factor=1.0 / 3, end_factor=1.0, total_iters=5, last_epoch=-1):
        check_number("LinearLR", "start_factor", start_factor, above=0, most=1)
        check_number("LinearLR", "end_factor", end_factor, 0, 1)
        check_number("LinearLR", "total_iters", total_iters)
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch):
        share = min(epoch / self.total_iters, 1) if self.total_iters else 1
        return self.start_factor + (self.end_factor - self.start_factor) * share

    def _change(self, epoch):
        if epoch == 0:
            return self.start_factor
        return 1 if self._is_initial or epoch > self.total_iters else super()._change(epoch)


class ExponentialLR(FactorLR):
    """Multiply the learning rate by gamma in every epoch: lr = base_lr * gamma ** epoch.

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        gamma: the factor.

    Raises:
        ValueError: gamma is no number. Others as `LRScheduler`.
    """

    def __init__(self, optimizer, gamma, last_epoch=-1):
        check_number("ExponentialLR", "gamma", gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch):
        return self.gamma**epoch

    def _change(self, epoch):
        return 1 if self._is_initial else self.gamma


class PolynomialLR(FactorLR):
    """Let the learning rate fall to 0 over total_iters epochs: lr = base_lr * (1 - epoch / total_iters) ** power.

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        total_iters: number of epochs; the learning rate is 0 from there on.
        power: 1 for a straight line.

    Raises:
        ValueError: an argument is no number. Others as `LRScheduler`.

    Source: Liu et al. 2015, "ParseNet", section 4.1.
    """

    def __init__(self, optimizer, total_iters=5, power=1.0, last_epoch=-1):
        check_number("PolynomialLR", "total_iters", total_iters)
        check_number("PolynomialLR", "power", power)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch):
        share = min(epoch / self.total_iters, 1) if self.total_iters else 1
        return (1 - share) ** self.power

    def _change(self, epoch):
        return 1 if self._is_initial or epoch > self.total_iters else super()._change(epoch)


class _FunctionLR(LRScheduler):
    """Schedules by functions of the epoch, one for all groups or a list with one for each."""

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        name = type(self).__name__
        check_optimizer(name, optimizer)
        self.lr_lambdas = one_per_group(name, "lr_lambda", lr_lambda, optimizer)
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"{name}: lr_lambda must be a function of the epoch, got {type(function).__name__}")
        super().__init__(optimizer, last_epoch)

    def _factors(self):
        factors = [function(self.last_epoch) for function in self.lr_lambdas]
        if None in factors:
            raise TypeError(f"{type(self).__name__}: lr_lambda returned None in epoch {self.last_epoch}; add a return")
        return factors

    def state_dict(self):
        """Everything but the optimizer and plain functions; of callable objects it holds the attributes."""
        attributes = [function_state(function) for function in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": attributes}

    def _take(self, state_dict):
        super()._take({key: value for key, value in state_dict.items() if key != "lr_lambdas"})
        for function, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            if attributes is not None:
                vars(function).update(attributes)


class LambdaLR(_FunctionLR):
    """Set the learning rate by a function of the epoch: lr = base_lr * lr_lambda(epoch).

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        lr_lambda: function of the epoch, or a list with one for each group.

    Raises:
        ValueError: a list of another length. TypeError: no function. Others as `LRScheduler`.
    """

    def get_lr(self):
        return [base_lr * factor for base_lr, factor in zip(self.base_lrs, self._factors())]


class MultiplicativeLR(_FunctionLR):
    """Multiply the learning rate in each epoch from the first on by lr_lambda(epoch).

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        lr_lambda: function of the epoch, or a list with one for each group.

    Raises:
        ValueError: a list of another length. TypeError: no function. Others as `LRScheduler`.
    """

    def get_lr(self):
        lrs = option_values(self.optimizer, "lr")
        if self._is_initial:
            return lrs
        return [lr * factor for lr, factor in zip(lrs, self._factors())]
