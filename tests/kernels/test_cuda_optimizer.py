"""SGD and Adam over many arrays in one launch against their formulas, number by number."""

import itertools
import math

import numpy as np
import pytest
from kernels.on_device import MODES, TOLERANCE, numbers, on

import minitorch
from minitorch import nn, optim
from minitorch.device import to_device, to_numpy
from minitorch.kernels import cpu, cuda
from minitorch.kernels.cuda import optimizer
from minitorch.tensor import Tensor

SIZES = [(3, 5), (), (0, 2), (1,), (300,), (2, 7, 11)]


def lists(count, dtype, positive=()):
    """`count` lists of arrays; those numbered in `positive` hold no negative numbers."""
    made = [[np.asarray(numbers(s, dtype, 10 * k + i)) for i, s in enumerate(SIZES)] for k in range(count)]
    return [[np.asarray(np.abs(a)) for a in arrays] if k in positive else arrays for k, arrays in enumerate(made)]


def run(device, name, given, *options, mode="check"):
    """What the lists hold after the step."""
    place = minitorch.device(device)

    def step():
        moved = [None if a is None else [to_device(x.copy(), place) for x in a] for a in given]
        getattr(cpu if device == "cpu" else cuda, name)(*moved, *options)
        return tuple(to_numpy(x) for arrays in moved if arrays is not None for x in arrays)

    return on(device, step, mode=mode)


def agree(found, given, dtype):
    expected = [x for arrays in given if arrays is not None for x in arrays]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, **TOLERANCE[dtype])


def sgd(parameters, grads, velocities, lr, momentum, dampening, weight_decay, nesterov, maximize):
    for i, (p, g) in enumerate(zip(parameters, grads)):
        change = (-g if maximize else g) + weight_decay * p
        if velocities is not None:
            velocities[i] = v = momentum * velocities[i] + (1 - dampening) * change
            change = change + momentum * v if nesterov else v
        parameters[i] = p - lr * change


def adam(
    parameters, grads, averages, squares, largest, steps, lr, beta1, beta2, eps, weight_decay, decoupled, maximize
):
    for i, (p, g, t) in enumerate(zip(parameters, grads, steps)):
        change = (-g if maximize else g) + (0 if decoupled else weight_decay) * p
        p = p * (1 - lr * weight_decay) if decoupled else p
        averages[i] = beta1 * averages[i] + (1 - beta1) * change
        squares[i] = v = beta2 * squares[i] + (1 - beta2) * change**2
        if largest is not None:
            largest[i] = v = np.maximum(largest[i], v)
        scale = np.sqrt(v) / math.sqrt(1 - beta2**t) + eps
        parameters[i] = p - lr / (1 - beta1**t) * averages[i] / scale


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks that the arrays fill several times, and not exactly."""
    monkeypatch.setattr(optimizer, "CHUNK", 67)


@pytest.mark.parametrize("momentum, dampening, nesterov", [(0, 0, False), (0.9, 0.3, False), (0.9, 0, True)])
@pytest.mark.parametrize("weight_decay, maximize", [(0, False), (0.1, True)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sgd(momentum, dampening, nesterov, weight_decay, maximize, dtype, device):
    given = lists(3, dtype) if momentum else [*lists(2, dtype), None]
    options = (0.1, momentum, dampening, weight_decay, nesterov, maximize)
    found = run(device, "sgd", given, *options)
    sgd(*given, *options)
    agree(found, given, dtype)


def test_no_weight_decay_leaves_infinite_parameters_alone(device):
    """0 times infinity is no number."""
    given = [[np.array([np.inf, 1.0])], [np.array([1.0, 2.0])], None]
    assert run(device, "sgd", given, 0.5, 0.0, 0.0, 0.0, False, False)[0].tolist() == [np.inf, 0.0]


@pytest.mark.parametrize("amsgrad, decoupled, maximize", list(itertools.product((False, True), repeat=3)))
def test_adam(amsgrad, decoupled, maximize, device):
    given = lists(5, "float64", positive=(3, 4))
    given = given if amsgrad else [*given[:4], None]
    steps = [1, 2, 1, 3, 1, 2]
    options = (0.1, 0.9, 0.99, 1e-3, 0.1, decoupled, maximize)

    found = run(device, "adam", given, steps, *options)
    adam(*given, steps, *options)
    agree(found, given, "float64")


@pytest.mark.parametrize("mode", MODES)
def test_in_every_order(mode, other_device):
    given = lists(3, "float32")
    options = (0.1, 0.9, 0.2, 0.3, False, False)
    found = run(other_device, "sgd", given, *options, mode=mode)
    sgd(*given, *options)
    agree(found, given, "float32")


def test_more_arrays_than_a_launch_takes(other_device, monkeypatch):
    monkeypatch.setattr(optimizer, "ON_THE_EMULATOR", 4)
    given = lists(3, "float64")
    found = run(other_device, "sgd", given, 0.1, 0.9, 0.0, 0.0, True, False)
    sgd(*given, 0.1, 0.9, 0.0, 0.0, True, False)
    agree(found, given, "float64")


def test_arrays_that_are_not_contiguous_or_of_float16(other_device):
    place = minitorch.device(other_device)
    p, g = to_device(numbers((3, 4), "float64"), place), to_device(numbers((4, 3), "float64", 1), place)
    expected = to_numpy(p).T - 0.5 * to_numpy(g)
    cuda.sgd([p.T], [g], None, 0.5, 0.0, 0.0, 0.0, False, False)
    np.testing.assert_allclose(to_numpy(p).T, expected)
    half = to_device(np.ones(3, np.float16), place)
    cuda.sgd([half], [half.copy()], None, 0.25, 0.0, 0.0, 0.0, False, False)
    assert half.dtype == np.float16 and to_numpy(half).tolist() == [0.75] * 3


@pytest.mark.parametrize("dampening", [0.0, 0.5])
@pytest.mark.parametrize("make", ["SGD", "Adam", "AdamW"])
def test_optimizers_on_every_device(make, dampening, device):
    """Three steps; a parameter that gets its first gradient late has a count and a first velocity of its own."""
    if make != "SGD" and dampening:
        return
    options = {"momentum": 0.9, "dampening": dampening} if make == "SGD" else {"amsgrad": True}

    def train(where):
        ps = [nn.Parameter(Tensor(np.asarray(numbers(s, "float64", i))).to(where)) for i, s in enumerate(SIZES)]
        rule = getattr(optim, make)(ps, lr=0.1, weight_decay=0.1, **options)
        for step in range(3):
            for i, p in enumerate(ps):
                late = step == 0 and i == 1
                g = np.asarray(numbers(SIZES[i], "float64", 50 + step + i))
                p.grad = None if late else Tensor(g).to(where)
            rule.step()
        return [to_numpy(p.array) for p in ps]

    for a, b in zip(train(device), train("cpu")):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
