"""Averages of weights against their definitions and, step by step, against PyTorch."""

import copy
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimizer_runs import Ours, Theirs

import minitorch
from minitorch import nn, optim
from minitorch.creation import from_numpy, ones, tensor
from minitorch.optim import SGD, lr_scheduler
from minitorch.optim.swa_utils import (
    SWALR,
    AveragedModel,
    get_ema_avg_fn,
    get_ema_multi_avg_fn,
    get_swa_avg_fn,
    get_swa_multi_avg_fn,
    update_bn,
)

RULES = {
    "none": lambda u: {},
    "swa": lambda u: {"avg_fn": u.get_swa_avg_fn()},
    "swa, many": lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
    "ema": lambda u: {"avg_fn": u.get_ema_avg_fn(0.9)},
    "ema, many": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.9)},
    "ema, many, short": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.25)},
    "own": lambda u: {"avg_fn": lambda averaged, current, count: averaged * 0.5 + current * count},
}


def network(library):
    return library.Sequential(library.Conv2d(2, 3, 3), library.BatchNorm2d(3), library.Flatten(), library.Linear(12, 2))


def numbers(model):
    """The state as arrays."""
    return {key: value.detach().numpy().copy() for key, value in model.state_dict().items()}


def random_state(model, random):
    """New numbers for a state; counts of batches stay counts."""
    state = {}
    for key, value in numbers(model).items():
        drawn = random.random(value.shape) * (50 if value.dtype.kind == "i" else 1)
        state[key] = np.asarray(drawn).astype(value.dtype)
    return state


# Against PyTorch.


# PyTorch raises for the count of batches with its SWA rule for many tensors.
CASES = [(rule, buffers) for rule in RULES for buffers in (False, True) if (rule, buffers) != ("swa, many", True)]


@pytest.mark.parametrize("rule, use_buffers", CASES)
def test_every_update_beside_pytorch(rule, use_buffers):
    torch = pytest.importorskip("torch", reason="needs torch")
    ours, theirs = network(nn), network(torch.nn)
    averages = []
    for model, utils in ((ours, optim.swa_utils), (theirs, torch.optim.swa_utils)):
        averages.append(utils.AveragedModel(model, use_buffers=use_buffers, **RULES[rule](utils)))
    assert list(averages[0].state_dict()) == list(averages[1].state_dict())
    random = np.random.default_rng(0)
    for _ in range(6):
        state = random_state(ours, random)
        ours.load_state_dict(state)
        theirs.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
        averages[0].update_parameters(ours)
        averages[1].update_parameters(theirs)
        mine, expected = (numbers(average) for average in averages)
        for key in expected:
            np.testing.assert_allclose(mine[key], expected[key], rtol=1e-5, atol=1e-6, err_msg=key)
            assert mine[key].dtype == expected[key].dtype
    x = random.random((4, 2, 4, 4)).astype("float32")
    averages[0].eval()
    averages[1].eval()
    y = averages[1](torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(averages[0](from_numpy(x)).detach().numpy(), y, rtol=1e-3, atol=1e-4)


def test_update_bn_beside_pytorch():
    torch = pytest.importorskip("torch", reason="needs torch")
    ours, theirs = network(nn), network(torch.nn)
    theirs.load_state_dict({key: torch.tensor(value) for key, value in numbers(ours).items()})
    batches = np.random.default_rng(0).random((5, 4, 2, 4, 4)).astype("float32")
    update_bn([(batch, None) for batch in batches], ours)
    torch.optim.swa_utils.update_bn(map(torch.tensor, batches), theirs)
    mine, expected = numbers(ours), numbers(theirs)
    for key in expected:
        np.testing.assert_allclose(mine[key], expected[key], rtol=1e-5, atol=1e-6, err_msg=key)


SCHEDULES = {
    "cosine": lambda s, u, o: u.SWALR(o, 0.05),
    "linear": lambda s, u, o: u.SWALR(o, 0.05, 7, "linear"),
    "a list": lambda s, u, o: u.SWALR(o, [0.05, 0.9], anneal_epochs=3),
    "one epoch": lambda s, u, o: u.SWALR(o, 0.05, anneal_epochs=1),
    "at once": lambda s, u, o: u.SWALR(o, 0.05, anneal_epochs=0),
    "second": lambda s, u, o: s.SequentialLR(o, [s.ExponentialLR(o, 0.9), u.SWALR(o, 0.05, 4)], [6]),
    "first": lambda s, u, o: s.SequentialLR(o, [u.SWALR(o, 0.05, 4, "linear"), s.StepLR(o, 2)], [6]),
    "chained": lambda s, u, o: s.ChainedScheduler([s.ExponentialLR(o, 0.9), u.SWALR(o, 0.05, 4)]),
}


def rates(side, make, steps=15):
    groups = [{"params": [side.parameter(np.ones(1))]}, {"params": [side.parameter(np.ones(2))], "lr": 0.2}]
    optimizer = side.optim.SGD(groups, lr=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a step before that of the optimizer
        schedule = make(side.optim.lr_scheduler, side.optim.swa_utils, optimizer)
        seen = [[group["lr"] for group in optimizer.param_groups]]
        for _ in range(steps):
            schedule.step()
            seen.append([group["lr"] for group in optimizer.param_groups])
            assert schedule.get_last_lr() == seen[-1]
    return schedule, seen


@pytest.mark.parametrize("case", SCHEDULES)
def test_swalr_beside_pytorch(case):
    schedule, seen = rates(Ours, SCHEDULES[case])
    other, expected = rates(Theirs(), SCHEDULES[case])
    np.testing.assert_allclose(seen, expected, rtol=1e-12)
    lacking = set(other.state_dict()) - set(schedule.state_dict())
    assert not {key for key in lacking if "within_step" not in key and not key.startswith("_is")}


@given(st.floats(0, 2), st.integers(0, 12), st.sampled_from(["cos", "linear"]), st.integers(0, 5))
def test_swalr_after_another_schedule_beside_pytorch(swa_lr, epochs, strategy, start):
    def make(schedules, utils, optimizer):
        first = schedules.StepLR(optimizer, 2, 0.5)
        for _ in range(start):
            first.step()
        return utils.SWALR(optimizer, swa_lr, epochs, strategy)

    np.testing.assert_allclose(rates(Ours, make)[1], rates(Theirs(), make)[1], rtol=1e-9, atol=1e-12)


def test_swalr_made_midway_beside_pytorch():
    seen = []
    for side in (Ours, Theirs()):
        optimizer = side.optim.SGD([side.parameter(np.ones(1))], lr=0.5)
        optimizer.param_groups[0]["initial_lr"] = 0.7
        schedule = side.optim.swa_utils.SWALR(optimizer, 0.05, 4, last_epoch=5)
        rows = [(schedule.last_epoch, *schedule.get_last_lr())]
        for _ in range(6):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                schedule.step()
            rows.append((schedule.last_epoch, *schedule.get_last_lr()))
        seen.append(rows)
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-12)


# Against the definitions.


def weights(values, average):
    """What the average holds after each value in turn."""
    model = nn.Linear(1, 1, bias=False).double()
    averaged, seen = AveragedModel(model, **average), []
    for value in values:
        model.load_state_dict({"weight": np.array([[value]])})
        averaged.update_parameters(model)
        seen.append(averaged.module.weight.item())
    assert averaged.n_averaged.item() == len(values)
    return seen


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=9))
def test_swa_is_the_mean(values):
    expected = [np.mean(values[: n + 1]) for n in range(len(values))]
    for average in ({}, {"avg_fn": get_swa_avg_fn()}, {"multi_avg_fn": get_swa_multi_avg_fn()}):
        assert weights(values, average) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=9), st.floats(0, 1))
def test_ema_is_a_sum_with_falling_weights(values, decay):
    expected = []
    for n in range(len(values)):
        shares = [decay**n if i == 0 else (1 - decay) * decay ** (n - i) for i in range(n + 1)]
        expected.append(np.dot(shares, values[: n + 1]))
    for average in ({"avg_fn": get_ema_avg_fn(decay)}, {"multi_avg_fn": get_ema_multi_avg_fn(decay)}):
        assert weights(values, average) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_decay_0_gives_the_last_model_exactly():
    values = [0.1, 1e-17, 3e8]
    assert weights(values, {"multi_avg_fn": get_ema_multi_avg_fn(0)}) == values


def test_update_bn_is_the_mean_over_batches():
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.BatchNorm1d(2))
    nn.init.eye_(model[0].weight)
    model[1].momentum, model[1].running_mean = 0.3, tensor([7.0, 7.0])
    batches = np.random.default_rng(0).random((4, 6, 2)).astype("float32")
    model.eval()
    update_bn(list(batches), model)
    np.testing.assert_allclose(model[1].running_mean.numpy(), batches.mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(model[1].running_var.numpy(), batches.var(1, ddof=1).mean(0), rtol=1e-5)
    assert model[1].momentum == 0.3 and model[1].num_batches_tracked.item() == 4
    assert not any(module.training for module in model.modules())


def test_update_bn_gives_everything_back():
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(), nn.BatchNorm1d(2))
    model[1].eval()
    nn.utils.freeze_batch_norm(model, "2")
    model[2].running_mean.fill_(5.0)
    before = numbers(model[2])
    update_bn([ones(3, 2) + 1], model)
    assert [module.training for module in model.modules()] == [True, True, False, False]
    assert all(np.array_equal(x, y) for x, y in zip(numbers(model[2]).values(), before.values()))
    assert model[0].running_mean.tolist() == [2, 2]

    def broken():
        yield ones(3, 2)
        raise OSError("no more data")

    model.eval()
    with pytest.raises(OSError):
        update_bn(broken(), model)
    assert model[0].momentum == 0.1 and not model.training
    update_bn(broken(), nn.Linear(2, 2))  # nothing to do: the data is not touched


def test_the_average_is_on_its_own():
    model = network(nn)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    averaged.update_parameters(model)
    before = numbers(averaged)
    model(ones(2, 2, 4, 4)).sum().backward()
    SGD(model.parameters(), lr=1.0).step()
    assert all(np.array_equal(before[key], x) for key, x in numbers(averaged).items())
    assert averaged.module[0].weight.grad is None and averaged.training
    averaged.update_parameters(model)
    assert averaged.module[0].weight.requires_grad and averaged.module[0].weight.is_leaf


def test_a_write_into_the_average_is_noticed():
    model = nn.Linear(2, 2)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    averaged.update_parameters(model)
    loss = averaged(ones(1, 2).requires_grad_()).sum()
    averaged.update_parameters(model)
    with pytest.raises(RuntimeError):
        loss.backward()


def test_a_saved_average_goes_on(tmp_path):
    model = network(nn)
    averaged = AveragedModel(model)
    averaged.update_parameters(model)
    minitorch.save(averaged.state_dict(), tmp_path / "average.safetensors")
    resumed = AveragedModel(network(nn))
    resumed.load_state_dict(minitorch.load(tmp_path / "average.safetensors"))
    model.load_state_dict(random_state(model, np.random.default_rng(1)))
    for average in (averaged, resumed):
        average.update_parameters(model)
    first, second = numbers(averaged), numbers(resumed)
    assert first.keys() == second.keys() and all(np.array_equal(first[key], second[key]) for key in first)
    assert second["n_averaged"] == 2


def test_swalr_by_hand():
    optimizer = SGD([nn.Parameter(tensor([1.0]))], lr=1.0)
    schedule = SWALR(optimizer, 0.5, 2, "linear")
    optimizer._stepped, seen = True, [schedule.get_last_lr()[0]]
    for _ in range(3):
        schedule.step()
        seen.append(schedule.get_last_lr()[0])
    assert seen == pytest.approx([1, 0.75, 0.5, 0.5])
    saved, other = copy.deepcopy(schedule.state_dict()), SWALR(optimizer, 0.5, 9)
    other.load_state_dict(saved)
    assert other.anneal_epochs == 2 and other.state_dict() == saved and "optimizer" not in saved


BAD = [
    (lambda m, o: AveragedModel(o), TypeError, "AveragedModel: model must be an nn.Module, got SGD"),
    (lambda m, o: AveragedModel(m, avg_fn=len, multi_avg_fn=len), ValueError, "give avg_fn or multi_avg_fn, not both"),
    (lambda m, o: AveragedModel(m, avg_fn=0.9), TypeError, "AveragedModel: avg_fn must be a function, got float"),
    (lambda m, o: AveragedModel(m, multi_avg_fn=1), TypeError, "multi_avg_fn must be a function, got int"),
    (lambda m, o: get_ema_avg_fn(1.5), ValueError, "get_ema_avg_fn: decay must be a number at least 0 and at most 1"),
    (lambda m, o: get_ema_multi_avg_fn(-0.1), ValueError, "get_ema_multi_avg_fn: decay must be"),
    (lambda m, o: AveragedModel(m).update_parameters(nn.Linear(3, 2)), ValueError, "the parameters of the Linear have"),
    (lambda m, o: AveragedModel(m).update_parameters(nn.BatchNorm1d(2)), ValueError, "parameters of the BatchNorm1d"),
    (lambda m, o: SWALR(m, 0.1), TypeError, "SWALR: optimizer must be a minitorch.optim optimizer, got Linear"),
    (lambda m, o: SWALR(o, [0.1, 0.2]), ValueError, "swa_lr has 2 values, the optimizer has 1 parameter groups"),
    (lambda m, o: SWALR(o, "0.1"), ValueError, "SWALR: swa_lr must be a number, got '0.1'"),
    (lambda m, o: SWALR(o, 0.1, -1), ValueError, "anneal_epochs must be an integer of at least 0, got -1"),
    (lambda m, o: SWALR(o, 0.1, 1.5), ValueError, "anneal_epochs must be an integer"),
    (lambda m, o: SWALR(o, 0.1, anneal_strategy="sin"), ValueError, "must be 'cos' or 'linear', got 'sin'"),
    (lambda m, o: SWALR(o, 0.1, last_epoch=3), KeyError, "has no 'initial_lr'"),
]


@pytest.mark.parametrize("make, error, text", BAD)
def test_bad_arguments(make, error, text):
    model = nn.Linear(2, 2)
    optimizer = SGD(model.parameters(), lr=0.1)
    with pytest.raises(error, match=text):
        make(model, optimizer)
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_buffers_of_another_model_change_nothing():
    averaged = AveragedModel(nn.BatchNorm1d(2))
    averaged.module.weight.data = tensor([3.0, 3.0])
    with pytest.raises(ValueError, match="the buffers of the BatchNorm1d have other shapes"):
        averaged.update_parameters(nn.BatchNorm1d(2, track_running_stats=False))
    assert averaged.module.weight.tolist() == [3, 3] and averaged.n_averaged.item() == 0


def test_swalr_is_a_schedule():
    assert issubclass(SWALR, lr_scheduler.LRScheduler) and set(optim.swa_utils.__all__) >= {"AveragedModel", "SWALR"}
