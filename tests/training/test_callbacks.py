"""The moments of a run and the order of the callbacks."""

import pytest
from training_runs import loader, run

from minitorch.optim.lr_scheduler import StepLR
from minitorch.optim.swa_utils import AveragedModel
from minitorch.training import (
    Averaging,
    Callback,
    Checkpoint,
    EarlyStopping,
    History,
    Progress,
    Schedule,
    Statistics,
    TimeBudget,
)
from minitorch.training.callbacks import MOMENTS, check_callbacks, column_of, methods_by_moment, remembering


def noting(name, rank, log):
    """A callback that notes each moment."""

    class Noting(Callback):
        pass

    Noting.rank = rank
    for moment in MOMENTS:
        setattr(Noting, moment, lambda self, trainer, moment=moment: log.append((moment, name)))
    return Noting()


def test_moments_in_their_order():
    log = []
    run(callbacks=[noting("late", 60, log), noting("early", 10, log), noting("late too", 60, log)]).fit(loader(16))
    step = ["on_step_start", "on_gradients", "on_step_end"]
    moments = ["on_load", "on_fit_start", "on_epoch_start", *step, *step, "on_epoch_end", "on_fit_end", "close"]
    assert log == [(moment, name) for moment in moments for name in ("early", "late", "late too")]


def test_moments_with_gathered_gradients():
    log = []
    run(callbacks=[noting("", 50, log)], accumulate=2).fit(loader(40))  # 5 batches: 2, 2, 1
    assert [moment for moment, _ in log].count("on_step_start") == 3
    assert [moment for moment, _ in log].count("on_gradients") == 3


def test_ranks_are_those_of_the_documentation(tmp_path):
    trainer = run()
    callbacks = [
        Checkpoint(tmp_path), Progress(), History(), Callback(), EarlyStopping(), TimeBudget(1),
        Schedule(StepLR(trainer.optimizer, 1)), Averaging(AveragedModel(trainer.model)), Statistics(),
    ]  # fmt: skip
    ordered = [type(callback).__name__ for callback in check_callbacks(callbacks)]
    assert ordered == [
        "Statistics", "Averaging", "Schedule", "EarlyStopping", "TimeBudget", "Callback", "History", "Progress",
        "Checkpoint",
    ]  # fmt: skip


def test_only_written_methods_are_called():
    class One(Callback):
        def on_epoch_end(self, trainer):
            """Written."""

    methods = methods_by_moment([Callback(), One()])
    assert {moment: len(found) for moment, found in methods.items() if found} == {"on_epoch_end": 1}


def test_a_column_may_be_added_to_the_row():
    class Twice(Callback):
        def on_epoch_end(self, trainer):
            trainer.row["twice"] = 2 * trainer.row["train_loss"]

    history = run(callbacks=[Twice()]).fit(loader())
    assert history[0]["twice"] == 2 * history[0]["train_loss"]


def test_names_of_several_callbacks_of_one_class():
    first, second, other = TimeBudget(1), TimeBudget(2), Statistics()
    found = remembering([first, Progress(), other, History(), second])
    assert found == {"TimeBudget": first, "Statistics": other, "TimeBudget-2": second}


def test_a_column_that_is_not_there():
    with pytest.raises(ValueError, match="Schedule: the epoch has no 'validation_loss', it has epoch, lr"):
        column_of({"epoch": 1, "lr": 0.1}, "validation_loss", "Schedule")


def test_a_callback_without_a_state_needs_none():
    assert Callback().state_dict() == {} and Callback().load_state_dict({}) is None
