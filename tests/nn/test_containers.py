"""Sequential and ModuleList."""

import collections

import pytest

from minitorch import nn
from minitorch.creation import randn


def layers(*sizes):
    return [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]


def test_sequential_runs_in_order():
    first, second = layers(4, 3, 2)
    net = nn.Sequential(first, nn.ReLU(), second)
    x = randn(5, 4)
    assert (net(x).detach().numpy() == second(first(x).relu()).detach().numpy()).all()
    assert nn.Sequential()(x) is x


def test_sequential_of_names():
    net = nn.Sequential(collections.OrderedDict([("first", nn.Linear(2, 2)), ("second", nn.ReLU())]))
    assert list(net.state_dict()) == ["first.weight", "first.bias"] and net.second is net[1]
    assert list(net[1:]._modules) == ["second"]


@pytest.mark.parametrize("kind", ["sequential", "list"])
def test_indexing(kind):
    parts = layers(1, 2, 3, 4, 5)
    net = nn.Sequential(*parts) if kind == "sequential" else nn.ModuleList(parts)
    assert len(net) == 4 and list(net) == parts and net[-1] is parts[3] and net[1] is parts[1]
    part = net[1:3]
    assert type(part) is type(net) and list(part) == parts[1:3]
    assert list(part._modules) == (["1", "2"] if kind == "sequential" else ["0", "1"])
    assert list(part.append(parts[0])) == [parts[1], parts[2], parts[0]] and len(net) == 4
    net[-1] = replacement = nn.ReLU()
    assert net[3] is replacement
    del net[0]
    assert list(net) == [parts[1], parts[2], replacement] and list(net._modules) == ["0", "1", "2"]
    del net[1:]
    assert list(net) == [parts[1]]
    for index in (1, -2):
        with pytest.raises(IndexError, match=f"index {index} is out of range for 1 modules"):
            net[index]
    with pytest.raises(TypeError):
        net["0"]


@pytest.mark.parametrize("make", [nn.Sequential, nn.ModuleList])
def test_growing(make):
    net, (a, b, c, d) = make(), layers(1, 2, 3, 4, 5)
    assert net.append(b) is net and net.extend([d]) is net
    assert net.insert(0, a) is net
    net.insert(2, c)
    assert list(net) == [a, b, c, d] and list(net._modules) == ["0", "1", "2", "3"]
    assert net.pop(1) is b and list(net) == [a, c, d]
    with pytest.raises(IndexError, match="insert: index 9"):
        net.insert(9, a)
    for call in (lambda: net.append(3), lambda: net.insert(0, 3), lambda: net.__setitem__(0, 3)):
        with pytest.raises(TypeError, match="nn.Module"):
            call()
    assert list(net) == [a, c, d]


def test_module_list_counts():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
            self.parts += [nn.ReLU()]

    assert len(list(Net().parameters())) == 6 and list(Net().state_dict())[2] == "parts.1.weight"


def test_module_list_text_joins_equal_neighbours():
    assert repr(nn.ModuleList([*layers(2, 2, 2, 2), nn.ReLU()])) == (
        "ModuleList(\n  (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)\n  (3): ReLU()\n)"
    )
    assert repr(nn.ModuleList()) == "ModuleList()"


def test_wrong_parts():
    with pytest.raises(TypeError, match=r"unpack it: Sequential\(\*layers\)"):
        nn.Sequential(layers(1, 2))
    with pytest.raises(TypeError, match="make an instance"):
        nn.Sequential(nn.ReLU)
    with pytest.raises(TypeError, match="nn.Module"):
        nn.ModuleList([3])
    with pytest.raises(KeyError, match="dot"):
        nn.Sequential({"a.b": nn.ReLU()})
