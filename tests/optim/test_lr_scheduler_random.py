"""Schedules with arguments drawn at random, alone and combined, step by step beside PyTorch and their closed forms."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimizer_runs import Ours, Theirs

import minitorch

RATE = st.floats(0.01, 2)
SHARE = st.floats(0.05, 1)
EPOCHS = st.integers(1, 20)
ARGUMENTS = {
    "StepLR": {"step_size": EPOCHS, "gamma": st.floats(0.1, 1.2)},
    "MultiStepLR": {"milestones": st.lists(st.integers(0, 30), max_size=5), "gamma": st.floats(0.1, 1.2)},
    "ConstantLR": {"factor": SHARE, "total_iters": EPOCHS},
    "LinearLR": {"start_factor": SHARE, "end_factor": SHARE, "total_iters": EPOCHS},
    "ExponentialLR": {"gamma": st.floats(0.5, 1.1)},
    "PolynomialLR": {"total_iters": EPOCHS, "power": st.floats(0.5, 3)},
    "CosineAnnealingLR": {"T_max": EPOCHS, "eta_min": st.floats(0, 0.1)},
    "CosineAnnealingWarmRestarts": {"T_0": EPOCHS, "T_mult": st.integers(1, 3), "eta_min": st.floats(0, 0.1)},
    "OneCycleLR": {
        "max_lr": RATE | st.lists(RATE, min_size=2, max_size=2),
        "total_steps": st.integers(35, 60),
        "pct_start": st.floats(0.2, 0.45),
        "anneal_strategy": st.sampled_from(["cos", "linear"]),
        "div_factor": st.floats(1, 50),
        "final_div_factor": st.floats(1, 1e4),
        "three_phase": st.booleans(),
        "base_momentum": st.floats(0.5, 0.9),
        "max_momentum": st.floats(0.9, 0.99),
    },
    "CyclicLR": {
        "base_lr": st.floats(0.01, 0.1),
        "max_lr": RATE | st.lists(RATE, min_size=2, max_size=2),
        "step_size_up": EPOCHS,
        "step_size_down": EPOCHS | st.none(),
        "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
        "gamma": st.floats(0.8, 1),
        "cycle_momentum": st.booleans(),
    },
}
CLOSED_FORM = {
    "StepLR": lambda t, a: a["gamma"] ** (t // a["step_size"]),
    "MultiStepLR": lambda t, a: a["gamma"] ** sum(m <= t for m in a["milestones"]),
    "ConstantLR": lambda t, a: a["factor"] if t < a["total_iters"] else 1,
    "LinearLR": lambda t, a: np.interp(t, [0, a["total_iters"]], [a["start_factor"], a["end_factor"]]),
    "ExponentialLR": lambda t, a: a["gamma"] ** t,
    "PolynomialLR": lambda t, a: max(0, 1 - t / a["total_iters"]) ** a["power"],
}


def drawn(*names):
    """A strategy: (name, arguments) of a schedule."""
    return st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), st.fixed_dictionaries(ARGUMENTS[name])))


def make_optimizer(side):
    groups = [{"params": [side.parameter(np.ones(1))]}, {"params": [side.parameter(np.ones(2))], "lr": 0.2}]
    return side.optim.SGD(groups, lr=0.5, momentum=0.9)


def build(side, optimizer, case):
    name, arguments = case
    return getattr(side.optim.lr_scheduler, name)(optimizer, **arguments)


def numbers(optimizer):
    return [x for group in optimizer.param_groups for x in (group["lr"], group["momentum"])]


def run(side, make, steps=33):
    """What the groups hold at first and after each step."""
    optimizer = make_optimizer(side)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # steps before those of the optimizer
        schedule = make(side, optimizer)
        rows = [numbers(optimizer)]
        for _ in range(steps):
            schedule.step()
            rows.append(numbers(optimizer))
    return np.array(rows)


def compare(make):
    # A schedule that falls to 1e-6 of its beginning and rises again carries its roundings up with it.
    np.testing.assert_allclose(run(Ours, make), run(Theirs(), make), rtol=1e-7, atol=1e-12)


@given(drawn(*ARGUMENTS))
def test_any_arguments_beside_pytorch(case):
    compare(lambda side, optimizer: build(side, optimizer, case))


COMBINABLE = [name for name in ARGUMENTS if name not in ("OneCycleLR", "CyclicLR")]


@given(st.lists(st.tuples(drawn(*COMBINABLE), st.integers(1, 9)), min_size=1, max_size=4))
def test_any_sequence_beside_pytorch(parts):
    milestones = np.cumsum([length for _, length in parts])[:-1].tolist()

    def make(side, optimizer):
        schedules = [build(side, optimizer, case) for case, _ in parts]
        return side.optim.lr_scheduler.SequentialLR(optimizer, schedules, milestones)

    compare(make)


@given(st.lists(drawn(*(name for name in COMBINABLE if "Cosine" not in name)), min_size=1, max_size=3))
def test_any_chain_beside_pytorch(cases):
    compare(lambda side, o: side.optim.lr_scheduler.ChainedScheduler([build(side, o, case) for case in cases]))


@given(drawn(*CLOSED_FORM))
def test_the_closed_form(case):
    factors = [CLOSED_FORM[case[0]](t, case[1]) for t in range(34)]
    rates = run(Ours, lambda side, optimizer: build(side, optimizer, case))[:, 0]
    np.testing.assert_allclose(rates, 0.5 * np.array(factors), rtol=1e-9, atol=1e-15)


@given(drawn(*CLOSED_FORM))
def test_a_chain_multiplies_the_factors(case):
    other = ("ExponentialLR", {"gamma": 0.95})
    factors = [CLOSED_FORM[case[0]](t, case[1]) * 0.95**t for t in range(34)]

    def make(side, optimizer):
        return minitorch.optim.lr_scheduler.ChainedScheduler([build(side, optimizer, c) for c in (case, other)])

    np.testing.assert_allclose(run(Ours, make)[:, 0], 0.5 * np.array(factors), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("before", [0, 1, 7, 19])
@given(st.lists(st.tuples(drawn(*COMBINABLE), st.integers(1, 9)), min_size=2, max_size=3))
def test_a_sequence_goes_on_from_its_state(before, parts):
    milestones = np.cumsum([length for _, length in parts])[:-1].tolist()

    def make(side, optimizer):
        schedules = [build(side, optimizer, case) for case, _ in parts]
        return side.optim.lr_scheduler.SequentialLR(optimizer, schedules, milestones)

    expected = run(Ours, make)
    first, second = make_optimizer(Ours), make_optimizer(Ours)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stopped, resumed = make(Ours, first), make(Ours, second)
        for _ in range(before):
            stopped.step()
        second.load_state_dict(first.state_dict())
        resumed.load_state_dict(stopped.state_dict())
        rows = [numbers(second)]
        for _ in range(33 - before):
            resumed.step()
            rows.append(numbers(second))
    assert np.array_equal(rows, expected[before:])
