"""SGD against its formula and against PyTorch."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch import nn
from minitorch.kernels import cpu
from minitorch.optim import SGD
from minitorch.tensor import Tensor


@st.composite
def settings(draw):
    """Options that SGD accepts."""
    nesterov = draw(st.booleans())
    return {
        "lr": draw(st.sampled_from([0.0, 0.01, 0.3])),
        "momentum": draw(st.sampled_from([0.5, 0.9] if nesterov else [0, 0.5, 0.9, 1.0])),
        "dampening": 0 if nesterov else draw(st.sampled_from([0, 0.1, 1])),
        "weight_decay": draw(st.sampled_from([0, 0.01, 0.5])),
        "nesterov": nesterov,
        "maximize": draw(st.booleans()),
    }


def by_formula(p, gradients, lr, momentum, dampening, weight_decay, nesterov, maximize):
    v = None
    for g in gradients:
        g = (-g if maximize else g) + weight_decay * p
        if momentum:
            v = g if v is None else momentum * v + (1 - dampening) * g
            g = g + momentum * v if nesterov else v
        p = p - lr * g
    return p


SHAPES = [(), (1,), (3, 4), (0, 2), (300, 301)]
TOLERANCE = {"float64": {"rtol": 1e-12, "atol": 1e-12}, "float32": {"rtol": 2e-5, "atol": 2e-5}}


def by_sgd(start, gradients, **options):
    p = nn.Parameter(Tensor(start.copy()))
    array = p.array
    optimizer = SGD([p], **options)
    for g in gradients:
        p.grad = Tensor(g.copy())
        optimizer.step()
        assert np.array_equal(p.grad.array, g)
    assert p.array is array and p.is_leaf and p.dtype == start.dtype
    return p.array


def start_and_gradients(shape, dtype, seed, steps=4):
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(shape)).astype(dtype) for _ in range(steps + 1)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(options=settings(), shape=st.sampled_from(SHAPES), seed=st.integers(0, 99))
def test_formula(dtype, options, shape, seed):
    start, *gradients = start_and_gradients(shape, dtype, seed)
    expected = by_formula(start.astype(float), [g.astype(float) for g in gradients], **options)
    np.testing.assert_allclose(by_sgd(start, gradients, **options), expected, **TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(options=settings(), shape=st.sampled_from(SHAPES), seed=st.integers(0, 99))
def test_pytorch(dtype, options, shape, seed):
    torch = pytest.importorskip("torch", reason="needs torch")
    start, *gradients = start_and_gradients(shape, dtype, seed)
    theirs = torch.nn.Parameter(torch.tensor(start))
    optimizer = torch.optim.SGD([theirs], **options)
    for g in gradients:
        theirs.grad = torch.tensor(g)
        optimizer.step()
    np.testing.assert_allclose(by_sgd(start, gradients, **options), theirs.detach().numpy(), **TOLERANCE[dtype])


def test_a_training_run_beside_pytorch():
    torch = pytest.importorskip("torch", reason="needs torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)).double()
    ours = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})

    def both(make, model):
        groups = [{"params": model[0].parameters(), "lr": 0.3}, {"params": model[2].parameters(), "nesterov": True}]
        return make(groups, lr=0.1, momentum=0.9, weight_decay=1e-2)

    optimizer, their_optimizer = both(SGD, ours), both(torch.optim.SGD, theirs)
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, target = rng.standard_normal((6, 5)), rng.integers(0, 3, 6)
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(ours(Tensor(x)), Tensor(target)).backward()
        optimizer.step()
        their_optimizer.zero_grad()
        torch.nn.CrossEntropyLoss()(theirs(torch.tensor(x)), torch.tensor(target)).backward()
        their_optimizer.step()
    for p, q in zip(ours.parameters(), theirs.parameters()):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-12, atol=1e-12)
    saved, expected = optimizer.state_dict(), their_optimizer.state_dict()
    for group, their_group in zip(saved["param_groups"], expected["param_groups"], strict=True):
        assert group == {key: their_group[key] for key in group}
    for i, kept in expected["state"].items():
        np.testing.assert_allclose(saved["state"][i]["momentum_buffer"].numpy(), kept["momentum_buffer"].numpy())


def test_a_state_of_pytorch_can_be_loaded():
    torch = pytest.importorskip("torch", reason="needs torch")
    theirs = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([theirs], lr=0.2, momentum=0.9)
    theirs.grad = torch.tensor([1.0, 2.0, 3.0])
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"] = {i: {"momentum_buffer": Tensor(k["momentum_buffer"].numpy())} for i, k in saved["state"].items()}
    p = nn.Parameter(Tensor(theirs.detach().numpy().copy()))
    resumed = SGD([p])
    resumed.load_state_dict(saved)
    p.grad = Tensor(theirs.grad.numpy().copy())
    resumed.step()
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), theirs.detach().numpy(), rtol=1e-6)


def test_memory_in_any_order():
    start, *gradients = start_and_gradients((300, 301), "float64", 0)
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "nesterov": True}
    p = nn.Parameter(Tensor(np.asfortranarray(start)))
    optimizer = SGD([p], **options)
    for g in gradients:
        p.grad = Tensor(g.T.copy().T)
        optimizer.step()
    expected = by_formula(start, gradients, dampening=0, maximize=False, **options)
    np.testing.assert_allclose(p.array, expected, rtol=1e-12, atol=1e-12)


def test_the_kernel_leaves_the_gradient_alone():
    parameter, grad, velocity = np.ones(4), np.full(4, 2.0), np.ones(4)
    cpu.sgd([parameter], [grad], [velocity], 0.1, 0.5, 0.0, 0.0, False, True)
    assert grad.tolist() == [2] * 4 and velocity.tolist() == [-1.5] * 4
    np.testing.assert_allclose(parameter, 1.15)


def test_a_run_that_diverges_shows_inf_without_a_warning(recwarn):
    p = nn.Parameter(Tensor(np.full(3, 1e38, np.float32)))
    p.grad = Tensor(np.full(3, 1e38, np.float32))
    optimizer = SGD([p], lr=100, weight_decay=1)
    for _ in range(3):
        optimizer.step()
    assert not np.isfinite(p.array).any() and not recwarn.list


def test_numpy_options_do_not_widen():
    p = nn.Parameter(Tensor(np.ones(3, np.float32)))
    p.grad = Tensor(np.ones(3, np.float32))
    SGD([p], lr=np.float64(0.5), momentum=np.float32(0.5)).step()
    assert p.dtype == np.float32 and p.tolist() == [0.5] * 3


@pytest.mark.parametrize(
    "options, text",
    [
        ({"lr": -0.1}, "SGD: lr must not be negative, got -0.1"),
        ({"momentum": -1}, "momentum must not be negative"),
        ({"weight_decay": -1}, "weight_decay must not be negative"),
        ({"lr": math.nan}, "lr must be a number, got nan"),
        ({"lr": "0.1"}, "lr must be a number, got '0.1'"),
        ({"momentum": True}, "momentum must be a number, got True"),
        ({"nesterov": True}, "nesterov needs a momentum above 0 and dampening 0, got momentum=0"),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "and dampening=0.1"),
    ],
)
def test_bad_options(options, text):
    p = nn.Parameter(Tensor(np.ones(1)))
    with pytest.raises(ValueError, match=text):
        SGD([p], **options)
    with pytest.raises(ValueError, match=text):
        SGD([{"params": [p], **options}])
