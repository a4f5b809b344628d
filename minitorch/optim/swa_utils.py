"""Averages of weights over a training run: stochastic weight averaging (SWA), exponential moving averages (EMA)."""

import collections
import copy
import math

import numpy as np

from minitorch.autograd import no_grad
from minitorch.creation import from_numpy, tensor
from minitorch.dtype import int64
from minitorch.nn import BatchNorm1d, BatchNorm2d
from minitorch.nn.module import Module
from minitorch.optim.lr_scheduler.scheduler import (
    LRScheduler,
    check_integer,
    check_number,
    check_optimizer,
    one_per_group,
    option_values,
)
from minitorch.tensor import Tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def get_ema_avg_fn(decay=0.999):
    """The rule ``decay * averaged + (1 - decay) * current`` for one tensor, for `AveragedModel`.

    Args:
        decay: between 0 and 1; the average reaches back about 1 / (1 - decay) updates.

    Returns:
        A function of (averaged, current, number of models averaged so far) that returns the new average.

    Raises:
        ValueError: a decay outside [0, 1].

    Source: Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging", with a window.
    """
    check_number("get_ema_avg_fn", "decay", decay, 0, 1)

    def ema_update(averaged, current, num_averaged):
        with no_grad():
            return decay * averaged + (1 - decay) * current

    return ema_update


def get_swa_avg_fn():
    """The rule ``averaged + (current - averaged) / (num_averaged + 1)`` for one tensor: the mean of all models.

    Returns:
        A function of (averaged, current, number of models averaged so far) that returns the new average.

    Source: Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization", algorithm 1.
    """

    def swa_update(averaged, current, num_averaged):
        with no_grad():
            return averaged + (current - averaged) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay=0.999):
    """`get_ema_avg_fn` for many tensors at once, changed in place.

    Args:
        decay: between 0 and 1.

    Returns:
        A function of (list of averages, list of current tensors, number of models averaged so far).

    Raises:
        ValueError: a decay outside [0, 1].
    """
    check_number("get_ema_multi_avg_fn", "decay", decay, 0, 1)

    def ema_update(averaged_list, current_list, num_averaged):
        for averaged, current in zip(averaged_list, current_list):
            _move_towards(averaged, current, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn():
    """`get_swa_avg_fn` for many tensors at once, changed in place.

    Returns:
        A function of (list of averages, list of current tensors, number of models averaged so far).
    """

    def swa_update(averaged_list, current_list, num_averaged):
        weight = 1 / (float(num_averaged) + 1)
        for averaged, current in zip(averaged_list, current_list):
            _move_towards(averaged, current, weight)

    return swa_update


def _move_towards(averaged, current, weight):
    """averaged + weight * (current - averaged), in place; counted from the nearer end, so that 1 gives `current`.

    Works on the arrays: an update of many small tensors after every step would else spend its time on the graph.
    """
    start, end = averaged.array, current.array
    if not averaged.is_floating_point():
        mean = averaged * (1 - weight) + current * weight  # in float32, as in PyTorch
        start[...] = mean.array  # a count, rounded towards zero
    elif weight < 0.5:
        start += (end - start) * start.dtype.type(weight)
    else:
        start[...] = end - (end - start) * start.dtype.type(1 - weight)
    averaged._counter[0] += 1


class AveragedModel(Module):
    """A copy of a model whose parameters are an average of those that the model had at each `update_parameters`.

    For SWA, call `update_parameters` after each of the last epochs, and `update_bn` at the end::

        averaged = AveragedModel(model)
        schedule = SWALR(optimizer, swa_lr=0.05)
        for epoch in range(epochs):
            train(model, optimizer)
            if epoch >= start:
                averaged.update_parameters(model)
                schedule.step()
        update_bn(loader, averaged)

    For EMA, call it after every step of the optimizer::

        averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.999), use_buffers=True)

    The first call copies the model, whatever the copy held before.

    Args:
        model: the model; the copy is in evaluation or training mode as it is.
        device: where the averages are kept, unless where the model is.
        avg_fn: function of (averaged, current, num_averaged) that returns the new average of one tensor; equal
            weights unless given, as `get_swa_avg_fn`.
        multi_avg_fn: function of (averages, current tensors, num_averaged) that changes a list of averages of one
            dtype and device in place; instead of avg_fn.
        use_buffers: average the buffers, too (the running statistics of batch norm); else they are copied.

    Attributes:
        module: the averaged copy; its keys in the state begin with ``module.``.
        n_averaged: how many models went into the average, an int64 tensor in the state.

    Raises:
        TypeError: not a module, no function. ValueError: both avg_fn and multi_avg_fn.

    Source: Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization".
    """

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        if not isinstance(model, Module):
            raise TypeError(f"AveragedModel: model must be an nn.Module, got {type(model).__name__}")
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: give avg_fn or multi_avg_fn, not both")
        for name, function in (("avg_fn", avg_fn), ("multi_avg_fn", multi_avg_fn)):
            if function is not None and not callable(function):
                raise TypeError(f"AveragedModel: {name} must be a function, got {type(function).__name__}")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args, **kwargs):
        """What the averaged copy computes."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model):
        """Take the parameters of the model into the average.

        Raises:
            ValueError: a model of another architecture; nothing is changed then.
        """
        parameters = _pairs(self.module, model, "parameters")
        buffers = _pairs(self.module, model, "buffers")
        averaged, copied = (parameters + buffers, []) if self.use_buffers else (parameters, buffers)
        with no_grad():
            if self.n_averaged.item() == 0:
                averaged, copied = [], averaged + copied
            for own, current in copied:
                own.copy_(current)
            self._average(averaged)
            self.n_averaged += 1

    def _average(self, pairs):
        if self.multi_avg_fn is None:
            rule = self.avg_fn or get_swa_avg_fn()
            for own, current in pairs:
                own.copy_(rule(own.detach(), current, self.n_averaged.to(own.device)))
            return
        groups = collections.defaultdict(list)
        for own, current in pairs:
            groups[str(own.device), own.dtype].append((own.detach(), current))
        for group in groups.values():
            own, current = map(list, zip(*group))
            self.multi_avg_fn(own, current, self.n_averaged.to(own[0].device))


def _pairs(own, model, kind):
    """(average, current value on its device) of all parameters or of all buffers."""
    mine, theirs = list(getattr(own, kind)()), list(getattr(model, kind)())
    shapes = [[tuple(x.shape) for x in tensors] for tensors in (mine, theirs)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"AveragedModel.update_parameters: the {kind} of the {type(model).__name__} have other shapes than those "
            "of the model that the average was made of"
        )
    return [(a, b.detach().to(a.device)) for a, b in zip(mine, theirs)]


def update_bn(loader, model, device=None):
    """Set the running statistics of all batch norms to the means over one pass through the data.

    An averaged model needs it where its buffers are not averaged: its weights never saw the statistics it has. What
    was frozen by `nn.utils.freeze_batch_norm` stays as it is.

    Args:
        loader: gives batches, tensors or NumPy arrays, or tuples whose first entry is one.
        model: is run in training mode, without gradients; each module gets back the mode it had.
        device: where the batches are moved to; as they are unless given.
    """
    modules = list(model.modules())
    norms = [module for module in modules if isinstance(module, (BatchNorm1d, BatchNorm2d)) and not module.frozen]
    if not norms:
        return
    modes, momenta = [module.training for module in modules], [norm.momentum for norm in norms]
    try:
        model.train()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a cumulative mean
        with no_grad():
            for batch in loader:
                images = batch[0] if isinstance(batch, (list, tuple)) else batch
                images = from_numpy(images) if isinstance(images, np.ndarray) else images
                model(images if device is None else images.to(device))
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        for module, training in zip(modules, modes):
            module.training = training


class SWALR(LRScheduler):
    """Bring the learning rate of each group to a constant one, swa_lr, in anneal_epochs epochs, and leave it there.

    Args:
        optimizer, last_epoch: as in `LRScheduler`.
        swa_lr: the constant learning rate, or a list with one for each group.
        anneal_epochs: how many epochs the way there takes; 0 to jump with the first step.
        anneal_strategy: "cos" (half a cosine) or "linear".

    Raises:
        ValueError: an argument out of range. Others as `LRScheduler`.

    Source: Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization", section 3.1.
    """

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        check_optimizer("SWALR", optimizer)
        rates = one_per_group("SWALR", "swa_lr", swa_lr, optimizer)
        for rate in rates:
            if not isinstance(rate, Tensor):
                check_number("SWALR", "swa_lr", rate)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        check_integer("SWALR", "anneal_epochs", anneal_epochs, 0)
        check_integer("SWALR", "last_epoch", last_epoch, -1)
        for group, rate in zip(optimizer.param_groups, rates):
            group["swa_lr"] = rate
        self.anneal_epochs, self._anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _share(self, step):
        """How much of the way to swa_lr is done after a number of steps, from 0 to 1."""
        share = min(max(step / max(self.anneal_epochs, 1), 0), 1)
        return share if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * share)) / 2

    def get_lr(self):
        step = min(self._step_count, self.last_epoch)  # a sequence of schedules starts this one from epoch 0
        if self.anneal_epochs == 0:
            step = max(step, 1)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for lr, swa_lr in zip(option_values(self.optimizer, "lr"), option_values(self.optimizer, "swa_lr")):
            start = swa_lr if before == 1 else (lr - before * swa_lr) / (1 - before)
            rates.append(swa_lr * now + start * (1 - now))
        return rates
