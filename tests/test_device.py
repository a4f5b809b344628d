"""Tensors, modules, optimizers and files on the device "emulator": everything but the kernels themselves."""

import copy

import numpy as np
import pytest

import minitorch
from minitorch import nn, optim
from minitorch.emulator_array import EmulatorArray


def on_emulator(*shape):
    return minitorch.randn(*shape, device="emulator")


def test_moving_there_and_back():
    x = minitorch.randn(2, 3, requires_grad=True)
    y = x.to("emulator")
    assert str(y.device) == "emulator" and not y.is_cuda and y.to("emulator") is y and y.to(y) is y
    (y * 2).sum().backward()
    assert str(x.grad.device) == "cpu" and x.grad.tolist() == [[2.0] * 3] * 2
    assert type(y.cpu().array) is np.ndarray and y.cpu().tolist() == y.tolist() == x.tolist()
    assert y.to("cpu", minitorch.float64).dtype == minitorch.float64 and x.to(y).device == y.device


def test_numpy_asks_for_cpu():
    x = on_emulator(2)
    with pytest.raises(TypeError, match=r"numpy: the tensor is on emulator; use \.cpu\(\)\.numpy\(\)"):
        x.numpy()
    with pytest.raises(TypeError, match="emulator"):
        np.asarray(x)
    assert type(x.numpy(force=True)) is np.ndarray


def test_printing():
    assert repr(minitorch.ones(2, device="emulator")) == "tensor([1., 1.], device='emulator')"
    assert repr(minitorch.ones(2, device="emulator").sum()) == "tensor(2., device='emulator')"
    assert repr(minitorch.tensor([1], device="emulator")) == "tensor([1], device='emulator')"


@pytest.mark.parametrize("call", [
    lambda a, b: a + b, lambda a, b: b * a, lambda a, b: minitorch.cat([a, b]), lambda a, b: a @ b.T,
    lambda a, b: minitorch.where(a > 0, a, b), lambda a, b: minitorch.nn.functional.mse_loss(a, b),
    lambda a, b: minitorch.nn.functional.linear(a, b), lambda a, b: a.__setitem__(0, b[0]), lambda a, b: a.add_(b),
])  # fmt: skip
def test_two_devices_in_one_operation_are_refused(call):
    a, b = minitorch.ones(2, 3), minitorch.ones(2, 3, device="emulator")
    for x, y in ((a, b), (b, a)):
        with pytest.raises(RuntimeError, match="must be on one device, got .*(cpu and emulator|emulator and cpu)"):
            call(x, y)
    assert a.tolist() == b.tolist() == [[1.0] * 3] * 2


def test_a_single_number_from_the_cpu_may_stand_beside():
    x = minitorch.ones(2, device="emulator")
    assert (x * minitorch.tensor(3.0)).tolist() == [3, 3] and str((minitorch.tensor(3.0) * x).device) == "emulator"
    with pytest.raises(RuntimeError, match="one device"):
        x * minitorch.tensor(3.0, requires_grad=True)


def test_indices_from_the_cpu_and_in_place_writes():
    x = minitorch.zeros(3, 2, device="emulator")
    x[minitorch.tensor([0, 2])] = 1.0
    x[1, 0].fill_(5)
    x[:, 1].zero_()
    x[0] = minitorch.full((2,), 7.0, device="emulator")
    assert x.tolist() == [[7, 7], [5, 0], [1, 0]] and type(x.array) is EmulatorArray
    assert x[minitorch.tensor([True, False, True])].tolist() == [[7, 7], [1, 0]]
    assert x.copy_(minitorch.ones(3, 2)).tolist() == [[1, 1]] * 3


@pytest.mark.parametrize("make", ["rand", "randn", "zeros", "ones"])
def test_the_generator_is_the_cpus(make):
    numbers = []
    for place in ("cpu", "emulator"):
        minitorch.manual_seed(3)
        x = getattr(minitorch, make)(4, 2, device=place)
        numbers.append((x.tolist(), x.clone().uniform_().tolist(), x.clone().normal_().tolist()))
    assert numbers[0] == numbers[1]


def test_what_is_made_there_stays_there():
    x = on_emulator(2, 3)
    made = [minitorch.zeros_like(x), x.new_ones(2), x.new_tensor([1.0]), minitorch.tensor(x), x.clone(), x.detach(),
            x.long(), x.half(), minitorch.arange(3, device="emulator"), minitorch.eye(2, device="emulator"),
            x.nonzero(), minitorch.as_tensor([1.0], device="emulator"), x.sort()[1], x.max(1)[1], copy.deepcopy(x),
            minitorch.from_numpy(np.ones(2)).to("emulator"), x.sum().argsort(),
            minitorch.randperm(3, device="emulator")]  # fmt: skip
    assert all(str(y.device) == "emulator" for y in made)
    assert minitorch.empty(2, 2, device="emulator").isnan().all() and minitorch.empty_like(x).isnan().all()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(minitorch.randn(3))
        self.register_buffer("count", minitorch.tensor(0))

    def forward(self, x):
        return (x * self.weight).sum()


def test_modules_move():
    net = Net()
    weight, numbers = net.weight, net.weight.tolist()
    assert net.to("emulator") is net and net.weight is weight and weight.tolist() == numbers
    assert {str(x.device) for x in (weight, net.count)} == {"emulator"}
    net(on_emulator(3)).backward()
    assert str(weight.grad.device) == "emulator"
    net.cpu()
    assert {str(x.device) for x in (weight, weight.grad, net.count)} == {"cpu"}
    assert str(copy.deepcopy(net.to(device="emulator", dtype=minitorch.float64)).weight.device) == "emulator"
    assert str(nn.Linear(2, 3, device="emulator").weight.device) == "emulator"
    with pytest.raises(RuntimeError, match="one device"):
        net(minitorch.randn(3, dtype=minitorch.float64))


def test_state_dicts_and_files(tmp_path):
    first, second = Net().to("emulator"), Net()
    state = first.state_dict()
    assert str(state["weight"].device) == "emulator"
    second.load_state_dict(state)
    assert second.weight.tolist() == first.weight.tolist() and str(second.weight.device) == "cpu"
    third = Net().to("emulator")
    third.load_state_dict(second.state_dict())
    assert third.weight.tolist() == first.weight.tolist() and str(third.weight.device) == "emulator"
    minitorch.save(state, tmp_path / "net.safetensors")
    for place in ("cpu", "emulator"):
        loaded = minitorch.load(tmp_path / "net.safetensors", device=place)
        assert loaded["weight"].tolist() == first.weight.tolist() and str(loaded["weight"].device) == place


def test_optimizers_refuse_a_gradient_from_elsewhere():
    parameter = nn.Parameter(on_emulator(3))
    optimizer = optim.SGD([parameter], lr=0.1)
    with pytest.raises(RuntimeError, match="emulator cannot have a gradient .*cpu"):
        parameter.grad = minitorch.ones(3)
    parameter._grad = minitorch.ones(3)  # as it may come about all the same
    with pytest.raises(RuntimeError, match="gradient .*cpu.*emulator"):
        optimizer.step()


def test_clipping_gradients():
    parameter = nn.Parameter(on_emulator(3))
    parameter.grad = minitorch.full((3,), 2.0, device="emulator")
    nn.utils.clip_grad_norm_([parameter], 1.0)
    np.testing.assert_allclose(parameter.grad.cpu().numpy(), [1 / 3**0.5] * 3, rtol=1e-5)
