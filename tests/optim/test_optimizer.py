"""What all optimizers share: groups, state, gradients, errors."""

import copy

import numpy as np
import pytest

from minitorch import nn
from minitorch.autograd import no_grad
from minitorch.creation import ones, randn, tensor, zeros
from minitorch.dtype import float64
from minitorch.optim import SGD, Optimizer


def parameter(*values, grad=None):
    p = nn.Parameter(tensor(list(values)))
    p.grad = None if grad is None else tensor(grad)
    return p


def test_groups_take_defaults():
    a, b, c = parameter(1.0), parameter(2.0), parameter(3.0)
    optimizer = SGD([{"params": [a], "lr": 0.5, "name": "first"}, {"params": b}], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": (p for p in [c]), "weight_decay": 0.01})
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.1, 0.1]
    assert [g["weight_decay"] for g in optimizer.param_groups] == [0, 0, 0.01]
    assert [g["params"] for g in optimizer.param_groups][1][0] is b
    assert optimizer.param_groups[0]["name"] == "first" and optimizer.defaults["lr"] == 0.1


def test_each_group_steps_by_its_options():
    a, b = parameter(1.0, grad=[1.0]), parameter(1.0, grad=[1.0])
    optimizer = SGD([{"params": [a], "lr": 0.5}, {"params": [b]}], lr=0.1)
    optimizer.step()
    assert a.tolist() == [0.5] and b.tolist() == [pytest.approx(0.9)]
    optimizer.param_groups[1]["lr"] = 0.0
    optimizer.step()
    assert a.tolist() == [0.0] and b.tolist() == [pytest.approx(0.9)]


def test_zero_grad():
    p = parameter(1.0, grad=[1.0])
    optimizer, gradient = SGD([p]), p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0] and gradient.tolist() == [0]
    optimizer.zero_grad()
    assert p.grad is None


def test_step_without_any_gradient_raises():
    optimizer = SGD(nn.Linear(2, 2).parameters())
    with pytest.raises(RuntimeError, match=r"SGD.step: no parameter has a gradient; call loss.backward\(\) before"):
        optimizer.step()


def test_parameters_without_gradient_stay():
    a, b = parameter(1.0, grad=[1.0]), parameter(1.0)
    optimizer = SGD([a, b], lr=0.5, momentum=0.9, weight_decay=0.1)
    optimizer.step()
    assert b.tolist() == [1] and a in optimizer.state and b not in optimizer.state


def test_closure():
    p = parameter(3.0)
    optimizer = SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with no_grad():
        assert optimizer.step(closure).item() == 9
    assert p.tolist() == [1.5] and optimizer.step(closure).item() == 2.25


def test_step_counts_as_a_write():
    p = parameter(1.0, grad=[1.0])
    y = p * p
    SGD([p]).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


def test_shared_parameters_step_once():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    net[1].weight = net[0].weight
    optimizer = SGD(net.parameters(), lr=1.0)
    assert len(optimizer.param_groups[0]["params"]) == 1
    before = net[0].weight.detach().numpy().copy()
    net(randn(3, 2)).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(net[1].weight.tolist(), before - net[0].weight.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: SGD([]), ValueError, "there are no parameters; layers in a plain Python list"),
        (lambda: SGD(iter(())), ValueError, "there are no parameters"),
        (lambda: SGD(ones(2)), TypeError, r"iterable of tensors or groups, got Tensor; use \[tensor\]"),
        (lambda: SGD(nn.Linear(1, 1)), TypeError, r"got Linear; use model.parameters\(\)"),
        (lambda: SGD({"params": [ones(1)]}), TypeError, "got dict"),
        (lambda: SGD({ones(1)}), TypeError, "must have an order, got a set"),
        (lambda: SGD([{"params": {ones(1)}}]), TypeError, "must have an order, got a set"),
        (lambda: SGD(nn.Linear(1, 1).named_parameters()), TypeError, r"got tuple; pass parameters\(\)"),
        (lambda: SGD([np.ones(1)]), TypeError, "parameter 0 must be a tensor, got ndarray"),
        (lambda: SGD([{"lr": 0.1}]), TypeError, "with the key 'params', got dict"),
        (lambda: SGD([{"params": ones(1)}, ones(1)]), TypeError, "with the key 'params', got Tensor"),
        (lambda: SGD([parameter(1.0) * 2]), ValueError, r"parameter 0 of shape \(1,\) is the result of an operation"),
        (lambda: SGD([parameter(1.0)] * 2), ValueError, r"parameter 1 of shape \(1,\) is there twice"),
        (lambda: Optimizer([parameter(1.0, grad=[1.0])], {}).step(), NotImplementedError, "no update method"),
    ],
)
def test_bad_arguments(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_a_parameter_belongs_to_one_group():
    p = parameter(1.0)
    optimizer = SGD([p])
    with pytest.raises(ValueError, match="is there twice"):
        optimizer.add_param_group({"params": [p]})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("wrong", [ones(2), ones(1).double(), zeros(1, 1)], ids=["shape", "dtype", "dimensions"])
def test_a_gradient_that_does_not_fit_changes_nothing(wrong):
    a, b = parameter(1.0, grad=[1.0]), parameter(1.0, grad=[1.0])
    b.data = wrong
    optimizer = SGD([a, b], lr=0.5, momentum=0.9)
    with pytest.raises(RuntimeError, match="SGD.step: the gradient .* does not fit its parameter"):
        optimizer.step()
    assert a.tolist() == [1] and b.tolist() == wrong.tolist() and not optimizer.state


def test_a_model_converted_after_the_first_step_is_noticed():
    net = nn.Linear(2, 2)
    optimizer = SGD(net.parameters(), momentum=0.9)
    net(randn(3, 2)).sum().backward()
    optimizer.step()
    net.double()
    with pytest.raises(RuntimeError, match="the momentum_buffer .* does not fit its parameter .*before the optimizer"):
        optimizer.step()


def test_read_only_memory():
    array = np.ones(1, np.float32)
    array.flags.writeable = False
    p = nn.Parameter(tensor([1.0]))
    p.array, p.grad = array, ones(1)
    with pytest.raises(RuntimeError, match="read-only memory"):
        SGD([p]).step()


# State.


def trained(net, steps, optimizer, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        x = randn(4, 3)
        x.array[...] = rng.standard_normal((4, 3))
        (net(x) ** 2).sum().backward()
        optimizer.step()
    return [p.detach().numpy().copy() for p in net.parameters()]


def test_a_loaded_state_goes_on_as_the_one_that_was_saved():
    net = nn.Linear(3, 2)
    optimizer = SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=0.1)
    trained(net, 3, optimizer)
    other = copy.deepcopy(net)
    resumed = SGD(other.parameters(), lr=7)
    saved = optimizer.state_dict()
    resumed.load_state_dict(saved)
    buffer = resumed.state[other.weight]["momentum_buffer"]
    assert not np.shares_memory(buffer.array, optimizer.state[net.weight]["momentum_buffer"].array)
    for a, b in zip(trained(net, 3, optimizer, 1), trained(other, 3, resumed, 1)):
        assert np.array_equal(a, b)
    assert resumed.param_groups[0]["lr"] == 0.01


def test_state_dict_has_numbers_for_parameters():
    net = nn.Linear(3, 2)
    optimizer = SGD([{"params": [net.bias]}, {"params": [net.weight], "lr": 0.5}], lr=0.1, momentum=0.9)
    assert optimizer.state_dict()["state"] == {}
    trained(net, 1, optimizer)
    saved = optimizer.state_dict()
    assert [group["params"] for group in saved["param_groups"]] == [[0], [1]]
    assert [group["lr"] for group in saved["param_groups"]] == [0.1, 0.5]
    assert {i: kept["momentum_buffer"].shape for i, kept in saved["state"].items()} == {0: (2,), 1: (2, 3)}
    optimizer.param_groups[0]["lr"] = 9
    assert saved["param_groups"][0]["lr"] == 0.1


def test_loading_converts_to_the_dtype_of_the_parameter():
    net = nn.Linear(3, 2)
    optimizer = SGD(net.parameters(), momentum=0.9)
    trained(net, 1, optimizer)
    double = copy.deepcopy(net).double()
    resumed = SGD(double.parameters())
    resumed.load_state_dict(optimizer.state_dict())
    assert resumed.state[double.weight]["momentum_buffer"].dtype == float64


def test_a_state_that_does_not_fit_changes_nothing():
    net = nn.Linear(3, 2)
    optimizer = SGD(net.parameters(), lr=0.1, momentum=0.9)
    trained(net, 1, optimizer)
    good = optimizer.state_dict()
    group = good["param_groups"][0]
    before = optimizer.state[net.weight]["momentum_buffer"]
    for bad, error, text in (
        ({"state": {}}, TypeError, "'state' and 'param_groups'"),
        (good["state"], TypeError, "'state' and 'param_groups'"),
        ({"state": {}, "param_groups": []}, ValueError, r"groups of \[\] parameters, the optimizer of \[2\]"),
        ({"state": {}, "param_groups": [{**group, "params": [0]}]}, ValueError, r"groups of \[1\] parameters"),
        ({"state": {}, "param_groups": [{**group, "lr": -1}]}, ValueError, "lr must not be negative"),
        ({**good, "state": {5: {}}}, ValueError, "no parameter of number 5"),
        ({**good, "state": {0: {"momentum_buffer": ones(3)}}}, ValueError, r"of parameter 0 has shape \(3,\)"),
    ):
        with pytest.raises(error, match=text):
            optimizer.load_state_dict(bad)
        assert optimizer.param_groups[0]["lr"] == 0.1
        assert optimizer.state[net.weight]["momentum_buffer"] is before


def test_repr():
    assert repr(SGD([{"params": [parameter(1.0)], "lr": 0.5}], momentum=0.9)) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n"
        "    lr: 0.5\n    maximize: False\n    momentum: 0.9\n    nesterov: False\n    weight_decay: 0\n)"
    )
