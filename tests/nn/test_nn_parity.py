"""Every layer and loss beside PyTorch's: text, state, results, gradients, buffers."""

import numpy as np
import pytest

from minitorch import nn
from minitorch.creation import ones
from minitorch.dtype import float64
from minitorch.tensor import Tensor

torch = pytest.importorskip("torch", reason="needs torch")

LAYERS = [
    ("Linear", (4, 3), {}, (5, 4)),
    ("Linear", (4, 3), {"bias": False}, (2, 5, 4)),
    ("Linear", (4, 3), {}, (4,)),
    ("Conv2d", (3, 4, 3), {}, (2, 3, 7, 6)),
    ("Conv2d", (4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2, False), {}, (2, 4, 7, 8)),
    ("Conv2d", (2, 4, 3), {"padding": "same", "dilation": 2}, (2, 2, 7, 6)),
    ("Conv2d", (2, 4, 3), {"padding": "valid", "groups": 2}, (2, 7, 6)),
    ("Conv2d", (3, 4, [3, 3]), {"stride": [2, 2], "padding": [1, 1]}, (1, 3, 8, 8)),
    ("MaxPool2d", (2,), {}, (2, 3, 7, 6)),
    ("MaxPool2d", ((3, 2), 2, 1), {"ceil_mode": True}, (2, 3, 7, 6)),
    ("MaxPool2d", (2, 1, 0, 2), {}, (3, 7, 6)),
    ("AvgPool2d", (2,), {}, (2, 3, 7, 6)),
    ("AvgPool2d", (3, 2, 1, True, False), {}, (2, 3, 7, 6)),
    ("AvgPool2d", ((3, 2),), {"divisor_override": 5}, (2, 3, 7, 6)),
    ("BatchNorm1d", (4,), {}, (6, 4)),
    ("BatchNorm1d", (4, 1e-3, 0.3), {}, (6, 4, 5)),
    ("BatchNorm1d", (4,), {"affine": False}, (6, 4)),
    ("BatchNorm2d", (4,), {}, (3, 4, 5, 2)),
    ("BatchNorm2d", (4,), {"momentum": None}, (3, 4, 5, 2)),
    ("BatchNorm2d", (4,), {"track_running_stats": False}, (3, 4, 5, 2)),
    ("ReLU", (), {}, (3, 4)),
    ("ReLU", (True,), {}, (3, 4)),
    ("Tanh", (), {}, (3, 4)),
    ("Sigmoid", (), {}, (3, 4)),
    ("Softmax", (1,), {}, (3, 4)),
    ("Softmax", (), {"dim": -1}, (2, 3, 4)),
    ("LogSoftmax", (1,), {}, (3, 4, 2)),
    ("Dropout", (0.0,), {}, (3, 4)),
    ("Flatten", (), {}, (2, 3, 4)),
    ("Flatten", (0, 1), {}, (2, 3, 4)),
    ("Unflatten", (1, (2, -1)), {}, (3, 6)),
    ("Identity", (1, 2), {"any": 3}, (3, 4)),
    ("Conv1d", (3, 4, 3), {}, (2, 3, 7)),
    ("Conv1d", (4, 6, 3, 2, 1, 2, 2, False), {}, (2, 4, 9)),
    ("Conv1d", (2, 4, 3), {"padding": "same", "padding_mode": "reflect"}, (2, 7)),
    ("Conv2d", (2, 4, (3, 5)), {"padding": "same", "padding_mode": "circular"}, (2, 2, 7, 6)),
    ("Conv2d", (2, 4, 3), {"padding": (1, 2), "padding_mode": "replicate"}, (2, 2, 7, 6)),
    ("ConvTranspose1d", (3, 4, 3), {"stride": 2, "output_padding": 1}, (2, 3, 5)),
    ("ConvTranspose2d", (3, 4, 3), {}, (2, 3, 5, 4)),
    ("ConvTranspose2d", (4, 6, (3, 2), (2, 3), 1, (1, 0), 2, False, 2), {}, (2, 4, 5, 4)),
    ("MaxPool1d", (3, 2, 1), {"ceil_mode": True}, (2, 3, 8)),
    ("AvgPool1d", (3,), {}, (2, 3, 8)),
    ("AvgPool1d", ((3,), 2, [1], True, False), {}, (3, 8)),
    ("AdaptiveAvgPool1d", (3,), {}, (2, 3, 8)),
    ("AdaptiveAvgPool2d", (1,), {}, (2, 3, 7, 6)),
    ("AdaptiveAvgPool2d", ((None, 4),), {}, (2, 3, 7, 6)),
    ("AdaptiveMaxPool1d", (3,), {}, (2, 3, 8)),
    ("AdaptiveMaxPool2d", ((3, 4),), {}, (2, 3, 7, 6)),
    ("GroupNorm", (2, 4), {}, (3, 4, 5)),
    ("GroupNorm", (4, 4, 0.1, False), {}, (3, 4, 5, 2)),
    ("GroupNorm", (1, 4), {"bias": False}, (3, 4)),
    ("InstanceNorm1d", (4,), {}, (3, 4, 5)),
    ("InstanceNorm2d", (4, 1e-3, 0.3, True, True), {}, (3, 4, 5, 2)),
    ("InstanceNorm2d", (4,), {"affine": True, "bias": False}, (4, 5, 2)),
    ("LayerNorm", (5,), {}, (3, 4, 5)),
    ("LayerNorm", ([4, 5], 0.1), {"bias": False}, (3, 4, 5)),
    ("LayerNorm", ((5,),), {"elementwise_affine": False}, (3, 5)),
    ("RMSNorm", (5,), {}, (3, 4, 5)),
    ("RMSNorm", ((4, 5), 0.1, False), {}, (3, 4, 5)),
    ("LocalResponseNorm", (3,), {"alpha": 0.5, "k": 2.0}, (2, 5, 3)),
    ("Upsample", (), {"scale_factor": 2}, (2, 3, 4)),
    ("Upsample", ((5, 3), None, "bilinear", True), {}, (2, 3, 4, 4)),
    ("Upsample", (), {"scale_factor": (1.7, 0.6), "mode": "bicubic"}, (2, 3, 4, 5)),
    ("UpsamplingNearest2d", (), {"scale_factor": 3}, (2, 3, 4, 5)),
    ("UpsamplingBilinear2d", (7,), {}, (2, 3, 4, 5)),
    ("Fold", ((4, 5), 2), {"stride": (2, 1)}, (2, 8, 8)),
    ("Unfold", (2, 1, 1, 2), {}, (2, 3, 4, 6)),
]


def layer_id(case):
    name, args, kwargs, shape = case
    return f"{name}{args}{kwargs or ''}{shape}".replace(" ", "")


def pair_of(name, args, kwargs):
    """Our layer and PyTorch's with the same float64 state, drawn by PyTorch and made uneven."""
    theirs = getattr(torch.nn, name)(*args, **kwargs).double()
    ours = getattr(nn, name)(*args, **kwargs).double()
    with torch.no_grad():
        for value in (*theirs.parameters(), *theirs.buffers()):
            if value.dtype == torch.float64:
                value.add_(torch.rand_like(value))
    state = {key: value.numpy().copy() for key, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    assert [v.dtype.name for v in ours.state_dict().values()] == [v.dtype.name for v in state.values()]
    ours.load_state_dict(state)
    return ours, theirs


def text(module):
    """Without what PyTorch's batch norm prints since version 2.13 only."""
    return repr(module).replace(" bias=True,", "") if "BatchNorm" in repr(module) else repr(module)


def close(ours, theirs):
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-10, atol=1e-12)


def compare(ours, theirs, x):
    a, b = Tensor(x.copy(), requires_grad=True), torch.tensor(x, requires_grad=True)
    y, expected = ours(a * 1), theirs(b * 1)
    close(y, expected)
    g = np.random.default_rng(1).standard_normal(tuple(expected.shape))
    ours.zero_grad()
    theirs.zero_grad()
    y.backward(Tensor(g))
    expected.backward(torch.tensor(g))
    close(a.grad, b.grad)
    for (name, p), (their_name, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == their_name and (p.grad is None) == (q.grad is None)
        if q.grad is not None:
            close(p.grad, q.grad)
    for (name, p), (their_name, q) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        assert name == their_name
        close(p, q)


@pytest.mark.parametrize("case", LAYERS, ids=layer_id)
def test_layer(case):
    name, args, kwargs, shape = case
    torch.manual_seed(0)
    ours, theirs = pair_of(name, args, kwargs)
    assert text(ours) == text(theirs)
    rng = np.random.default_rng(0)
    for mode in (True, True, False):
        compare(ours.train(mode), theirs.train(mode), rng.standard_normal(shape))


@pytest.mark.parametrize("case", LAYERS, ids=layer_id)
def test_public_attributes(case):
    name, args, kwargs, _ = case
    ours, theirs = getattr(nn, name)(*args, **kwargs), getattr(torch.nn, name)(*args, **kwargs)
    for key, value in vars(theirs).items():
        if key.startswith("_") or key in ("output_padding", "transposed"):
            continue
        mine = getattr(ours, key)
        as_tuple = isinstance(value, (list, tuple)) and isinstance(mine, (list, tuple))
        assert (tuple(mine) == tuple(value)) if as_tuple else mine == value, key


def test_max_pool_indices():
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 6))
    ours, theirs = nn.MaxPool2d(2, return_indices=True), torch.nn.MaxPool2d(2, return_indices=True)
    (y, places), (expected, expected_places) = ours(Tensor(x)), theirs(torch.tensor(x))
    close(y, expected)
    assert np.array_equal(places.numpy(), expected_places.numpy())


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses(reduction):
    rng = np.random.default_rng(0)
    scores, target = rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    weight, soft = rng.random(4), rng.dirichlet(np.ones(4), 6)
    target[2] = 3
    cases = [
        ("MSELoss", {}, soft),
        ("NLLLoss", {}, target),
        ("NLLLoss", {"weight": weight, "ignore_index": 3}, target),
        ("CrossEntropyLoss", {}, target),
        ("CrossEntropyLoss", {"weight": weight, "ignore_index": 3, "label_smoothing": 0.1}, target),
        ("CrossEntropyLoss", {"weight": weight, "label_smoothing": 0.2}, soft),
    ]
    for name, options, labels in cases:
        given = {key: Tensor(value) if key == "weight" else value for key, value in options.items()}
        ours = getattr(nn, name)(reduction=reduction, **given)
        given = {key: torch.tensor(value) if key == "weight" else value for key, value in options.items()}
        theirs = getattr(torch.nn, name)(reduction=reduction, **given)
        assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())
        a, b = Tensor(scores, requires_grad=True), torch.tensor(scores, requires_grad=True)
        loss, expected = ours(a, Tensor(labels)), theirs(b, torch.tensor(labels))
        close(loss, expected)
        loss.sum().backward()
        expected.sum().backward()
        close(a.grad, b.grad)


def test_loss_arguments_by_position():
    weight = torch.rand(4)
    theirs = torch.nn.CrossEntropyLoss(weight, None, 2, None, "sum", 0.1)
    ours = nn.CrossEntropyLoss(Tensor(weight.numpy()), None, 2, None, "sum", 0.1)
    for key in ("ignore_index", "reduction", "label_smoothing"):
        assert getattr(ours, key) == getattr(theirs, key)
    assert nn.NLLLoss(None, None, 2, None, "sum").reduction == nn.MSELoss(None, None, "sum").reduction == "sum"


@pytest.mark.parametrize("name, args", [("Linear", (4, 3)), ("Conv2d", (4, 6, 3)), ("BatchNorm2d", (4,))])
def test_dtype_and_device_arguments(name, args):
    ours = getattr(nn, name)(*args, device="cpu", dtype=float64)
    theirs = getattr(torch.nn, name)(*args, device="cpu", dtype=torch.float64)
    for (key, value), (their_key, their_value) in zip(ours.state_dict().items(), theirs.state_dict().items()):
        assert key == their_key and value.dtype.name == str(their_value.dtype).removeprefix("torch.")


def tree(library):
    class Block(library.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = library.nn.Sequential(library.nn.Linear(2, 2), library.nn.ReLU())
            self.list = library.nn.ModuleList([library.nn.Linear(2, 2) for _ in range(3)])
            self.tied = self.list[1]
            self.register_buffer("mask", None)
            self.register_module("none", None)

    return library.nn.Sequential(Block(), library.nn.Sequential(), library.nn.Flatten())


class Ours:
    nn = nn


def test_trees():
    ours, theirs = tree(Ours), tree(torch)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for walk in ("named_modules", "named_children", "named_parameters", "named_buffers"):
        assert [n for n, _ in getattr(ours, walk)()] == [n for n, _ in getattr(theirs, walk)()]
    for walk in ("named_modules", "named_parameters"):
        a, b = (getattr(m, walk)(prefix="p", remove_duplicate=False) for m in (ours, theirs))
        assert [n for n, _ in a] == [n for n, _ in b]
    order = [[], []]
    for module, seen in zip((ours, theirs), order):
        module.apply(lambda part, seen=seen: seen.append(type(part).__name__))
    assert order[0] == order[1]


def test_errors_where_pytorch_has_errors():
    for make in (
        lambda lib, one: lib.nn.Conv2d(3, 4, 3, groups=2),
        lambda lib, one: lib.nn.Conv2d(3, 4, 3, padding="some"),
        lambda lib, one: lib.nn.Conv2d(3, 4, 3, padding="same", stride=2),
        lambda lib, one: lib.nn.Dropout(1.5),
        lambda lib, one: lib.nn.BatchNorm1d(3)(one(2, 3, 4, 5)),
        lambda lib, one: lib.nn.BatchNorm2d(3)(one(2, 3)),
        lambda lib, one: lib.nn.BatchNorm1d(3)(one(1, 3)),
        lambda lib, one: lib.nn.BatchNorm1d(4)(one(2, 3)),
        lambda lib, one: lib.nn.Linear(3, 2)(one(2, 4)),
    ):
        with pytest.raises(Exception) as expected:  # noqa: B017, PT011
            make(torch, torch.ones)
        with pytest.raises(expected.type):
            make(Ours, ones)
