"""RMSprop against its formula and against PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimizer_runs import check_against_pytorch, check_formula, check_kernels, check_resumed, inputs

from minitorch import nn
from minitorch.creation import tensor
from minitorch.dtype import float64
from minitorch.optim import RMSprop


@st.composite
def settings(draw):
    return {
        "lr": draw(st.sampled_from([0.0, 0.01, 0.3])),
        "alpha": draw(st.sampled_from([0.5, 0.9, 0.99])),
        "eps": draw(st.sampled_from([1e-8, 0.1])),
        "weight_decay": draw(st.sampled_from([0, 0.01, 0.5])),
        "momentum": draw(st.sampled_from([0, 0.5, 0.9])),
        "centered": draw(st.booleans()),
        "maximize": draw(st.booleans()),
    }


def by_formula(p, gradients, lr, alpha, eps, weight_decay, momentum, centered, maximize):
    square = average = velocity = 0 * p
    for g in gradients:
        g = (-g if maximize else g) + weight_decay * p
        square = alpha * square + (1 - alpha) * g * g
        average = alpha * average + (1 - alpha) * g
        step = g / (np.sqrt(square - average**2 if centered else square) + eps)
        velocity = momentum * velocity + step
        p = p - lr * velocity
    return p


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(options=settings(), data=st.data())
def test_formula(dtype, options, data):
    start, gradients = data.draw(inputs(dtype))
    check_formula("RMSprop", by_formula, start[0], [step[0] for step in gradients], options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(options=settings(), other=settings(), data=st.data())
def test_pytorch(dtype, options, other, data):
    check_against_pytorch("RMSprop", *data.draw(inputs(dtype)), options, other)


def test_the_first_step_by_hand():
    # s = 0.75 * g**2, so g / sqrt(s) is 2 / sqrt(3) whatever the size of g; centered: the variance is 0.1875 * g**2.
    for centered, length in ((False, 2 / 3**0.5), (True, 4 / 3**0.5)):
        p = nn.Parameter(tensor([1.0, 1.0], dtype=float64))
        p.grad = tensor([4.0, -0.5], dtype=float64)
        optimizer = RMSprop([p], lr=0.1, alpha=0.25, eps=0, centered=centered)
        optimizer.step()
        np.testing.assert_allclose(p.array, [1 - 0.1 * length, 1 + 0.1 * length], rtol=1e-12)
        assert optimizer.state[p]["step"].item() == 1 and optimizer.state[p]["square_avg"].tolist() == [12, 0.1875]


def test_momentum_adds_up():
    p = nn.Parameter(tensor([0.0], dtype=float64))
    optimizer = RMSprop([p], lr=1, alpha=0, eps=0, momentum=0.5)
    for expected in (-1, -2.5, -4.25):
        p.grad = tensor([3.0], dtype=float64)
        optimizer.step()
        assert p.item() == pytest.approx(expected)


def test_defaults():
    defaults = RMSprop([nn.Parameter(tensor([1.0]))]).defaults
    assert {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0, "momentum": 0}.items() <= defaults.items()


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "centered": True, "weight_decay": 0.1, "alpha": 0.9}])
def test_a_saved_run_goes_on(options, tmp_path):
    check_resumed("RMSprop", options, tmp_path)


@pytest.mark.parametrize("centered, momentum, weight_decay", [(True, 0.9, 0), (True, 0, 0.1), (False, 0.9, 0.1)])
@pytest.mark.parametrize("maximize", [True, False])
def test_kernels(centered, momentum, weight_decay, maximize):
    random = np.random.default_rng(0)
    parameter, grad, velocity = random.standard_normal((3, 300, 300))
    average = random.standard_normal((300, 300)) if centered else None
    square = random.random((300, 300)) + (1 + average**2 if centered else 0)
    arrays = [parameter, grad, square, average, velocity if momentum else None]
    options = (0.1, 0.9, 1e-8, weight_decay, momentum, maximize)
    check_kernels(lambda side, *copies: side.rmsprop(*copies, *options), arrays)


@pytest.mark.parametrize(
    "options, text",
    [
        ({"lr": -0.1}, "lr must not be negative, got -0.1"),
        ({"alpha": -0.1}, "alpha must not be negative"),
        ({"eps": -1}, "eps must not be negative"),
        ({"momentum": -1}, "momentum must not be negative"),
        ({"weight_decay": None}, "weight_decay must be a number, got None"),
        ({"centered": None}, "centered must be True or False"),
        ({"capturable": True}, "capturable=True is not offered"),
        ({"differentiable": True}, "differentiable=True is not offered"),
    ],
)
def test_bad_options(options, text):
    with pytest.raises(ValueError, match=f"RMSprop: {text}"):
        RMSprop([nn.Parameter(tensor([1.0]))], **options)


def test_momentum_after_the_first_step_is_refused():
    p = nn.Parameter(tensor([1.0]))
    optimizer = RMSprop([p])
    with pytest.raises(RuntimeError, match="RMSprop.step: no parameter has a gradient"):
        optimizer.step()
    p.grad = tensor([1.0])
    optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.9
    with pytest.raises(RuntimeError, match="has no momentum_buffer"):
        optimizer.step()
