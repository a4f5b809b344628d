"""Module: registration, the walks, state, conversion, hooks, text."""

import copy
import gc
import weakref

import numpy as np
import pytest

from minitorch import nn
from minitorch.creation import ones, randn, tensor, zeros
from minitorch.dtype import float16, float32, float64, int64
from minitorch.tensor import Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 3)
        self.norm = nn.BatchNorm1d(3)
        self.output = nn.Linear(3, 2, bias=False)

    def forward(self, x):
        return self.output(self.norm(self.hidden(x)).relu())


KEYS = [
    "hidden.weight",
    "hidden.bias",
    "norm.weight",
    "norm.bias",
    "norm.running_mean",
    "norm.running_var",
    "norm.num_batches_tracked",
    "output.weight",
]


def numbers(module):
    return {name: value.numpy().copy() for name, value in module.state_dict().items()}


def same(state, other):
    return state.keys() == other.keys() and all(np.array_equal(state[k], other[k], equal_nan=True) for k in state)


# Registration.


def test_attributes_are_sorted_into_tables():
    net = Net()
    net.scale = nn.Parameter(ones(1))
    net.register_buffer("seen", zeros(1))
    net.note = "hello"
    assert list(net._parameters) == ["scale"] and list(net._buffers) == ["seen"]
    assert list(net._modules) == ["hidden", "norm", "output"]
    assert "note" in net.__dict__ and "scale" not in net.__dict__
    assert {"scale", "seen", "hidden", "forward"} <= set(dir(net))


def test_a_plain_tensor_is_no_parameter():
    net = Net()
    net.constant = ones(2)
    assert "constant" not in net.state_dict() and all(name != "constant" for name, _ in net.named_parameters())


def test_unknown_attribute_raises_and_names_the_class():
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'hiden'"):
        Net().hiden  # noqa: B018


@pytest.mark.parametrize("value", [nn.ReLU(), nn.Parameter(tensor([1.0]))], ids=["module", "parameter"])
def test_assignment_before_init_says_what_to_do(value):
    class Early(nn.Module):
        def __init__(self):
            self.part = value
            super().__init__()

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\) first, at the top of the __init__ of Early"):
        Early()


def test_use_without_init_says_what_to_do():
    class Never(nn.Module):
        def __init__(self):
            self.n = 3

        def forward(self, x):
            return x

    assert Never().n == 3
    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\) first"):
        Never()(ones(1))
    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\) first"):
        Never().register_buffer("x", None)


def test_only_the_right_kind_replaces_a_member():
    net = Net()
    with pytest.raises(TypeError, match=r"'weight' is a Parameter, cannot assign a Tensor to it; wrap it in nn.Param"):
        net.hidden.weight = ones(3, 4)
    with pytest.raises(TypeError, match="'hidden' is a Module, cannot assign a int"):
        net.hidden = 3
    with pytest.raises(TypeError, match="'running_mean' is a Tensor, cannot assign a ndarray"):
        net.norm.running_mean = np.zeros(3)
    net.hidden.bias = None
    assert net.hidden.bias is None and "hidden.bias" not in net.state_dict()
    replacement = nn.Parameter(zeros(3))
    net.hidden.bias = replacement
    assert net.hidden.bias is replacement and list(net.hidden._parameters) == ["weight", "bias"]
    net.norm.running_mean = ones(3)
    assert "running_mean" in net.norm._buffers


def test_a_name_moves_between_tables():
    net = Net()
    net.part = 3
    net.part = nn.Parameter(ones(1))
    assert net.part.shape == (1,) and "part" not in net.__dict__
    net.part = nn.ReLU()
    assert "part" not in net._parameters and isinstance(net.part, nn.ReLU)
    net.register_buffer("buffer", ones(1), persistent=False)
    net.buffer = nn.Parameter(ones(1))
    assert "buffer" in net.state_dict() and not net._buffers


def test_a_name_of_the_class_is_refused_and_nothing_is_lost():
    net = Net()
    net.__dict__["eval"] = 3
    for value in (nn.ReLU(), nn.Parameter(ones(1))):
        with pytest.raises(KeyError, match="attribute 'eval' exists already"):
            net.eval = value
    assert net.__dict__["eval"] == 3


def test_delete():
    net = Net()
    net.note = 1
    del net.note, net.hidden, net.norm.running_mean
    assert not hasattr(net, "note") and not hasattr(net, "hidden") and not hasattr(net.norm, "running_mean")
    with pytest.raises(AttributeError):
        del net.note


@pytest.mark.parametrize("name", ["", "a.b"])
def test_register_refuses_odd_names(name):
    for register, value in (
        (Net().register_buffer, ones(1)),
        (Net().register_parameter, nn.Parameter(ones(1))),
        (Net().add_module, nn.ReLU()),
    ):
        with pytest.raises(KeyError, match="must not be empty or hold a dot"):
            register(name, value)


def test_register_refuses_taken_names_and_wrong_values():
    net = Net()
    with pytest.raises(KeyError, match="attribute 'forward' exists already"):
        net.register_buffer("forward", ones(1))
    with pytest.raises(KeyError, match="attribute 'hidden' exists already"):
        net.register_parameter("hidden", nn.Parameter(ones(1)))
    with pytest.raises(TypeError, match="name must be a string, got int"):
        net.add_module(3, nn.ReLU())
    with pytest.raises(TypeError, match="must be an nn.Parameter or None, got Tensor"):
        net.register_parameter("x", ones(1))
    with pytest.raises(TypeError, match="must be a tensor or None, got list"):
        net.register_buffer("x", [1.0])
    with pytest.raises(TypeError, match="make an instance"):
        net.add_module("x", nn.ReLU)
    assert not hasattr(net, "x")


def test_parameter():
    data = ones(2)
    parameter = nn.Parameter(data)
    assert parameter.requires_grad and parameter.is_leaf and isinstance(parameter, Tensor)
    assert np.shares_memory(parameter.array, data.array)
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    assert type(parameter * 2) is Tensor
    assert repr(parameter).startswith("Parameter containing:\ntensor([1., 1.]")
    with pytest.raises(TypeError, match="data must be a tensor, got ndarray"):
        nn.Parameter(np.ones(2))
    with pytest.raises(RuntimeError, match="floating-point"):
        nn.Parameter(tensor([1]))


# Walks.


def test_walks_in_order_of_assignment():
    net = nn.Sequential(Net(), nn.ReLU())
    assert [name for name, _ in net.named_modules()] == ["", "0", "0.hidden", "0.norm", "0.output", "1"]
    assert list(net.modules())[1] is net[0]
    assert [name for name, _ in net.named_children()] == ["0", "1"] and list(net.children()) == list(net)
    assert [n for n, _ in net.named_parameters()] == [f"0.{k}" for k in KEYS if "running" not in k and "num" not in k]
    assert [n for n, _ in net.named_buffers(prefix="net")] == [f"net.0.{k}" for k in KEYS[4:7]]
    assert [n for n, _ in net[0].named_parameters("a", recurse=False)] == []
    assert [n for n, _ in net[0].hidden.named_parameters("a", recurse=False)] == ["a.weight", "a.bias"]
    assert [p.shape for p in net.parameters()] == [(3, 4), (3,), (3,), (3,), (2, 3)]
    assert [b.shape for b in net.buffers()] == [(3,), (3,), ()]


def test_shared_parts_come_once():
    net = Net()
    net.again = net.hidden
    net.tied = nn.Parameter(ones(1))
    net.output.other = net.tied
    names = [name for name, _ in net.named_parameters()]
    assert names == ["tied", "hidden.weight", "hidden.bias", "norm.weight", "norm.bias", "output.weight"]
    assert len(list(net.named_parameters(remove_duplicate=False))) == len(names) + 3
    assert len(list(net.children())) == 3 and len(list(net.modules())) == 4
    assert "again.weight" in net.state_dict() and "output.other" in net.state_dict()


def test_get_by_path():
    net = nn.Sequential(Net())
    assert net.get_submodule("") is net and net.get_submodule("0.hidden") is net[0].hidden
    assert net.get_parameter("0.hidden.weight") is net[0].hidden.weight
    assert net.get_buffer("0.norm.running_var") is net[0].norm.running_var
    for get, path, text in (
        (net.get_submodule, "0.x.y", "Net has no module 'x'"),
        (net.get_parameter, "0.output.bias", "Linear has no parameter 'bias'"),
        (net.get_parameter, "0.norm.running_var", "BatchNorm1d has no parameter"),
        (net.get_buffer, "0.norm.weight", "BatchNorm1d has no buffer 'weight'"),
    ):
        with pytest.raises(AttributeError, match=text):
            get(path)


# State.


def test_state_dict_shares_memory_and_is_detached():
    net = Net()
    state = net.state_dict()
    assert list(state) == KEYS
    assert all(type(value) is Tensor and not value.requires_grad for value in state.values())
    state["hidden.weight"].array[0, 0] = 7
    assert net.hidden.weight[0, 0].item() == 7
    assert list(net.state_dict(prefix="a."))[0] == "a.hidden.weight"
    assert net.state_dict(keep_vars=True)["hidden.weight"] is net.hidden.weight


def test_state_dict_leaves_out_what_does_not_persist():
    net = Net()
    net.register_buffer("scratch", ones(1), persistent=False)
    net.register_buffer("none", None)
    assert list(net.state_dict()) == KEYS
    assert "scratch" in [name for name, _ in net.named_buffers()]


@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("kind", ["tensor", "numpy"])
def test_load_state_dict(assign, kind):
    source, net = Net(), Net()
    source(randn(5, 4))
    state = source.state_dict() if kind == "tensor" else numbers(source)
    before, version = net.hidden.weight, net.hidden.weight._version
    result = net.load_state_dict(state, assign=assign)
    assert result == ([], []) and result.missing_keys == [] and "matched" in repr(result)
    assert same(numbers(net), numbers(source))
    shared = state["hidden.weight"].array if kind == "tensor" else state["hidden.weight"]
    assert np.shares_memory(net.hidden.weight.array, shared) is assign
    assert (net.hidden.weight is before) is not assign and net.hidden.weight.requires_grad
    assert assign or net.hidden.weight._version > version
    assert net.norm.num_batches_tracked.item() == 1


def test_load_keeps_dtypes_unless_assigned():
    state = Net().double().state_dict()
    net = Net()
    net.load_state_dict(state)
    assert net.hidden.weight.dtype == float32
    net.load_state_dict(state, assign=True)
    assert net.hidden.weight.dtype == float64 and net.norm.num_batches_tracked.dtype == int64


def test_assign_keeps_requires_grad_and_ties():
    net = Net()
    net.again = nn.Module()
    net.again.weight = net.output.weight
    net.output.requires_grad_(False)
    net.load_state_dict(copy.deepcopy(net).state_dict(), assign=True)
    assert net.again.weight is net.output.weight and not net.output.weight.requires_grad


def test_load_lists_everything_wrong_and_changes_nothing():
    net, state = Net(), Net().state_dict()
    before = numbers(net)
    del state["hidden.bias"]
    state["extra"] = ones(1)
    state["output.weight"] = ones(3, 3)
    state["norm.weight"] = "text"
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    text = str(caught.value)
    assert "does not fit Net" in text
    assert 'Missing key(s) in state_dict: "hidden.bias".' in text
    assert 'Unexpected key(s) in state_dict: "extra".' in text
    assert "size mismatch for output.weight: shape (3, 3) in the state_dict, (2, 3) in the model" in text
    assert "norm.weight: expected a tensor or a NumPy array, got str" in text
    assert same(numbers(net), before)
    with pytest.raises(RuntimeError, match="size mismatch") as caught:
        net.load_state_dict(state, strict=False)
    assert "Missing" not in str(caught.value) and same(numbers(net), before)


def test_load_not_strict():
    net, state = Net(), Net().state_dict()
    del state["hidden.bias"]
    state["extra"] = ones(1)
    bias = net.hidden.bias.detach().numpy().copy()
    assert net.load_state_dict(state, strict=False) == (["hidden.bias"], ["extra"])
    assert np.array_equal(net.hidden.bias.detach().numpy(), bias)
    assert np.array_equal(net.hidden.weight.detach().numpy(), state["hidden.weight"].numpy())


def test_load_knows_common_slips():
    net = Net()
    with pytest.raises(RuntimeError, match=r"load_state_dict\(state\['model'\]\)"):
        net.load_state_dict({"model": net.state_dict(), "epoch": 3})
    with pytest.raises(RuntimeError, match=r"starts with 'module\.'"):
        net.load_state_dict(net.state_dict(prefix="module."))
    with pytest.raises(TypeError, match="expected a dictionary of tensors, got Net"):
        net.load_state_dict(net)
    with pytest.raises(RuntimeError, match="dtype complex128 is not supported"):
        net.load_state_dict({**net.state_dict(), "hidden.bias": np.zeros(3, complex)})
    with pytest.raises(RuntimeError, match="must be floating point, got int64"):
        net.load_state_dict({**net.state_dict(), "hidden.bias": np.zeros(3, np.int64)}, assign=True)


def test_load_changes_nothing_if_a_tensor_cannot_be_written():
    net, state = Net(), Net().state_dict()
    net.output.weight = nn.Parameter(zeros(1).expand(2, 3))
    net.output.weight.array.flags.writeable = False
    before = numbers(net)
    with pytest.raises(RuntimeError, match="load_state_dict"):
        net.load_state_dict(state)
    assert same(numbers(net), before)


def test_state_of_a_time_before_num_batches_tracked_loads():
    net, state = Net(), Net().state_dict()
    del state["norm.num_batches_tracked"]
    assert net.load_state_dict(state) == ([], [])


# Changes to the tree.


def test_train_and_eval():
    net = Net()
    assert net.training and net.eval() is net
    assert not any(module.training for module in net.modules())
    assert net.train() is net and all(module.training for module in net.modules())
    with pytest.raises(ValueError, match="train: mode must be True or False, got 1"):
        net.train(1)


def test_a_module_may_override_train():
    class Stubborn(nn.Linear):
        def train(self, mode=True):
            return super().train(False)

    net = nn.Sequential(nn.Sequential(Stubborn(2, 2), nn.Dropout()))
    net.train()
    assert [module.training for module in net.modules()] == [True, True, False, True]


def test_apply_children_first():
    net, order = Net(), []
    assert net.apply(lambda module: order.append(type(module).__name__)) is net
    assert order == ["Linear", "BatchNorm1d", "Linear", "Net"]


def test_requires_grad_and_zero_grad():
    net = Net()
    net(randn(5, 4)).sum().backward()
    net.zero_grad(set_to_none=False)
    gradients = [p.grad for p in net.parameters()]
    assert all(g is not None and not g.numpy().any() for g in gradients)
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.requires_grad_(False) is net and not any(p.requires_grad for p in net.parameters())


def test_to_converts_floating_point_alone_and_keeps_the_objects():
    net = Net()
    net(randn(5, 4)).sum().backward()
    parameters = list(net.parameters())
    assert net.double() is net
    assert all(p is q and p.dtype == float64 and p.grad.dtype == float64 for p, q in zip(net.parameters(), parameters))
    assert net.norm.running_mean.dtype == float64 and net.norm.num_batches_tracked.dtype == int64
    assert net(randn(5, 4).double()).dtype == float64
    assert net.half().hidden.weight.dtype == float16 and net.float().hidden.weight.dtype == float32
    assert net.to(float64).to("cpu").to("cpu", float32).to(ones(1).double()).hidden.bias.dtype == float64
    assert net.to(dtype=float32, device="cpu").cpu().hidden.bias.dtype == float32
    assert all(p.is_leaf and p.requires_grad for p in net.parameters())


def test_to_refuses_what_is_no_place_and_no_float():
    net = Net()
    with pytest.raises(TypeError, match="must be floating point, got int64"):
        net.to(int64)
    with pytest.raises(RuntimeError, match="device"):
        net.to("gpu")
    with pytest.raises(TypeError, match="dtype"):
        net.to(3.5)


def test_deepcopy_is_independent_and_keeps_ties():
    net = Net()
    net.tied = net.hidden.weight
    other = copy.deepcopy(net)
    assert other.tied is other.hidden.weight and other.hidden.weight is not net.hidden.weight
    assert isinstance(other.hidden.weight, nn.Parameter) and other.hidden.weight.requires_grad
    before = numbers(net)
    other.hidden.weight.array[...] = 5
    other.norm.running_mean.array[...] = 5
    assert same(numbers(net), before)


def test_a_dropped_network_is_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        net = Net()
        loss = net(randn(5, 4)).sum()
        loss.backward()
        seen = [weakref.ref(net), weakref.ref(net.hidden), weakref.ref(net.hidden.weight)]
        del net, loss
        assert [reference() for reference in seen] == [None, None, None]
    finally:
        gc.enable()


# Hooks and call.


def test_forward_must_be_written():
    with pytest.raises(NotImplementedError, match="ModuleList has no forward method"):
        nn.ModuleList()(ones(1))


def test_forward_hooks_see_and_replace():
    layer, seen = nn.Identity(), []
    handles = [
        layer.register_forward_pre_hook(lambda m, args: seen.append(("pre", m, args))),
        layer.register_forward_pre_hook(lambda m, args: args[0] + 1),
        layer.register_forward_hook(lambda m, args, out: seen.append(("post", args[0].item(), out.item()))),
        layer.register_forward_hook(lambda m, args, out: out * 10),
    ]
    x = tensor(1.0)
    assert layer(x).item() == 20
    assert seen[0][:2] == ("pre", layer) and seen[0][2] == (x,) and seen[1] == ("post", 2.0, 2.0)
    for handle in handles:
        handle.remove()
        handle.remove()
    assert layer(x) is x and len(seen) == 2


def test_hooks_order_and_keywords():
    class Scale(nn.Module):
        def forward(self, x, *, by=1):
            return x * by

    layer, order = Scale(), []
    layer.register_forward_hook(lambda m, args, out: order.append("a"))
    layer.register_forward_hook(lambda m, args, out: order.append("b"))
    layer.register_forward_hook(lambda m, args, out: order.append("first"), prepend=True)
    layer.register_forward_hook(lambda m, args, kwargs, out: order.append(kwargs), with_kwargs=True)
    handle = layer.register_forward_pre_hook(lambda m, args, kwargs: (args, {"by": 3}), with_kwargs=True)
    assert layer(tensor(2.0), by=2).item() == 6
    assert order == ["first", "a", "b", {"by": 3}]
    handle.remove()
    layer.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"expected None or \(args, kwargs\), got tuple"):
        layer(tensor(2.0))
    with pytest.raises(TypeError, match="expected a function, got int"):
        layer.register_forward_hook(3)


# Text.


def test_repr_shows_the_tree():
    net = nn.Sequential(Net(), nn.ReLU())
    assert repr(net) == (
        "Sequential(\n"
        "  (0): Net(\n"
        "    (hidden): Linear(in_features=4, out_features=3, bias=True)\n"
        "    (norm): BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)\n"
        "    (output): Linear(in_features=3, out_features=2, bias=False)\n"
        "  )\n"
        "  (1): ReLU()\n"
        ")"
    )
    assert repr(nn.Sequential()) == "Sequential()"


def test_repr_with_text_of_its_own():
    class Noted(nn.Module):
        def extra_repr(self):
            return "one\ntwo" if self._modules else "one"

    module = Noted()
    assert repr(module) == "Noted(one)"
    module.add_module("part", None)
    module.relu = nn.ReLU()
    assert repr(module) == "Noted(\n  one\n  two\n  (part): None\n  (relu): ReLU()\n)"
