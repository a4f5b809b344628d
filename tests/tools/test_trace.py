"""Watching a forward pass changes nothing, and the inputs that are made fit."""

import numpy as np
import pytest

import minitorch
from minitorch import nn
from minitorch.tools.trace import example_inputs, trace


class Counter(nn.Module):
    """Writes to its buffers and draws random numbers in every pass, and replaces a buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("passes", minitorch.zeros(1))
        self.register_buffer("total", minitorch.zeros(1))
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        self.passes += 1
        self.total = self.total + 1
        return nn.functional.dropout(self.linear(x), 0.5, training=True)


def test_model_is_left_as_found():
    model = nn.Sequential(Counter(), nn.BatchNorm1d(4), nn.Dropout(0.5))
    model[1].eval()
    model[0].linear(minitorch.ones(1, 4)).sum().backward()
    model.register_forward_hook(lambda module, args, output: None)
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    gradient = model[0].linear.weight.grad
    buffers = dict(model.named_buffers())
    position = minitorch.default_generator.get_state()
    trace(model, [minitorch.zeros(2, 4)])
    assert [m.training for m in model.modules()] == [True, True, True, False, True]
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key], err_msg=key)
    assert all(buffer is buffers[name] for name, buffer in model.named_buffers())
    assert model[0].linear.weight.grad is gradient
    assert minitorch.default_generator.get_state() == position
    assert len(model._forward_hooks) == 1
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules() if m is not model)


def test_an_error_in_the_model_leaves_it_as_found_too():
    model = nn.Sequential(Counter(), nn.Linear(5, 2))
    with pytest.raises(RuntimeError, match="linear"):
        trace(model, [minitorch.zeros(2, 4)])
    assert model.training and model[0].passes.item() == 0
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_network_that_normalises_its_batch_takes_a_batch_of_one():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))  # in training it would refuse one image
    assert trace(model, example_inputs("test", model, 3)).calls[0].outputs == [(1, 3)]


def test_operations_belong_to_the_layers_that_are_open():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(3, 5)

        def forward(self, x):
            return self.inner(x) @ minitorch.zeros(5, 2)

    tracer = trace(Net(), [minitorch.zeros(4, 3)])
    assert [(call.path, call.depth, call.macs) for call in tracer.calls] == [
        ("", 0, 4 * 3 * 5 + 4 * 5 * 2),
        ("inner", 1, 4 * 3 * 5),
    ]
    assert [call.path for call in tracer.finished] == ["inner", ""]


@pytest.mark.parametrize(
    "given, shapes",
    [
        ((3, 8, 9), [(1, 3, 8, 9)]),
        ((2, 3, 8, 9), [(2, 3, 8, 9)]),
        ([3, 8, 9], [(1, 3, 8, 9)]),
        (7, [(1, 7)]),
        ([(3, 8, 8), (5,)], [(1, 3, 8, 8), (1, 5)]),
    ],
)
def test_shapes(given, shapes):
    inputs = example_inputs("test", nn.Linear(1, 1).double(), given)
    assert [x.shape for x in inputs] == shapes
    assert all(x.dtype == minitorch.float64 for x in inputs)


def test_tensors_are_taken_as_they_are():
    a, b = minitorch.zeros(2, 3), minitorch.tensor([1, 2])
    assert example_inputs("test", nn.Identity(), [a, b]) == [a, b]
    assert example_inputs("test", nn.Identity(), a) == [a]


def test_usual_sizes():
    assert example_inputs("test", minitorch.models.lenet5())[0].shape == (1, 1, 32, 32)
    assert example_inputs("test", minitorch.models.cifar_resnet(8, in_channels=1))[0].shape == (1, 1, 32, 32)
    assert example_inputs("test", nn.Conv2d(5, 2, 3))[0].shape == (1, 5, 224, 224)
    with pytest.raises(ValueError, match="no image of usual size"):
        example_inputs("test", nn.Linear(3, 4))


@pytest.mark.parametrize(
    "model, size, error, words",
    [
        (nn.Linear, (3,), TypeError, "parentheses"),
        ("resnet18", (3,), TypeError, "must be an nn.Module, got str"),
        (nn.Identity(), (3, 0, 4), ValueError, "positive"),
        (nn.Identity(), (3, 2.5), TypeError, "must be a shape"),
        (nn.Identity(), "224", TypeError, "must be a shape"),
        (nn.Identity(), (), TypeError, "must be a shape"),
        (nn.Identity(), [(3, True)], TypeError, "must be a shape"),
    ],
)
def test_bad_input(model, size, error, words):
    with pytest.raises(error, match=words):
        example_inputs("test", model, size)
