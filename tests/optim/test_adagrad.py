"""Adagrad against its formula and against PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimizer_runs import Ours, Theirs, check_against_pytorch, check_formula, check_kernels, check_resumed, inputs

from minitorch import nn
from minitorch.creation import tensor
from minitorch.dtype import float64
from minitorch.optim import Adagrad


@st.composite
def settings(draw):
    return {
        "lr": draw(st.sampled_from([0.0, 0.01, 0.3])),
        "lr_decay": draw(st.sampled_from([0, 0.1, 2.0])),
        "weight_decay": draw(st.sampled_from([0, 0.01, 0.5])),
        "initial_accumulator_value": draw(st.sampled_from([0, 0.1, 3])),
        "eps": draw(st.sampled_from([1e-10, 0.1])),
        "maximize": draw(st.booleans()),
    }


def by_formula(p, gradients, lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize):
    total = initial_accumulator_value
    for t, g in enumerate(gradients, 1):
        g = (-g if maximize else g) + weight_decay * p
        total = total + g * g
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(total) + eps)
    return p


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(options=settings(), data=st.data())
def test_formula(dtype, options, data):
    start, gradients = data.draw(inputs(dtype))
    check_formula("Adagrad", by_formula, start[0], [step[0] for step in gradients], options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(options=settings(), other=settings(), data=st.data())
def test_pytorch(dtype, options, other, data):
    check_against_pytorch("Adagrad", *data.draw(inputs(dtype)), options, other)


def test_the_first_steps_by_hand():
    p = nn.Parameter(tensor([0.0, 0.0], dtype=float64))
    optimizer = Adagrad([p], lr=1, eps=0, lr_decay=1)
    p.grad = tensor([3.0, -2.0], dtype=float64)
    optimizer.step()
    np.testing.assert_allclose(p.array, [-1, 1])
    p.grad = tensor([4.0, 0.0], dtype=float64)
    optimizer.step()
    np.testing.assert_allclose(p.array, [-1 - 0.5 * 4 / 5, 1])
    assert optimizer.state[p]["sum"].tolist() == [25, 4] and optimizer.state[p]["step"].item() == 2


def test_the_state_is_there_from_the_beginning():
    p, q = nn.Parameter(tensor([1.0])), nn.Parameter(tensor([1.0, 2.0]))
    optimizer = Adagrad([p], initial_accumulator_value=0.5)
    optimizer.add_param_group({"params": [q]})
    saved = optimizer.state_dict()["state"]
    assert saved[0]["sum"].tolist() == [0.5] and saved[1]["sum"].tolist() == [0.5, 0.5]
    assert saved[0]["step"].item() == 0


def test_a_loaded_state_without_a_parameter():
    p = nn.Parameter(tensor([1.0]))
    optimizer = Adagrad([p], lr=1.0)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": {}})
    p.grad = tensor([5.0])
    optimizer.step()
    assert p.item() == pytest.approx(0) and optimizer.state[p]["sum"].item() == 25


def test_an_added_group_beside_pytorch():
    results = []
    for side in (Ours, Theirs()):
        p, q = side.parameter(np.ones(2)), side.parameter(np.ones(3))
        optimizer = side.optim.Adagrad([p], lr=0.1, initial_accumulator_value=0.5)
        p.grad = side.tensor(np.ones(2))
        optimizer.step()
        optimizer.add_param_group({"params": [q], "lr": 0.3, "initial_accumulator_value": 2})
        q.grad = side.tensor(np.ones(3))
        optimizer.step()
        results.append([side.array(p), side.array(q)])
    for mine, other in zip(*results):
        np.testing.assert_allclose(mine, other, rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 1}])
def test_a_saved_run_goes_on(options, tmp_path):
    check_resumed("Adagrad", options, tmp_path)


@pytest.mark.parametrize("weight_decay, maximize", [(0, False), (0.1, True), (0.1, False), (0, True)])
def test_kernels(weight_decay, maximize):
    random = np.random.default_rng(0)
    arrays = [random.standard_normal((300, 300)), random.standard_normal((300, 300)), random.random((300, 300))]
    check_kernels(lambda side, *copies: side.adagrad(*copies, 0.1, 1e-10, weight_decay, maximize), arrays)


@pytest.mark.parametrize(
    "options, error, text",
    [
        ({"lr": -0.1}, ValueError, "lr must not be negative, got -0.1"),
        ({"lr_decay": -0.5}, ValueError, "lr_decay must not be negative, got -0.5"),
        ({"initial_accumulator_value": -1}, ValueError, "initial_accumulator_value must not be negative"),
        ({"eps": "small"}, ValueError, "eps must be a number, got 'small'"),
        ({"differentiable": True}, ValueError, "differentiable=True is not offered"),
        ({"fused": True, "foreach": True}, RuntimeError, "foreach and fused cannot both be True"),
    ],
)
def test_bad_options(options, error, text):
    with pytest.raises(error, match=f"Adagrad: {text}"):
        Adagrad([nn.Parameter(tensor([1.0]))], **options)


def test_a_step_without_any_gradient_is_refused():
    with pytest.raises(RuntimeError, match="Adagrad.step: no parameter has a gradient"):
        Adagrad([nn.Parameter(tensor([1.0]))]).step()
