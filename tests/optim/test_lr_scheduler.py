"""Schedules of the learning rate against PyTorch, their formulas, and numbers worked out by hand."""

import functools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimizer_runs import Ours, Theirs

import minitorch
from minitorch import nn, optim
from minitorch.creation import tensor
from minitorch.optim import SGD, Adagrad, Adam, Optimizer, lr_scheduler

# What each side of a comparison builds: a function of (the library's lr_scheduler, an optimizer of two groups).
SCHEDULES = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    "LambdaLR, a list": lambda s, o: s.LambdaLR(o, [lambda epoch: 1 / (1 + epoch), lambda epoch: epoch // 3]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.9 if epoch % 2 else 1.05),
    "StepLR": lambda s, o: s.StepLR(o, 7),
    "StepLR, gamma": lambda s, o: s.StepLR(o, 3, gamma=0.5),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [4, 10, 10, 33], gamma=0.3),
    "ConstantLR": lambda s, o: s.ConstantLR(o),
    "ConstantLR, factor": lambda s, o: s.ConstantLR(o, factor=0.25, total_iters=12),
    "LinearLR": lambda s, o: s.LinearLR(o),
    "LinearLR, down": lambda s, o: s.LinearLR(o, 1.0, 0.0, total_iters=20),
    "LinearLR, none": lambda s, o: s.LinearLR(o, 0.5, 1.0, total_iters=0),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o),
    "PolynomialLR, power": lambda s, o: s.PolynomialLR(o, total_iters=40, power=2.5),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 10),
    "CosineAnnealingLR, eta_min": lambda s, o: s.CosineAnnealingLR(o, 17, eta_min=0.03),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 6),
    "CosineAnnealingWarmRestarts, T_mult": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, T_mult=2, eta_min=0.01),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.8, total_steps=60),
    "OneCycleLR, linear": lambda s, o: s.OneCycleLR(
        o, [0.8, 0.3], epochs=6, steps_per_epoch=10, anneal_strategy="linear"
    ),
    "OneCycleLR, three phases": lambda s, o: s.OneCycleLR(
        o, 0.8, 60, pct_start=0.25, three_phase=True, base_momentum=[0.5, 0.6], max_momentum=0.99
    ),
    "OneCycleLR, lr alone": lambda s, o: s.OneCycleLR(
        o, 0.8, 60, cycle_momentum=False, div_factor=5.0, final_div_factor=10.0, pct_start=0.0
    ),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.1, 0.9, step_size_up=6, step_size_down=3),
    "CyclicLR, triangular2": lambda s, o: s.CyclicLR(o, [0.1, 0.2], 1, 5, mode="triangular2", max_momentum=[0.9, 0.8]),
    "CyclicLR, exp_range": lambda s, o: s.CyclicLR(o, 0.1, 0.9, 5, mode="exp_range", gamma=0.95, cycle_momentum=False),
    "CyclicLR, scale_fn": lambda s, o: s.CyclicLR(o, 0.1, 0.9, 5, scale_fn=lambda x: 1 / x),
}
COMBINED = {
    "chained": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9), s.StepLR(o, 8)]),
    "chained, with optimizer": lambda s, o: s.ChainedScheduler([s.CosineAnnealingLR(o, 9), s.LinearLR(o)], optimizer=o),
    "sequence": lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=5), s.CosineAnnealingLR(o, 30)], [5]),
    "sequence of four": lambda s, o: s.SequentialLR(
        o,
        [
            s.ConstantLR(o, 0.1, 2),
            s.ExponentialLR(o, 0.9),
            s.CosineAnnealingWarmRestarts(o, 4, T_mult=2),
            s.StepLR(o, 3),
        ],
        [2, 10, 30],
    ),
    "sequence, chained first": lambda s, o: s.SequentialLR(
        o, [s.ChainedScheduler([s.LinearLR(o), s.ConstantLR(o)]), s.PolynomialLR(o, 30)], [9]
    ),
    "sequence, sequence first": lambda s, o: s.SequentialLR(
        o, [s.SequentialLR(o, [s.StepLR(o, 2), s.ExponentialLR(o, 0.8)], [5]), s.MultiStepLR(o, [3, 9])], [15]
    ),
    "sequence, at once": lambda s, o: s.SequentialLR(o, [s.LinearLR(o), s.ExponentialLR(o, 0.8)], [0]),
    "sequence, one": lambda s, o: s.SequentialLR(o, [s.StepLR(o, 3)], []),
}
OPTIMIZERS = {"SGD": {"momentum": 0.9}, "Adam": {}}


def make_optimizer(side, name="SGD", lr=0.5):
    groups = [{"params": [side.parameter(np.ones(1))]}, {"params": [side.parameter(np.ones(2))], "lr": 0.2}]
    return getattr(side.optim, name)(groups, lr=lr, **OPTIMIZERS.get(name, {}))


def step_optimizer(side, optimizer):
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = side.tensor(np.full(p.shape, 1e-3))
    optimizer.step()


def settings_now(optimizer):
    keys = ("lr", "betas", "momentum", "initial_lr")
    return [np.hstack([float(x) for key in keys for x in np.ravel(g.get(key, 0))]) for g in optimizer.param_groups]


def run(side, make, steps=55, name="SGD"):
    """What the groups hold from the making of the schedule on, after each step, and what get_last_lr says."""
    optimizer = make_optimizer(side, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch on schedules in schedules
        schedule = make(side.optim.lr_scheduler, optimizer)
        seen = [settings_now(optimizer) + [np.array(schedule.get_last_lr(), float)]]
        for _ in range(steps):
            step_optimizer(side, optimizer)
            schedule.step()
            seen.append(settings_now(optimizer) + [np.array(schedule.get_last_lr(), float)])
    return schedule, np.array([np.hstack(row) for row in seen])


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("case", [*SCHEDULES, *COMBINED])
def test_every_step_beside_pytorch(case, name):
    make = {**SCHEDULES, **COMBINED}[case]
    schedule, mine = run(Ours, make, name=name)
    other, expected = run(Theirs(), make, name=name)
    np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-15)
    assert getattr(schedule, "last_epoch", None) == getattr(other, "last_epoch", None)
    assert np.array_equal(mine[:, -2:], mine[:, [0, 4 if name == "SGD" else 5]])  # get_last_lr is what the groups hold


RESUMABLE = [case for case in SCHEDULES if "OneCycle" not in case and "Cyclic" not in case]


@pytest.mark.parametrize("last_epoch", [0, 3, 6, 13, 29])
@pytest.mark.parametrize("case", RESUMABLE)
def test_made_midway_beside_pytorch(case, last_epoch):
    """Groups of a run until now, and a new schedule that is told how far it came."""
    seen = []
    for side in (Ours, Theirs()):
        optimizer = make_optimizer(side)
        for i, group in enumerate(optimizer.param_groups):
            group["initial_lr"], group["lr"] = 0.9 - i / 4, 0.6 - i / 4
        module = side.optim.lr_scheduler
        schedule = SCHEDULES[case](Midway(module, last_epoch), optimizer)
        rows = [list(schedule.get_last_lr())]
        for _ in range(50):
            step_optimizer(side, optimizer)
            schedule.step()
            rows.append(list(schedule.get_last_lr()))
        seen.append(rows)
        assert schedule.last_epoch == last_epoch + 51
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-12, atol=1e-15)


class Midway:
    """A library's schedules, made with last_epoch."""

    def __init__(self, module, last_epoch):
        self.module, self.last_epoch = module, last_epoch

    def __getattr__(self, name):
        return functools.partial(getattr(self.module, name), last_epoch=self.last_epoch)


@pytest.mark.parametrize("case", ["OneCycleLR", "OneCycleLR, three phases", "CyclicLR", "CyclicLR, exp_range"])
def test_cycles_go_on_from_the_state_of_the_optimizer(case):
    _, expected = run(Ours, SCHEDULES[case], steps=30)
    optimizer = make_optimizer(Ours)
    SCHEDULES[case](lr_scheduler, optimizer)
    other = make_optimizer(Ours)
    other.load_state_dict(optimizer.state_dict())
    resumed = SCHEDULES[case](Midway(lr_scheduler, 9), other)
    rows = [settings_now(other) + [np.array(resumed.get_last_lr())]]
    for _ in range(20):
        step_optimizer(Ours, other)
        resumed.step()
        rows.append(settings_now(other) + [np.array(resumed.get_last_lr())])
    np.testing.assert_allclose(np.array([np.hstack(row) for row in rows]), expected[10:], rtol=1e-12)


JUMPING = ["StepLR", "MultiStepLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR", "LinearLR", "ConstantLR"]


@given(
    st.sampled_from(JUMPING),
    st.lists(st.integers(0, 40) | st.none(), min_size=1, max_size=8),
)
def test_jumps_beside_pytorch(case, epochs):
    seen = []
    for side in (Ours, Theirs()):
        optimizer = make_optimizer(side)
        schedule = SCHEDULES[case](side.optim.lr_scheduler, optimizer)
        rows = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch on the argument epoch
            for epoch in epochs:
                schedule.step(epoch)
                rows.append((*schedule.get_last_lr(), schedule.last_epoch))
        seen.append(rows)
    # Back up from a jump to a learning rate of almost 0 the roundings grow with the ratio.
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("T_mult", [1, 2, 3])
def test_fractions_of_an_epoch_beside_pytorch(T_mult):
    seen = []
    for side in (Ours, Theirs()):
        optimizer = make_optimizer(side)
        schedule = side.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4, T_mult)
        rows = []
        for epoch in (0, 0.25, 1.5, 3.75, 4.25, 5.5, 11.9, 13.1, None, None, 30.5, 2, None):
            schedule.step(epoch)
            rows.append((*schedule.get_last_lr(), schedule.last_epoch, schedule.T_cur, schedule.T_i))
        seen.append(rows)
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-12)


@st.composite
def plateau_settings(draw):
    return {
        "mode": draw(st.sampled_from(["min", "max"])),
        "factor": draw(st.sampled_from([0.1, 0.5])),
        "patience": draw(st.integers(0, 4)),
        "threshold": draw(st.sampled_from([1e-4, 0.1, 0])),
        "threshold_mode": draw(st.sampled_from(["rel", "abs"])),
        "cooldown": draw(st.integers(0, 3)),
        "min_lr": draw(st.sampled_from([0, 0.05, [0.1, 0.01]])),
        "eps": draw(st.sampled_from([1e-8, 0.01])),
    }


@given(plateau_settings(), st.lists(st.floats(-2, 2) | st.sampled_from([math.nan, math.inf]), min_size=50, max_size=60))
def test_plateau_beside_pytorch(options, metrics):
    seen, schedules = [], []
    for side in (Ours, Theirs()):
        optimizer = make_optimizer(side)
        schedule = side.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        rows = []
        for metric in metrics:
            schedule.step(metric)
            counts = (schedule.best, schedule.num_bad_epochs, schedule.cooldown_counter, schedule.last_epoch)
            rows.append((*schedule.get_last_lr(), *counts, schedule.in_cooldown))
        seen.append(rows)
        schedules.append(schedule)
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-12)
    assert schedules[0].state_dict() == schedules[1].state_dict()


# Without PyTorch: what each schedule is to do, worked out by hand.


def constant_and_exponential(optimizer):
    return [lr_scheduler.ConstantLR(optimizer, 0.5, 2), lr_scheduler.ExponentialLR(optimizer, 0.5)]


def rates(make, steps, lr=1.0):
    optimizer = SGD([nn.Parameter(tensor([1.0]))], lr=lr, momentum=0.5)
    optimizer.param_groups[0]["params"][0].grad = tensor([0.0])
    schedule = make(optimizer)
    seen = [optimizer.param_groups[0]["lr"]]
    for _ in range(steps):
        optimizer.step()
        schedule.step()
        seen.append(optimizer.param_groups[0]["lr"])
        assert schedule.get_last_lr() == seen[-1:]
    return seen


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda o: lr_scheduler.StepLR(o, 2, 0.5), [1, 1, 0.5, 0.5, 0.25]),
        (lambda o: lr_scheduler.MultiStepLR(o, [1, 3], 0.5), [1, 0.5, 0.5, 0.25, 0.25]),
        (lambda o: lr_scheduler.MultiStepLR(o, np.array([1, 3]), 0.5), [1, 0.5, 0.5, 0.25, 0.25]),
        (lambda o: lr_scheduler.ConstantLR(o, 0.5, 2), [0.5, 0.5, 1, 1]),
        (lambda o: lr_scheduler.ConstantLR(o, 0, 2), [0, 0, 1, 1]),
        (lambda o: lr_scheduler.LinearLR(o, 0.5, 1.0, 2), [0.5, 0.75, 1, 1]),
        (lambda o: lr_scheduler.ExponentialLR(o, 0.5), [1, 0.5, 0.25, 0.125]),
        (lambda o: lr_scheduler.PolynomialLR(o, 4, 2), [1, 9 / 16, 4 / 16, 1 / 16, 0, 0]),
        (lambda o: lr_scheduler.CosineAnnealingLR(o, 2), [1, 0.5, 0, 0.5, 1, 0.5]),
        (lambda o: lr_scheduler.CosineAnnealingLR(o, 2, 0.5), [1, 0.75, 0.5, 0.75, 1]),
        (
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 1, 2),
            [1, 1, 0.5, 1, 0.5 + 2**-1.5, 0.5, 0.5 - 2**-1.5, 1],
        ),
        (lambda o: lr_scheduler.LambdaLR(o, lambda epoch: epoch + 1), [1, 2, 3]),
        (lambda o: lr_scheduler.MultiplicativeLR(o, lambda epoch: epoch), [1, 1, 2, 6, 24]),
        (
            lambda o: lr_scheduler.OneCycleLR(
                o, 2, 5, pct_start=0.6, div_factor=4.0, final_div_factor=2.0, anneal_strategy="linear"
            ),
            [0.5, 1.25, 2, 1.125, 0.25],
        ),
        (lambda o: lr_scheduler.OneCycleLR(o, 2, 10, pct_start=0.1, div_factor=4.0), [2]),
        (lambda o: lr_scheduler.CyclicLR(o, 1, 3, 2, 1), [1, 2, 3, 1, 2]),
        (lambda o: lr_scheduler.SequentialLR(o, constant_and_exponential(o), [3]), [0.5, 0.5, 1, 1, 0.5, 0.25]),
        (lambda o: lr_scheduler.ChainedScheduler(constant_and_exponential(o)), [0.5, 0.25, 0.25, 0.125]),
    ],
)
def test_by_hand(make, expected):
    assert rates(make, len(expected) - 1) == pytest.approx(expected, abs=1e-15)


def test_momentum_goes_the_other_way():
    for kind, read in ((SGD, lambda g: g["momentum"]), (Adam, lambda g: g["betas"][0])):
        p = nn.Parameter(tensor([1.0]))
        optimizer = kind([p])
        schedule = lr_scheduler.OneCycleLR(optimizer, 1, 5, pct_start=0.6, anneal_strategy="linear")
        seen = [read(optimizer.param_groups[0])]
        p.grad = tensor([0.0])
        for _ in range(4):
            optimizer.step()
            schedule.step()
            seen.append(read(optimizer.param_groups[0]))
        assert seen == pytest.approx([0.95, 0.9, 0.85, 0.9, 0.95])
        schedule.step()
        with pytest.raises(ValueError, match="OneCycleLR.step: this is step 6, and total_steps is 5"):
            schedule.step()
        assert schedule.last_epoch == 5


def test_plateau_by_hand():
    optimizer = SGD([nn.Parameter(tensor([1.0]))], lr=1)
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1)
    seen = []
    for loss in (3, 2, tensor(2.0), np.float32(2), 2, 2, 2, 1, 1):
        schedule.step(loss)
        seen.append(optimizer.param_groups[0]["lr"])
    assert seen == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25] and schedule.best == 1


# States.


@pytest.mark.parametrize("case", [*SCHEDULES, *COMBINED])
def test_a_saved_run_goes_on(case, tmp_path):
    make = {**SCHEDULES, **COMBINED}[case]
    optimizer = make_optimizer(Ours)
    schedule = make(lr_scheduler, optimizer)

    def go_on(optimizer, schedule, steps):
        seen = []
        for _ in range(steps):
            step_optimizer(Ours, optimizer)
            schedule.step()
            seen.append(settings_now(optimizer) + [schedule.get_last_lr()])
        return [np.hstack(row).tolist() for row in seen]

    go_on(optimizer, schedule, 9)
    state = {"schedule": schedule.state_dict(), "optimizer": optimizer.state_dict()}
    minitorch.save(state, tmp_path / "state.safetensors")
    saved = minitorch.load(tmp_path / "state.safetensors")
    other = make_optimizer(Ours, lr=7.0)
    resumed = make(lr_scheduler, other)
    other.load_state_dict(saved["optimizer"])
    resumed.load_state_dict(saved["schedule"])
    assert go_on(optimizer, schedule, 40) == go_on(other, resumed, 40)
    first, second = schedule.state_dict(), resumed.state_dict()
    assert first.keys() == second.keys() and "optimizer" not in first


@pytest.mark.parametrize("case", [*SCHEDULES, *COMBINED])
def test_a_state_of_pytorch_can_be_loaded(case):
    make = {**SCHEDULES, **COMBINED}[case]
    other, _ = run(Theirs(), make, steps=9)
    schedule, _ = run(Ours, make, steps=9)
    fresh = make(lr_scheduler, make_optimizer(Ours))
    fresh.load_state_dict(other.state_dict())
    assert plain(schedule.state_dict()) == plain(fresh.state_dict())


def plain(value):
    """Numbers that may be compared, without what only one library notes."""
    if isinstance(value, dict):
        return {key: plain(x) for key, x in value.items() if not str(key).startswith(("_get_lr", "_is_initial"))}
    if isinstance(value, (list, tuple)):
        return [plain(x) for x in value]
    return pytest.approx(value, rel=1e-12) if isinstance(value, float) else value


class Warmup:
    """A callable object with a memory."""

    def __init__(self, length):
        self.length = length

    def __call__(self, epoch):
        return min(1.0, (epoch + 1) / self.length)


def test_the_attributes_of_callable_objects_are_saved():
    schedule = lr_scheduler.LambdaLR(make_optimizer(Ours), [Warmup(4), lambda epoch: 1.0])
    assert schedule.state_dict()["lr_lambdas"] == [{"length": 4}, None]
    resumed = lr_scheduler.LambdaLR(make_optimizer(Ours), [Warmup(9), lambda epoch: 1.0])
    resumed.load_state_dict(schedule.state_dict())
    assert resumed.lr_lambdas[0].length == 4
    cyclic = lr_scheduler.CyclicLR(make_optimizer(Ours), 0.1, 1, scale_fn=Warmup(4))
    resumed = lr_scheduler.CyclicLR(make_optimizer(Ours), 0.1, 1, scale_fn=Warmup(9))
    resumed.load_state_dict(cyclic.state_dict())
    assert resumed.scale_fn(2) == 0.75


def test_a_state_that_does_not_fit_changes_nothing():
    optimizer = make_optimizer(Ours)
    schedule = lr_scheduler.StepLR(optimizer, 3)
    exponential = lr_scheduler.ExponentialLR(make_optimizer(Ours), 0.9).state_dict()
    before = schedule.state_dict()
    with pytest.raises(ValueError, match="StepLR.load_state_dict: step_size missing; is it the state of another"):
        schedule.load_state_dict(exponential)
    with pytest.raises(TypeError, match="StepLR.load_state_dict: expected a dictionary .* got list"):
        schedule.load_state_dict([])
    with pytest.raises(ValueError, match="the state is for 1 parameter groups, the optimizer has 2"):
        schedule.load_state_dict({**before, "base_lrs": [0.1]})
    assert schedule.state_dict() == before
    chained = lr_scheduler.ChainedScheduler([schedule, lr_scheduler.ConstantLR(optimizer)])
    saved = chained.state_dict()
    for states in ([saved["_schedulers"][0]], [{}, {}], None):
        with pytest.raises((ValueError, TypeError), match="load_state_dict: "):
            chained.load_state_dict({**saved, "_schedulers": states})


# How they behave.


def test_a_learning_rate_in_a_tensor_is_changed_in_place():
    rate = tensor(1.0)
    optimizer = SGD([nn.Parameter(tensor([1.0]))], lr=rate)
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.5)
    schedule.optimizer._stepped = True
    schedule.step()
    assert optimizer.param_groups[0]["lr"] is rate and rate.item() == 0.5
    assert optimizer.param_groups[0]["initial_lr"].item() == 1 and schedule.get_last_lr()[0].item() == 0.5


def test_a_step_before_the_first_step_of_the_optimizer_warns():
    schedule = lr_scheduler.StepLR(make_optimizer(Ours), 3)
    with pytest.warns(UserWarning, match=r"StepLR.step: called before optimizer.step\(\)"):
        schedule.step()

    class Own(SGD):
        def step(self, closure=None):
            return super().step(closure)

    optimizer = make_optimizer(Ours)
    own = lr_scheduler.StepLR(Own([nn.Parameter(tensor([1.0]))]), 3)
    later = lr_scheduler.StepLR(optimizer, 3)
    step_optimizer(Ours, optimizer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own.step()
        later.step()


def test_a_schedule_of_ones_own():
    class Halving(lr_scheduler.LRScheduler):
        def get_lr(self):
            return [base_lr / 2**self.last_epoch for base_lr in self.base_lrs]

    assert rates(Halving, 3) == [1, 0.5, 0.25, 0.125]
    with pytest.raises(NotImplementedError, match="LRScheduler has no get_lr"):
        lr_scheduler.LRScheduler(make_optimizer(Ours))


def test_groups_that_were_added_later():
    optimizer = make_optimizer(Ours)
    cosine = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3)
    lambdas = lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0, 0])
    other = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    optimizer.add_param_group({"params": [nn.Parameter(tensor([1.0]))], "lr": 1.0})
    optimizer._stepped = True
    for schedule in (cosine, lambdas):
        with pytest.raises(ValueError, match="was made for 2 parameter groups, the optimizer has 3; make the schedule"):
            schedule.step()
    plateau.step(1)
    with pytest.raises(RuntimeError, match="min_lr was given for 2 parameter groups, the optimizer has 3"):
        plateau.step(1)
    other.step(1)
    other.step(1)
    assert [g["lr"] for g in optimizer.param_groups] == pytest.approx([0.05, 0.02, 0.1])


def test_every_schedule_has_a_base_class_and_is_named():
    for name in lr_scheduler.__all__:
        assert issubclass(getattr(lr_scheduler, name), lr_scheduler.LRScheduler)
    assert optim.lr_scheduler is lr_scheduler and isinstance(make_optimizer(Ours), Optimizer)


# Bad arguments. `o` is an optimizer with momentum, `s` the schedules.

BAD = [
    (lambda s, o: s.StepLR(0.1, 3), TypeError, "StepLR: optimizer must be a minitorch.optim optimizer, got float"),
    (lambda s, o: s.LambdaLR(nn.Linear(1, 1), len), TypeError, "LambdaLR: optimizer must be .* got Linear"),
    (lambda s, o: s.ReduceLROnPlateau("o"), TypeError, "ReduceLROnPlateau: optimizer"),
    (lambda s, o: s.OneCycleLR(None, 1, 5), TypeError, "OneCycleLR: optimizer"),
    (lambda s, o: s.CyclicLR(None, 1, 5), TypeError, "CyclicLR: optimizer"),
    (lambda s, o: s.StepLR(o, 3, last_epoch=4), KeyError, r"param_groups\[0\] has no 'initial_lr'; load the opt"),
    (lambda s, o: s.StepLR(o, 3, last_epoch=4), ValueError, "StepLR: last_epoch=4"),
    (lambda s, o: s.StepLR(o, 3, last_epoch=-2), ValueError, "last_epoch must be an integer of at least -1, got -2"),
    (lambda s, o: s.StepLR(o, 0), ValueError, "StepLR: step_size must be a number above 0, got 0"),
    (lambda s, o: s.StepLR(o, [3, 6]), ValueError, r"step_size must be a number above 0, got \[3, 6\]"),
    (lambda s, o: s.StepLR(o, 3, "0.1"), ValueError, "gamma must be a number, got '0.1'"),
    (lambda s, o: s.MultiStepLR(o, 3), TypeError, "milestones must be a list of epochs, got int; StepLR takes"),
    (lambda s, o: s.MultiStepLR(o, [1.5]), ValueError, "each milestone must be an integer"),
    (lambda s, o: s.ExponentialLR(o, None), ValueError, "gamma must be a number, got None"),
    (lambda s, o: s.ConstantLR(o, 1.5), ValueError, "factor must be a number at least 0 and at most 1, got 1.5"),
    (lambda s, o: s.ConstantLR(o, -0.1), ValueError, "factor must be"),
    (lambda s, o: s.LinearLR(o, 0), ValueError, "start_factor must be a number above 0 and at most 1, got 0"),
    (lambda s, o: s.LinearLR(o, 0.5, 1.1), ValueError, "end_factor must be"),
    (lambda s, o: s.PolynomialLR(o, "5"), ValueError, "total_iters must be a number"),
    (lambda s, o: s.CosineAnnealingLR(o, 0), ValueError, "T_max must be a number above 0, got 0"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 0), ValueError, "T_0 must be an integer of at least 1, got 0"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 2.5), ValueError, "T_0 must be an integer"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, 0), ValueError, "T_mult must be an integer of at least 1"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, eta_min="0"), ValueError, "eta_min must be a number"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 2).step(-1), ValueError, "epoch must be a number at least 0, got"),
    (lambda s, o: s.LambdaLR(o, [len]), ValueError, "lr_lambda has 1 values, the optimizer has 2 parameter groups"),
    (lambda s, o: s.LambdaLR(o, 0.5), TypeError, "lr_lambda must be a function of the epoch, got float"),
    (lambda s, o: s.MultiplicativeLR(o, [len, 3]), TypeError, "MultiplicativeLR: lr_lambda must be a function"),
    (lambda s, o: s.LambdaLR(o, lambda epoch: None), TypeError, "lr_lambda returned None in epoch 0; add a return"),
    (lambda s, o: s.OneCycleLR(o, 1), ValueError, "give total_steps, or both epochs and steps_per_epoch"),
    (lambda s, o: s.OneCycleLR(o, 1, 0), ValueError, "total_steps must be an integer of at least 1, got 0"),
    (lambda s, o: s.OneCycleLR(o, 1, epochs=-1, steps_per_epoch=3), ValueError, "epochs must be an integer"),
    (lambda s, o: s.OneCycleLR(o, 1, epochs=1, steps_per_epoch=1.5), ValueError, "steps_per_epoch must be an integer"),
    (lambda s, o: s.OneCycleLR(o, 1, 9, pct_start=1.1), ValueError, "pct_start must be a float between 0 and 1"),
    (lambda s, o: s.OneCycleLR(o, 1, 9, anneal_strategy="sin"), ValueError, "anneal_strategy must be 'cos' or"),
    (lambda s, o: s.OneCycleLR(o, [1], 9), ValueError, "max_lr has 1 values, the optimizer has 2"),
    (lambda s, o: s.OneCycleLR(o, 1, 9, base_momentum=[0.8]), ValueError, "base_momentum has 1 values"),
    (lambda s, o: s.OneCycleLR(o, 1, 9, div_factor=0), ValueError, "div_factor must be a number above 0"),
    (lambda s, o: s.OneCycleLR(Adagrad([tensor(1.0)]), 1, 9), ValueError, "neither momentum nor betas; pass cycle_mom"),
    (lambda s, o: s.CyclicLR(Adagrad([tensor(1.0)]), 1, 9), ValueError, "Adagrad has neither momentum nor betas"),
    (lambda s, o: s.CyclicLR(o, 0.1, 1, mode="square"), ValueError, "mode must be 'triangular', .* got 'square'"),
    (lambda s, o: s.CyclicLR(o, 0.1, 1, 0), ValueError, "step_size_up must be a number above 0"),
    (lambda s, o: s.CyclicLR(o, [0.1], 1), ValueError, "base_lr has 1 values"),
    (lambda s, o: s.CyclicLR(o, 0.1, 1, scale_fn=len, scale_mode="x"), ValueError, "scale_mode must be"),
    (lambda s, o: s.ReduceLROnPlateau(o, "least"), ValueError, r"mode must be 'min' \(for a loss\)"),
    (lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold_mode must be 'rel' or 'abs'"),
    (lambda s, o: s.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor must be less than 1, got 1.0"),
    (lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0]), ValueError, "min_lr has 1 values"),
    (lambda s, o: s.ReduceLROnPlateau(o, patience=-1), ValueError, "patience must be a number at least 0"),
    (lambda s, o: s.ReduceLROnPlateau(o).step(None), TypeError, "metrics must be a number such as the validation loss"),
    (lambda s, o: s.ReduceLROnPlateau(o).step(tensor([1.0, 2.0])), RuntimeError, "item: a tensor of shape"),
    (lambda s, o: s.SequentialLR(o, [], []), ValueError, "SequentialLR: schedulers must be a list of at least one"),
    (lambda s, o: s.SequentialLR(o, [s.StepLR(o, 3)], [3]), ValueError, "1 schedules need 0 milestones"),
    (lambda s, o: s.SequentialLR(o, [s.StepLR(o, 3), SGD], [3]), TypeError, r"schedulers\[1\] must be a schedule"),
    (lambda s, o: s.SequentialLR(o, [s.ReduceLROnPlateau(o)], []), ValueError, "ReduceLROnPlateau, whose step needs"),
    (lambda s, o: s.SequentialLR(o, [s.StepLR(SGD([tensor(1.0)]), 3)], []), ValueError, "is for another optimizer"),
    (lambda s, o: s.SequentialLR(o, [s.StepLR(o, 3)] * 3, [5, 2]), ValueError, "milestones must not fall"),
    (
        lambda s, o: s.SequentialLR(o, [s.StepLR(o, 3), s.ChainedScheduler([s.StepLR(o, 3)])], [2]),
        ValueError,
        "which can only be the first",
    ),
    (lambda s, o: s.ChainedScheduler([]), ValueError, "ChainedScheduler: schedulers must be a list of at least one"),
    (lambda s, o: s.ChainedScheduler([o]), TypeError, r"schedulers\[0\] must be a schedule, got SGD"),
    (lambda s, o: s.ChainedScheduler([s.ReduceLROnPlateau(o)]), ValueError, "step it on its own"),
    (
        lambda s, o: s.ChainedScheduler([s.StepLR(o, 3), s.StepLR(SGD([tensor(1.0)]), 3)]),
        ValueError,
        r"schedulers\[1\] \(StepLR\) is for another optimizer",
    ),
]


@pytest.mark.parametrize("make, error, text", BAD)
def test_bad_arguments(make, error, text):
    optimizer = make_optimizer(Ours)
    before = [{**group} for group in optimizer.param_groups]
    with pytest.raises(error, match=text):
        make(lr_scheduler, optimizer)
    for group, old in zip(optimizer.param_groups, before):
        assert {key: x for key, x in group.items() if key != "initial_lr"} == old
