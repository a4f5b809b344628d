"""The optimizers on PyTorch's own list of settings and of bad arguments."""

import numpy as np
import pytest

import minitorch
from minitorch import nn, optim

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("expecttest", reason="needs torch (its testing package needs expecttest)")
common = pytest.importorskip("torch.testing._internal.common_optimizers", reason="needs torch (its testing package)")

NAMES = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad")
INFOS = [info for info in common.optim_db if info.optim_cls.__name__ in NAMES]
# PyTorch warns of the first; here it is an error. The others concern parameters with names, which are not offered.
NAMED = [f"all optimizer {what} should be with/without names" for what in ("params", "param groups")]


def ours(value):
    """A value of PyTorch as ours: tensors, also within lists, tuples and dictionaries."""
    if isinstance(value, torch.nn.Parameter):
        return nn.Parameter(minitorch.tensor(value.detach().numpy().copy()))
    if isinstance(value, torch.Tensor):
        return minitorch.tensor(value.detach().numpy().copy())
    if isinstance(value, (list, tuple)):
        return type(value)(ours(x) for x in value)
    return {key: ours(x) for key, x in value.items()} if isinstance(value, dict) else value


SETTINGS = [
    pytest.param(info, setting.kwargs, id=f"{info.optim_cls.__name__}-{setting.desc}")
    for info in INFOS
    for setting in info.optim_inputs_func(device="cpu")
]
BAD_SETTINGS = [
    pytest.param(info.optim_cls.__name__, bad, id=f"{info.optim_cls.__name__}-{bad.optimizer_error_input.desc}")
    for info in INFOS
    for bad in info.optim_error_inputs_func(device="cpu", dtype=torch.float32)
]


def test_all_optimizers_are_in_the_list():
    assert {info.optim_cls.__name__ for info in INFOS} == set(NAMES)
    assert len(SETTINGS) > 25 and len(BAD_SETTINGS) > 35


@pytest.mark.parametrize("flag", [{}, {"foreach": True}, {"fused": True}], ids=["", "foreach", "fused"])
@pytest.mark.parametrize("info, options", SETTINGS)
def test_every_setting_step_by_step(info, options, flag):
    tensor_lr = isinstance(options.get("lr"), torch.Tensor)
    if set(flag) - set(info.supported_impls) or (flag and tensor_lr):
        flag = {}
    name = info.optim_cls.__name__
    random = np.random.default_rng(0)
    start = [random.standard_normal(shape) for shape in ((4, 3), (4,), ())]
    mine = [nn.Parameter(minitorch.tensor(a)) for a in start]
    theirs = [torch.nn.Parameter(torch.tensor(a)) for a in start]
    optimizer = getattr(optim, name)(mine, **ours(options), **flag)
    expected = info.optim_cls(theirs, **options, **flag)
    for step in range(8):
        for i, (p, q) in enumerate(zip(mine, theirs)):
            gradient = np.asarray(random.standard_normal(start[i].shape))
            p.grad = None if (step + i) % 5 == 3 else minitorch.tensor(gradient)
            q.grad = None if (step + i) % 5 == 3 else torch.tensor(gradient)
        optimizer.step()
        expected.step()
        for p, q in zip(mine, theirs):
            np.testing.assert_allclose(p.array, q.detach().numpy(), rtol=1e-12, atol=1e-12)
    for group, other in zip(optimizer.state_dict()["param_groups"], expected.state_dict()["param_groups"], strict=True):
        assert group.keys() - {"decoupled_weight_decay"} == other.keys() - {"decoupled_weight_decay"}
    for number, kept in expected.state_dict()["state"].items():
        assert optimizer.state_dict()["state"][number].keys() == kept.keys()


@pytest.mark.parametrize("name, bad", BAD_SETTINGS)
def test_every_bad_setting(name, bad):
    given = bad.optimizer_error_input
    params = [nn.Parameter(minitorch.ones(1))] if given.params is None else shared(given.params)
    lenient = given.desc.rstrip(".") in NAMED or bad.error_type is UserWarning
    error = (ValueError, TypeError) if lenient else bad.error_type
    with pytest.raises(error, match=name):
        getattr(optim, name)(params, **ours(given.kwargs))


def shared(params):
    """Parameters as ours; one that is there twice stays one."""
    made = {}

    def convert(value):
        if isinstance(value, torch.Tensor):
            return made.setdefault(id(value), ours(value))
        if isinstance(value, (list, tuple)):
            return type(value)(convert(x) for x in value)
        return {key: convert(x) for key, x in value.items()} if isinstance(value, dict) else value

    return convert(params)
