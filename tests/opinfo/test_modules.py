"""PyTorch's own list of modules, each with its constructor arguments and inputs, beside the modules of `nn`.

Both are built with the same arguments and the same state; state, results and gradients must agree, in training and in
evaluation.
"""

import warnings

import numpy as np
import pytest

import minitorch
from minitorch import nn

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("expecttest", reason="needs torch, and with it expecttest")
common = pytest.importorskip("torch.testing._internal.common_modules", reason="needs torch")

MODULES = [info for info in common.module_db if hasattr(nn, info.name.removeprefix("nn."))]
RANDOM = {"Dropout", "Dropout1d", "Dropout2d"}
LARGEST = 50_000  # numbers in all arguments; larger samples say nothing more


def translate(value):
    """A PyTorch argument as a minitorch one."""
    if isinstance(value, torch.Tensor):
        return minitorch.from_numpy(value.detach().numpy().copy()).requires_grad_(value.requires_grad)
    if isinstance(value, torch.dtype):
        return np.dtype(str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        return str(value)
    if callable(value) and hasattr(nn.functional, getattr(value, "__name__", "")):
        return getattr(nn.functional, value.__name__)
    if isinstance(value, (list, tuple)):
        return type(value)(translate(v) for v in value)
    if isinstance(value, dict):
        return {key: translate(v) for key, v in value.items()}
    return value


def own_leaves(value):
    """The argument with every tensor a leaf of its own: some samples give one tensor twice."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, (list, tuple)):
        return type(value)(own_leaves(v) for v in value)
    return value


def samples(info, training):
    """(constructor, arguments, named arguments) that the engine can take over, as float64."""
    torch.manual_seed(0)
    for sample in info.module_inputs_func(
        info, device="cpu", dtype=torch.float64, requires_grad=True, training=training
    ):
        given = [*sample.forward_input.args, *sample.forward_input.kwargs.values()]
        tensors = [x for x in given if isinstance(x, torch.Tensor)]
        if any(x.is_complex() for x in tensors) or sum(x.numel() for x in tensors) > LARGEST:
            continue
        constructor = sample.constructor_input
        if any(isinstance(x, torch.nn.Module) for x in [*constructor.args, *constructor.kwargs.values()]):
            continue
        forward = sample.forward_input
        yield constructor, own_leaves(forward.args), {key: own_leaves(v) for key, v in forward.kwargs.items()}


def built(info, arguments, training):
    """PyTorch's module and ours with its state."""
    kwargs = {**arguments.kwargs}
    theirs = info.module_cls(*arguments.args, **kwargs).double().train(training)
    ours = getattr(nn, info.name.removeprefix("nn."))(*translate(arguments.args), **translate(kwargs))
    ours = ours.double().train(training)
    state = {key: value.numpy().copy() for key, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    for key, value in ours.state_dict().items():
        assert value.shape == state[key].shape and value.dtype == state[key].dtype, key
    ours.load_state_dict(state)
    return ours, theirs


def flat(results):
    """All tensors of a nested result."""
    if isinstance(results, (list, tuple)):
        return [x for part in results for x in flat(part)]
    return [] if results is None else [results]


def close(ours, theirs):
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert f"torch.{ours.dtype.name}" == str(theirs.dtype)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-7, atol=1e-9)


def compare(ours, theirs, given, named):
    """Results, gradients to inputs and parameters, and buffers after the call."""
    inputs, kwargs = translate(given), translate(named)
    # Through a multiplication, so that inplace=True may write to it.
    y = flat(ours(*[x * 1 if getattr(x, "requires_grad", False) else x for x in inputs], **kwargs))
    leaves = [x for x in given if isinstance(x, torch.Tensor) and x.requires_grad]
    expected = flat(theirs(*[x * 1 if getattr(x, "requires_grad", False) else x for x in given], **named))
    assert len(y) == len(expected)
    if type(ours).__name__ in RANDOM and theirs.training:
        return
    for a, b in zip(y, expected):
        close(a, b)
    own = [x for x in inputs if getattr(x, "requires_grad", False)] + [p for p in ours.parameters() if p.requires_grad]
    leaves += [p for p in theirs.parameters() if p.requires_grad]
    pairs = [(a, b) for a, b in zip(y, expected) if b.requires_grad]
    if pairs and leaves:
        assert all(a.requires_grad for a, _ in pairs)
        rng = np.random.default_rng(0)
        starts = [np.asarray(rng.standard_normal(tuple(b.shape))) for _, b in pairs]
        found = minitorch.autograd.grad(
            [a for a, _ in pairs], own, [minitorch.from_numpy(s) for s in starts], allow_unused=True
        )
        wanted = torch.autograd.grad(
            [b for _, b in pairs], leaves, [torch.from_numpy(s) for s in starts], allow_unused=True
        )
        for a, b in zip(found, wanted, strict=True):
            if a is None or b is None:
                assert a is None or not a.numpy().any()
                assert b is None or not b.numpy().any()
            else:
                close(a, b)
    for a, b in zip(ours.buffers(), theirs.buffers(), strict=True):
        close(a, b)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("info", MODULES, ids=lambda info: info.name.removeprefix("nn."))
def test_module(info, training):
    count = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for constructor, given, named in samples(info, training):
            ours, theirs = built(info, constructor, training)
            compare(ours, theirs, given, named)
            count += 1
    if not count:
        pytest.skip("PyTorch's only samples hand over a module of its own")
