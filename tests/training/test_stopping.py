"""Early stopping and the time budget, on runs whose validation is written down."""

import math

import pytest
from training_runs import arrays, assert_same_weights, loader, network, run

from minitorch.training import Callback, Checkpoint, EarlyStopping, TimeBudget


class Script(Callback):
    """Writes given numbers into the rows as "score", and keeps the weights of each epoch."""

    rank = 5

    def __init__(self, numbers):
        self.numbers, self.weights = numbers, []

    def on_epoch_end(self, trainer):
        trainer.row["score"] = self.numbers[trainer.epoch - 1]
        self.weights.append(arrays(trainer.model))


def stopped_at(numbers, **settings):
    """Epochs that were run, the trainer, the callback and the weights of each epoch."""
    script, stopping = Script(numbers), EarlyStopping("score", **settings)
    trainer = run(callbacks=[script, stopping])
    trainer.fit(loader(), epochs=len(numbers))
    return trainer.epoch, trainer, stopping, script.weights


@pytest.mark.parametrize(
    "numbers, settings, epochs, best",
    [
        ([5, 4, 3, 3, 3, 1], {"patience": 2}, 5, 3),
        ([5, 4, 3, 3, 2.9, 3, 3, 3], {"patience": 2}, 7, 5),
        ([5, 4, 3, 2, 1], {"patience": 1}, 5, 5),
        ([1, 2, 3, 2, 2, 9], {"patience": 2, "mode": "max"}, 5, 3),
        ([5, 4.9, 4.8, 4.7, 1], {"patience": 2, "min_delta": 0.5}, 3, 1),
        ([5, 4.7, 4.4, 4.1, 1], {"patience": 2, "min_delta": 0.5}, 5, 5),
        ([math.nan, 3, math.nan, math.nan, 1], {"patience": 2}, 4, 2),
        ([3, 2, 3, 3, 3, 3], {"patience": math.inf}, 6, 2),
    ],
)
def test_patience(numbers, settings, epochs, best):
    count, trainer, stopping, weights = stopped_at(numbers, **settings)
    assert (count, stopping.best_epoch, stopping.best) == (epochs, best, numbers[best - 1])
    assert_same_weights(trainer.model, weights[best - 1])
    assert (trainer.stopped is None) == (epochs == len(numbers) and best + settings["patience"] > epochs)


def test_the_last_weights_stay_where_asked():
    _, trainer, _, weights = stopped_at([1, 2, 3, 4], patience=2, restore_best=False)
    assert_same_weights(trainer.model, weights[2])


def test_a_tolerance_that_is_just_reached_is_not_better():
    assert stopped_at([5.0, 4.5, 4.0, 9, 9], patience=1, min_delta=0.5)[0] == 2


def test_accuracy_is_better_when_larger():
    assert EarlyStopping("validation_accuracy").mode == "max" and EarlyStopping().mode == "min"


def test_a_stopped_run_stays_stopped_when_restored(tmp_path):
    def again(epochs):
        model = network()
        script = Script([3, 1, 2, 2, 2, 2])
        trainer = run(model, [script, EarlyStopping("score", patience=2), Checkpoint(tmp_path, resume=True)])
        trainer.fit(loader(), epochs=epochs)
        return trainer

    first, second = again(6), again(6)
    assert first.epoch == second.epoch == 4 and second.step == first.step
    assert_same_weights(second.model, first.model)


def test_bad_settings():
    for settings, words in (
        ({"patience": 0}, "patience must be a positive integer"),
        ({"mode": "up"}, "mode must be 'min' or 'max'"),
        ({"min_delta": -1}, "min_delta must not be negative"),
    ):
        with pytest.raises(ValueError, match=words):
            EarlyStopping(**settings)
    with pytest.raises(ValueError, match="has no 'validation_loss'.*was fit given validation data"):
        run(callbacks=[EarlyStopping()]).fit(loader())
    with pytest.raises(ValueError, match="seconds must be a positive number"):
        TimeBudget(0)


class Clock:
    """A second passes each time that it is looked at."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        self.now += 1
        return self.now


def test_time_budget_ends_the_epoch_at_hand():
    """One look at the start, one in its check, one after each step: the eighth step ends the second epoch."""
    budget = TimeBudget(9, clock=Clock())
    trainer = run(callbacks=[budget])
    history = trainer.fit(loader(), loader(seed=1), epochs=10)
    assert trainer.step == 8 and len(history) == 2 and "validation_loss" in history[1]
    assert trainer.stopped == "the 9 seconds are up" and budget.used == 9


def test_time_of_the_run_before_counts(tmp_path):
    def budgeted(seconds, epochs=10):
        callbacks = [TimeBudget(seconds, clock=Clock()), Checkpoint(tmp_path, resume=True)]
        trainer = run(network(), callbacks)
        trainer.fit(loader(shuffle=True), epochs=epochs)
        return trainer.step, trainer.epoch

    assert budgeted(9) == (8, 2)
    assert budgeted(9) == (8, 2)
    # Each restored run has looked at the clock once before its first step. The third epoch is a new pass.
    assert budgeted(13) == (8 + 2, 3)
    assert budgeted(1000, epochs=4) == (10 + 6, 4)  # all of the fourth epoch, not what was left of the third
