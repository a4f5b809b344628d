"""Schedules within a run, against the same schedules stepped by hand."""

import pytest
from training_runs import assert_same_weights, loader, network, run

from minitorch import nn, optim
from minitorch.optim import lr_scheduler
from minitorch.optim.swa_utils import SWALR
from minitorch.training import Callback, Checkpoint, Schedule, Trainer


class Rates(Callback):
    """Keeps the learning rate of each step."""

    def __init__(self):
        self.seen = []

    def on_gradients(self, trainer):
        self.seen.append(trainer.optimizer.param_groups[0]["lr"])


SCHEDULES = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, 2, 0.5),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [2, 3, 3]),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, 0.5, 3),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o, 0.1, total_iters=4),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, 5),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 1 / (epoch + 1)),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, lambda epoch: 0.8),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 6),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2, 2),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.2, 2),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.3, 40),
    "SWALR": lambda o: SWALR(o, 0.01, 3),
    "warm-up": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 0.1, total_iters=2), lr_scheduler.CosineAnnealingLR(o, 5)], [2]
    ),
    "chained": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, 0.1, 2), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("per", ["epoch", "step"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_are_those_of_the_schedule(name, per):
    trainer = run()
    rates = Rates()
    trainer.callbacks = [Schedule(SCHEDULES[name](trainer.optimizer), per), rates]
    history = trainer.fit(loader(16), epochs=5)  # two steps an epoch
    by_hand = optim.SGD(network().parameters(), lr=0.1, momentum=0.9)
    schedule = SCHEDULES[name](by_hand)
    by_hand._stepped = True  # no step is needed here, and none is missed
    expected = []
    for _ in range(5):
        for _ in range(2):
            expected.append(by_hand.param_groups[0]["lr"])
            if per == "step":
                schedule.step()
        if per == "epoch":
            schedule.step()
    assert rates.seen == expected
    assert [row["lr"] for row in history] == expected[1::2]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_survives_a_checkpoint(name, tmp_path):
    """Saved and restored after every step, it gives the rates of a run in one piece."""
    def rates_of(folder, stop_at=None):
        rates = Rates()
        trainer = run()
        callbacks = [Schedule(SCHEDULES[name](trainer.optimizer), "step"), rates]
        trainer = Trainer(trainer.model, trainer.optimizer, nn.CrossEntropyLoss(),
                          callbacks=[*callbacks, Checkpoint(folder, resume=True)])  # fmt: skip
        for epochs in [stop_at] if stop_at else [4]:
            trainer.fit(loader(16), epochs=epochs)
        return rates.seen, trainer.model

    expected, model = rates_of(tmp_path / "whole")
    pieces = [rates_of(tmp_path / "pieces", epochs) for epochs in (1, 2, 3, 4)]
    assert sum((seen for seen, _ in pieces), []) == expected
    assert_same_weights(pieces[-1][1], model)


def test_plateau_goes_by_a_column():
    class Script(Callback):
        rank = 5

        def on_epoch_end(self, trainer):
            trainer.row["score"] = [3, 2, 2, 2, 2, 1, 1, 1][trainer.epoch - 1]

    trainer = run()
    schedule = lr_scheduler.ReduceLROnPlateau(trainer.optimizer, factor=0.5, patience=1)
    trainer.callbacks = [Script(), Schedule(schedule, metric="score")]
    history = trainer.fit(loader(), epochs=8)
    assert [row["lr"] for row in history] == [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05]
    assert trainer.optimizer.param_groups[0]["lr"] == 0.025


def test_bad_settings():
    optimizer = optim.SGD(network().parameters(), lr=0.1)
    step, plateau = lr_scheduler.StepLR(optimizer, 1), lr_scheduler.ReduceLROnPlateau(optimizer)
    with pytest.raises(TypeError, match="must be one of optim.lr_scheduler, got SGD"):
        Schedule(optimizer)
    with pytest.raises(ValueError, match="per must be 'epoch' or 'step'"):
        Schedule(step, per="batch")
    with pytest.raises(ValueError, match="goes by the epoch's metric"):
        Schedule(plateau, per="step")
    with pytest.raises(ValueError, match="metric is for ReduceLROnPlateau; StepLR watches none"):
        Schedule(step, metric="validation_loss")
    with pytest.raises(ValueError, match="of another optimizer"):
        run(callbacks=[Schedule(step)]).fit(loader())
    trainer = run()
    trainer.callbacks = [Schedule(lr_scheduler.ReduceLROnPlateau(trainer.optimizer))]
    with pytest.raises(ValueError, match="Schedule: the epoch has no 'validation_loss'"):
        trainer.fit(loader())
