"""Freezing by name pattern, frozen batch norms, and groups of parameters with options of their own."""

import copy

import numpy as np
import pytest

from minitorch import models, nn, optim
from minitorch.creation import ones, randn
from minitorch.nn.utils import freeze, freeze_batch_norm, parameter_groups, unfreeze, unfreeze_batch_norm


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.body = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.PReLU(4))
        self.shape_norm = nn.LayerNorm((4, 2, 2))
        self.body2 = nn.Conv2d(4, 4, 1, bias=False)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.body2(self.shape_norm(self.body(self.stem(x)))).mean((2, 3)))


def trainable(model):
    return [path for path, parameter in model.named_parameters() if parameter.requires_grad]


@pytest.mark.parametrize(
    "patterns, frozen",
    [
        (["stem"], ["stem.0.weight", "stem.0.bias", "stem.1.weight", "stem.1.bias"]),
        (["stem.1"], ["stem.1.weight", "stem.1.bias"]),
        (["body2"], ["body2.weight"]),
        (["*.bias"], ["stem.0.bias", "stem.1.bias", "body.0.bias", "body.1.bias", "body.2.bias", "shape_norm.bias",
                      "fc.bias"]),
        (["fc", "body.0"], ["body.0.weight", "body.0.bias", "fc.weight", "fc.bias"]),
        (["s?em.[0-3].w*"], ["stem.0.weight", "stem.1.weight"]),
        (["fc.weight"], ["fc.weight"]),
    ],
)  # fmt: skip
def test_patterns(patterns, frozen):
    model = Net()
    everything = trainable(model)
    assert freeze(model, *patterns) == frozen
    assert trainable(model) == [path for path in everything if path not in frozen]
    assert unfreeze(model, *patterns) == frozen and trainable(model) == everything


def test_no_pattern_is_everything():
    model = Net()
    everything = trainable(model)
    assert freeze(model) == everything and trainable(model) == []
    unfreeze(model, "fc")
    assert trainable(model) == ["fc.weight", "fc.bias"]


def test_what_is_frozen_is_not_trained():
    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    x = randn(3, 3, 6, 6)
    model(x).sum().backward()
    optimizer.step()
    model(x).sum().backward()
    freeze(model, "stem", "body")
    before = {path: parameter.detach().clone() for path, parameter in model.named_parameters()}
    optimizer.step()
    for path, parameter in model.named_parameters():
        same = np.array_equal(parameter.detach().numpy(), before[path].numpy())
        assert same == path.startswith(("stem", "body.")), path


def test_frozen_batch_norms_stay_in_evaluation():
    model = Net()
    assert freeze_batch_norm(model) == ["stem.1", "body.1"]
    model.train()
    assert model.training and model.stem.training and not model.stem[1].training
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    model(randn(3, 3, 6, 6)).sum().backward()
    assert all(np.array_equal(before[key], value.numpy()) for key, value in model.state_dict().items())
    assert model.stem[1].weight.grad is not None
    assert copy.deepcopy(model).train().stem[1].training is False
    assert unfreeze_batch_norm(model, "stem") == ["stem.1"]
    assert model.stem[1].training and not model.body[1].training
    model(randn(3, 3, 6, 6))
    assert model.stem[1].num_batches_tracked.item() == 1 and model.body[1].num_batches_tracked.item() == 0


def test_frozen_batch_norms_compute_by_the_running_statistics():
    norm = nn.BatchNorm2d(2)
    norm.running_mean.fill_(3.0)
    norm.running_var.fill_(4.0)
    freeze_batch_norm(norm, affine=True)
    y = norm.train()(ones(2, 2, 2, 2) * 5)
    np.testing.assert_allclose(y.detach().numpy(), 1, rtol=1e-5)
    assert trainable(norm) == [] and not y.requires_grad
    unfreeze_batch_norm(norm.eval(), affine=True)
    assert trainable(norm) == ["weight", "bias"] and not norm.training and norm.train().training


def test_a_pattern_limits_the_batch_norms():
    model = models.cifar_resnet20()
    assert freeze_batch_norm(model, "layer1") == [f"layer1.{i}.bn{j}" for i in range(3) for j in (1, 2)]
    assert model.train().bn1.training


def named(model, groups):
    paths = {id(parameter): path for path, parameter in model.named_parameters()}
    return [([paths[id(p)] for p in group["params"]], {k: v for k, v in group.items() if k != "params"})
            for group in groups]  # fmt: skip


def test_norms_biases_and_vectors_have_no_weight_decay():
    model = Net()
    (decayed, first), (spared, second) = named(model, parameter_groups(model, weight_decay=0.1))
    assert first == {"weight_decay": 0.1} and second == {"weight_decay": 0.0}
    assert decayed == ["stem.0.weight", "body.0.weight", "body2.weight", "fc.weight"]
    assert "shape_norm.weight" in spared and "body.3.weight" in spared  # of three dimensions; of a PReLU
    assert sorted(decayed + spared) == sorted(path for path, _ in model.named_parameters())


def test_options_by_pattern():
    model = Net()
    options = {"fc.bias": {"lr": 1.0}, "fc": {"lr": 0.1, "momentum": 0.5}, "stem": {"weight_decay": 0.3}}
    groups = named(model, parameter_groups(model, options, weight_decay=0.2))
    found = {path: settings for paths, settings in groups for path in paths}
    assert found["fc.bias"] == {"lr": 1.0, "weight_decay": 0.0}
    assert found["fc.weight"] == {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.2}
    assert found["stem.1.bias"] == {"weight_decay": 0.3} == found["stem.0.weight"]
    assert found["body.0.weight"] == {"weight_decay": 0.2} and found["body.1.weight"] == {"weight_decay": 0.0}
    assert sum(len(paths) for paths, _ in groups) == len(found) == len(list(model.parameters()))


def test_the_head_at_ten_times_the_rate():
    model = models.cifar_resnet20()
    groups = parameter_groups(model, {model.head_name: {"lr": 0.1}})
    optimizer = optim.SGD(groups, lr=0.01)
    assert [(len(group["params"]), group["lr"]) for group in optimizer.param_groups] == [(57, 0.01), (2, 0.1)]
    for parameter in model.parameters():
        parameter.grad = ones(*parameter.shape)
    before = [model.conv1.weight.detach().clone(), model.fc.weight.detach().clone()]
    optimizer.step()
    np.testing.assert_allclose((before[0] - model.conv1.weight).detach().numpy(), 0.01, rtol=1e-4)
    np.testing.assert_allclose((before[1] - model.fc.weight).detach().numpy(), 0.1, rtol=1e-4)


def test_a_shared_parameter_is_in_one_group():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    groups = parameter_groups(model, {"0": {"lr": 1.0}}, weight_decay=0.1)
    assert sorted(len(group["params"]) for group in groups) == [1, 1, 1]
    optim.SGD(groups, lr=0.1)


BAD = [
    (lambda m: freeze(m, "bodi"), ValueError, "freeze: nothing has a name like 'bodi'; the nearest name is 'body'"),
    (lambda m: freeze(m, "fc", 3), TypeError, "freeze: a pattern must be a string, got int"),
    (lambda m: freeze(3), TypeError, "freeze: expected an nn.Module, got int"),
    (lambda m: unfreeze(nn.ReLU()), ValueError, "unfreeze: ReLU has no parameters"),
    (lambda m: freeze_batch_norm(nn.Linear(1, 1)), ValueError, "freeze_batch_norm: Linear has no batch norm"),
    (lambda m: freeze_batch_norm(m, "fc"), ValueError, "nothing has a name like 'fc'"),
    (lambda m: freeze_batch_norm(nn.BatchNorm2d(1, track_running_stats=False)), ValueError, "no running statistics"),
    (lambda m: parameter_groups(m, ["fc"]), TypeError, "options must be pattern -> dictionary"),
    (lambda m: parameter_groups(m, {"fc": 0.1}), TypeError, "options must be pattern -> dictionary"),
    (lambda m: parameter_groups(m, {"head": {"lr": 0.1}}), ValueError, "nothing has a name like 'head'"),
]


@pytest.mark.parametrize("call, error, text", BAD)
def test_bad_input_changes_nothing(call, error, text):
    model = Net()
    everything = trainable(model)
    with pytest.raises(error, match=text):
        call(model)
    assert trainable(model) == everything
