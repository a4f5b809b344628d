"""What all schedules share: they set the learning rate of each parameter group, one epoch after the other."""

import numbers
import types
import warnings

from minitorch.optim.optimizer import Optimizer
from minitorch.optim.options import is_number
from minitorch.tensor import Tensor


class MissingInitialLR(KeyError, ValueError):
    """A group without 'initial_lr': a KeyError as in PyTorch, and a ValueError as all bad values here are."""

    __str__ = ValueError.__str__


class LRScheduler:
    """The base class. A subclass gives `get_lr`, and `_get_closed_form_lr` where it can jump to any epoch.

    Making a schedule already sets the learning rates of epoch 0. `step` goes to the next epoch; what an epoch is, a
    pass through the data or one batch, is for the caller to choose. Most rules change the learning rate as it is, so
    that two schedules of one optimizer, or a change by hand, act together.

    Args:
        optimizer: the `Optimizer` whose groups are to be changed.
        last_epoch: the number of epochs already done, less one: -1 for a new run. To go on, each group must hold
            'initial_lr', as it does after `Optimizer.load_state_dict`.

    Attributes:
        base_lrs: for each group the learning rate at the beginning, 'initial_lr' of the group.
        last_epoch: the current epoch.

    Raises:
        TypeError: no optimizer.
        KeyError: last_epoch is given, and a group has no 'initial_lr'.
    """

    _is_initial = False

    def __init__(self, optimizer, last_epoch=-1):
        name = type(self).__name__
        check_optimizer(name, optimizer)
        check_integer(name, "last_epoch", last_epoch, -1)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _copied(group["lr"]))
            elif "initial_lr" not in group:
                raise MissingInitialLR(
                    f"{name}: last_epoch={last_epoch}, and param_groups[{i}] has no 'initial_lr'; load the optimizer's "
                    "state first, or leave last_epoch out for a new run"
                )
        self.optimizer = optimizer
        self.base_lrs = option_values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self):
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self):
        """For each group the learning rate of the epoch `last_epoch`, computed from that of the epoch before.

        It is what `step` calls; to read the current learning rates use `get_last_lr`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no get_lr method")

    def get_last_lr(self):
        """For each group the learning rate that was set last, a list."""
        return self._last_lr

    def step(self, epoch=None):
        """Go to the next epoch, or to the one given, and set the learning rates. Call it after `optimizer.step()`."""
        if self._step_count == 1:
            self._warn_if_early()
        self._update_lr(epoch)
        self._step_count += 1

    def _warn_if_early(self):
        # An optimizer with a step of its own does not say whether it was called.
        if type(self.optimizer).step is Optimizer.step and not self.optimizer._stepped:
            warnings.warn(
                f"{type(self).__name__}.step: called before optimizer.step(), so that the first learning rate is "
                "never used; call optimizer.step() first",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch=None):
        before = self.last_epoch
        self.last_epoch = before + 1 if epoch is None else epoch
        try:
            jump = epoch is not None and hasattr(self, "_get_closed_form_lr")
            values = self._get_closed_form_lr() if jump else self.get_lr()
        except BaseException:
            self.last_epoch = before
            raise
        self._set_lr(values)

    def _set_lr(self, values):
        groups = self.optimizer.param_groups
        if len(values) != len(groups):
            raise ValueError(
                f"{type(self).__name__}.step: the schedule was made for {len(values)} parameter groups, the optimizer "
                f"has {len(groups)}; make the schedule after add_param_group"
            )
        for group, value in zip(groups, values):
            set_lr(group, value)
        self._last_lr = option_values(self.optimizer, "lr")

    def state_dict(self):
        """Everything but the optimizer, as a dictionary."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict):
        """Take over what `state_dict` gave. The learning rates themselves are in the state of the optimizer.

        Raises:
            TypeError, ValueError: not the state of such a schedule; nothing is changed then.
        """
        self._check_state(state_dict)
        self._take(state_dict)

    def _check_state(self, state_dict):
        name = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state_dict, dict):
            raise TypeError(f"{name}: expected a dictionary as state_dict() gives, got {type(state_dict).__name__}")
        lacking = self.state_dict().keys() - state_dict.keys() - {"_is_initial"}
        if lacking:
            raise ValueError(f"{name}: {', '.join(sorted(lacking))} missing; is it the state of another schedule?")
        groups = len(self.optimizer.param_groups)
        if len(state_dict.get("base_lrs", range(groups))) != groups:
            got = len(state_dict["base_lrs"])
            raise ValueError(f"{name}: the state is for {got} parameter groups, the optimizer has {groups}")

    def _take(self, state_dict):
        self.__dict__.update({key: value for key, value in state_dict.items() if key != "optimizer"})


def check_optimizer(name, optimizer):
    """Raise TypeError for what is no optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{name}: optimizer must be a minitorch.optim optimizer, got {type(optimizer).__name__}")


def check_integer(name, argument, value, least):
    """Raise ValueError for what is no integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name}: {argument} must be an integer of at least {least}, got {value!r}")


def check_number(name, argument, value, least=-float("inf"), most=float("inf"), above=-float("inf")):
    """Raise ValueError for what is no number, less than `least`, more than `most`, or not above `above`."""
    if not is_number(value) or not least <= value <= most or not value > above:
        bounds = [f"at least {least}"] * (least > -float("inf")) + [f"above {above}"] * (above > -float("inf"))
        bounds += [f"at most {most}"] * (most < float("inf"))
        wanted = " " + " and ".join(bounds) if bounds else ""
        raise ValueError(f"{name}: {argument} must be a number{wanted}, got {value!r}")


def option_values(optimizer, key):
    """One option of all groups, a list."""
    return [_copied(group[key]) for group in optimizer.param_groups]


def _copied(value):
    return value.clone() if isinstance(value, Tensor) else value


def set_lr(group, value):
    """Set the learning rate of a group; where it is a tensor, the number in it."""
    if isinstance(group["lr"], Tensor):
        group["lr"].array[...] = float(value)
        group["lr"]._counter[0] += 1
    else:
        group["lr"] = value


def one_per_group(name, argument, value, optimizer):
    """A list with a value for each group, from such a list or from one value for all."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(f"{name}: {argument} has {len(value)} values, the optimizer has {groups} parameter groups")
    return list(value)


def function_state(function):
    """What a state keeps of a function: the attributes of a callable object, None for others."""
    attributes = getattr(function, "__dict__", None)
    return None if attributes is None or isinstance(function, types.FunctionType) else dict(attributes)
