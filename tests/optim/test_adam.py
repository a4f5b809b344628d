"""Adam and AdamW against their formulas and against PyTorch."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimizer_runs import Ours, Run, check_against_pytorch, check_formula, check_resumed, inputs

from minitorch import nn
from minitorch.creation import tensor
from minitorch.dtype import float64
from minitorch.optim import SGD, Adam, AdamW


@st.composite
def settings(draw):
    return {
        "lr": draw(st.sampled_from([0.0, 0.01, 0.3])),
        "betas": draw(st.sampled_from([(0.9, 0.999), (0.0, 0.5), (0.8, 0.0), (0.3, 0.9)])),
        "eps": draw(st.sampled_from([1e-8, 0.1])),
        "weight_decay": draw(st.sampled_from([0, 0.01, 0.5])),
        "amsgrad": draw(st.booleans()),
        "maximize": draw(st.booleans()),
    }


def by_formula(p, gradients, lr, betas, eps, weight_decay, amsgrad, maximize, decoupled):
    m = v = largest = 0 * p
    for t, g in enumerate(gradients, 1):
        g = -g if maximize else g
        if decoupled:
            p = p - lr * weight_decay * p
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        largest = np.maximum(largest, v)
        unbiased = (largest if amsgrad else v) / (1 - betas[1] ** t)
        p = p - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(unbiased) + eps)
    return p


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(options=settings(), data=st.data())
def test_formula(name, dtype, options, data):
    start, gradients = data.draw(inputs(dtype))

    def formula(p, gradients, **options):
        return by_formula(p, gradients, decoupled=name == "AdamW", **options)

    check_formula(name, formula, start[0], [step[0] for step in gradients], options)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(options=settings(), other=settings(), data=st.data())
def test_pytorch(name, dtype, options, other, data):
    check_against_pytorch(name, *data.draw(inputs(dtype)), options, other)


@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_the_first_step_is_as_long_as_the_learning_rate(kind):
    # m' = g and v' = g**2 in step 1, so p changes by lr * g / |g|, whatever the size of g.
    p = nn.Parameter(tensor([1.0, 1.0, 1.0], dtype=float64))
    p.grad = tensor([1e-3, -5.0, 0.0], dtype=float64)
    optimizer = kind([p], lr=0.1, weight_decay=0)
    optimizer.step()
    np.testing.assert_allclose(p.array, [0.9, 1.1, 1.0], rtol=1e-5)
    kept = optimizer.state[p]
    assert kept["step"].item() == 1 and kept["step"].shape == ()
    np.testing.assert_allclose(kept["exp_avg"].array, [1e-4, -0.5, 0])
    np.testing.assert_allclose(kept["exp_avg_sq"].array, [1e-9, 0.025, 0])


def test_weight_decay_by_hand():
    # Adam: g = 0 + 0.5 * 2 = 1, a step of lr. AdamW: 2 - 0.1 * 0.5 * 2, the averages stay 0.
    for kind, expected, average in ((Adam, 1.9, 0.1), (AdamW, 1.9, 0.0)):
        p = nn.Parameter(tensor([2.0], dtype=float64))
        p.grad = tensor([0.0], dtype=float64)
        optimizer = kind([p], lr=0.1, weight_decay=0.5, eps=1e-16)
        optimizer.step()
        assert p.item() == pytest.approx(expected, rel=1e-12)
        assert optimizer.state[p]["exp_avg"].item() == pytest.approx(average)


def test_defaults():
    p = nn.Parameter(tensor([1.0]))
    shared = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "amsgrad": False, "maximize": False, "fused": None}
    assert shared.items() <= Adam([p]).defaults.items() and Adam([p]).defaults["weight_decay"] == 0
    assert shared.items() <= AdamW([p]).defaults.items() and AdamW([p]).defaults["weight_decay"] == 1e-2
    assert AdamW([p]).param_groups[0]["decoupled_weight_decay"] and not Adam([p]).defaults["decoupled_weight_decay"]


def test_a_parameter_without_gradient_has_its_own_count():
    run = Run(Ours, "Adam", [np.ones(2), np.ones(2), np.ones(2)], {"lr": 0.1}, {})
    run.step([np.ones(2), None, np.ones(2)])
    assert run.parameters[1] not in run.optimizer.state and run.parameters[1].tolist() == [1, 1]
    run.step([np.ones(2), np.ones(2), None])
    assert [run.optimizer.state[p]["step"].item() for p in run.parameters] == [2, 1, 1]
    with pytest.raises(RuntimeError, match="Adam.step: no parameter has a gradient"):
        run.step([None, None, None])


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
@pytest.mark.parametrize("options", [{}, {"amsgrad": True, "betas": (0.5, 0.8), "weight_decay": 0.1, "maximize": True}])
def test_a_saved_run_goes_on(name, options, tmp_path):
    check_resumed(name, options, tmp_path)


def test_a_state_of_pytorch_can_be_loaded():
    torch = pytest.importorskip("torch", reason="needs torch")
    theirs = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
    optimizer = torch.optim.Adam([theirs], lr=0.2, amsgrad=True)
    theirs.grad = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"] = {
        i: {key: tensor(x.numpy().copy()) for key, x in kept.items()} for i, kept in saved["state"].items()
    }
    p = nn.Parameter(tensor(theirs.detach().numpy().copy()))
    resumed = Adam([p])
    resumed.load_state_dict(saved)
    p.grad = tensor([-1.0, 0.0, 2.0], dtype=float64)
    theirs.grad = torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64)
    resumed.step()
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), theirs.detach().numpy(), rtol=1e-12)


def test_memory_in_any_order():
    random = np.random.default_rng(0)
    start, g = random.standard_normal((2, 300, 301))
    results = []
    for order in (np.asfortranarray, np.ascontiguousarray):
        p = nn.Parameter(tensor(start))
        p.array, p.grad = order(start.copy()), tensor(g.T).T
        Adam([p], lr=0.1, weight_decay=0.1).step()
        results.append(p.array)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-12)


def test_half_of_a_state_is_cast_and_the_count_is_not():
    p = nn.Parameter(tensor([1.0]))
    p.grad = tensor([1.0])
    optimizer = Adam([p])
    optimizer.step()
    q = nn.Parameter(tensor(1.0, dtype=float64))
    saved = optimizer.state_dict()
    saved["state"][0] = {key: x.reshape(()) for key, x in saved["state"][0].items()}
    resumed = Adam([q])
    resumed.load_state_dict(saved)
    kept = resumed.state[q]
    assert kept["exp_avg"].dtype == float64 and kept["step"].dtype == np.float32


def test_a_learning_rate_in_a_tensor():
    p, q = (nn.Parameter(tensor([1.0, 2.0], dtype=float64)) for _ in range(2))
    p.grad = q.grad = tensor([1.0, -1.0], dtype=float64)
    Adam([p], lr=tensor(0.25), betas=(tensor(0.5), tensor([0.75]))).step()
    Adam([q], lr=0.25, betas=(0.5, 0.75)).step()
    assert p.tolist() == q.tolist()


def test_a_run_that_diverges_shows_it_without_a_warning(recwarn):
    p = nn.Parameter(tensor([1.0]))
    p.grad = tensor([math.inf])
    Adam([p]).step()
    assert math.isnan(p.item()) and not recwarn.list


def test_numpy_options_do_not_widen():
    p = nn.Parameter(tensor([1.0]))
    p.grad = tensor([1.0])
    Adam([p], lr=np.float64(0.5), eps=np.float64(1e-8), weight_decay=np.float32(0.1)).step()
    assert p.dtype == np.float32 and p.grad.dtype == np.float32


@pytest.mark.parametrize(
    "options, error, text",
    [
        ({"lr": -0.1}, ValueError, "lr must not be negative, got -0.1"),
        ({"lr": "fast"}, ValueError, "lr must be a number, got 'fast'"),
        ({"lr": tensor([0.1, 0.2])}, ValueError, r"lr must be a number or have one element, got a tensor of \(2,\)"),
        ({"lr": tensor(0.1), "foreach": True}, ValueError, "foreach=True needs an lr and betas that are numbers"),
        ({"betas": (tensor(0.9), tensor(0.9)), "foreach": True}, ValueError, "foreach=True needs an lr and betas"),
        ({"eps": -1}, ValueError, "eps must not be negative"),
        ({"eps": math.nan}, ValueError, "eps must be a number"),
        ({"weight_decay": -1}, ValueError, "weight_decay must not be negative"),
        ({"betas": (1.0, 0.9)}, ValueError, r"betas\[0\] must be at least 0 and less than 1, got 1.0"),
        ({"betas": (0.9, -0.1)}, ValueError, r"betas\[1\] must be"),
        ({"betas": 0.9}, ValueError, r"betas must be two numbers \(beta1, beta2\), got 0.9"),
        ({"betas": (0.9, tensor(0.9))}, ValueError, "two numbers or two tensors"),
        ({"amsgrad": "yes"}, ValueError, "amsgrad must be True or False, got 'yes'"),
        ({"capturable": True}, ValueError, "capturable=True is not offered"),
        ({"differentiable": True}, ValueError, "differentiable=True is not offered"),
        ({"fused": "yes"}, ValueError, "fused must be None, True or False"),
        ({"fused": True, "foreach": True}, RuntimeError, "foreach and fused cannot both be True"),
    ],
)
@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_bad_options(kind, options, error, text):
    p = nn.Parameter(tensor([1.0]))
    with pytest.raises(error, match=f"{kind.__name__}: .*{text}"):
        kind([p], **options)
    with pytest.raises(error, match=text):
        kind([{"params": [p], **options}])


def test_options_that_choose_an_implementation_change_nothing():
    for options in ({"fused": True}, {"foreach": True}, {"foreach": False, "capturable": False}):
        p = nn.Parameter(tensor([1.0]))
        p.grad = tensor([2.0])
        Adam([p], lr=0.5, **options).step()
        assert p.item() == pytest.approx(0.5)


def test_a_state_that_does_not_fit():
    p = nn.Parameter(tensor([1.0]))
    p.grad = tensor([1.0])
    optimizer, sgd = Adam([p]), SGD([p], momentum=0.9)
    sgd.step()
    with pytest.raises(ValueError, match="parameter 0 has momentum_buffer and no step and no exp_avg and no exp"):
        optimizer.load_state_dict(sgd.state_dict())
    optimizer.step()
    saved = optimizer.state_dict()
    for step in (tensor(-1.0), tensor([1.0, 2.0]), tensor(math.nan), -3):
        with pytest.raises(ValueError, match="step of parameter 0 must be a number of steps"):
            Adam([p]).load_state_dict({**saved, "state": {0: {**saved["state"][0], "step": step}}})
    before = p.item()
    optimizer.param_groups[0]["amsgrad"] = True
    with pytest.raises(RuntimeError, match="Adam.step: the state .* has no max_exp_avg_sq; options such as amsgrad"):
        optimizer.step()
    assert p.item() == before


def test_adamw_stays_decoupled_after_loading_a_state_of_adam():
    p = nn.Parameter(tensor([1.0]))
    p.grad = tensor([1.0])
    adam, adamw = Adam([p]), AdamW([p])
    adam.step()
    adamw.load_state_dict(adam.state_dict())
    assert adamw.param_groups[0]["decoupled_weight_decay"] is True
