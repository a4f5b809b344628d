"""`Callback`: what a training run does beside the training itself, at named moments, in an order that is fixed.

The moments of a run, from its beginning to its end::

    on_load             before all else: an earlier run may be restored
    on_fit_start
        on_epoch_start
            on_step_start   before the forward pass
            on_gradients    the gradients are there; they are neither clipped nor used yet
            on_step_end     the weights have changed, and trainer.step counts the step
        on_epoch_end        trainer.row holds the numbers of the epoch; columns may be added to it
    on_fit_end          the last epoch is over, or a callback stopped the run
    on_interrupt        in place of on_fit_end after Ctrl-C, between two steps
    close               always the last, also after an error

At each moment the callbacks run by their `rank`, the lowest first, those of one rank as they were listed:

    10  Statistics      looks at the step as it was
    20  Averaging       takes the new weights in
    30  Schedule        sets the learning rate of the next step
    40  EarlyStopping, TimeBudget
    50  your own, unless they say otherwise
    60  History         writes the row, which is complete now
    70  Progress        shows it
    80  Checkpoint      saves all that the others have done
"""

import numbers


class Callback:
    """Does nothing at every moment; a subclass writes the methods that it needs.

    The trainer calls only methods that a subclass has written, so the others cost nothing. A callback that remembers
    something returns it from `state_dict` (numbers, strings, lists, dictionaries, tensors) and takes it back in
    `load_state_dict`; then it survives in checkpoints.

    Attributes:
        rank: its place among the callbacks at each moment, see the top of this file.
    """

    rank = 50

    def on_load(self, trainer):
        """Before all else."""

    def on_fit_start(self, trainer):
        """Before the first epoch of this call of `fit`."""

    def on_epoch_start(self, trainer):
        """Before the first batch of an epoch, or of the rest of one."""

    def on_step_start(self, trainer):
        """Before the forward pass of the first batch of a step."""

    def on_gradients(self, trainer):
        """After the backward pass of the last batch of a step."""

    def on_step_end(self, trainer):
        """After the optimizer's step; the gradients are still there."""

    def on_epoch_end(self, trainer):
        """After the validation; `trainer.epoch` counts the epoch already, `trainer.row` has its numbers."""

    def on_fit_end(self, trainer):
        """After the last epoch."""

    def on_interrupt(self, trainer):
        """After Ctrl-C, when the step at hand is done."""

    def close(self, trainer):
        """At the very end, whatever happened."""

    def state_dict(self):
        """What is to be kept in a checkpoint."""
        return {}

    def load_state_dict(self, state):
        """Take back what `state_dict` gave."""


MOMENTS = [name for name in vars(Callback) if name.startswith("on_")] + ["close"]


def methods_by_moment(callbacks):
    """Moment -> the methods that were written for it, in their order."""
    return {
        moment: [getattr(c, moment) for c in callbacks if getattr(type(c), moment) is not getattr(Callback, moment)]
        for moment in MOMENTS
    }


def remembering(callbacks):
    """The callbacks that have a state, by name: their class, with a number from the second on. A dictionary."""
    named = {}
    for callback in callbacks:
        if type(callback).state_dict is Callback.state_dict:
            continue
        name, number = type(callback).__name__, 1
        while name in named:
            number += 1
            name = f"{type(callback).__name__}-{number}"
        named[name] = callback
    return named


def check_callbacks(callbacks):
    """A list of callbacks in the order of their ranks; TypeError for anything else."""
    for callback in callbacks:
        if not isinstance(callback, Callback):
            hint = "; make an instance with parentheses" if isinstance(callback, type) else ""
            raise TypeError(f"Trainer: callbacks must be training.Callback objects, got {callback!r}{hint}")
    return sorted(callbacks, key=lambda callback: callback.rank)


def column_of(row, metric, name):
    """The number under a name in the row of an epoch; ValueError that lists the columns where there is none."""
    if metric not in row:
        names = ", ".join(row)
        raise ValueError(f"{name}: the epoch has no {metric!r}, it has {names}; was fit given validation data?")
    return row[metric]


def check_positive(name, argument, value, whole=False):
    """Raise ValueError unless a value is a number above zero, and a whole one if asked."""
    fits = isinstance(value, numbers.Integral if whole else numbers.Real)
    if isinstance(value, bool) or not fits or not value > 0:
        raise ValueError(f"{name}: {argument} must be a positive {'integer' if whole else 'number'}, got {value!r}")
