"""Schedules that take the learning rate up and down, and the momentum the other way."""

import math

from minitorch.optim.lr_scheduler.scheduler import (
    LRScheduler,
    check_integer,
    check_number,
    check_optimizer,
    function_state,
    one_per_group,
    set_lr,
)


class _CycleLR(LRScheduler):
    """What both have in common: the momentum, which is beta1 in an optimizer with betas."""

    def _init_momentum(self, cycle_momentum, optimizer, base_momentum, max_momentum):
        """The lists of both momenta."""
        name = type(self).__name__
        self.cycle_momentum = cycle_momentum
        if not cycle_momentum:
            return [], []
        if not {"momentum", "betas"} & optimizer.defaults.keys():
            kind = type(optimizer).__name__
            raise ValueError(f"{name}: {kind} has neither momentum nor betas; pass cycle_momentum=False")
        self.use_beta1 = "betas" in optimizer.defaults
        lists = []
        for argument, value in (("base_momentum", base_momentum), ("max_momentum", max_momentum)):
            lists.append(one_per_group(name, argument, value, optimizer))
            for number in lists[-1]:
                check_number(name, argument, number)
        return lists

    def _start_momentum(self, optimizer, base_momentums, max_momentums):
        for group, low, high in zip(optimizer.param_groups, base_momentums, max_momentums):
            self._set_momentum(group, high)
            group["max_momentum"], group["base_momentum"] = high, low

    def _set_momentum(self, group, value):
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


def _numbers(name, argument, value, optimizer, least=-math.inf):
    values = one_per_group(name, argument, value, optimizer)
    for number in values:
        check_number(name, argument, number, least)
    return values


class OneCycleLR(_CycleLR):
    """One long cycle: the learning rate rises from max_lr / div_factor to max_lr and falls far below its beginning.

    Call `step` after every batch. At the same time the momentum falls from max_momentum to base_momentum and rises.

    Args:
        optimizer, last_epoch: as in `LRScheduler`; an epoch is one batch here.
        max_lr: the highest learning rate, or a list with one for each group.
        total_steps: number of batches in all; or
        epochs, steps_per_epoch: two factors of it.
        pct_start: share of the steps in which the learning rate rises, a float between 0 and 1.
        anneal_strategy: "cos" or "linear", how it goes between the ends of a phase.
        cycle_momentum: change the momentum too (beta1 of an optimizer with betas).
        base_momentum, max_momentum: its lowest and highest value, or lists.
        div_factor: max_lr / div_factor is the first learning rate.
        final_div_factor: the first learning rate / final_div_factor is the last one.
        three_phase: fall back to the first learning rate as fast as it rose, and then to the last one.

    Raises:
        ValueError: an argument out of range, neither total_steps nor its factors, an optimizer without momentum;
            a step beyond total_steps. Others as `LRScheduler`.

    Source: Smith and Topin 2018, "Super-convergence", section 4; phases as in fastai, three_phase as in the paper.
    """

    def __init__(
        self,
        optimizer,
        max_lr,
        total_steps=None,
        epochs=None,
        steps_per_epoch=None,
        pct_start=0.3,
        anneal_strategy="cos",
        cycle_momentum=True,
        base_momentum=0.85,
        max_momentum=0.95,
        div_factor=25.0,
        final_div_factor=1e4,
        three_phase=False,
        last_epoch=-1,
    ):
        name = "OneCycleLR"
        check_optimizer(name, optimizer)
        self.total_steps = self._total(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"{name}: pct_start must be a float between 0 and 1, got {pct_start!r}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"{name}: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        max_lrs = _numbers(name, "max_lr", max_lr, optimizer, 0)
        check_number(name, "div_factor", div_factor, above=0)
        check_number(name, "final_div_factor", final_div_factor, above=0)
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = self._phases(pct_start, three_phase)
        momenta = self._init_momentum(cycle_momentum, optimizer, base_momentum, max_momentum)
        if last_epoch == -1:
            for group, high in zip(optimizer.param_groups, max_lrs):
                group["initial_lr"] = high / div_factor
                group["max_lr"] = high
                group["min_lr"] = high / div_factor / final_div_factor
            self._start_momentum(optimizer, *momenta)
        super().__init__(optimizer, last_epoch)

    @staticmethod
    def _total(total_steps, epochs, steps_per_epoch):
        name = "OneCycleLR"
        if total_steps is not None:
            check_integer(name, "total_steps", total_steps, 1)
            return total_steps
        if epochs is None or steps_per_epoch is None:
            raise ValueError(f"{name}: give total_steps, or both epochs and steps_per_epoch")
        check_integer(name, "epochs", epochs, 1)
        check_integer(name, "steps_per_epoch", steps_per_epoch, 1)
        return epochs * steps_per_epoch

    def _phases(self, pct_start, three_phase):
        """Where each phase ends, and the keys of a group that hold what it goes from and to."""
        rise, last = pct_start * self.total_steps - 1, self.total_steps - 1
        phases = [(rise, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
        if three_phase:
            phases.append((2 * rise, "max_lr", "initial_lr", "base_momentum", "max_momentum"))
            phases.append((last, "initial_lr", "min_lr", "max_momentum", "max_momentum"))
        else:
            phases.append((last, "max_lr", "min_lr", "base_momentum", "max_momentum"))
        keys = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
        return [dict(zip(keys, phase)) for phase in phases]

    def get_lr(self):
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"OneCycleLR.step: this is step {step}, and total_steps is {self.total_steps}")
        phases, i = self._schedule_phases, 0
        while step > phases[i]["end_step"] and i + 1 < len(phases):
            i += 1
        phase, start = phases[i], phases[i - 1]["end_step"] if i else 0.0
        length = phase["end_step"] - start
        share = (step - start) / length if length else 1.0
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                momentum = self._between(group[phase["start_momentum"]], group[phase["end_momentum"]], share)
                self._set_momentum(group, momentum)
        return [self._between(group[phase["start_lr"]], group[phase["end_lr"]], share) for group in groups]

    def _between(self, start, end, share):
        if self._anneal_func_type == "cos":
            return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
        return start + (end - start) * share


class CyclicLR(_CycleLR):
    """Cycle after cycle, the learning rate rises evenly from base_lr to max_lr and falls back.

    Call `step` after every batch. At the same time the momentum falls from max_momentum to base_momentum and rises.

    Args:
        optimizer, last_epoch: as in `LRScheduler`; an epoch is one batch here.
        base_lr, max_lr: the ends, or lists with one for each group.
        step_size_up, step_size_down: number of batches of the two halves; the second is as the first unless given.
        mode: "triangular" (all cycles alike), "triangular2" (each half as high as the one before) or "exp_range"
            (height falls by gamma in every step).
        gamma: for exp_range.
        scale_fn: a function for the height in place of a mode.
        scale_mode: whether scale_fn is given the number of the "cycle" (from 1) or of the "iterations".
        cycle_momentum: change the momentum too (beta1 of an optimizer with betas).
        base_momentum, max_momentum: its lowest and highest value, or lists.

    Raises:
        ValueError: an argument out of range, an optimizer without momentum. Others as `LRScheduler`.

    Source: Smith 2017, "Cyclical learning rates for training neural networks", section 3.
    """

    def __init__(
        self,
        optimizer,
        base_lr,
        max_lr,
        step_size_up=2000,
        step_size_down=None,
        mode="triangular",
        gamma=1.0,
        scale_fn=None,
        scale_mode="cycle",
        cycle_momentum=True,
        base_momentum=0.8,
        max_momentum=0.9,
        last_epoch=-1,
    ):
        name = "CyclicLR"
        check_optimizer(name, optimizer)
        base_lrs = _numbers(name, "base_lr", base_lr, optimizer, 0)
        self.max_lrs = _numbers(name, "max_lr", max_lr, optimizer, 0)
        check_number(name, "step_size_up", step_size_up, above=0)
        check_number(name, "step_size_down", step_size_up if step_size_down is None else step_size_down, 0)
        check_number(name, "gamma", gamma)
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(f"{name}: mode must be 'triangular', 'triangular2' or 'exp_range', got {mode!r}")
        if scale_mode not in ("cycle", "iterations"):
            raise ValueError(f"{name}: scale_mode must be 'cycle' or 'iterations', got {scale_mode!r}")
        self.total_size = float(step_size_up + (step_size_up if step_size_down is None else step_size_down))
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        momenta = self._init_momentum(cycle_momentum, optimizer, base_momentum, max_momentum)
        if cycle_momentum:
            self.base_momentums, self.max_momentums = momenta
        if last_epoch == -1:
            for group, low in zip(optimizer.param_groups, base_lrs):
                set_lr(group, low)
            self._start_momentum(optimizer, *momenta)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x):
        """The height of a cycle, as a share of max_lr - base_lr; x is the number of the cycle or of the step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 0.5 ** (x - 1) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self):
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        place = 1 + self.last_epoch / self.total_size - cycle
        rising = place <= self.step_ratio
        height = place / self.step_ratio if rising else (place - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums):
                self._set_momentum(group, high - (high - low) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs)]

    def state_dict(self):
        """Everything but the optimizer and a plain scale_fn; of a callable object it holds the attributes."""
        return {**super().state_dict(), "_scale_fn_custom": function_state(self._scale_fn_custom)}

    def _take(self, state_dict):
        super()._take({key: value for key, value in state_dict.items() if key != "_scale_fn_custom"})
        if state_dict["_scale_fn_custom"] is not None:
            vars(self._scale_fn_custom).update(state_dict["_scale_fn_custom"])
